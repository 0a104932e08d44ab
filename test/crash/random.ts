/** Chance that can be repeated: the same seed gives the same run of numbers. */

export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `low` up to, not including, `high`. */
  between(low: number, high: number): number;
  bytes(length: number): Uint8Array;
  shuffle<T>(items: readonly T[]): readonly T[];
}

/** mulberry32. */
export function makeRandom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low));
  return {
    next,
    between,
    bytes: (length) => Uint8Array.from({ length }, () => between(0, 256)),
    shuffle: (items) =>
      items
        .map((item) => ({ item, at: next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ item }) => item),
  };
}

/** COLDWIRE_CRASH_SEED, or 1. */
export function seedOfRun(): number {
  return Number(process.env['COLDWIRE_CRASH_SEED'] ?? 1);
}
