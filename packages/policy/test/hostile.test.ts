import { Admit, Dead, decode, encode, Headers, type SignedIntent, SignRequest } from '@coldwire/protocol';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { inForm } from '../../../test/world/form.ts';
import { acceptHeaders, admit, digestState, markDead } from '../src/index.ts';
import { type Coin, seeded, World } from './world.ts';

const u8 = fc.oneof(fc.nat(3), fc.constant(255));
const u32 = fc.oneof(fc.nat(30), fc.constantFrom(999, 1000, 0x7fffffff, 0x80000000, 0xffffffff));
const sats = fc.oneof(
  fc.bigInt(0n, 6_000_000n),
  fc.constantFrom(0n, 293n, 294n, 2_100_000_000_000_000n, 2_100_000_000_000_001n, 2n ** 63n, 2n ** 64n - 1n),
);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** A world with a coin, known and unknown intents, and a transaction approved. */
function prepare(): { world: World; coins: Coin[]; intents: SignedIntent[] } {
  const world = new World();
  const coins = world.fund([5_000_000n, 4_000_000n]);
  const intents = ['x', 'y', 'z'].map((id) => world.intent({ id }));
  world.approve(world.request({ coins, intents: intents.slice(0, 1), change: [{ amount: 7_990_000n }] }));
  return { world, coins, intents };
}

describe('whatever comes over the line', () => {
  let world: World;
  let coins: Coin[];
  let intents: SignedIntent[];
  beforeAll(() => {
    ({ world, coins, intents } = prepare());
  });

  it('SIGN is approved or refused, never a throw, and judging it changes nothing', () => {
    const input = fc
      .tuple(fc.oneof(fc.nat(1), fc.constant(9)), u32, sats, u8, u32, u32, fc.boolean())
      .map(([which, vout, amount, wallet, chain, index, honest]) => {
        const coin = coins[which];
        if (honest && coin !== undefined) {
          return [coin.txid, coin.vout, coin.amount, coin.wallet, coin.chain, coin.index] as const;
        }
        return [coin?.txid ?? seeded(`${which}`), vout, amount, wallet, chain, index] as const;
      });
    const request = fc.record({
      draft: fc.record({
        locktime: u32,
        inputs: fc.array(input, { minLength: 1, maxLength: 4 }),
        intents: fc
          .array(fc.nat(2), { maxLength: 4 })
          .map((places) => places.flatMap((place) => (intents[place] ? [intents[place]] : []))),
        change: fc.array(fc.tuple(u8, u32, sats, fc.nat(9)), { maxLength: 4 }),
      }),
      verdicts: fc
        .array(fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }), { maxLength: 2 })
        .map((lists) => lists.map((covers) => world.verdict(intents, covers))),
    });
    const before = digestState(world.state);
    const seen = new Set<string>();
    fc.assert(
      fc.property(request, fc.nat(2 ** 32), (value, time) => {
        const decoded = decode(SignRequest, encode(SignRequest, value));
        if (!decoded.ok) throw new Error(decoded.fault.detail);
        const outcome = world.evaluate(decoded.value, time % 2 === 0 ? world.now : time);
        expect(['approved', 'refused']).toContain(outcome.kind);
        if (outcome.kind === 'refused') for (const { code } of outcome.refusals) seen.add(code);
      }),
      { numRuns: inForm(200, 4_000) },
    );
    expect(digestState(world.state)).toEqual(before);
    expect(seen.size).toBeGreaterThan(12);
  });

  it('ADMIT, DEAD and HEADERS are taken, refused or faults, never a throw, and judging them changes nothing', () => {
    const known = world.foreign([{ amount: 5n, script: world.script(0, 3) }]).bytes;
    const transaction = fc.oneof(
      fc.uint8Array({ minLength: 10, maxLength: 120 }),
      fc.constant(known),
      fc.tuple(fc.nat(known.length - 1), fc.nat(255)).map(([at, byte]) => known.with(at, byte)),
    );
    const block = fc.oneof(hash, fc.constant(world.tipHash));
    const proof = fc.record({ block, position: u32, path: fc.uint8Array({ maxLength: 130 }) });
    const claims = fc.array(fc.record({ vout: u32, wallet: u8, chain: u32, index: u32 }), { maxLength: 4 });
    const admission = fc.record({ transaction, coins: claims, proof: fc.option(proof) });
    const txid = fc.constantFrom(
      seeded('none'),
      ...world.journal.flatMap((change) => (change.kind === 'approved' ? [change.value.txid] : [])),
    );
    const death = fc.record({ txid, spender: transaction, proof });
    const headers = fc.record({ headers: fc.uint8Array({ minLength: 80, maxLength: 250 }) });
    const kinds = ['ok', 'refused', 'malformed'];
    const before = digestState(world.state);
    fc.assert(
      fc.property(admission, death, headers, (one, two, three) => {
        expect(decode(Admit, encode(Admit, one)).ok).toBe(true);
        expect(kinds).toContain(admit(world.state, one).kind);
        expect(decode(Dead, encode(Dead, two)).ok).toBe(true);
        expect(kinds).toContain(markDead(world.state, two).kind);
        expect(decode(Headers, encode(Headers, three)).ok).toBe(true);
        expect(acceptHeaders(world.state, three, 0).kind).toBe('refused');
      }),
      { numRuns: inForm(200, 4_000) },
    );
    expect(digestState(world.state)).toEqual(before);
  });
});
