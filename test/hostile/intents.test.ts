// Rows 22 and 24 to 31 of the catalogue: intents, approvals and limits, tried at signers and at the gate behind them.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeApproval } from '@coldwire/policy';
import {
  type Approval,
  type Charter,
  CharterBody,
  Clear,
  decodeIntent,
  encode,
  hashIntent,
  readKeyBlob,
  readSshSignature,
  type SignedIntent,
  type SignRequest,
} from '@coldwire/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { approvalOf, withApprovers } from '../../packages/policy/test/approvals.ts';
import { charterAfter, SIGNERS, seeded, signedBy } from '../../packages/policy/test/world.ts';
import { codesOf, destination } from '../../packages/signer/test/signing-world.ts';
import { bodyOf, COIN, recall, Siege } from './siege.ts';

let siege: Siege;
beforeEach(() => {
  siege = new Siege();
});

test('row 22: the draft is changed after the verdict, before the signature and before the final check', () => {
  const signer = siege.signers.A;
  signer.catchUp();
  const request = siege.plan();
  const bytes = bodyOf(request);
  const honest = bytes.slice();
  const id = signer.newId();
  const received = signer.receive('SIGN', bytes, id);
  const decision = signer.decide({ kind: 'message', received, ...signer.clock() });
  expect(decision.effects.map(({ kind }) => kind)).toEqual(['sign']);
  // What the vault sent is overwritten while the signer works on it.
  bytes.fill(0xff);
  const [answer] = signer.perform(decision);
  expect(answer?.type).toBe('SIGNED');
  expect(signer.deliver('SIGN', honest, id)).toEqual([answer]);
  // Two answers to one draft do not clear another one.
  const other = siege.plan({ intents: [siege.order('other')] });
  const signed = (['A', 'B'] as const).map((name) => {
    const { header, body, signature } = siege.signed(name, request);
    return [header, body, signature] as const;
  });
  siege.clearRefused(encode(Clear, { request: bodyOf(other), signed }), 'GATE_SIGNED', 'GATE_SIGNED');
  siege.goesThrough(request);
});

test('row 24: a withdrawal that nobody asked for, another amount, another address', () => {
  const [, signature] = siege.order('good');
  const forged: readonly SignedIntent[] = [
    siege.order('good', { key: 'mallory' }),
    siege.order('good', { key: 'shop' }),
    [siege.order('good', { amount: 1_000_001n })[0], signature],
    [siege.order('good', { script: destination('mallory') })[0], signature],
    [siege.order('good', { requester: 'shop' })[0], signature],
  ];
  for (const one of forged) siege.everyoneRefuses(siege.plan({ intents: [one] }), 'INTENT_SIGNATURE');
  siege.goesThrough();
});

test('row 25: an intent twice, with other contents, after its life, of another deployment or charter', () => {
  const twice = siege.order('good');
  siege.everyoneRefuses(siege.plan({ intents: [twice, twice] }), 'DUP_INTENT');
  siege.signersRefuse(
    siege.plan({ intents: [siege.order('old', { created: 900, expires: 1000 })] }),
    'EXPIRED',
  );
  const elsewhere = new Siege((charter) => ({ ...charter, title: 'Another treasury' }));
  siege.everyoneRefuses(siege.plan({ intents: [elsewhere.order('good')] }), 'INTENT_SIGNATURE');
  const foreign = siege.plan({ intents: [twice], verdicts: [elsewhere.world.verdict([twice])] });
  siege.everyoneRefuses(foreign, 'SCREENING');
  siege.goesThrough(siege.plan({ intents: [twice] }));
  const other = siege.order('good', { expires: siege.world.height + 50 });
  siege.signerRefuses('A', siege.plan({ intents: [other] }), 'INTENT_REUSED');
  siege.gateRefuses(siege.plan({ intents: [other] }), 'INTENT_REUSED');
  siege.goesThrough();
});

