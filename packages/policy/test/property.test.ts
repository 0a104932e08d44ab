import { toHex } from '@coldwire/protocol';
import {
  displayTxid,
  outpointKey,
  serializeStripped,
  txidOf,
  type UnsignedTransaction,
} from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inForm } from '../../../test/world/form.ts';
import { applyChange, createPolicyState, digestState, type PolicyState } from '../src/index.ts';
import { isDead, tickAt } from '../src/state/view.ts';
import { type Coin, sampleCharter, World } from './world.ts';

const COINS = 6;
const INTENTS = 8;
const AMOUNT = 700_000n;
const WINDOW = { ticks: 3, amount: 4_000_000n, count: 6, fee: 90_000n };
const SHARE = { amount: 2_666_666n, count: 4, fee: 60_000n };

/** What a vault may try: any coins, any intents, any fee, or time passing with or without a transaction mined, or one made up. */
type Step =
  | {
      readonly kind: 'sign';
      readonly coins: readonly number[];
      readonly intents: readonly number[];
      readonly fee: bigint;
    }
  | { readonly kind: 'pass'; readonly blocks: number }
  | { readonly kind: 'mine'; readonly which: number }
  | { readonly kind: 'rob'; readonly coin: number }
  | { readonly kind: 'reorganize'; readonly depth: number };

const subset = (size: number, minLength: number) =>
  fc.uniqueArray(fc.nat(size - 1), { minLength, maxLength: 3 }).map((places) => places.sort((a, b) => a - b));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('sign' as const),
      coins: subset(COINS, 1),
      intents: subset(INTENTS, 0),
      fee: fc.bigInt(1_000n, 30_000n),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), blocks: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mine' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rob' as const), coin: fc.nat(COINS - 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('reorganize' as const), depth: fc.integer({ min: 1, max: 2 }) }),
  },
);

type Signed = {
  readonly txid: Uint8Array;
  readonly transaction: Uint8Array;
  readonly inputs: readonly string[];
  readonly intents: readonly number[];
  readonly fee: bigint;
};

/** Keeps its own books, of what was signed and when, by other means than the state's. */
class Books {
  readonly signed: Signed[] = [];
  /** What nobody signed, in a block of the vault's own. */
  readonly madeUp: Pick<Signed, 'txid' | 'inputs'>[] = [];
  readonly firstSeen = new Map<number, number>();

  intentsSince(millitick: number): number {
    return [...this.firstSeen.values()].filter((seen) => seen > millitick).length;
  }

  /** How often an intent is paid at most, if every block that was shown never was: the most carriers that share no coin. */
  mostPayments(intent: number): number {
    const carriers = this.signed.filter(({ intents }) => intents.includes(intent));
    const most = (from: number, spent: readonly string[]): number => {
      const next = carriers[from];
      if (next === undefined) return 0;
      const without = most(from + 1, spent);
      if (next.inputs.some((key) => spent.includes(key))) return without;
      return Math.max(without, 1 + most(from + 1, [...spent, ...next.inputs]));
    };
    return most(0, []);
  }

  /** The highest fees that signed transactions can cost together, as far as going through them in order finds it. */
  worstFees(from: number): bigint {
    const spent = new Set<string>();
    let fees = 0n;
    const order = [...this.signed.slice(from), ...this.signed.slice(0, from)];
    for (const { inputs, fee } of order) {
      if (inputs.some((key) => spent.has(key))) continue;
      for (const key of inputs) spent.add(key);
      fees += fee;
    }
    return fees;
  }
}

function checkPayments(state: PolicyState, books: Books): void {
  for (let intent = 0; intent < INTENTS; intent++) {
    const carriers = books.signed.filter(({ intents }) => intents.includes(intent));
    for (const [place, one] of carriers.entries()) {
      for (const other of carriers.slice(place + 1)) {
        const share = one.inputs.some((key) => other.inputs.includes(key));
        if (!share) expect(isDead(state, keyOf(one)) || isDead(state, keyOf(other))).toBe(true);
      }
    }
  }
}

/** Whatever is dead: nothing is paid that was not charged, and no window was charged more than it holds. */
function checkCharges({ state, journal }: World, books: Books): void {
  const payments = Array.from({ length: INTENTS }, (_, intent) => books.mostPayments(intent));
  const charged = state.ledger.totals.at(-1) ?? { count: 0, amount: 0n };
  expect(charged.count).toBeGreaterThanOrEqual(payments.reduce((sum, number) => sum + number, 0));
  expect(charged.amount).toBe(BigInt(charged.count) * AMOUNT);
  const counts = journal.reduce(
    (sum, change) => sum + (change.kind === 'approved' ? change.value.count : 0),
    0,
  );
  expect(counts).toBe(charged.count);
  const { totals } = state.ledger;
  for (const { tick, count } of totals) {
    const before = totals.findLast((total) => total.tick <= tick - WINDOW.ticks)?.count ?? 0;
    expect(count - before).toBeLessThanOrEqual(SHARE.count);
  }
}

const keyOf = ({ txid }: Pick<Signed, 'txid'>): string => displayTxid(txid);

