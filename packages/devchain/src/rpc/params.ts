/** Reads a call's positional parameters; refuses wrong types with Core's codes and words. */
import { COIN } from '../chain/amounts.ts';
import { addressToScript } from '../primitives/address.ts';
import { type KnownTransaction, parseTransaction } from '../primitives/transaction.ts';
import { fromHex } from '../primitives/wire.ts';
import { Rejected } from '../rejected.ts';
import { RPC, RpcError } from './error.ts';

export class Params {
  readonly #values: readonly unknown[];

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  /** A parameter that is absent or null, as Core sees it. */
  has(index: number): boolean {
    return this.#values[index] !== undefined && this.#values[index] !== null;
  }

  string(index: number, name: string): string {
    const value = this.#values[index];
    if (typeof value === 'string') return value;
    throw wrongType(index, name, value, 'string');
  }

  /** A whole number; `fallback` when absent. */
  integer(index: number, name: string, fallback?: number): number {
    if (!this.has(index) && fallback !== undefined) return fallback;
    const value = this.#values[index];
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    throw wrongType(index, name, value, 'number');
  }

  boolean(index: number, name: string, fallback: boolean): boolean {
    if (!this.has(index)) return fallback;
    const value = this.#values[index];
    if (typeof value === 'boolean') return value;
    throw wrongType(index, name, value, 'bool');
  }

  /** Core takes 0, 1, 2 and, from old callers, false and true. */
  verbosity(index: number, fallback: number): number {
    const value = this.#values[index];
    return typeof value === 'boolean' ? Number(value) : this.integer(index, 'verbosity', fallback);
  }

  strings(index: number, name: string): string[] {
    const value = this.#values[index];
    if (!Array.isArray(value)) throw wrongType(index, name, value, 'array');
    return value.map((item: unknown) => {
      if (typeof item === 'string') return item;
      throw wrongType(index, name, item, 'string');
    });
  }

  hash(index: number, name: string): string {
    return requireHash(this.string(index, name), name);
  }

  /** A feerate in BTC per 1,000 vbytes, as sat. */
  feerate(index: number, fallback: bigint): bigint {
    if (!this.has(index)) return fallback;
    const value = Number(this.#values[index]);
    if (!Number.isFinite(value) || value < 0) throw new RpcError(RPC.TYPE, 'Invalid amount');
    return BigInt(Math.round(value * Number(COIN)));
  }

  transaction(index: number, name: string): KnownTransaction {
    return decodeTransaction(this.string(index, name));
  }

  /** The output script of an address. */
  address(index: number, name: string): Uint8Array {
    const script = addressToScript(this.string(index, name));
    if (script === null) throw new RpcError(RPC.NOT_FOUND, 'Error: Invalid address');
    return script;
  }
}

export function requireHash(text: string, name: string): string {
  if (text.length !== 64) {
    throw new RpcError(RPC.PARAMETER, `${name} must be of length 64 (not ${text.length}, for '${text}')`);
  }
  if (!/^[0-9a-fA-F]{64}$/.test(text)) {
    throw new RpcError(RPC.PARAMETER, `${name} must be hexadecimal string (not '${text}')`);
  }
  return text.toLowerCase();
}

export function decodeTransaction(text: string): KnownTransaction {
  const bytes = fromHex(text);
  const failed = 'TX decode failed. Make sure the tx has at least one input.';
  if (bytes === null || bytes.length === 0) throw new RpcError(RPC.DESERIALIZATION, failed);
  try {
    return parseTransaction(bytes);
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    throw new RpcError(RPC.DESERIALIZATION, failed);
  }
}

function wrongType(index: number, name: string, value: unknown, wanted: string): RpcError {
  const got = value === undefined || value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const text = `JSON value of type ${got} is not of expected type ${wanted}`;
  return new RpcError(RPC.TYPE, `Wrong type passed:\n{\n    "Position ${index + 1} (${name})": "${text}"\n}`);
}
