/** What a proof says of the coins that a transaction spends: every block and every spender is remembered, each once. */
import type { Admit } from '@coldwire/protocol';
import { displayTxid, serializeStripped, txidOf } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { admit } from '../src/index.ts';
import { type Coin, World } from './world.ts';

/** A transaction of ours that spends the coin and pays one of our addresses. */
function spendOf(world: World, { txid, vout }: Coin, amount: bigint) {
  const inputs = [{ outpoint: { txid, vout }, sequence: 0xfffffffd }];
  const outputs = [{ amount, script: world.script(1, 3) }];
  const tx = { version: 2, locktime: 0, inputs, outputs } as const;
  const claim = { vout: 0, wallet: 0, chain: 1, index: 3 };
  const prove = (): Admit => ({
    transaction: serializeStripped(tx),
    coins: [claim],
    proof: world.proofOf(txidOf(tx)),
  });
  return { txid: txidOf(tx), shown: displayTxid(txidOf(tx)), prove };
}

function scene() {
  const world = new World();
  const [coin] = world.fund([5_000_000n]);
  if (coin === undefined) throw new Error('no coin');
  const key = `${displayTxid(coin.txid)}:${coin.vout}`;
  const spends = () => world.state.coins.get(key)?.spends ?? [];
  return { world, coin, spends };
}

describe('a proven spend', () => {
  it('is recorded once, however often it is shown', () => {
    const { world, coin, spends } = scene();
    const one = spendOf(world, coin, 4_000_000n);
    const [block] = world.pass(1, [one.txid]);
    world.admitAny(one.prove());
    const recorded = [{ txid: one.shown, block: displayTxid(block?.hash ?? coin.txid) }];
    expect(spends()).toEqual(recorded);
    expect(admit(world.state, one.prove())).toEqual({ kind: 'ok', changes: [] });
  });

  it('is recorded for each block that it is proven in, and beside another of the same block', () => {
    const { world, coin, spends } = scene();
    const [one, other] = [spendOf(world, coin, 4_000_000n), spendOf(world, coin, 3_000_000n)];
    // No valid block holds both; a machine that judges headers cannot know.
    world.pass(1, [one.txid, other.txid]);
    world.admitAny(one.prove());
    world.admitAny(other.prove());
    expect(spends().map(({ txid }) => txid)).toEqual([one.shown, other.shown]);
    world.rewind(1);
    world.pass(1);
    world.pass(1, [one.txid]);
    world.admitAny(one.prove());
    expect(spends().map(({ txid }) => txid)).toEqual([one.shown, other.shown, one.shown]);
    expect(new Set(spends().map(({ block }) => block)).size).toBe(2);
  });
});
