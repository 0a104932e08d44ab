/** Mutations of plain bytes: flips, sums, edges, insertions, deletions, copies, words of the dictionary, splices. */
import type { Mutator, Pool } from './mutator.ts';

/** Where lengths, widths and signs change. */
const EDGES = [0, 1, 2, 0x10, 0x17, 0x18, 0x1f, 0x20, 0x40, 0x5f, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff];

function changeAt(input: Uint8Array, { random }: Pool, change: (byte: number) => number): Uint8Array {
  const output = Uint8Array.from(input);
  const at = random.below(input.length);
  if (at < output.length) output[at] = change(output[at] ?? 0);
  return output;
}

export function replaceRange(
  input: Uint8Array,
  from: number,
  to: number,
  replacement: Uint8Array,
): Uint8Array {
  const output = new Uint8Array(input.length - (to - from) + replacement.length);
  output.set(input.subarray(0, from));
  output.set(replacement, from);
  output.set(input.subarray(to), from + replacement.length);
  return output;
}

const flipBit: Mutator = (input, pool) => changeAt(input, pool, (byte) => byte ^ (1 << pool.random.below(8)));
const setByte: Mutator = (input, pool) => changeAt(input, pool, () => pool.random.below(256));
const setEdge: Mutator = (input, pool) => changeAt(input, pool, () => pool.random.pick(EDGES));
const addSmall: Mutator = (input, pool) =>
  changeAt(input, pool, (byte) => (byte + (pool.random.oneIn(2) ? 1 : -1) * pool.random.few(35)) & 0xff);

const insertBytes: Mutator = (input, { random }) => {
  const at = random.below(input.length + 1);
  const length = random.few(64);
  const same = new Uint8Array(length).fill(random.pick(EDGES));
  return replaceRange(input, at, at, random.oneIn(2) ? same : random.bytes(length));
};

const deleteRange: Mutator = (input, { random }) => {
  const from = random.below(input.length);
  return replaceRange(
    input,
    from,
    Math.min(input.length, from + random.few(input.length)),
    new Uint8Array(0),
  );
};

const copyRange: Mutator = (input, { random }) => {
  const from = random.below(input.length);
  const part = input.subarray(from, from + random.few(input.length));
  const at = random.below(input.length + 1);
  const over = random.oneIn(2) ? 0 : part.length;
  return replaceRange(input, at, Math.min(input.length, at + over), part);
};

const putWord: Mutator = (input, pool) => {
  const word = pool.word();
  const at = pool.random.below(input.length + 1);
  const over = pool.random.oneIn(2) ? 0 : word.length;
  return replaceRange(input, at, Math.min(input.length, at + over), word);
};

const splice: Mutator = (input, pool) => {
  const other = pool.other();
  const from = pool.random.below(other.length);
  const part = other.subarray(from, from + pool.random.few(other.length));
  const at = pool.random.below(input.length + 1);
  const over = pool.random.below(3) === 0 ? input.length - at : pool.random.oneIn(2) ? part.length : 0;
  return replaceRange(input, at, Math.min(input.length, at + over), part);
};

const cutEnd: Mutator = (input, { random }) => input.slice(0, random.below(input.length + 1));

export const BYTE_MUTATORS: readonly Mutator[] = [
  flipBit,
  flipBit,
  setByte,
  setEdge,
  setEdge,
  addSmall,
  insertBytes,
  deleteRange,
  copyRange,
  putWord,
  splice,
  cutEnd,
];
