/** RPC calls that read the chain. */
import type { BlockNode } from '../chain/chainstate.ts';
import type { Node } from '../node.ts';
import { serializeBlock, serializeHeader } from '../primitives/block.ts';
import { toHex } from '../primitives/wire.ts';
import {
  chainWork,
  confirmations,
  DIFFICULTY,
  describeBlock,
  describeHeader,
  describeScript,
} from './describe.ts';
import { RPC, RpcError } from './error.ts';
import { Btc, type Json } from './json.ts';
import { merkleProof } from './merkle-proof.ts';
import { type Params, requireHash } from './params.ts';

export type Method = (params: Params) => Json;

export function chainMethods(node: Node): ReadonlyMap<string, Method> {
  const { chain } = node;
  return new Map<string, Method>([
    ['getblockchaininfo', () => blockchainInfo(node)],
    ['getblockcount', () => chain.tip.height],
    ['getbestblockhash', () => chain.tip.hash],
    ['getblockhash', (params) => blockAt(node, params.integer(0, 'height')).hash],
    ['getblockheader', (params) => header(node, params)],
    ['getblock', (params) => block(node, params)],
    ['gettxout', (params) => txOut(node, params)],
    ['gettxoutproof', (params) => txOutProof(node, params)],
  ]);
}

export function findBlock(node: Node, hash: string, message = 'Block not found'): BlockNode {
  const found = node.chain.node(hash);
  if (found === undefined) throw new RpcError(RPC.NOT_FOUND, message);
  return found;
}

function blockAt(node: Node, height: number): BlockNode {
  const found = node.chain.at(height);
  if (found === undefined) throw new RpcError(RPC.PARAMETER, 'Block height out of range');
  return found;
}

function blockchainInfo({ chain }: Node): Json {
  const { tip } = chain;
  return {
    chain: 'regtest',
    blocks: tip.height,
    headers: tip.height,
    bestblockhash: tip.hash,
    difficulty: DIFFICULTY,
    time: tip.block.header.time,
    mediantime: chain.medianTime(tip),
    verificationprogress: 1,
    initialblockdownload: false,
    chainwork: chainWork(tip.height),
    size_on_disk: 0,
    pruned: false,
    warnings: [],
  };
}

function header(node: Node, params: Params): Json {
  const found = findBlock(node, params.hash(0, 'hash'));
  return params.boolean(1, 'verbose', true)
    ? describeHeader(node.chain, found)
    : toHex(serializeHeader(found.block.header));
}

function block(node: Node, params: Params): Json {
  const found = findBlock(node, params.hash(0, 'blockhash'));
  const verbosity = params.verbosity(1, 1);
  return verbosity <= 0 ? toHex(serializeBlock(found.block)) : describeBlock(node.chain, found, verbosity);
}

/** The coin, or null when there is none or, asked to look there, a waiting transaction spends it. */
function txOut({ chain, mempool }: Node, params: Params): Json {
  const outpoint = `${params.hash(0, 'txid')}:${params.integer(1, 'n')}`;
  const withMempool = params.boolean(2, 'include_mempool', true);
  if (withMempool && mempool.spenderOf(outpoint) !== undefined) return null;
  const waiting = withMempool ? mempool.get(outpoint.slice(0, 64)) : undefined;
  const coin = waiting?.known.tx.outputs[params.integer(1, 'n')] ?? chain.coins.get(outpoint);
  if (coin === undefined) return null;
  const height = 'height' in coin && typeof coin.height === 'number' ? coin.height : null;
  return {
    bestblock: chain.tip.hash,
    confirmations: height === null ? 0 : chain.tip.height - height + 1,
    value: new Btc(coin.amount),
    scriptPubKey: describeScript(coin.script),
    coinbase: 'coinbase' in coin && coin.coinbase === true,
  };
}

function txOutProof(node: Node, params: Params): Json {
  const txids = new Set(params.strings(0, 'txids').map((txid) => requireHash(txid, 'txid')));
  const [first] = txids;
  if (first === undefined) throw new RpcError(RPC.PARAMETER, "Parameter 'txids' cannot be empty");
  const found = params.has(1) ? findBlock(node, params.hash(1, 'blockhash')) : node.chain.blockOf(first);
  if (found === undefined || confirmations(node.chain, found) < 0) {
    throw new RpcError(RPC.NOT_FOUND, 'Transaction not yet in block');
  }
  const present = found.block.transactions.filter(({ txid }) => txids.has(txid));
  if (present.length < txids.size) {
    throw new RpcError(RPC.NOT_FOUND, 'Not all transactions found in specified or retrieved block');
  }
  return toHex(merkleProof(found.block, txids));
}
