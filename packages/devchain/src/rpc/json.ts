/** JSON as Bitcoin Core writes it: amounts are decimal numbers with eight digits, never a rounded float. */
import { formatBtc } from '../chain/amounts.ts';

/** An amount that appears in JSON as a decimal number of BTC. */
export class Btc {
  readonly sat: bigint;

  constructor(sat: bigint) {
    this.sat = sat;
  }
}

export type Json =
  | string
  | number
  | boolean
  | null
  | Btc
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** Members that are undefined are left out. */
export function encodeJson(value: Json): string {
  if (value instanceof Btc) return formatBtc(value.sat);
  if (isList(value)) return `[${value.map(encodeJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).flatMap(([key, item]) =>
    item === undefined ? [] : [`${JSON.stringify(key)}:${encodeJson(item)}`],
  );
  return `{${members.join(',')}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
