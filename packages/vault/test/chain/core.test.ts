import { equalBytes, fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { merkleRootFromPath, parseHeader, reverseBytes } from '@coldwire/wallet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressOf, coinsOf, payments, rawOf, spend, type TestCoin } from '../../../devchain/test/signing.ts';
import {
  type Block,
  type BlockId,
  type Chain,
  type ChainEvent,
  connectCore,
  nextEvent,
  proveTransaction,
  type Watch,
} from '../../src/chain/index.ts';
import { NODES, type TestNode } from './nodes.ts';

const MINED = payments.p2wsh.script;
const PAID = payments.p2wpkh.script;
const internal = (txid: string): Uint8Array => reverseBytes(fromHex(txid));

describe.each(NODES.map((kind) => [kind.name, kind] as const))('on %s', (_name, kind) => {
  describe.skipIf(!kind.present)('the chain client', () => {
    let node: TestNode;
    let chain: Chain;
    /** Mature coinbase coins, oldest first; each test takes one. */
    const coins: TestCoin[] = [];

    beforeAll(async () => {
      node = await kind.start(addressOf('p2wsh'));
      chain = connectCore(node.url, node.auth, { retries: 0 });
      await node.mine(110);
      for (let height = 1; height <= 8; height += 1) coins.push(coinbaseOf(await blockAt(height)));
    }, 60_000);
    afterAll(async () => {
      await node.stop();
    });

    function coinbaseOf(block: Block): TestCoin {
      const [coinbase] = block.transactions;
      const output = coinbase?.outputs[0];
      if (coinbase === undefined || output === undefined) throw new Error('a block without a coinbase');
      const txid = toHex(reverseBytes(coinbase.txid));
      return { txid, vout: 0, amount: output.amount, script: output.script, from: coinbase.stripped };
    }
    async function blockAt(height: number): Promise<Block> {
      const hash = await chain.hashAt(height);
      if (hash === null) throw new Error(`no block ${height}`);
      return chain.block(hash);
    }
    function takeCoin(): TestCoin & { kind: 'p2wsh' } {
      const coin = coins.shift();
      if (coin === undefined) throw new Error('no coin is left');
      return { ...coin, kind: 'p2wsh' };
    }
    const pay = (coin: TestCoin, fee: bigint) =>
      spend({ coins: [{ ...coin, kind: 'p2wsh' }], outputs: [{ script: PAID, amount: coin.amount - fee }] });

    const watching = (outpoints: readonly string[] = []): Watch => ({
      script: (script) => equalBytes(script, PAID),
      outpoint: ({ txid, vout }) => outpoints.includes(`${toHex(reverseBytes(txid))}:${vout}`),
    });
    /** All events after a position, and the position after them. */
    async function drain(from: BlockId, watch: Watch): Promise<{ events: ChainEvent[]; position: BlockId }> {
      const events: ChainEvent[] = [];
      let position = from;
      for (;;) {
        const step = await nextEvent(chain, position, watch);
        if (step === null) return { events, position };
        events.push(step.event);
        position = step.position;
      }
    }

    it('names the network and the tip', async () => {
      expect(await chain.network()).toBe('regtest');
      const tip = await chain.tip();
      expect(tip.height).toBe(110);
      expect(await chain.hashAt(110)).toEqual(tip.hash);
      expect(await chain.hashAt(111)).toBeNull();
    });

    it('hands out headers that link to each other, as many as there are', async () => {
      const headers = await chain.headers(100, 50);
      expect(headers).toHaveLength(11);
      let previous = await chain.hashAt(99);
      for (const bytes of headers) {
        const header = parseHeader(bytes);
        if (!header.ok) throw new Error('a header that cannot be read');
        expect(header.value.previous).toEqual(previous);
        previous = header.value.hash;
      }
      expect(previous).toEqual((await chain.tip()).hash);
      expect(await chain.headers(1, 3)).toHaveLength(3);
      expect(await chain.headers(111, 3)).toEqual([]);
    });

    it('does not know a block that nobody mined', async () => {
      expect(await chain.header(new Uint8Array(32).fill(7))).toBeNull();
      await expect(chain.block(new Uint8Array(32).fill(7))).rejects.toMatchObject({ kind: 'refused' });
    });

    it('broadcasts, and says when a transaction waits, is known, conflicts or is not relayed', async () => {
      const coin = takeCoin();
      const tx = pay(coin, 10_000n);
      const id = internal(tx.id);
      expect(await chain.status(id)).toEqual({ kind: 'unknown' });
      expect(await chain.broadcast(rawOf(tx))).toEqual({ kind: 'accepted' });
      expect(await chain.status(id)).toEqual({ kind: 'waiting' });
      const again = await chain.broadcast(rawOf(tx));
      expect(['accepted', 'already-known']).toContain(again.kind);
      expect((await chain.broadcast(rawOf(pay(coin, 10_001n)))).kind).toBe('rejected');
      await node.mine(1);
      expect(await chain.broadcast(rawOf(tx))).toEqual({ kind: 'already-known' });
      const conflict = await chain.broadcast(rawOf(pay(coin, 90_000n)));
      expect(conflict.kind).toBe('missing-inputs');
      expect((await chain.broadcast(rawOf(pay(takeCoin(), 0n)))).kind).toBe('rejected');
      expect((await chain.broadcast(Uint8Array.of(1, 2, 3))).kind).toBe('rejected');
    });

    it('replaces a waiting transaction by one with a higher fee', async () => {
      const coin = takeCoin();
      const [first, second] = [pay(coin, 10_000n), pay(coin, 50_000n)];
      expect(await chain.broadcast(rawOf(first))).toEqual({ kind: 'accepted' });
      expect(await chain.broadcast(rawOf(second))).toEqual({ kind: 'accepted' });
      expect(await chain.status(internal(first.id))).toEqual({ kind: 'unknown' });
      expect(await chain.status(internal(second.id))).toEqual({ kind: 'waiting' });
      await node.mine(1);
    });

    it('counts the depth of a mined transaction, and forgets it when its block is taken back', async () => {
      const tx = pay(takeCoin(), 10_000n);
      await chain.broadcast(rawOf(tx));
      await node.mine(3);
      const { height } = await chain.tip();
      const hash = await chain.hashAt(height - 2);
      if (hash === null) throw new Error('no block');
      const block = { height: height - 2, hash };
      const confirmed = { kind: 'confirmed', depth: 3, block };
      expect(await chain.status(internal(tx.id))).toEqual(confirmed);
      expect(await chain.status(internal(tx.id), block)).toEqual(confirmed);
      await node.call('invalidateblock', toHex(reverseBytes(hash)));
      expect((await chain.status(internal(tx.id), block)).kind).not.toBe('confirmed');
      await node.call('reconsiderblock', toHex(reverseBytes(hash)));
      expect((await chain.status(internal(tx.id), block)).kind).toBe('confirmed');
    });

    it('estimates a feerate, or takes the given one, never below what the node relays', async () => {
      const feerate = await chain.feerate(6, 5_000n);
      expect(feerate.satPerKvb).toBeGreaterThanOrEqual(1_000n);
      if (kind.name === 'btcd') expect(feerate).toEqual({ satPerKvb: 5_000n, source: 'fallback' });
      else expect(feerate.source).toBe('node');
    });

    it('follows new blocks: coins created, coins spent, each with a proof that holds', async () => {
      const start = await chain.tip();
      const coin = takeCoin();
      const tx = pay(coin, 10_000n);
      const [made] = coinsOf(tx);
      if (made === undefined) throw new Error('no coin');
      const onward = spend({
        coins: [{ ...made, kind: 'p2wpkh' }],
        outputs: [{ script: MINED, amount: made.amount - 10_000n }],
      });
      const others = [takeCoin(), takeCoin()].map((other) => pay(other, 10_000n));
      for (const each of [tx, onward, ...others]) {
        expect(await chain.broadcast(rawOf(each))).toEqual({ kind: 'accepted' });
      }
      await node.mine(2);
      const { events, position } = await drain(start, watching([`${coin.txid}:0`]));
      expect(position).toEqual(await chain.tip());
      expect(events.map((event) => [event.kind, event.block.height])).toEqual([
        ['connected', start.height + 1],
        ['connected', start.height + 2],
      ]);
      const [first, second] = events;
      if (first?.kind !== 'connected' || second?.kind !== 'connected') throw new Error('no block');
      expect(second.found).toEqual([]);
      const byId = new Map(first.found.map((found) => [toHex(reverseBytes(found.txid)), found]));
      expect([...byId.keys()].sort()).toEqual([tx, onward, ...others].map(({ id }) => id).sort());
      const created = { outpoint: { txid: internal(tx.id), vout: 0 }, amount: made.amount, script: PAID };
      expect(byId.get(tx.id)).toMatchObject({
        coinbase: false,
        created: [created],
        spent: [{ txid: internal(coin.txid), vout: 0 }],
        stripped: tx.toBytes(true, false),
      });
      // The coin that the same block spends again, though nobody watched its outpoint.
      expect(byId.get(onward.id)).toMatchObject({ created: [], spent: [created.outpoint] });
      const header = parseHeader(first.header);
      if (!header.ok) throw new Error('no header');
      for (const found of first.found) {
        expect(found.proof.block).toEqual(first.block.hash);
        const path = Array.from({ length: found.proof.path.length / 32 }, (_, i) =>
          found.proof.path.slice(32 * i, 32 * (i + 1)),
        );
        const root = merkleRootFromPath(found.txid, found.stripped.length, found.proof.position, path);
        expect(root).toEqual({ ok: true, value: header.value.merkleRoot });
        expect(proveTransaction(await chain.block(first.block.hash), found.txid)).toEqual(found.proof);
      }
    });

    it('reports a coinbase that pays to a watched script', async () => {
      const start = await chain.tip();
      await node.mine(1);
      const watch: Watch = { script: (script) => equalBytes(script, MINED), outpoint: () => false };
      const { events } = await drain(start, watch);
      const [event] = events;
      expect(
        event?.kind === 'connected' && event.found.map(({ coinbase, proof }) => [coinbase, proof.position]),
      ).toEqual([[true, 0]]);
    });

    it('walks back over a reorganization, newest block first, and forward on the new branch', async () => {
      const fork = await chain.tip();
      const tx = pay(takeCoin(), 10_000n);
      await chain.broadcast(rawOf(tx));
      await node.mine(2);
      const before = await drain(fork, watching());
      const lost = before.events.map(({ block }) => block);
      const [first] = lost;
      if (first === undefined) throw new Error('no block');
      await node.call('invalidateblock', toHex(reverseBytes(first.hash)));
      await node.mine(3);
      const after = await drain(before.position, watching());
      expect(after.events.map(({ kind: event, block }) => [event, block.height])).toEqual([
        ['disconnected', fork.height + 2],
        ['disconnected', fork.height + 1],
        ['connected', fork.height + 1],
        ['connected', fork.height + 2],
        ['connected', fork.height + 3],
      ]);
      expect(after.events.slice(0, 2).map(({ block }) => block)).toEqual(lost.toReversed());
      expect(after.position).toEqual(await chain.tip());
    });

    it('stops with a clear error when the node has never seen the last known block', async () => {
      const position = { height: 5, hash: new Uint8Array(32).fill(9) };
      await expect(nextEvent(chain, position, watching())).rejects.toMatchObject({ kind: 'foreign' });
    });

    it('is told when the credentials are wrong, and when nobody listens', async () => {
      const wrong = connectCore(node.url, { kind: 'password', user: 'x', password: 'y' }, { retries: 0 });
      await expect(wrong.tip()).rejects.toMatchObject({ kind: 'unauthorized' });
      const nobody = connectCore('http://127.0.0.1:1', node.auth, { retries: 1, backoffMs: 1 });
      await expect(nobody.tip()).rejects.toMatchObject({ kind: 'unreachable' });
    });
  });
});
