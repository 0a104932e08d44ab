/** Changes one thing somewhere in a CBOR value: a number, a byte, an order, a count. What comes out is canonical again. */
import { concatBytes } from '@coldwire/protocol';
import type { Random } from '../crash/random.ts';

export type Tree =
  | bigint
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly Tree[]
  | ReadonlyMap<number, Tree>;

export function asTree(plain: unknown): Tree {
  if (Array.isArray(plain)) return plain.map(asTree);
  if (plain instanceof Map) return new Map([...plain].map(([key, value]) => [Number(key), asTree(value)]));
  if (plain === null || plain instanceof Uint8Array) return plain;
  if (
    typeof plain === 'bigint' ||
    typeof plain === 'number' ||
    typeof plain === 'string' ||
    typeof plain === 'boolean'
  )
    return plain;
  throw new Error('not a value of CBOR');
}

function head(major: number, value: number | bigint): Uint8Array {
  const wide = BigInt(value);
  const size = wide < 24n ? 0 : wide < 256n ? 1 : wide < 65_536n ? 2 : wide <= 0xffff_ffffn ? 4 : 8;
  const rest = Uint8Array.from({ length: size }, (_, at) =>
    Number((wide >> BigInt(8 * (size - 1 - at))) & 255n),
  );
  return concatBytes(Uint8Array.of((major << 5) | (size === 0 ? Number(wide) : 24 + Math.log2(size))), rest);
}

/** Heads of the least length, map keys ascending: what the schemas take, if the value is of their form. */
export function toBytes(tree: Tree): Uint8Array {
  if (typeof tree === 'number' || typeof tree === 'bigint') return head(0, tree);
  if (tree instanceof Uint8Array) return concatBytes(head(2, tree.length), tree);
  if (typeof tree === 'string') {
    const text = new TextEncoder().encode(tree);
    return concatBytes(head(3, text.length), text);
  }
  if (tree === null) return Uint8Array.of(0xf6);
  if (typeof tree === 'boolean') return Uint8Array.of(tree ? 0xf5 : 0xf4);
  if (tree instanceof Map) {
    const rows = [...tree].sort(([a], [b]) => a - b);
    return concatBytes(
      head(5, rows.length),
      ...rows.flatMap(([key, value]) => [head(0, key), toBytes(value)]),
    );
  }
  const items = Array.isArray(tree) ? tree : [];
  return concatBytes(head(4, items.length), ...items.map(toBytes));
}

function mutateNumber(value: bigint, random: Random): bigint {
  const choices = [
    value + 1n,
    value > 0n ? value - 1n : 1n,
    0n,
    value * 2n,
    value / 2n,
    0xffff_ffffn,
    2n ** 63n,
    value + 256n,
  ];
  return choices[random.between(0, choices.length)] ?? value;
}

function mutateBytes(value: Uint8Array, random: Random): Uint8Array {
  if (value.length === 0 || random.next() < 0.1) return random.bytes(random.between(0, value.length + 2));
  if (random.next() < 0.15) return value.subarray(0, value.length - 1);
  const at = random.between(0, value.length);
  return value.map((byte, place) => (place === at ? byte ^ (1 << random.between(0, 8)) : byte));
}

function mutateList(items: readonly Tree[], random: Random): readonly Tree[] {
  const at = random.between(0, items.length);
  const to = random.between(0, items.length);
  const one = items[at] ?? 0;
  switch (random.between(0, 3)) {
    case 0:
      return items.filter((_, place) => place !== at);
    case 1:
      return [...items, one];
    default:
      return items.map((item, place) => (place === at ? (items[to] ?? item) : place === to ? one : item));
  }
}

/** How many things there are to change. */
function weigh(tree: Tree): number {
  if (tree instanceof Map) return [...tree.values()].reduce<number>((sum, one) => sum + weigh(one), 1);
  if (Array.isArray(tree)) return tree.reduce<number>((sum, one) => sum + weigh(one), 1);
  return 1;
}

function mutateLeaf(tree: Tree, random: Random): Tree {
  if (typeof tree === 'number' || typeof tree === 'bigint') return mutateNumber(BigInt(tree), random);
  if (tree instanceof Uint8Array) return mutateBytes(tree, random);
  if (typeof tree === 'string') return random.next() < 0.5 ? `${tree}x` : tree.slice(1);
  if (typeof tree === 'boolean') return !tree;
  if (tree === null) return 0;
  if (tree instanceof Map) return new Map([...tree].filter((_, place) => place !== 0));
  return Array.isArray(tree) && tree.length > 0 ? mutateList(tree, random) : [0];
}

/** One change at a place drawn among all. */
export function mutate(tree: Tree, random: Random): Tree {
  let place = random.between(0, weigh(tree));
  const walk = (node: Tree): Tree => {
    const weight = weigh(node);
    if (place < 0 || place >= weight) {
      place -= weight;
      return node;
    }
    if (place === 0) {
      place = -1;
      return mutateLeaf(node, random);
    }
    place -= 1;
    if (node instanceof Map) return new Map([...node].map(([key, one]) => [key, walk(one)]));
    return Array.isArray(node) ? node.map(walk) : node;
  };
  return walk(tree);
}
