import { serializeStripped } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { describe, expect, it } from 'vitest';
import {
  applyChange,
  type Change,
  createPolicyState,
  decodeChange,
  digestState,
  encodeChange,
  freeze,
  markDead,
} from '../../src/index.ts';
import { World } from '../world.ts';

/** One of everything that changes a state. */
function busyWorld(): World {
  const world = new World();
  world.apply([{ kind: 'boot', value: {} }]);
  const coins = world.fund([5_000_000n, 5_000_000n]);
  const [a] = coins;
  if (a === undefined) throw new Error('no coin');
  const intents = [world.intent(), world.intent()];
  const first = world.approve(world.request({ coins, intents, change: [{ amount: 7_990_000n, index: 4 }] }));
  world.approve(
    world.request({ coins: [a], intents: intents.slice(0, 1), change: [{ amount: 3_980_000n }] }),
  );
  world.admitAny({
    transaction: serializeStripped(first.transaction),
    coins: [{ vout: 2, wallet: 0, chain: 1, index: 4 }],
    proof: null,
  });
  const cancel = world.approve(world.request({ coins: [a], change: [{ amount: 4_970_000n }] }));
  world.apply(freeze(world.state, 'operator', world.uptime).changes);
  world.pass(2);
  world.rewind(1);
  world.pass(7, [cancel.txid]);
  const proof = world.proofOf(cancel.txid);
  const dead = markDead(world.state, {
    txid: first.txid,
    spender: serializeStripped(cancel.transaction),
    proof,
  });
  if (dead.kind !== 'ok') throw new Error('refused');
  world.apply(dead.changes);
  return world;
}

function fold(world: World, changes: readonly Change[]) {
  const state = createPolicyState(world.loaded, noblePointMath);
  for (const change of changes) applyChange(state, change);
  return state;
}

describe('changes', () => {
  it('fold, through their bytes, to the state that made them', () => {
    const world = busyWorld();
    const kinds = new Set(world.journal.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(['admitted', 'approved', 'boot', 'frozen', 'headers', 'spent']);
    const restored = world.journal.map((change) => {
      const decoded = decodeChange(encodeChange(change));
      if (!decoded.ok) throw new Error(decoded.fault.detail);
      return decoded.value;
    });
    expect(digestState(fold(world, restored))).toEqual(digestState(world.state));
  });

  it('each make a state of another digest', () => {
    const world = busyWorld();
    const digests = new Set<string>();
    const state = createPolicyState(world.loaded, noblePointMath);
    for (const change of world.journal) {
      applyChange(state, change);
      digests.add(digestState(state).join());
    }
    // The first start changes nothing of an empty state: it has the digest of no change at all.
    expect(digests.size).toBe(world.journal.length);
  });

  it('of another version, or with a field too many, are refused', () => {
    for (const bytes of [
      Uint8Array.of(0x82, 0x18, 99, 0xa0),
      Uint8Array.of(0x82, 0x00, 0xa1, 0x01, 0x00),
      Uint8Array.of(0x80),
      Uint8Array.of(),
    ]) {
      expect(decodeChange(bytes)).toMatchObject({ ok: false, fault: { kind: 'fault', code: 'MALFORMED' } });
    }
  });

  it('that do not fit the state are a damaged journal', () => {
    const world = busyWorld();
    const headers = world.journal.filter(({ kind }) => kind === 'headers');
    expect(() => fold(world, headers.slice(1))).toThrow('does not follow a known one');
    const approved = world.journal.filter(({ kind }) => kind === 'approved');
    expect(() => fold(world, approved)).toThrow('a coin that was not admitted');
  });

  it('of an approval take less than 60 bytes for each intent', () => {
    const world = new World();
    const coins = world.fund([50_000_000n]);
    const intents = Array.from({ length: 20 }, () => world.intent({ amount: 1000n }));
    const outcome = world.evaluate(world.request({ coins, intents, change: [{ amount: 49_970_000n }] }));
    const [change] = outcome.kind === 'approved' ? outcome.changes : [];
    if (change === undefined) throw new Error(JSON.stringify(outcome.kind));
    const size = encodeChange(change).length;
    expect(size).toBeLessThan(20 * 60 + 150);
  });
});
