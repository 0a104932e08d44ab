/** A node in memory with mature coins of every kind to spend. */

import { Transaction } from '@scure/btc-signer';
import { Node } from '../src/node.ts';
import { addressToScript } from '../src/primitives/address.ts';
import { parseTransaction } from '../src/primitives/transaction.ts';
import { addressOf, coinsOf, KINDS, type Kind, rawOf, spend, type TestCoin } from './signing.ts';

export interface Clock {
  /** Unix seconds; tests may move it. */
  time: number;
}

export const START = 1_800_000_000;

export function scriptOf(kind: Kind): Uint8Array {
  const script = addressToScript(addressOf(kind));
  if (script === null) throw new Error(`devchain does not know the address of ${kind}`);
  return script;
}

export function makeNode(time = START): { node: Node; clock: Clock } {
  const clock = { time };
  return { node: new Node(() => clock.time), clock };
}

/** The coin of a block's coinbase. */
export function coinbaseCoin(node: Node, height: number): TestCoin {
  const coinbase = node.chain.at(height)?.block.transactions[0];
  if (coinbase === undefined) throw new Error(`no block ${height}`);
  const tx = Transaction.fromRaw(coinbase.raw, {
    allowUnknownOutputs: true,
    allowUnknownInputs: true,
    disableScriptCheck: true,
  });
  const [coin] = coinsOf(tx);
  if (coin === undefined) throw new Error('a coinbase without an output');
  return { ...coin, txid: coinbase.txid, from: coinbase.raw };
}

export function submit(node: Node, tx: Transaction): string {
  return node.mempool.accept(parseTransaction(rawOf(tx))).known.txid;
}

export type KindCoin = TestCoin & { readonly kind: Kind };

/** Mines 101 blocks and splits one coinbase into `each` coins of every kind, 1,000,000 sat apiece, mined. */
export function fundAll(node: Node, each = 2): KindCoin[] {
  const first = node.chain.tip.height + 1;
  for (let i = 0; i < 101; i += 1) node.mineNext(scriptOf('p2wpkh'));
  const coin = { ...coinbaseCoin(node, first), kind: 'p2wpkh' as const };
  const kinds = KINDS.flatMap((kind) => Array.from({ length: each }, () => kind));
  const outputs = kinds.map((kind) => ({ script: scriptOf(kind), amount: 1_000_000n }));
  const paid = 1_000_000n * BigInt(outputs.length);
  const change = { script: scriptOf('p2wpkh'), amount: coin.amount - paid - 10_000n };
  const tx = spend({ coins: [coin], outputs: [...outputs, change] });
  submit(node, tx);
  node.mineNext(scriptOf('p2wpkh'));
  return coinsOf(tx)
    .slice(0, -1)
    .map((made, i) => ({ ...made, kind: kinds[i] ?? 'p2wpkh' }));
}

export function coinOf(coins: readonly KindCoin[], kind: Kind, skip = 0): KindCoin {
  const found = coins.filter((coin) => coin.kind === kind)[skip];
  if (found === undefined) throw new Error(`no ${kind} coin is left`);
  return found;
}
