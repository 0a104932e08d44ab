/** RPC calls about transactions and the mempool. */

import { feeFor, INCREMENTAL_FEERATE, MIN_RELAY_FEERATE } from '../chain/standard.ts';
import type { Node } from '../node.ts';
import type { KnownTransaction } from '../primitives/transaction.ts';
import { toHex } from '../primitives/wire.ts';
import { Rejected } from '../rejected.ts';
import { findBlock, type Method } from './chain-methods.ts';
import { confirmations, describeEntry, describeTransaction } from './describe.ts';
import { RPC, RpcError } from './error.ts';
import { Btc, type Json } from './json.ts';
import { decodeTransaction, type Params } from './params.ts';

/** 0.10 BTC per 1,000 vbytes, in sat. */
const DEFAULT_MAX_FEERATE = 10_000_000n;
const MAX_TESTED = 25;
/** How many blocks back the fee estimate looks. */
const ESTIMATE_BLOCKS = 12;

export function transactionMethods(node: Node): ReadonlyMap<string, Method> {
  return new Map<string, Method>([
    ['getrawtransaction', (params) => rawTransaction(node, params)],
    ['sendrawtransaction', (params) => send(node, params)],
    ['testmempoolaccept', (params) => testAccept(node, params)],
    ['getmempoolinfo', () => mempoolInfo(node)],
    ['getrawmempool', (params) => rawMempool(node, params)],
    ['getmempoolentry', (params) => mempoolEntry(node, params)],
    ['estimatesmartfee', (params) => estimateFee(node, params)],
  ]);
}

function rawTransaction(node: Node, params: Params): Json {
  const txid = params.hash(0, 'parameter 1');
  const verbosity = params.verbosity(1, 0);
  const given = params.has(2)
    ? findBlock(node, params.hash(2, 'parameter 3'), 'Block hash not found')
    : undefined;
  const found = given ?? node.chain.blockOf(txid);
  const mined = found?.block.transactions.find((known) => known.txid === txid);
  const known = mined ?? (given === undefined ? node.mempool.get(txid)?.known : undefined);
  if (known === undefined) {
    const where =
      given === undefined ? 'mempool or blockchain transaction' : 'transaction found in the provided block';
    throw new RpcError(RPC.NOT_FOUND, `No such ${where}. Use gettransaction for wallet transactions.`);
  }
  if (verbosity <= 0) return toHex(known.raw);
  const place =
    found === undefined
      ? {}
      : {
          blockhash: found.hash,
          confirmations: Math.max(0, confirmations(node.chain, found)),
          time: found.block.header.time,
          blocktime: found.block.header.time,
        };
  const active = given === undefined ? undefined : node.chain.isActive(given);
  return { in_active_chain: active, ...describeTransaction(known), hex: toHex(known.raw), ...place };
}

function send(node: Node, params: Params): Json {
  const known = params.transaction(0, 'hexstring');
  const maxFeerate = params.feerate(1, DEFAULT_MAX_FEERATE);
  if (node.chain.blockOf(known.txid) !== undefined) {
    throw new RpcError(RPC.ALREADY_KNOWN, 'Transaction outputs already in utxo set');
  }
  // As in Core, sending a transaction that waits already is no error.
  if (node.mempool.get(known.txid) !== undefined) return known.txid;
  try {
    const { fee } = node.mempool.test(known);
    if (tooExpensive(fee, known, maxFeerate)) {
      throw new RpcError(RPC.VERIFY, 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)');
    }
    node.mempool.accept(known);
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    const missing = error.reason === 'bad-txns-inputs-missingorspent';
    throw new RpcError(missing ? RPC.VERIFY : RPC.REJECTED, error.message);
  }
  return known.txid;
}

/** A limit of zero means none. */
function tooExpensive(fee: bigint, known: KnownTransaction, maxFeerate: bigint): boolean {
  return maxFeerate > 0n && fee > feeFor(maxFeerate, known.vsize);
}

/** Each transaction by itself, against the mempool as it is. */
function testAccept(node: Node, params: Params): Json {
  const all = params.strings(0, 'rawtxs').map(decodeTransaction);
  if (all.length < 1 || all.length > MAX_TESTED) {
    throw new RpcError(RPC.PARAMETER, `Array must contain between 1 and ${MAX_TESTED} transactions.`);
  }
  const maxFeerate = params.feerate(1, DEFAULT_MAX_FEERATE);
  return all.map((known) => {
    const ids = { txid: known.txid, wtxid: known.wtxid };
    try {
      const { fee } = node.mempool.test(known);
      if (tooExpensive(fee, known, maxFeerate))
        return { ...ids, allowed: false, 'reject-reason': 'max-fee-exceeded' };
      return { ...ids, allowed: true, vsize: known.vsize, fees: { base: new Btc(fee) } };
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      const missing = error.reason === 'bad-txns-inputs-missingorspent';
      const reason = missing ? 'missing-inputs' : error.reason;
      return { ...ids, allowed: false, 'reject-reason': reason, 'reject-details': error.message };
    }
  });
}

function mempoolInfo({ mempool }: Node): Json {
  const entries = mempool.entries();
  const bytes = entries.reduce((sum, { known }) => sum + known.vsize, 0);
  return {
    loaded: true,
    size: entries.length,
    bytes,
    usage: bytes,
    total_fee: new Btc(entries.reduce((sum, { fee }) => sum + fee, 0n)),
    maxmempool: 300_000_000,
    mempoolminfee: new Btc(MIN_RELAY_FEERATE),
    minrelaytxfee: new Btc(MIN_RELAY_FEERATE),
    incrementalrelayfee: new Btc(INCREMENTAL_FEERATE),
    unbroadcastcount: 0,
    fullrbf: true,
  };
}

function rawMempool({ mempool }: Node, params: Params): Json {
  const entries = mempool.entries();
  if (!params.boolean(0, 'verbose', false)) return entries.map(({ known }) => known.txid);
  return Object.fromEntries(entries.map((entry) => [entry.known.txid, describeEntry(mempool, entry)]));
}

function mempoolEntry({ mempool }: Node, params: Params): Json {
  const entry = mempool.get(params.hash(0, 'txid'));
  if (entry === undefined) throw new RpcError(RPC.NOT_FOUND, 'Transaction not in mempool');
  return describeEntry(mempool, entry);
}

/** The median feerate of the newest blocks' transactions; without any, Core's error. */
function estimateFee({ chain }: Node, params: Params): Json {
  const target = params.integer(0, 'conf_target');
  if (target < 1 || target > 1008) {
    throw new RpcError(RPC.PARAMETER, 'Invalid conf_target, must be between 1 and 1008');
  }
  const feerates: bigint[] = [];
  for (let back = 0; back < ESTIMATE_BLOCKS; back += 1) {
    const node = chain.at(chain.tip.height - back);
    node?.fees.forEach((fee, i) => {
      feerates.push((fee * 1000n) / BigInt(node.block.transactions[i + 1]?.vsize ?? 1));
    });
  }
  feerates.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const median = feerates[Math.floor(feerates.length / 2)];
  if (median === undefined) return { errors: ['Insufficient data or no feerate found'], blocks: target };
  return { feerate: new Btc(median > MIN_RELAY_FEERATE ? median : MIN_RELAY_FEERATE), blocks: target };
}
