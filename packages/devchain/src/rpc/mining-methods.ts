/** RPC calls that make blocks, take them out and put them back. */
import type { Node } from '../node.ts';
import { addressToScript } from '../primitives/address.ts';
import { headerHash, parseBlock, serializeBlock } from '../primitives/block.ts';
import { fromHex, toHex } from '../primitives/wire.ts';
import { judge, Rejected } from '../rejected.ts';
import { findBlock, type Method } from './chain-methods.ts';
import { RPC, RpcError } from './error.ts';
import type { Json } from './json.ts';
import { decodeTransaction, type Params } from './params.ts';

/** One call mines at most so many blocks: the program answers nobody else meanwhile. */
const MAX_BLOCKS = 10_000;

export function miningMethods(node: Node): ReadonlyMap<string, Method> {
  return new Map<string, Method>([
    ['generatetoaddress', (params) => generate(node, params)],
    ['generateblock', (params) => generateBlock(node, params)],
    ['submitblock', (params) => submit(node, params)],
    ['invalidateblock', (params) => change(node, params, 'invalidate')],
    ['reconsiderblock', (params) => change(node, params, 'reconsider')],
  ]);
}

function generate(node: Node, params: Params): Json {
  const count = params.integer(0, 'nblocks');
  if (count < 0 || count > MAX_BLOCKS)
    throw new RpcError(RPC.PARAMETER, `nblocks must be from 0 to ${MAX_BLOCKS}`);
  const script = params.address(1, 'address');
  return Array.from({ length: count }, () => node.mineNext(script).hash);
}

/** Mines exactly the named transactions: ids of the mempool or raw hex. */
function generateBlock(node: Node, params: Params): Json {
  const script = addressToScript(params.string(0, 'output'));
  if (script === null) throw new RpcError(RPC.NOT_FOUND, 'Error: Invalid address or descriptor');
  const transactions = params.strings(1, 'transactions').map((text) => {
    if (text.length !== 64) return decodeTransaction(text);
    const entry = node.mempool.get(text);
    if (entry === undefined) throw new RpcError(RPC.NOT_FOUND, `Transaction ${text} not in mempool.`);
    return entry.known;
  });
  const block = node.buildBlock(script, transactions);
  const hash = headerHash(block.header);
  if (!params.boolean(2, 'submit', true)) return { hash, hex: toHex(serializeBlock(block)) };
  const rejection = judge(() => node.submitBlock(block));
  if (rejection !== null) throw new RpcError(RPC.VERIFY, `TestBlockValidity failed: ${rejection.message}`);
  return { hash };
}

/** Null when accepted, else the reason, as BIP-22 has it. */
function submit(node: Node, params: Params): Json {
  const bytes = fromHex(params.string(0, 'hexdata'));
  const failed = new RpcError(RPC.DESERIALIZATION, 'Block decode failed');
  if (bytes === null) throw failed;
  try {
    const block = parseBlock(bytes);
    return judge(() => node.submitBlock(block))?.reason ?? null;
  } catch (error) {
    throw error instanceof Rejected ? failed : error;
  }
}

function change(node: Node, params: Params, how: 'invalidate' | 'reconsider'): Json {
  const found = findBlock(node, params.hash(0, 'blockhash'));
  const rejection = judge(() => node[how](found));
  if (rejection !== null) throw new RpcError(RPC.MISC, rejection.message);
  return null;
}
