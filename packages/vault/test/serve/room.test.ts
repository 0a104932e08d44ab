/** What the vault knows of velocity windows: how it fills a batch, what refusals teach it, and whom they are about. */
import { type CharterInForce, loadCharter } from '@coldwire/policy';
import { Charter, encode, toHex } from '@coldwire/protocol';
import { describe, expect, test } from 'vitest';
import { sampleCharter, seeded } from '../../../policy/test/charter-fixture.ts';
import { buildDraft } from '../../src/draft/index.ts';
import type { Refusal } from '../../src/serve/peer.ts';
import { blamedBy, narrowest, Rooms, roomFor } from '../../src/serve/room.ts';
import { endedBy, isPassing } from '../../src/serve/verdicts.ts';
import { idOf, makeCoin, makeIntent } from '../fixture.ts';

function charterWith(velocity: Charter['policy']['velocity'], gates = 2): CharterInForce {
  const charter = sampleCharter();
  const loaded = loadCharter(
    encode(Charter, {
      ...charter,
      gates: charter.gates.slice(0, gates),
      policy: { ...charter.policy, velocity },
    }),
  );
  if (!loaded.ok) throw new Error(loaded.problems.join());
  return loaded.value;
}

const script = (label: string) => seeded(label).slice(0, 22);
const pay = (label: string, amount: bigint, requester = 'desk') => ({
  script: script(label),
  requester,
  amount,
});
const refusal = (code: string, facts: Record<string, string>): Refusal => ({
  code,
  facts: new Map(Object.entries(facts)),
});
const full = (label: string, what: string, spent: string, limit: string) =>
  refusal('DESTINATION_WINDOW', { destination: toHex(script(label)), what, spent, asked: '9', limit });

const perDestination = { per: 'destination', ticks: 6, amount: 900n, count: 9 } as const;
const perRequester = { per: 'requester', ticks: 6, amount: 9_000n, count: 7 } as const;

describe('room', () => {
  test('is the narrowest part of a signer and a gate, in every window', () => {
    expect(narrowest(charterWith([perDestination]), 'destination')).toEqual({ amount: 450n, count: 4 });
    expect(narrowest(charterWith([perDestination], 1), 'destination')).toEqual({ amount: 600n, count: 6 });
    const two = charterWith([perDestination, { ...perDestination, ticks: 9, amount: 500n, count: 90 }]);
    expect(narrowest(two, 'destination')).toEqual({ amount: 250n, count: 4 });
    expect(roomFor(two)).toBe(250n);
    expect(roomFor(charterWith([]))).toBe(1n << 64n);
  });

  test('lets a batch fill up per destination and per requester, and others beside it', () => {
    const fits = new Rooms().begin(charterWith([perDestination, perRequester]), 100);
    expect(fits(pay('a', 400n))).toBe(true);
    expect(fits(pay('a', 51n))).toBe(false);
    expect(fits(pay('a', 50n))).toBe(true);
    expect(fits(pay('b', 450n))).toBe(true);
    // Three of one requester are in; its seventh part of two gates is three.
    expect(fits(pay('c', 1n))).toBe(false);
    expect(fits(pay('c', 1n, 'shop'))).toBe(true);
  });

  test('shrinks to what signers say is left, until the next block', () => {
    const rooms = new Rooms();
    const charter = charterWith([perDestination]);
    rooms.learn([full('a', 'amount', '350', '600'), full('b', 'count', '6', '6')], 100);
    rooms.learn([full('a', 'amount', '400', '600')], 100);
    rooms.learn([full('a', 'amount', '100', '600')], 100);
    const fits = rooms.begin(charter, 100);
    expect(fits(pay('a', 201n))).toBe(false);
    expect(fits(pay('a', 200n))).toBe(true);
    expect(fits(pay('a', 1n))).toBe(false);
    expect(fits(pay('b', 1n))).toBe(false);
    expect(fits(pay('c', 450n))).toBe(true);
    expect(rooms.begin(charter, 100)(pay('a', 201n))).toBe(false);
    expect(rooms.begin(charter, 101)(pay('a', 450n))).toBe(true);
  });

  test('is not touched by refusals about other things, or by odd facts', () => {
    const rooms = new Rooms();
    rooms.learn([refusal('AMOUNT_WINDOW', { spent: '1', amount: '1', limit: '1' })], 100);
    rooms.learn([refusal('DESTINATION_WINDOW', { what: 'amount' })], 100);
    expect(rooms.begin(charterWith([]), 100)(pay('a', 10n ** 12n))).toBe(true);
    rooms.learn([full('a', 'amount', 'x', '5')], 100);
    expect(rooms.begin(charterWith([]), 100)(pay('a', 6n))).toBe(false);
  });
});

describe('a refusal', () => {
  const payees = [1, 2, 3].map((seed) => {
    const [intent, signature] = makeIntent({ seed });
    return { intent, signature };
  });
  const draft = buildDraft({ coins: [makeCoin(1)], payees, change: null, locktime: 100 });
  const id = (seed: number) => toHex(idOf(seed));

  test('is about the intents that it names, or those of its destination or requester', () => {
    const named = refusal('DESTINATION_DELAY', { intent: id(2), until: '4.000' });
    expect(blamedBy(draft, [named])).toEqual(new Set([id(2)]));
    const whole = refusal('REQUESTER_WINDOW', {
      requester: 'desk',
      what: 'count',
      spent: '1',
      asked: '3',
      limit: '3',
    });
    expect(blamedBy(draft, [named, whole])).toEqual(new Set([1, 2, 3].map(id)));
  });

  test('about the whole draft blames nobody', () => {
    expect(blamedBy(draft, [refusal('FROZEN', { by: 'vault-1' })])).toBe(undefined);
    expect(blamedBy(draft, [refusal('APPROVAL_MISSING', { intent: id(9) })])).toBe(undefined);
    expect(blamedBy(draft, [full('stranger', 'amount', '1', '2')])).toBe(undefined);
  });

  test('about approvals, registrations and velocity passes; a denied destination ends its intent', () => {
    const passing = [
      'APPROVAL_MISSING',
      'DESTINATION_UNKNOWN',
      'DESTINATION_DELAY',
      'DESTINATION_WINDOW',
      'REQUESTER_WINDOW',
    ];
    for (const code of passing) {
      expect(isPassing(refusal(code, {})), code).toBe(true);
      expect(endedBy(draft, [refusal(code, { intent: id(1) })]).size, code).toBe(0);
    }
    const denied = refusal('DESTINATION_DENIED', { intent: id(1) });
    expect([...endedBy(draft, [denied])]).toEqual([[id(1), ['DESTINATION_DENIED']]]);
  });

  test('of more than a window ever holds ends the one intent that asks it', () => {
    const alone = buildDraft({
      coins: [makeCoin(1)],
      payees: payees.slice(0, 1),
      change: null,
      locktime: 100,
    });
    const facts = { requester: 'desk', what: 'amount', spent: '0', limit: '7' };
    const never = refusal('REQUESTER_WINDOW', { ...facts, asked: '8' });
    expect([...endedBy(alone, [never]).keys()]).toEqual([id(1)]);
    expect(endedBy(draft, [never]).size).toBe(0);
    expect(endedBy(alone, [refusal('REQUESTER_WINDOW', { ...facts, asked: '7' })]).size).toBe(0);
  });
});
