import { displayTxid } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { countUnproven, UNPROVEN_MAX } from '../../src/state/unproven.ts';
import { World } from '../world.ts';

describe('what is remembered without a proof', () => {
  it('are coins, what spends them, and inputs of transactions of which no coin is proven', () => {
    const world = new World();
    const [coin] = world.fund([1_000_000n]);
    if (coin === undefined) throw new Error('no coin');
    const { coins, parents } = world.state;
    expect(countUnproven(world.state)).toBe(0);
    const txid = displayTxid(coin.txid);
    parents.set(txid, ['a', 'b', 'c']);
    expect(countUnproven(world.state)).toBe(0);
    parents.set('00'.repeat(32), ['a', 'b']);
    expect(countUnproven(world.state)).toBe(2);
    const [record] = coins.values();
    if (record === undefined) throw new Error('no record');
    const key = `${'11'.repeat(32)}:0`;
    coins.set(key, { ...record, key, blocks: [], spenders: ['x', 'y'] });
    expect(countUnproven(world.state)).toBe(5);
    parents.set('11'.repeat(32), ['a']);
    expect(countUnproven(world.state)).toBe(6);
    expect(UNPROVEN_MAX).toBe(65_536);
  });
});
