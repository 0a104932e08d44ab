/**
 * What instrumented code tells of one run: how often each branch was entered, and how close the sides of each comparison came.
 * Instrumented modules import `counters` and the comparisons; nothing else of them changes. A module of its own, so that it is
 * evaluated before any of them.
 */

/** More branches than all packages together have. */
const CAPACITY = 1 << 16;
/** One per branch; wraps at 256, which no bucket below tells apart from few. */
export const counters: Uint8Array = new Uint8Array(CAPACITY);
const words = new Uint32Array(counters.buffer);
/** One per comparison: 0 never made, else higher the closer its sides came in this run. */
const closeness = new Uint8Array(CAPACITY);
let used = 0;

/** Sets aside the next `count` places, for branches or comparisons. @returns the first of them */
export function reservePlaces(count: number): number {
  const first = used;
  used += count;
  if (used > CAPACITY) throw new Error(`more than ${CAPACITY} places: raise the capacity of counters.ts`);
  return first;
}

export function clearCounters(): void {
  counters.fill(0, 0, used);
  closeness.fill(0, 0, used);
}

/** `a === b`, noting how close they came: bits of a 32-bit number that agree, or characters at the start of a text. */
export function equals(place: number, a: unknown, b: unknown): boolean {
  let close = 0;
  if (typeof a === 'number' && typeof b === 'number') close = 33 - countBits(a ^ b);
  else if (typeof a === 'string' && typeof b === 'string') close = 1 + commonStart(a, b);
  if (close > (closeness[place] ?? 0)) closeness[place] = close;
  return a === b;
}

/** Notes how far two numbers are apart: fewer bits of distance are closer. */
function measure(place: number, a: number | bigint, b: number | bigint): void {
  if (typeof a !== 'number' || typeof b !== 'number') return;
  const close = 1 + Math.clz32(Math.min(Math.abs(a - b), 0xffff_ffff));
  if (close > (closeness[place] ?? 0)) closeness[place] = close;
}

/** `a < b`, noting how close they came; likewise the three that follow. */
export function less(place: number, a: number | bigint, b: number | bigint): boolean {
  measure(place, a, b);
  return a < b;
}

export function more(place: number, a: number | bigint, b: number | bigint): boolean {
  measure(place, a, b);
  return a > b;
}

export function atMost(place: number, a: number | bigint, b: number | bigint): boolean {
  measure(place, a, b);
  return a <= b;
}

export function atLeast(place: number, a: number | bigint, b: number | bigint): boolean {
  measure(place, a, b);
  return a >= b;
}

function countBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

function commonStart(a: string, b: string): number {
  const most = Math.min(a.length, b.length, 100);
  let at = 0;
  while (at < most && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  return at;
}

/** AFL's buckets: a branch entered 1, 2, 3, 4–7, 8–15, 16–31, 32–127 or more times shows as one bit of eight. */
const BUCKET = Uint8Array.from({ length: 256 }, (_, count) => {
  if (count < 3) return count;
  if (count < 4) return 4;
  if (count < 8) return 8;
  if (count < 16) return 16;
  if (count < 32) return 32;
  return count < 128 ? 64 : 128;
});

/** What a campaign has seen so far. */
export class Coverage {
  readonly #seen = new Uint8Array(CAPACITY);
  readonly #closest = new Uint8Array(CAPACITY);
  /** Branches entered at least once. */
  edges = 0;

  /**
   * Takes over what the last run told. @returns how much of it was new: a branch weighs 8, another bucket of it 1, a
   * comparison that came closer than ever 2
   */
  take(): number {
    let news = 0;
    const end = (used + 3) >> 2;
    for (let word = 0; word < end; word++) {
      if (words[word] !== 0) news += this.#takeFour(word << 2);
    }
    for (let place = 0; place < used; place++) {
      const close = closeness[place] ?? 0;
      if (close <= (this.#closest[place] ?? 0)) continue;
      this.#closest[place] = close;
      news += 2;
    }
    return news;
  }

  #takeFour(from: number): number {
    let news = 0;
    for (let at = from; at < from + 4; at++) {
      const bucket = BUCKET[counters[at] ?? 0] ?? 0;
      const seen = this.#seen[at] ?? 0;
      if (bucket === 0 || (seen & bucket) !== 0) continue;
      news += seen === 0 ? 8 : 1;
      if (seen === 0) this.edges += 1;
      this.#seen[at] = seen | bucket;
    }
    return news;
  }
}
