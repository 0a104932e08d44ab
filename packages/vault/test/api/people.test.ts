/** Approvals and registrations over the HTTP API: what is taken, what is refused at once, what a withdrawal then says. */
import { type CharterInForce, loadCharter } from '@coldwire/policy';
import { Charter, decodeIntent, encode, type SignedIntent, toHex } from '@coldwire/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ApprovalPlan, approvalOf, withApprovers } from '../../../policy/test/approvals.ts';
import { sampleCharter, seeded, World } from '../../../policy/test/world.ts';
import {
  approveAtVault,
  readVaultWithdrawal,
  registerAtVault,
  serveApi,
  submitToVault,
} from '../../src/api/index.ts';
import { approvalsOf, recordChainEvents, registrationsFor } from '../../src/queue/index.ts';
import { narrowest, roomFor } from '../../src/serve/room.ts';
import { hashAt, makeQueue, scripts } from '../fixture.ts';
import { makeCharters } from '../serve/chain-of-charters.ts';

function load(charter: Charter): CharterInForce {
  const loaded = loadCharter(encode(Charter, charter));
  if (!loaded.ok) throw new Error(loaded.problems.join());
  return loaded.value;
}

async function serve(adjust: (charter: Charter) => Charter) {
  const world = new World(adjust(sampleCharter()));
  const charter = load(world.loaded.charter);
  const store = makeQueue();
  const woken: string[] = [];
  const wake = {
    onIntent: () => woken.push('intent'),
    onApproval: () => woken.push('approval'),
    onRegistration: () => woken.push('registration'),
    onCharter: () => woken.push('charter'),
  };
  const server = await serveApi(
    '127.0.0.1:0',
    { store, charter, scripts, charters: makeCharters(), ...wake },
    (error) => {
      throw error;
    },
  );
  onTestFinished(() => server.close());
  const intent = (label: string, more = {}): SignedIntent =>
    world.intent({ id: label, requester: 'desk', created: 100, expires: 190, ...more });
  return { url: `http://127.0.0.1:${server.port}`, world, store, woken, intent, charter };
}

const TIERS = [{ above: 500_000n, approvals: 2, approvers: ['ann', 'bob', 'cat'] }];
const idOf = ([bytes]: SignedIntent): Uint8Array => {
  const intent = decodeIntent(bytes);
  if (!intent.ok) throw new Error(intent.fault.detail);
  return intent.value.id;
};

describe('approvals', () => {
  async function submitted() {
    const served = await serve((charter) => withApprovers(charter, TIERS));
    const { url, world, intent } = served;
    const signed = intent('one');
    await submitToVault(url, signed);
    const approve = (approver: string, plan: ApprovalPlan = {}, of: SignedIntent = signed) => {
      const { place: _, ...approval } = approvalOf(world, of, approver, plan);
      return approveAtVault(url, { intent: idOf(of), ...approval });
    };
    return { ...served, signed, approve };
  }

  it('are kept once, wake the vault, and show who has approved and how many must', async () => {
    const { approve, url, signed, woken, store } = await submitted();
    const want = (...got: string[]) => ({ approvals: { got, want: 2 } });
    expect(await approve('cat')).toMatchObject({ kind: 'done', status: 201, value: want('cat') });
    expect(await approve('cat', { expires: 150 })).toMatchObject({ status: 200, value: want('cat') });
    expect(await approve('ann')).toMatchObject({ status: 201, value: want('ann', 'cat') });
    expect(await readVaultWithdrawal(url, idOf(signed))).toMatchObject({ value: want('ann', 'cat') });
    expect(woken).toEqual(['intent', 'approval', 'approval']);
    expect(approvalsOf(store, idOf(signed)).map(({ expires }) => expires)).toEqual([190, 190]);
  });

  it('are replaced by one of the same person that holds longer', async () => {
    const { approve, store, signed } = await submitted();
    await approve('ann', { expires: 120 });
    expect(await approve('ann', { expires: 130 })).toMatchObject({ status: 201 });
    expect(approvalsOf(store, idOf(signed))).toMatchObject([{ expires: 130 }]);
  });

  it('are refused at once where no signer would count them', async () => {
    const { approve, store, signed, intent, url, world } = await submitted();
    const refused = { kind: 'refused', status: 400, codes: ['APPROVAL_MISSING'] };
    expect(await approve('ann', { key: 'bob' })).toMatchObject(refused);
    expect(await approve('ann', { namespace: 'file' })).toMatchObject(refused);
    expect(await approve('cat', { flags: 4 })).toMatchObject(refused);
    expect(await approve('nobody', { key: 'ann' })).toMatchObject(refused);
    recordChainEvents(store, [{ kind: 'connected', height: 101, hash: hashAt(101) }]);
    expect(await approve('ann', { expires: 100 })).toMatchObject(refused);
    const small = intent('small', { amount: 400_000n });
    await submitToVault(url, small);
    expect(await approve('ann', {}, small)).toMatchObject(refused);
    const shops = world.intent({ id: 'shops', created: 100, expires: 190 });
    await submitToVault(url, shops);
    expect(await approve('bob', {}, shops)).toMatchObject(refused);
    expect(await approve('ann', {}, intent('never submitted'))).toMatchObject({ status: 404 });
    expect(approvalsOf(store, idOf(signed))).toEqual([]);
    const odd = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"intent":1}' };
    expect((await fetch(`${url}/v1/approvals`, odd)).status).toBe(400);
  });
});

