/** Plain values as CBOR, also what no schema lets through, and the form of a vector's file. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { BODIES, concatBytes, type MessageType, toHex } from '../../../src/index.ts';
import { SAMPLES } from '../samples.ts';

const ROOT = new URL('../../../../../protocol-spec/vectors/', import.meta.url);
const FAR = 0xffff_ffff;

export function write(path: string, lines: Readonly<Record<string, string>>, bytes: Uint8Array): void {
  const file = new URL(`${path}.txt`, ROOT);
  if (existsSync(file)) return;
  mkdirSync(new URL('.', file), { recursive: true });
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\n`);
  const hex = toHex(bytes).match(/.{1,120}/g) ?? [];
  writeFileSync(file, `${head.join('')}\n${hex.join('\n')}\n`);
}

export const lower = (type: MessageType) => type.toLowerCase();
export const RULE_BODY = '4-messages.md Bodies';
export const RULE_CHAIN = '4-messages.md Chain';

/** Any plain tree as CBOR, also what no schema lets through: heads of the least length, maps in the order given. */
export type Tree =
  | bigint
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly Tree[]
  | Map<number, Tree>;
function head(major: number, value: number | bigint): Uint8Array {
  const wide = BigInt(value);
  const size = wide < 24n ? 0 : wide < 256n ? 1 : wide < 65536n ? 2 : wide <= BigInt(FAR) ? 4 : 8;
  const info = size === 0 ? Number(wide) : 24 + Math.log2(size);
  const rest = Uint8Array.from({ length: size }, (_, at) =>
    Number((wide >> BigInt(8 * (size - 1 - at))) & 255n),
  );
  return concatBytes(Uint8Array.of((major << 5) | info), rest);
}
export function tree(value: Tree): Uint8Array {
  if (typeof value === 'number' || typeof value === 'bigint') return head(0, value);
  if (value instanceof Uint8Array) return concatBytes(head(2, value.length), value);
  if (typeof value === 'string') {
    const text = new TextEncoder().encode(value);
    return concatBytes(head(3, text.length), text);
  }
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (value instanceof Map) {
    return concatBytes(head(5, value.size), ...[...value].flatMap(([key, one]) => [tree(key), tree(one)]));
  }
  return concatBytes(head(4, value.length), ...value.map(tree));
}

/** The fields of a body as a tree, for changing one of them: what BODIES writes before it is bytes. */
export function plainOf(type: MessageType): Map<number, Tree> {
  const plain = BODIES[type].write(SAMPLES[type]);
  if (!(plain instanceof Map)) throw new Error(`${type} is no map`);
  return new Map([...plain].map(([key, value]): [number, Tree] => [key, asTree(value)]));
}
export function asTree(plain: unknown): Tree {
  if (Array.isArray(plain)) return plain.map(asTree);
  if (plain instanceof Map)
    return new Map([...plain].map(([key, value]): [number, Tree] => [Number(key), asTree(value)]));
  if (plain === null || plain instanceof Uint8Array) return plain;
  if (
    typeof plain === 'bigint' ||
    typeof plain === 'number' ||
    typeof plain === 'string' ||
    typeof plain === 'boolean'
  ) {
    return plain;
  }
  throw new Error('not plain');
}

/** The same value a number of times. */
export const many = (count: number, one: Tree): Tree => Array.from({ length: count }, () => one);
