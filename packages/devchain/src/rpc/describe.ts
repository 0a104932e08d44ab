/** Blocks and transactions in the JSON shape of Bitcoin Core. Left out: `asm` and `desc`. */
import type { BlockNode, Chainstate } from '../chain/chainstate.ts';
import type { Entry, Mempool } from '../chain/mempool.ts';
import { scriptToAddress } from '../primitives/address.ts';
import { blockWeight, serializeBlock } from '../primitives/block.ts';
import { type Input, isCoinbase, type KnownTransaction, SEQUENCE_FINAL } from '../primitives/transaction.ts';
import { displayHash, size, toHex } from '../primitives/wire.ts';
import { type Template, templateOf } from '../script/parse.ts';
import { Btc, type Json } from './json.ts';

/** 0x1d00ffff's target over regtest's. */
export const DIFFICULTY = 4.656542373906925e-10;
const TYPES: Readonly<Record<Template['kind'], string>> = {
  p2pkh: 'pubkeyhash',
  p2sh: 'scripthash',
  p2wpkh: 'witness_v0_keyhash',
  p2wsh: 'witness_v0_scripthash',
  p2tr: 'witness_v1_taproot',
  data: 'nulldata',
  unknown: 'nonstandard',
};

/** Work of the branch up to a height: each regtest block counts 2. */
export function chainWork(height: number): string {
  return (BigInt(height + 1) * 2n).toString(16).padStart(64, '0');
}

/** 1 for the tip; -1 for a block that is not on the best branch. */
export function confirmations(chain: Chainstate, node: BlockNode): number {
  return chain.isActive(node) ? chain.tip.height - node.height + 1 : -1;
}

export function describeHeader(chain: Chainstate, node: BlockNode): { [key: string]: Json | undefined } {
  const { header, transactions } = node.block;
  return {
    hash: node.hash,
    confirmations: confirmations(chain, node),
    height: node.height,
    version: header.version,
    versionHex: (header.version >>> 0).toString(16).padStart(8, '0'),
    merkleroot: displayHash(header.merkleRoot),
    time: header.time,
    mediantime: chain.medianTime(node),
    nonce: header.nonce,
    bits: header.bits.toString(16).padStart(8, '0'),
    difficulty: DIFFICULTY,
    chainwork: chainWork(node.height),
    nTx: transactions.length,
    previousblockhash: node.parent?.hash,
    nextblockhash: chain.isActive(node) ? chain.at(node.height + 1)?.hash : undefined,
  };
}

/** `getblock` with verbosity 1 (ids) or 2 (transactions). */
export function describeBlock(chain: Chainstate, node: BlockNode, verbosity: number): Json {
  const { transactions } = node.block;
  const strippedSize = transactions.reduce(
    (sum, known) => sum + known.strippedSize,
    80 + size(transactions.length).length,
  );
  const fee = (i: number): Btc | undefined => {
    const sat = node.fees[i - 1];
    return sat === undefined ? undefined : new Btc(sat);
  };
  return {
    ...describeHeader(chain, node),
    strippedsize: strippedSize,
    size: serializeBlock(node.block).length,
    weight: blockWeight(node.block),
    tx: transactions.map((known, i) =>
      verbosity === 1 ? known.txid : { ...describeTransaction(known), fee: fee(i), hex: toHex(known.raw) },
    ),
  };
}

export function describeTransaction(known: KnownTransaction): { [key: string]: Json | undefined } {
  const { tx } = known;
  return {
    txid: known.txid,
    hash: known.wtxid,
    version: tx.version,
    size: known.raw.length,
    vsize: known.vsize,
    weight: known.weight,
    locktime: tx.locktime,
    vin: tx.inputs.map((input) => describeInput(input, isCoinbase(tx))),
    vout: tx.outputs.map(({ amount, script }, n) => ({
      value: new Btc(amount),
      n,
      scriptPubKey: describeScript(script),
    })),
  };
}

function describeInput(input: Input, coinbase: boolean): Json {
  const txinwitness = input.witness.length > 0 ? input.witness.map(toHex) : undefined;
  const { sequence } = input;
  if (coinbase) return { coinbase: toHex(input.script), txinwitness, sequence };
  const scriptSig = { hex: toHex(input.script) };
  return { txid: displayHash(input.txid), vout: input.vout, scriptSig, txinwitness, sequence };
}

export function describeScript(script: Uint8Array): Json {
  return {
    hex: toHex(script),
    address: scriptToAddress(script) ?? undefined,
    type: TYPES[templateOf(script).kind],
  };
}

export function describeEntry(mempool: Mempool, entry: Entry): Json {
  const { known, fee } = entry;
  const total = (txids: Iterable<string>) =>
    [...txids].reduce(
      (sum, txid) => {
        const other = mempool.get(txid);
        const vsize = sum.vsize + (other?.known.vsize ?? 0);
        return { count: sum.count + 1, vsize, fee: sum.fee + (other?.fee ?? 0n) };
      },
      { count: 1, vsize: known.vsize, fee },
    );
  const ancestors = total(mempool.ancestorsOf(entry.parents));
  const children = mempool.descendantsOf(known.txid);
  const descendants = total(children);
  return {
    vsize: known.vsize,
    weight: known.weight,
    time: entry.time,
    height: entry.height,
    descendantcount: descendants.count,
    descendantsize: descendants.vsize,
    ancestorcount: ancestors.count,
    ancestorsize: ancestors.vsize,
    wtxid: known.wtxid,
    fees: {
      base: new Btc(fee),
      modified: new Btc(fee),
      ancestor: new Btc(ancestors.fee),
      descendant: new Btc(descendants.fee),
    },
    depends: [...entry.parents],
    spentby: [...children].filter((txid) => mempool.get(txid)?.parents.has(known.txid) === true),
    'bip125-replaceable': known.tx.inputs.some(({ sequence }) => sequence < SEQUENCE_FINAL - 1),
    unbroadcast: false,
  };
}
