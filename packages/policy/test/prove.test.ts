import { concatBytes } from '@coldwire/protocol';
import { decodeTransaction } from '@coldwire/wallet';
import { expect, it } from 'vitest';
import { isProven } from '../src/prove.ts';
import { seeded, World } from './world.ts';

const LIMITS = { bytes: 1_000, inputs: 10, outputs: 10, witnessItems: 0 };

it('a proof is a path of whole hashes, of every length that a block has', () => {
  for (const others of [0, 1, 3, 7]) {
    const world = new World();
    const { bytes, txid } = world.foreign([{ amount: 5_000n, script: world.script(0, 0) }]);
    world.pass(1, [...Array.from({ length: others }, (_, i) => seeded(`other ${i}`)), txid]);
    const transaction = decodeTransaction(bytes, LIMITS);
    if (!transaction.ok) throw new Error(transaction.fault.detail);
    const proof = world.proofOf(txid);
    expect(proof.path).toHaveLength(32 * Math.ceil(Math.log2(others + 2)));
    const holds = (path: Uint8Array) => isProven(world.state, transaction.value, { ...proof, path });
    expect(holds(proof.path)).toBe(true);
    for (const behind of [1, 31, 32]) {
      expect(holds(concatBytes(proof.path, new Uint8Array(behind)))).toBe(false);
    }
    expect(holds(proof.path.subarray(0, -1))).toBe(false);
  }
});
