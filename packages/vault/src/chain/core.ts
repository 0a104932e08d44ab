/**
 * `Chain` on a node's JSON-RPC: Bitcoin Core 25–30, btcd 0.26 and devchain, by the calls and parameters that all
 * of them have. btcd gives verbosity as a number only, has no `estimatesmartfee`, and words its rejections its own way.
 */
import { equalBytes, fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { HEADER_LENGTH, parseHeader, reverseBytes } from '@coldwire/wallet';
import { readBlock } from './block.ts';
import type { BlockId, BroadcastResult, Chain, Feerate, TransactionStatus } from './chain.ts';
import { ChainError } from './error.ts';
import { toInteger, toSat } from './exact-json.ts';
import { createRpc, member, type Rpc, type RpcAuth, type RpcOptions } from './rpc.ts';

/** Error codes of Bitcoin Core's src/rpc/protocol.h, which btcd shares. */
const CODE = { MISC: -1, NOT_FOUND: -5, PARAMETER: -8, DECODE: -22, VERIFY: -25, REJECTED: -26, KNOWN: -27 };
const METHOD_UNKNOWN = -32601;
/** btcd says some "already known" as rejections, in these words. */
const KNOWN_WORDS =
  /same-nonwitness-data|already (have transaction|in (the )?(mempool|block ?chain)|known|exists)|txn-already/i;
const MISSING_WORDS = /missing ?or ?spent|orphan transaction|missing inputs/i;
const NETWORK_NAMES: Readonly<Record<string, string>> = { mainnet: 'main', testnet3: 'test' };

const display = (hash: Uint8Array): string => toHex(reverseBytes(hash));

export function connectCore(url: string, auth: RpcAuth, options?: RpcOptions): Chain {
  const rpc = createRpc(url, auth, options);
  return {
    network: async () => {
      const name = requireText(member(await rpc('getblockchaininfo', []), 'chain'), 'getblockchaininfo');
      return NETWORK_NAMES[name] ?? name;
    },
    tip: () => tip(rpc),
    hashAt: (height) => hashAt(rpc, height),
    headers: (from, count) => headers(rpc, from, count),
    header: (hash) => header(rpc, hash),
    block: async (hash) => {
      const block = readBlock(requireBytes(await rpc('getblock', [display(hash), 0]), 'getblock'));
      if (!equalBytes(block.hash, hash))
        throw new ChainError('nonsense', 'getblock: the node sent another block');
      return block;
    },
    broadcast: (raw) => broadcast(rpc, raw),
    status: (txid, seenIn) => status(rpc, txid, seenIn),
    feerate: (blocks, fallback) => feerate(rpc, blocks, fallback),
  };
}

function nonsense(method: string): ChainError {
  return new ChainError('nonsense', `${method}: the node's answer does not have the form it must have`);
}

function requireText(value: unknown, method: string): string {
  if (typeof value !== 'string') throw nonsense(method);
  return value;
}

function requireBytes(value: unknown, method: string): Uint8Array {
  const text = requireText(value, method);
  if (!/^([0-9a-f]{2})*$/.test(text)) throw nonsense(method);
  return fromHex(text);
}

function requireHash(value: unknown, method: string): Uint8Array {
  const bytes = requireBytes(value, method);
  if (bytes.length !== 32) throw nonsense(method);
  return reverseBytes(bytes);
}

function requireCount(value: unknown, method: string): number {
  const count = toInteger(value);
  if (count === null || count < 0) throw nonsense(method);
  return count;
}

/** The result of a call, or null when the node answers with one of these codes. */
async function orNull(call: Promise<unknown>, codes: readonly number[]): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ChainError && error.code !== undefined && codes.includes(error.code)) return null;
    throw error;
  }
}

/** Height and hash from one answer, so that they belong together. */
async function tip(rpc: Rpc): Promise<BlockId> {
  const info = await rpc('getblockchaininfo', []);
  return {
    height: requireCount(member(info, 'blocks'), 'getblockchaininfo'),
    hash: requireHash(member(info, 'bestblockhash'), 'getblockchaininfo'),
  };
}

async function hashAt(rpc: Rpc, height: number): Promise<Uint8Array | null> {
  // Core says -8, btcd -1, for a height above the tip.
  const answer = await orNull(rpc('getblockhash', [height]), [CODE.PARAMETER, CODE.MISC]);
  return answer === null ? null : requireHash(answer, 'getblockhash');
}