const KEYGEN = '/usr/bin/ssh-keygen';
const hasKeygen = spawnSync(KEYGEN, ['-?']).error === undefined;
const required = process.env['COLDWIRE_REQUIRE_ORACLES'] === '1';

describe.runIf(hasKeygen || required)('row 26: with signatures that ssh-keygen made', () => {
  const people = ['dan', 'eve'] as const;
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'coldwire-approvers-'));
    for (const name of people)
      execFileSync(KEYGEN, ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, name)]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const keyOf = (name: string) => {
    const [, base64 = ''] = readFileSync(join(folder, `${name}.pub`), 'utf8').split(' ');
    const key = readKeyBlob(Buffer.from(base64, 'base64'));
    if (key === undefined) throw new Error('no key');
    return key;
  };
  const approve = ([bytes]: SignedIntent, approver: string, expires: number, place = 0): Approval => {
    const intent = decodeIntent(bytes);
    if (!intent.ok) throw new Error(intent.fault.detail);
    const { first, network } = siege.world.loaded;
    const file = join(folder, 'text');
    const hash = hashIntent(first, bytes);
    writeFileSync(file, writeApproval({ network, first, intent: intent.value, hash, approver, expires }));
    rmSync(`${file}.sig`, { force: true });
    const args = ['-q', '-Y', 'sign', '-f', join(folder, approver), '-n', 'coldwire-approval', file];
    execFileSync(KEYGEN, args, { stdio: 'ignore' });
    const read = readSshSignature(readFileSync(`${file}.sig`, 'utf8'));
    if (read === undefined) throw new Error('no signature');
    return { place, approver, expires, signature: read.signature, touch: null };
  };
  const withPeople = (charter: Charter): Charter => {
    const tiers = [{ above: 500_000n, approvals: 2, approvers: ['ann', 'bob', 'cat', ...people] }];
    const made = withApprovers(charter, tiers);
    const own = people.map((name) => ({ name, keys: [keyOf(name)] }));
    return { ...made, approvers: [...made.approvers, ...own] };
  };

  test('row 26: an approval replayed, moved, forged, of somebody removed, of the requester itself', () => {
    siege = new Siege(withPeople);
    const last = siege.world.height + 100;
    const [one, two] = [siege.order('one'), siege.order('two')];
    const [dan, eve] = people.map((name) => approve(one, name, last));
    if (dan === undefined || eve === undefined) throw new Error('two approvals');
    const ask = (intent: SignedIntent, ...approvals: Approval[]): SignRequest =>
      siege.plan({ intents: [intent], approvals });
    const bad: readonly SignRequest[] = [
      ask(one, dan),
      // Once more by the same person, of another intent, later than was said, under another's name.
      ask(one, dan, dan),
      ask(two, dan, eve),
      ask(one, dan, { ...eve, expires: last + 1 }),
      ask(one, dan, { ...dan, approver: 'eve' }),
      ask(one, dan, { ...eve, place: 1 }),
    ];
    for (const request of bad) siege.everyoneRefuses(request, 'APPROVAL_MISSING');
    // Bob is one of the shop's people: he approves for the desk, and not his own.
    const own = siege.order('own', { requester: 'shop' });
    const bob = (intent: SignedIntent) => approvalOf(siege.world, intent, 'bob', { expires: last });
    siege.everyoneRefuses(ask(own, approve(own, 'dan', last), bob(own)), 'APPROVAL_MISSING');
    siege.signersRefuse(ask(one, dan, approve(one, 'eve', siege.world.height - 1)), 'APPROVAL_MISSING');
    siege.goesThrough(ask(one, dan, eve));
    // Used for what it was given for: it pays nothing else, and a bump needs it no more.
    siege.everyoneRefuses(ask(two, dan, eve), 'APPROVAL_MISSING');
    siege.goesThrough(siege.plan({ intents: [one] }, 20_000n));
    remove('eve');
    siege.everyoneRefuses(ask(two, approve(two, 'dan', last), approve(two, 'eve', last)), 'APPROVAL_MISSING');
    siege.goesThrough(ask(two, approve(two, 'dan', last), bob(two)));
  });

  /** A charter without one of the approvers, in force at once since it only tightens. */
  function remove(name: string): void {
    const { charter } = siege.world.loaded;
    const approvers = charter.approvers.filter((row) => row.name !== name);
    const tiers = charter.policy.tiers.map((tier) => ({
      ...tier,
      approvers: tier.approvers.filter((row) => row !== name),
    }));
    const next = charterAfter(siege.world.loaded, { approvers, policy: { ...charter.policy, tiers } });
    const body = encode(CharterBody, { charter: signedBy(next) });
    for (const signer of SIGNERS)
      expect(siege.signers[signer].deliver('CHARTER', body)[0]?.type).toBe('DONE');
    expect(siege.gate.deliver('CHARTER', body).type).toBe('DONE');
  }
});