describe('destinations', () => {
  const policyOf =
    (policy: Partial<Charter['policy']>) =>
    (charter: Charter): Charter => ({ ...charter, policy: { ...charter.policy, ...policy } });
  const codesOf = (result: Awaited<ReturnType<typeof submitToVault>>) =>
    result.kind === 'refused' ? result.codes : [];
  const script = Uint8Array.of(0, 20, ...seeded('somewhere').slice(0, 20));

  it('must be registered first where the charter says so; a registration is kept for every signer', async () => {
    const { url, intent, world, store, woken } = await serve(
      policyOf({ destinations: 'registered', destinationTicks: 3 }),
    );
    const signed = intent('one', { script });
    expect(codesOf(await submitToVault(url, signed))).toEqual(['DESTINATION_UNKNOWN']);
    const registration = (key: string) => world.registration('desk', script, key);
    expect(codesOf(await registerAtVault(url, registration('shop')))).toEqual(['REGISTRATION_SIGNATURE']);
    expect(await registerAtVault(url, registration('desk'))).toMatchObject({
      status: 201,
      value: { requester: 'desk', script: toHex(script) },
    });
    expect(await registerAtVault(url, registration('desk'))).toMatchObject({ status: 200 });
    expect(await submitToVault(url, signed)).toMatchObject({ status: 201 });
    expect(woken).toEqual(['registration', 'intent']);
    for (const signer of ['A', 'B']) expect(registrationsFor(store, signer, 9)).toHaveLength(1);
  });

  it('are refused at once when they are denied, not listed, or could never get so much', async () => {
    const velocity = [{ per: 'destination', ticks: 6, amount: 1_500_000n, count: 9 }] as const;
    const { url, intent, charter } = await serve(
      policyOf({ destinations: 'listed', allow: [script], deny: [seeded('x')], velocity }),
    );
    expect(codesOf(await submitToVault(url, intent('one')))).toEqual([
      'DESTINATION_UNKNOWN',
      'DESTINATION_WINDOW',
    ]);
    expect(codesOf(await submitToVault(url, intent('two', { script, amount: 750_001n })))).toEqual([
      'DESTINATION_WINDOW',
    ]);
    expect(await submitToVault(url, intent('three', { script, amount: 750_000n }))).toMatchObject({
      status: 201,
    });
    expect(narrowest(charter, 'destination')).toEqual({ amount: 750_000n, count: 4 });
    expect(roomFor(charter)).toBe(750_000n);
    const denied = await serve(policyOf({ deny: [script] }));
    expect(codesOf(await submitToVault(denied.url, denied.intent('one', { script })))).toEqual([
      'DESTINATION_DENIED',
    ]);
  });
});