function play(steps: readonly Step[]): { world: World; books: Books } {
  const charter = sampleCharter();
  const policy = { ...charter.policy, windows: [WINDOW], intentLife: 2000 };
  const world = new World({ ...charter, policy, clock: { ...charter.clock, burial: 1 } });
  world.pass(3);
  const coins = world.fund(Array.from({ length: COINS }, () => 3_000_000n));
  world.pass(3);
  const intents = Array.from({ length: INTENTS }, () =>
    world.intent({ amount: AMOUNT, expires: world.height + 500 }),
  );
  const books = new Books();
  for (const current of steps) {
    if (current.kind === 'pass') world.pass(current.blocks);
    if (current.kind === 'reorganize') {
      world.rewind(current.depth);
      world.pass(current.depth + 1);
    }
    if (current.kind === 'mine') mineOne(world, books, current.which);
    if (current.kind === 'rob') rob(world, books, coins[current.coin]);
    if (current.kind === 'sign') trySigning(world, books, coins, intents, current);
    checkPayments(world.state, books);
    checkCharges(world, books);
  }
  return { world, books };
}

/** Coins that something on the best branch spends. */
function takenCoins(world: World, books: Books): ReadonlySet<string> {
  const isMined = ({ txid }: Pick<Signed, 'txid'>) =>
    world.chain.some(({ txids }) => txids.some((other) => toHex(other) === toHex(txid)));
  return new Set([...books.signed, ...books.madeUp].filter(isMined).flatMap(({ inputs }) => inputs));
}

/** Mines a transaction that nobody signed, and proves it: what would have spent the coin is dead. */
function rob(world: World, books: Books, coin: Coin | undefined): void {
  if (coin === undefined) throw new Error('no such coin');
  const { txid: from, vout } = coin;
  const key = outpointKey({ txid: from, vout });
  if (takenCoins(world, books).has(key)) return;
  const outputs = [{ amount: 1_000n, script: world.script(0, books.madeUp.length) }];
  const inputs = [{ outpoint: { txid: from, vout }, sequence: 0 }];
  const transaction: UnsignedTransaction = { version: 2, locktime: 0, inputs, outputs };
  const txid = txidOf(transaction);
  books.madeUp.push({ txid, inputs: [key] });
  world.pass(1, [txid]);
  world.admit(serializeStripped(transaction), [], world.proofOf(txid));
}

/** Mines a signed transaction whose inputs no mined one has spent, and proves it. */
function mineOne(world: World, books: Books, which: number): void {
  const chosen = books.signed[which % Math.max(1, books.signed.length)];
  if (chosen === undefined) return;
  const taken = takenCoins(world, books);
  if (chosen.inputs.some((key) => taken.has(key))) return;
  world.pass(1, [chosen.txid]);
  world.admit(chosen.transaction, [], world.proofOf(chosen.txid));
}

function trySigning(
  world: World,
  books: Books,
  coins: ReturnType<World['fund']>,
  intents: ReturnType<World['intent']>[],
  attempt: Extract<Step, { kind: 'sign' }>,
): void {
  const picked = coins.filter((_, place) => attempt.coins.includes(place));
  const carried = intents.filter((_, place) => attempt.intents.includes(place));
  const left = BigInt(picked.length) * 3_000_000n - BigInt(carried.length) * AMOUNT - attempt.fee;
  const outcome = world.evaluate(
    world.request({ coins: picked, intents: carried, change: [{ amount: left }] }),
  );
  if (outcome.kind !== 'approved') return;
  world.apply(outcome.changes);
  const { txid, transaction, inputs, fee } = outcome.spend;
  const now = tickAt(world.state, world.uptime);
  for (const place of attempt.intents) if (!books.firstSeen.has(place)) books.firstSeen.set(place, now);
  books.signed.push({
    txid,
    transaction: serializeStripped(transaction),
    inputs: inputs.map(outpointKey),
    intents: attempt.intents,
    fee,
  });
  const recent = books.intentsSince(now - WINDOW.ticks * 1000);
  expect(recent).toBeLessThanOrEqual(SHARE.count);
  expect(BigInt(recent) * AMOUNT).toBeLessThanOrEqual(SHARE.amount);
}

describe('whatever a vault drafts, in whatever order', () => {
  it('windows hold, carriers of an intent exclude each other, fees are charged in full, and the journal folds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 24 }), (steps) => {
        const { world, books } = play(steps);
        const charged = world.state.ledger.totals.at(-1)?.fee ?? 0n;
        for (let from = 0; from < books.signed.length; from++) {
          expect(books.worstFees(from)).toBeLessThanOrEqual(charged);
        }
        const folded = createPolicyState(world.loaded, noblePointMath);
        for (const change of world.journal) applyChange(folded, change);
        expect(digestState(folded)).toEqual(digestState(world.state));
      }),
      { numRuns: inForm(30, 500) },
    );
  });

  it('something is signed: the property above is not about nothing', () => {
    const steps: Step[] = [0, 1, 2].map((place) => ({
      kind: 'sign',
      coins: [place],
      intents: [place],
      fee: 5_000n,
    }));
    expect(play(steps).books.signed).toHaveLength(3);
  });

  it('an intent is paid again and again where its carriers die in blocks that were made up', () => {
    const steps: Step[] = [0, 1, 2, 3].flatMap((place): Step[] => [
      { kind: 'sign', coins: [place, place + 1], intents: [0], fee: 5_000n },
      { kind: 'rob', coin: place - 1 },
      { kind: 'pass', blocks: 4 },
    ]);
    const { books } = play(steps.filter((one) => one.kind !== 'rob' || one.coin >= 0));
    expect([books.signed.length, books.mostPayments(0)]).toEqual([4, 2]);
  });
});