test('row 27: no verdict, one of nobody, of another intent, of a screen that is too old', () => {
  const intents = [siege.order('good')];
  const other = siege.order('other');
  siege.everyoneRefuses(siege.plan({ intents, verdicts: [] }), 'SCREENING');
  siege.everyoneRefuses(
    siege.plan({ intents, verdicts: [siege.world.verdict(intents, [0], 'mallory')] }),
    'SCREENING',
  );
  siege.everyoneRefuses(siege.plan({ intents, verdicts: [siege.world.verdict([other])] }), 'SCREENING');
  const verdict = siege.world.verdict(intents);
  const ahead = { ...verdict, issued: verdict.issued + 1 };
  siege.everyoneRefuses(siege.plan({ intents, verdicts: [ahead] }), 'SCREENING');
  siege.goesThrough(siege.plan({ intents }));
});

test('row 28: limits are raised by a charter of too few, of strangers, out of order, before its delay', () => {
  siege = new Siege((charter) => ({
    ...charter,
    policy: { ...charter.policy, amountPerTransaction: 1_000_000n, loosenTicks: 144 },
  }));
  const { loaded } = siege.world;
  const raise = { policy: { ...loaded.charter.policy, amountPerTransaction: 60_000_000n } };
  const next = charterAfter(loaded, raise);
  const attacks = [
    [signedBy(next, ['ada']), 'CHARTER_QUORUM'],
    [signedBy(next, []), 'CHARTER_QUORUM'],
    [signedBy({ ...next, epoch: 2 }), 'CHARTER_CHAIN'],
    [signedBy({ ...next, previous: seeded('another') }), 'CHARTER_CHAIN'],
    [signedBy({ ...next, network: 'signet' }), 'CHARTER_UNFIT'],
  ] as const;
  for (const [charter, code] of attacks) {
    const body = encode(CharterBody, { charter });
    for (const name of SIGNERS) siege.messageRefused(name, 'CHARTER', body, code);
    siege.gateMessageRefused('CHARTER', body, code);
  }
  siege.goesThrough();
  const large = siege.plan({ intents: [siege.order('large', { amount: 1_000_001n })], change: [] });
  const big = siege.withDraft({ change: [[0, 0, 60_000_000n - 1_010_001n, 1]] }, large);
  siege.everyoneRefuses(big, 'AMOUNT_TX');
  // A quorum may, and then it takes the delay.
  const body = encode(CharterBody, { charter: signedBy(next) });
  for (const name of SIGNERS) expect(siege.signers[name].deliver('CHARTER', body)[0]?.type).toBe('DONE');
  expect(siege.gate.deliver('CHARTER', body).type).toBe('DONE');
  siege.everyoneRefuses(big, 'AMOUNT_TX');
  siege.goesThrough();
});

