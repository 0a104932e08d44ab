/**
 * What came of a run, read from the chain alone through its RPC: which coins the wallet had, what it spent, whom it paid. It
 * asks no program of the system and uses none of its code to judge, but for the wallet's list of own scripts.
 */
import { readFileSync } from 'node:fs';
import type { World } from '../world/world.ts';

/** A transaction that spends coins of the wallet. */
export interface Spend {
  readonly txid: string;
  readonly height: number;
  /** sat */
  readonly fee: bigint;
  /** Outputs that are not the wallet's own: script in hexadecimal, sat. */
  readonly payments: readonly (readonly [script: string, amount: bigint])[];
  /** Outputs back to a script of the chain that is for change. */
  readonly change: number;
}

export interface Ledger {
  readonly spends: readonly Spend[];
  /** sat in the wallet's unspent coins. */
  readonly balance: bigint;
  /** sat that blocks paid into the wallet. */
  readonly mined: bigint;
}

interface Output {
  readonly script: string;
  readonly amount: bigint;
}

interface Transaction {
  readonly txid: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly Output[];
}

type Json = { readonly [field: string]: unknown };

function record(value: unknown): Json {
  if (typeof value !== 'object' || value === null) throw new Error('the node gave no object');
  return { ...value };
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('the node gave no list');
  return value;
}

/** How many scripts of each chain are looked up. */
const SCRIPTS = 1_000;

async function callNode({ chain }: World, method: string, params: readonly unknown[]): Promise<unknown> {
  const authorization = `Basic ${Buffer.from(readFileSync(chain.cookieFile, 'utf8')).toString('base64')}`;
  const response = await fetch(chain.url, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '1.0', id: 1, method, params }),
  });
  const reply = record(await response.json());
  if (reply['error'] !== null) throw new Error(`${method}: ${JSON.stringify(reply['error'])}`);
  return reply['result'];
}

/** Whole BTC with eight decimals, as the node writes them; exact below 2^53 sat. */
function toSats(value: unknown): bigint {
  return BigInt(Math.round(Number(value) * 1e8));
}

function readTransaction(value: unknown): Transaction {
  const tx = record(value);
  const inputs = list(tx['vin']).flatMap((entry) => {
    const { txid, vout } = record(entry);
    return typeof txid === 'string' ? [`${txid}:${String(vout)}`] : [];
  });
  const outputs = list(tx['vout']).map((entry) => {
    const { value: amount, scriptPubKey } = record(entry);
    return { script: String(record(scriptPubKey)['hex']), amount: toSats(amount) };
  });
  return { txid: String(tx['txid']), inputs, outputs };
}

export async function isMempoolEmpty(world: World): Promise<boolean> {
  return list(await callNode(world, 'getrawmempool', [])).length === 0;
}

/** @throws Error if a transaction of the chain spends a coin that is not the wallet's: nobody else has any here */
export async function readLedger(world: World): Promise<Ledger> {
  const own = [0, 1].map((chain) => {
    const at = (_: unknown, index: number): string =>
      Buffer.from(world.scripts.at(chain === 0 ? 0 : 1, index).scriptPubKey).toString('hex');
    return new Set(Array.from({ length: SCRIPTS }, at));
  });
  const [receive = new Set<string>(), change = new Set<string>()] = own;
  const coins = new Map<string, bigint>();
  const spends: Spend[] = [];
  let mined = 0n;
  const height = Number(await callNode(world, 'getblockcount', []));
  for (let at = 1; at <= height; at += 1) {
    const hash = await callNode(world, 'getblockhash', [at]);
    for (const value of list(record(await callNode(world, 'getblock', [hash, 2]))['tx'])) {
      const { txid, inputs, outputs } = readTransaction(value);
      const spent = inputs.map((outpoint) => take(coins, outpoint, txid));
      const ours = outputs.map(({ script }) => receive.has(script) || change.has(script));
      outputs.forEach(({ amount }, vout) => {
        if (ours[vout] === true) coins.set(`${txid}:${vout}`, amount);
      });
      if (inputs.length === 0)
        mined += sum(outputs.filter((_, vout) => ours[vout]).map(({ amount }) => amount));
      else {
        const payments = outputs.filter((_, vout) => ours[vout] === false);
        spends.push({
          txid,
          height: at,
          fee: sum(spent) - sum(outputs.map(({ amount }) => amount)),
          payments: payments.map(({ script, amount }) => [script, amount]),
          change: outputs.filter(({ script }) => change.has(script)).length,
        });
      }
    }
  }
  return { spends, balance: sum([...coins.values()]), mined };
}

function take(coins: Map<string, bigint>, outpoint: string, txid: string): bigint {
  const amount = coins.get(outpoint);
  if (amount === undefined) throw new Error(`${txid} spends ${outpoint}, which is no coin of the wallet`);
  coins.delete(outpoint);
  return amount;
}

export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
