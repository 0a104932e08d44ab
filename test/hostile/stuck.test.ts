// Rows 25 and 52 of the catalogue: intents over a later charter, and intents that seem stuck for ever: something else can always be signed.
import {
  Bury,
  type Charter,
  CharterBody,
  Dead,
  Death,
  decode,
  encode,
  type SignedIntent,
  type SignRequest,
} from '@coldwire/protocol';
import { serializeStripped } from '@coldwire/wallet';
import { beforeEach, expect, test } from 'vitest';
import { approvalOf, withApprovers } from '../../packages/policy/test/approvals.ts';
import { type Coin, charterAfter, SIGNERS, signedBy } from '../../packages/policy/test/world.ts';
import { codesOf } from '../../packages/signer/test/signing-world.ts';
import { COIN, Siege } from './siege.ts';

const FEE = 5_000n;
let siege: Siege;
let a: Coin;
let b: Coin;
beforeEach(() => begin());

function begin(adjust?: (charter: Charter) => Charter): void {
  siege = new Siege(adjust);
  const [first, second] = siege.coins;
  if (first === undefined || second === undefined) throw new Error('two coins');
  [a, b] = [first, second];
}

/** Pays it from one coin; the world remembers what went through. */
function pay(coin: Coin, intents: readonly SignedIntent[], fee = FEE, index = 0): SignRequest {
  const amount = coin.amount - BigInt(intents.length) * 1_000_000n - fee;
  return siege.plan({ coins: [coin], intents, change: [{ amount, index }] });
}

/** Signed by two, cleared, and remembered by the world, so that it can be mined. */
function goThrough(request: SignRequest) {
  siege.goesThrough(request);
  return siege.world.approve(request);
}

/** A charter that only tightens, at every machine. */
function moveOn(change: Partial<Charter>): void {
  const body = encode(CharterBody, { charter: signedBy(charterAfter(siege.world.loaded, change)) });
  for (const name of SIGNERS) expect(siege.signers[name].deliver('CHARTER', body)[0]?.type).toBe('DONE');
  expect(siege.gate.deliver('CHARTER', body).type).toBe('DONE');
}

test('row 25: an intent over a later charter: another content under its id, a requester that is gone, and what was signed before', () => {
  const before = siege.order('before', { requester: 'shop' });
  siege.goesThrough(pay(a, [before]));
  const { requesters } = siege.world.loaded.charter;
  moveOn({ requesters: requesters.filter(({ name }) => name !== 'shop') });
  // Asked for before the change, seen after it: first sight decides.
  siege.everyoneRefuses(pay(b, [siege.order('late', { requester: 'shop' })]), 'INTENT_SIGNATURE');
  const other = siege.order('before', { requester: 'desk' });
  siege.signerRefuses('A', pay(a, [other], 2n * FEE), 'INTENT_REUSED');
  siege.gateRefuses(pay(a, [other], 2n * FEE), 'INTENT_REUSED');
  siege.signerRefuses('A', pay(b, [before]), 'CONFLICT');
  // Signed before, it can be bumped for ever; and a new one of a requester that is there goes through.
  siege.goesThrough(pay(a, [before], 2n * FEE));
  siege.goesThrough(pay(b, [siege.order('desk’s')]));
});