async function header(rpc: Rpc, hash: Uint8Array): Promise<Uint8Array | null> {
  const answer = await orNull(rpc('getblockheader', [display(hash), false]), [CODE.NOT_FOUND]);
  if (answer === null) return null;
  const bytes = requireBytes(answer, 'getblockheader');
  const parsed = parseHeader(bytes);
  if (!parsed.ok || !equalBytes(parsed.value.hash, hash)) throw nonsense('getblockheader');
  return bytes;
}

/** Stops where the branch changed under it: what it returns is linked. */
async function headers(rpc: Rpc, from: number, count: number): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  let last: Uint8Array | null = null;
  for (let height = from; found.length < count; height += 1) {
    const hash = await hashAt(rpc, height);
    const bytes = hash === null ? null : await header(rpc, hash);
    const parsed = parseHeader(bytes ?? new Uint8Array());
    if (bytes === null || !parsed.ok || bytes.length !== HEADER_LENGTH) break;
    if (last !== null && !equalBytes(parsed.value.previous, last)) break;
    found.push(bytes);
    last = parsed.value.hash;
  }
  return found;
}

async function broadcast(rpc: Rpc, raw: Uint8Array): Promise<BroadcastResult> {
  try {
    await rpc('sendrawtransaction', [toHex(raw)]);
    return { kind: 'accepted' };
  } catch (error) {
    if (!(error instanceof ChainError) || error.kind !== 'refused' || error.code === undefined) throw error;
    const reason = error.message.replace(/^sendrawtransaction: /, '');
    if (error.code === CODE.KNOWN || KNOWN_WORDS.test(reason)) return { kind: 'already-known' };
    if (MISSING_WORDS.test(reason)) return { kind: 'missing-inputs', reason };
    const judged = [CODE.DECODE, CODE.VERIFY, CODE.REJECTED].includes(error.code);
    if (judged) return { kind: 'rejected', reason };
    throw error;
  }
}

async function status(rpc: Rpc, txid: Uint8Array, seenIn: BlockId | undefined): Promise<TransactionStatus> {
  if (seenIn !== undefined) {
    const depth = await depthOf(rpc, seenIn);
    if (depth !== null) return { kind: 'confirmed', depth, block: seenIn };
  }
  const answer = await orNull(rpc('getrawtransaction', [display(txid), 1]), [CODE.NOT_FOUND]);
  if (answer === null) return { kind: 'unknown' };
  const blockHash = member(answer, 'blockhash');
  if (blockHash === undefined || blockHash === '') return { kind: 'waiting' };
  const hash = requireHash(blockHash, 'getrawtransaction');
  const height = await heightOf(rpc, hash);
  const depth = height === null ? null : await depthOf(rpc, { height, hash });
  return height === null || depth === null
    ? { kind: 'unknown' }
    : { kind: 'confirmed', depth, block: { height, hash } };
}

async function heightOf(rpc: Rpc, hash: Uint8Array): Promise<number | null> {
  const answer = await orNull(rpc('getblockheader', [display(hash), true]), [CODE.NOT_FOUND]);
  return answer === null ? null : requireCount(member(answer, 'height'), 'getblockheader');
}

/** How deep a block is; null when it is not on the best branch. */
async function depthOf(rpc: Rpc, block: BlockId): Promise<number | null> {
  const hash = await hashAt(rpc, block.height);
  if (hash === null || !equalBytes(hash, block.hash)) return null;
  return Math.max(1, (await tip(rpc)).height - block.height + 1);
}

async function feerate(rpc: Rpc, blocks: number, fallback: bigint): Promise<Feerate> {
  const answer = await orNull(rpc('estimatesmartfee', [blocks]), [METHOD_UNKNOWN]);
  const estimate = toSat(member(answer, 'feerate'));
  const info = await rpc('getmempoolinfo', []);
  const least = toSat(member(info, 'mempoolminfee')) ?? 0n;
  const known = estimate !== null && estimate > 0n;
  const wanted = known ? estimate : fallback;
  return { satPerKvb: wanted > least ? wanted : least, source: known ? 'node' : 'fallback' };
}