test('row 29: windows survive a restart, a clock set back or ahead, and a change of their limits', () => {
  siege = new Siege(undefined, 6);
  const order = (i: number, coin = siege.coins[i]): SignRequest => {
    if (coin === undefined) throw new Error('no coin');
    const intents = [siege.order(`w ${i}`, { amount: 15_000_000n })];
    return siege.plan({ coins: [coin], intents, change: [{ amount: COIN - 15_010_000n }] });
  };
  for (const i of [0, 1, 2]) siege.goesThrough(order(i));
  const signer = siege.signers.A;
  expect(signer.ask(order(3)).codes).toEqual([]);
  siege.signerRefuses('A', order(4), 'AMOUNT_WINDOW');
  siege.gateRefuses(order(4), 'AMOUNT_WINDOW');
  signer.happen('start', 'again');
  siege.gate.start();
  const { loaded } = siege.world;
  const [hour, ...longer] = loaded.charter.policy.windows;
  if (hour === undefined) throw new Error('no window');
  const windows = [{ ...hour, amount: hour.amount - 1n }, ...longer];
  const tighter = charterAfter(loaded, { policy: { ...loaded.charter.policy, windows } });
  const body = encode(CharterBody, { charter: signedBy(tighter) });
  expect(signer.deliver('CHARTER', body)[0]?.type).toBe('DONE');
  expect(siege.gate.deliver('CHARTER', body).type).toBe('DONE');
  siege.signerRefuses('A', order(4), 'AMOUNT_WINDOW');
  siege.gateRefuses(order(4), 'AMOUNT_WINDOW');
  const { time, uptime } = signer.clock();
  for (const days of [-30, 30]) {
    const received = signer.receive('SIGN', bodyOf(order(5)), signer.newId());
    const decision = signer.decide({ kind: 'message', received, uptime, time: time + days * 86_400 });
    const [answer] = decision.effects;
    expect(answer?.kind === 'send' ? codesOf(answer.body) : []).toEqual(['CLOCK_STALE', 'AMOUNT_WINDOW']);
    expect(decision.changes.map(({ kind }) => kind)).toEqual(['result']);
  }
  // Small ones fit what is left at C, and after six ticks there is room again.
  siege.world.pass(7);
  siege.gate.uptime += 7 * 600 * 1_000_000;
  siege.goesThrough(order(4));
});

test('row 30: a destination that only looks alike', () => {
  const script = destination('good');
  const [, signature] = siege.order('good', { script });
  for (const at of [2, 11, 21]) {
    const alike = Uint8Array.from(script, (byte, i) => (i === at ? byte ^ 1 : byte));
    const moved = siege.plan({ intents: [[siege.order('good', { script: alike })[0], signature]] });
    siege.everyoneRefuses(moved, 'INTENT_SIGNATURE');
  }
  siege = new Siege((charter) => ({
    ...charter,
    policy: { ...charter.policy, destinations: 'listed', allow: [script], deny: [destination('bad')] },
  }));
  const alike = Uint8Array.from(script, (byte, i) => (i === 11 ? byte ^ 1 : byte));
  siege.everyoneRefuses(
    siege.plan({ intents: [siege.order('good', { script: alike })] }),
    'DESTINATION_UNKNOWN',
  );
  siege.everyoneRefuses(
    siege.plan({ intents: [siege.order('good', { script: destination('bad') })] }),
    'DESTINATION_DENIED',
  );
  siege.goesThrough(siege.plan({ intents: [siege.order('good', { script })] }));
});

test('row 31: a height or time far ahead, and an intent from the future', () => {
  for (const locktime of [499_999_999, siege.world.height + 1])
    siege.signersRefuse(siege.plan({ locktime }), 'TX_FIELDS');
  siege.everyoneRefuses(siege.plan({ locktime: 0xffffffff }), 'TX_FIELDS');
  const height = siege.world.height;
  const early = siege.order('good', { created: height + 3, expires: height + 10 });
  siege.signersRefuse(siege.plan({ intents: [early] }), 'INTENT_LIFE');
  expect(recall(siege.signers.A).signatures).toBe(0);
  siege.goesThrough();
});
