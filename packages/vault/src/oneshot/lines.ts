/**
 * What flows through the one-shot pipe: one JSON object a line, of one key. Every step reads all lines, adds its own, and
 * hands on what the next ones need. Bytes are lower-case hexadecimal, txids internal order unless said otherwise, amounts
 * decimal strings in sat.
 *
 *   {"tip": {"height": n, "hash": hex, "change": n}}   where the coins were read; the first unused change index
 *   {"headers": {"from": n, "hex": …}}                 80 bytes each, the first at height `from`
 *   {"coin": {…}, "transaction": hex, "proof": {…}}    one of our coins, with what ADMIT carries
 *   {"request": hex}                                   canonical body of the SIGN request
 *   {"signed": {"signer": name, "message": hex}}       a SIGNED message, exactly as it came
 */
import { EXIT, Failure, type JsonValue, toJsonLine } from '@coldwire/program';
import { fromHex, type MerkleProof } from '@coldwire/protocol';
import type { Coin } from '@coldwire/wallet';
import { readInput } from '../client/input.ts';

export interface Tip {
  readonly height: number;
  readonly hash: Uint8Array;
  readonly change: number;
}

export interface HeaderRun {
  readonly from: number;
  readonly bytes: Uint8Array;
}

export interface CoinRow {
  readonly coin: Coin;
  readonly transaction: Uint8Array;
  readonly proof: MerkleProof;
}

export interface SignedRow {
  readonly signer: string;
  readonly message: Uint8Array;
}

export type Line =
  | { readonly kind: 'tip'; readonly tip: Tip }
  | { readonly kind: 'headers'; readonly headers: HeaderRun }
  | ({ readonly kind: 'coin' } & CoinRow)
  | { readonly kind: 'request'; readonly request: Uint8Array }
  | { readonly kind: 'signed'; readonly signed: SignedRow };

export function formatLine(line: Line): string {
  return `${toJsonLine(toJson(line))}\n`;
}

function toJson(line: Line): JsonValue {
  switch (line.kind) {
    case 'tip':
      return { tip: { ...line.tip } };
    case 'headers':
      return { headers: { from: line.headers.from, hex: line.headers.bytes } };
    case 'coin':
      return { coin: { ...line.coin }, transaction: line.transaction, proof: { ...line.proof } };
    case 'request':
      return { request: line.request };
    case 'signed':
      return { signed: { ...line.signed } };
  }
}

/** @param path `-` for standard input @throws Failure naming the line that is none of these */
export async function readLines(path: string): Promise<readonly Line[]> {
  return (await readInput(path))
    .split('\n')
    .map((text, place) => [text.trim(), place + 1] as const)
    .filter(([text]) => text !== '')
    .map(([text, number]) => {
      const line = parseLine(text);
      if (line !== undefined) return line;
      throw new Failure(EXIT.BAD_INPUT, {
        what: `line ${number} is not one of the one-shot pipe`,
        where: path === '-' ? 'standard input' : path,
        todo: 'Feed it what coldwire-vault coins, draft or sign wrote.',
      });
    });
}

type Fields = { readonly [name: string]: unknown };

function parseLine(text: string): Line | undefined {
  const row = fieldsOf(parseJson(text));
  if (row === undefined) return undefined;
  const request = bytesOf(row['request']);
  if (request !== undefined) return { kind: 'request', request };
  const signed = fieldsOf(row['signed']);
  const message = bytesOf(signed?.['message']);
  const signer = signed?.['signer'];
  if (typeof signer === 'string' && message !== undefined)
    return { kind: 'signed', signed: { signer, message } };
  const headers = fieldsOf(row['headers']);
  const from = countOf(headers?.['from']);
  const bytes = bytesOf(headers?.['hex']);
  if (from !== undefined && bytes !== undefined && bytes.length % 80 === 0)
    return { kind: 'headers', headers: { from, bytes } };
  return parseTip(row) ?? parseCoin(row);
}

function parseTip(row: Fields): Line | undefined {
  const tip = fieldsOf(row['tip']);
  const height = countOf(tip?.['height']);
  const hash = bytesOf(tip?.['hash'], 32);
  const change = countOf(tip?.['change']);
  if (height === undefined || hash === undefined || change === undefined) return undefined;
  return { kind: 'tip', tip: { height, hash, change } };
}

function parseCoin(row: Fields): Line | undefined {
  const coin = readCoin(fieldsOf(row['coin']));
  const transaction = bytesOf(row['transaction']);
  const proof = fieldsOf(row['proof']);
  const block = bytesOf(proof?.['block'], 32);
  const position = countOf(proof?.['position']);
  const path = bytesOf(proof?.['path']);
  if (coin === undefined || transaction === undefined || block === undefined) return undefined;
  if (position === undefined || path === undefined) return undefined;
  return { kind: 'coin', coin, transaction, proof: { block, position, path } };
}

function readCoin(row: Fields | undefined): Coin | undefined {
  const txid = bytesOf(row?.['txid'], 32);
  const amount = row?.['amount'];
  const [vout, wallet, chain, index] = ['vout', 'wallet', 'chain', 'index'].map((name) =>
    countOf(row?.[name]),
  );
  if (txid === undefined || typeof amount !== 'string' || !/^\d{1,16}$/.test(amount)) return undefined;
  if (vout === undefined || wallet === undefined || index === undefined || (chain !== 0 && chain !== 1))
    return undefined;
  return { txid, vout, amount: BigInt(amount), wallet, chain, index };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function bytesOf(value: unknown, length?: number): Uint8Array | undefined {
  if (typeof value !== 'string' || !/^([0-9a-f]{2})*$/.test(value)) return undefined;
  const bytes = fromHex(value);
  return length === undefined || bytes.length === length ? bytes : undefined;
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffffffff
    ? value
    : undefined;
}
