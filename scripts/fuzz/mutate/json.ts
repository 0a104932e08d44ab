/** Mutations of JSON texts that stay JSON: values and fields are dropped, repeated, exchanged, made longer or of another type. */
import type { Mutator, Pool } from './mutator.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const VALUES: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1023,
  1024,
  0.5,
  1e300,
  4294967296,
  '',
  'ff',
  [],
  {},
];

/** Around the limits of lists. */
const LENGTHS = [1, 4, 16, 64, 255, 1024];

function parse(input: Uint8Array): Json | undefined {
  try {
    return JSON.parse(Buffer.from(input).toString());
  } catch {
    return undefined;
  }
}

function changeText(text: string, { random }: Pool): string {
  const at = random.below(text.length + 1);
  const middle = random.pick(['', '0', 'f', 'A', '\u0000', '\u202e', '😀', '"', text, '__proto__']);
  return (text.slice(0, at) + middle + text.slice(at + random.below(3))).slice(0, 600);
}

/** A copy with one place of it changed. */
function change(value: Json, pool: Pool): Json {
  const { random } = pool;
  if (random.oneIn(8)) return random.pick(VALUES);
  if (typeof value === 'string') return changeText(value, pool);
  if (typeof value === 'number')
    return random.oneIn(2) ? value + (random.oneIn(2) ? 1 : -1) : random.pick(VALUES);
  if (Array.isArray(value)) {
    const at = random.below(value.length);
    const one = value[at];
    if (one === undefined) return [random.pick(VALUES)];
    if (random.oneIn(6)) return [...value, ...new Array<Json>(random.pick(LENGTHS)).fill(one)];
    if (random.oneIn(4)) return value.toSpliced(at, 1);
    return random.oneIn(4) ? value.toSpliced(at, 0, one) : value.with(at, change(one, pool));
  }
  if (value === null || typeof value === 'boolean') return random.pick(VALUES);
  const keys = Object.keys(value);
  const key = keys[random.below(keys.length)];
  if (key === undefined) return value;
  if (random.oneIn(8)) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  const name = random.oneIn(12) ? changeText(key, pool) : key;
  return { ...value, [name]: change(value[key] ?? null, pool) };
}

export const mutateJson: Mutator = (input, pool) => {
  const value = parse(input);
  return value === undefined ? input : new Uint8Array(Buffer.from(JSON.stringify(change(value, pool))));
};
