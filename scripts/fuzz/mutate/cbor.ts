/**
 * Mutations that keep to the form of CBOR: items, counts and lengths are changed on a tree and written anew, so that most
 * results get past the scanner. Now and then a head is written too long or with a wrong count, or the order of keys is
 * broken, to stay near its border. Byte strings that hold CBOR are trees as well.
 */
import { BYTE_MUTATORS } from './bytes.ts';
import type { Mutator, Pool } from './mutator.ts';

interface Item {
  /** Major type, 0 to 7. */
  major: number;
  /** The value of an unsigned, negative or simple item, the number of a tag. */
  argument: bigint;
  /** The contents of a byte or text string, unless `items` stands for them. */
  bytes: Uint8Array;
  /** Elements, or keys and values in turn; of a byte string, the items that it holds. */
  items: Item[];
  /** Written with a longer head than needed, or with a count that is off. */
  flaw: 'none' | 'wide' | 'count';
}

const DEPTH = 12;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;

function plainItem(major: number, argument: bigint): Item {
  return { major, argument, bytes: new Uint8Array(0), items: [], flaw: 'none' };
}

/** Reads as far as it goes; undefined where it does not. */
class TreeReader {
  readonly #input: Uint8Array;
  at = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  readAll(depth: number): Item[] | undefined {
    const items: Item[] = [];
    while (this.at < this.#input.length) {
      const item = this.readItem(depth);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }

  readItem(depth: number): Item | undefined {
    const initial = this.#input[this.at];
    if (initial === undefined || depth > DEPTH) return undefined;
    const argument = this.#readArgument(initial & 0x1f);
    if (argument === undefined) return undefined;
    const item = plainItem(initial >> 5, argument);
    if (item.major === BYTES || item.major === TEXT) return this.#readString(item, depth);
    const children = item.major === ARRAY ? argument : item.major === MAP ? argument * 2n : 0n;
    if (children > BigInt(this.#input.length)) return undefined;
    for (let left = Number(children); left > 0; left--) {
      const child = this.readItem(depth + 1);
      if (child === undefined) return undefined;
      item.items.push(child);
    }
    return item;
  }

  #readString(item: Item, depth: number): Item | undefined {
    if (item.argument > BigInt(this.#input.length - this.at)) return undefined;
    const end = this.at + Number(item.argument);
    item.bytes = this.#input.slice(this.at, end);
    this.at = end;
    const nested = item.major === BYTES && item.bytes.length > 3;
    if (nested) item.items = new TreeReader(item.bytes).readAll(depth + 1) ?? [];
    return item;
  }

  #readArgument(info: number): bigint | undefined {
    this.at += 1;
    if (info < 24) return BigInt(info);
    if (info > 27) return undefined;
    const width = 1 << (info - 24);
    if (this.at + width > this.#input.length) return undefined;
    let value = 0n;
    for (let end = this.at + width; this.at < end; this.at++) {
      value = value * 256n + BigInt(this.#input[this.at] ?? 0);
    }
    return value;
  }
}

function writeHead(output: number[], major: number, argument: bigint, wide: boolean): void {
  const widths = [1, 2, 4, 8];
  const needed = argument < 24n ? -1 : widths.findIndex((width) => argument < 1n << BigInt(8 * width));
  const chosen = Math.min(wide ? needed + 1 : needed, 3);
  if (chosen < 0) {
    output.push((major << 5) | Number(argument));
    return;
  }
  output.push((major << 5) | (24 + chosen));
  const width = widths[chosen] ?? 8;
  for (let shift = width - 1; shift >= 0; shift--)
    output.push(Number((argument >> BigInt(8 * shift)) & 0xffn));
}

function writeItem(output: number[], item: Item): void {
  const off = item.flaw === 'count' ? 1n : 0n;
  const wide = item.flaw === 'wide';
  if (item.major === BYTES || item.major === TEXT) {
    const contents: number[] = [];
    for (const child of item.items) writeItem(contents, child);
    const bytes = item.items.length > 0 ? contents : [...item.bytes];
    writeHead(output, item.major, BigInt(bytes.length) + off, wide);
    for (const byte of bytes) output.push(byte);
    return;
  }
  if (item.major !== ARRAY && item.major !== MAP) {
    writeHead(output, item.major, item.argument, wide);
    return;
  }
  const count = item.major === MAP ? item.items.length >> 1 : item.items.length;
  writeHead(output, item.major, BigInt(count) + off, wide);
  for (const child of item.items) writeItem(output, child);
}

function flatten(items: readonly Item[]): Item[] {
  return items.flatMap((item) => [item, ...flatten(item.items)]);
}

const NUMBERS = [0n, 1n, 23n, 24n, 255n, 256n, 65_535n, 65_536n, 0xffff_ffffn, 0x1_0000_0000n]
  .concat([(1n << 53n) - 1n, 1n << 53n, (1n << 63n) - 1n, (1n << 64n) - 1n])
  .concat([20n, 21n, 22n, 80n, 512n, 1024n, 2_100_000_000_000_000n, 2_100_000_000_000_001n]);

function changeNumber(item: Item, { random }: Pool): void {
  const near = item.argument + (random.oneIn(2) ? 1n : -1n) * BigInt(random.few(40));
  const value = random.oneIn(2) ? random.pick(NUMBERS) : near;
  item.argument = value < 0n ? 0n : value & ((1n << 64n) - 1n);
}

function changeString(item: Item, pool: Pool): void {
  item.items = [];
  item.bytes = pool.random.oneIn(8)
    ? pool.word()
    : pool.random.pick(BYTE_MUTATORS)(item.bytes, pool).slice(0, 4096);
}

/** Around the limits of lists. */
const LENGTHS = [4, 8, 16, 64, 256, 1024];

/** One element, or a key with its value. */
function changeList(item: Item, pool: Pool, donor: () => Item | undefined): void {
  const { random } = pool;
  const step = item.major === MAP ? 2 : 1;
  const at = random.below(item.items.length / step) * step;
  const element = item.items.slice(at, at + step);
  switch (random.below(5)) {
    case 0:
      item.items.splice(at, step);
      return;
    case 1:
      item.items.splice(at, 0, ...element);
      return;
    case 2:
      item.items.splice(at, step, ...Array.from({ length: step }, () => donor() ?? plainItem(0, 0n)));
      return;
    case 3:
      // One more; now and then as many as take it past a limit.
      for (let left = random.oneIn(4) ? random.pick(LENGTHS) : 1; left > 0; left--)
        item.items.push(...element);
      return;
    default:
      item.items.splice(at, step);
      item.items.splice(random.below(item.items.length / step + 1) * step, 0, ...element);
  }
}

function changeItem(item: Item, pool: Pool, donor: () => Item | undefined): void {
  const { random } = pool;
  if (random.oneIn(24)) {
    item.flaw = random.oneIn(2) ? 'wide' : 'count';
    return;
  }
  if (random.oneIn(12)) {
    Object.assign(item, donor() ?? plainItem(random.pick([0, 7]), random.pick([0n, 20n, 21n, 22n])));
    return;
  }
  if (random.oneIn(40)) item.major = random.below(8);
  if (item.major === ARRAY || item.major === MAP) changeList(item, pool, donor);
  else if (item.major === BYTES || item.major === TEXT) changeString(item, pool);
  else changeNumber(item, pool);
}

/** Changes items of a CBOR sequence; leaves alone what is none. */
export const mutateCbor: Mutator = (input, pool) => {
  const items = new TreeReader(input).readAll(0);
  const all = flatten(items ?? []);
  if (items === undefined || all.length === 0) return input;
  const donor = (): Item | undefined => {
    const foreign = flatten(new TreeReader(pool.other()).readAll(0) ?? []);
    return foreign.length === 0 ? undefined : pool.random.pick(foreign);
  };
  for (let times = pool.random.few(4); times > 0; times--) changeItem(pool.random.pick(all), pool, donor);
  const output: number[] = [];
  for (const item of items) writeItem(output, item);
  return Uint8Array.from(output);
};