test('row 52: the parent of its coin was replaced: nothing pays it elsewhere before that is proven, and then another coin does', () => {
  const parent = goThrough(pay(a, [siege.order('parent')]));
  const amount = COIN - 1_000_000n - FEE;
  const change: Coin = { txid: parent.txid, vout: 1, amount, wallet: 0, chain: 1, index: 0 };
  siege.world.admit(serializeStripped(parent.transaction), [change], null);
  const stuck = siege.order('stuck');
  const child = goThrough(pay(change, [stuck], FEE, 1));
  // While the parent can still be mined, so can the child: taking it back, and paying more, are signed.
  siege.goesThrough(pay(change, [stuck], 2n * FEE, 1));
  const instead = goThrough(pay(a, [siege.order('parent')], 3n * FEE));
  siege.world.pass(1, [instead.txid]);
  siege.world.pass(5);
  const again = pay(b, [stuck], FEE, 2);
  // Once for each of the two that carry it.
  for (const name of ['A', 'B'] as const) siege.signerRefuses(name, again, 'CONFLICT', 'CONFLICT');
  siege.gateRefuses(again, 'GATE_CONFLICT', 'GATE_CONFLICT');
  const carriers = [child, siege.world.approve(pay(change, [stuck], 2n * FEE, 1))];
  const spender = serializeStripped(instead.transaction);
  for (const { txid } of carriers) {
    const body = encode(Dead, { txid, spender, proof: siege.world.proofOf(instead.txid) });
    const deaths = (['A', 'B'] as const).map((name) => {
      const [answer] = siege.signers[name].deliver('DEAD', body);
      const death = answer === undefined ? undefined : decode(Death, answer.body);
      if (answer?.type !== 'DEATH' || death?.ok !== true)
        throw new Error(codesOf(answer?.body ?? new Uint8Array()).join());
      const word = siege.signers[name].seal('DEATH', encode(Death, death.value), siege.signers[name].newId());
      return [word.header, word.body, word.signature] as const;
    });
    expect(siege.gate.deliver('BURY', encode(Bury, { txid, deaths })).type).toBe('DONE');
  }
  siege.goesThrough(again);
});

test('row 52: its coin never existed: nothing was signed and nothing is remembered of it, so any other coin pays it', () => {
  const stuck = siege.order('stuck');
  const ghost: Coin = { ...a, txid: Uint8Array.from(a.txid, (byte) => byte ^ 1) };
  siege.signersRefuse(pay(ghost, [stuck]), 'UNKNOWN_OUTPOINT');
  siege.goesThrough(pay(b, [stuck]));
  siege.goesThrough(pay(b, [], 2n * FEE));
});

test('row 52: its approvals are used up and gone: it is bumped, regrouped with a new one, and taken back', () => {
  const tiers = [{ above: 500_000n, approvals: 1, approvers: ['ann', 'bob', 'cat'] }];
  begin((charter) => withApprovers(charter, tiers));
  const stuck = siege.order('stuck');
  const expires = siege.world.height + 1;
  const approvals = [approvalOf(siege.world, stuck, 'cat', { expires })];
  siege.goesThrough({ ...pay(a, [stuck]), approvals });
  siege.world.pass(2);
  const fresh = siege.order('fresh');
  const late = [approvalOf(siege.world, fresh, 'cat', { expires })];
  siege.signersRefuse({ ...pay(b, [fresh]), approvals: late }, 'APPROVAL_MISSING');
  moveOn({
    policy: {
      ...siege.world.loaded.charter.policy,
      tiers: [{ above: 500_000n, approvals: 1, approvers: ['ann', 'bob'] }],
    },
  });
  siege.everyoneRefuses(
    { ...pay(b, [fresh]), approvals: [approvalOf(siege.world, fresh, 'cat')] },
    'APPROVAL_MISSING',
  );
  siege.goesThrough(pay(a, [stuck], 2n * FEE));
  siege.goesThrough({
    ...pay(a, [stuck, fresh], 3n * FEE),
    approvals: [approvalOf(siege.world, fresh, 'ann', { place: 1 })],
  });
  siege.goesThrough(pay(a, [], 4n * FEE));
});

test('row 52: the charter moved on: requester, screen and room are gone, and what was signed is bumped or taken back', () => {
  const stuck = siege.order('stuck');
  siege.goesThrough(pay(a, [stuck]));
  const { policy, requesters, screens } = siege.world.loaded.charter;
  moveOn({
    requesters: requesters.filter(({ name }) => name !== 'desk'),
    screens: screens.filter(({ name }) => name !== 'screen-1'),
    policy: { ...policy, windows: policy.windows.map((row) => ({ ...row, amount: 1_500_000n })) },
  });
  siege.signerRefuses(
    'A',
    pay(b, [siege.order('fresh')]),
    'INTENT_SIGNATURE',
    'SCREENING',
    'AMOUNT_WINDOW',
    'AMOUNT_WINDOW',
  );
  siege.goesThrough({ ...pay(a, [stuck], 2n * FEE), verdicts: [] });
  siege.goesThrough(pay(a, [], 3n * FEE));
});
