/** Makes a crashing input short and plain: leaves out ranges, halving them, then zeroes bytes, as long as it crashes the same. */
import { replaceRange } from './mutate/bytes.ts';

const MOST_RUNS = 4000;

/** @param stillCrashes whether an input crashes for the same cause */
export async function minimize(
  input: Uint8Array,
  stillCrashes: (candidate: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let best = input;
  let runs = 0;
  const keepIf = async (candidate: Uint8Array): Promise<boolean> => {
    runs += 1;
    if (runs > MOST_RUNS || !(await stillCrashes(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = Math.max(1, best.length >> 1); ; size >>= 1) {
    for (let at = 0; at < best.length; ) {
      const to = Math.min(best.length, at + size);
      if (!(await keepIf(replaceRange(best, at, to, new Uint8Array(0))))) at += size;
    }
    if (size <= 1) break;
  }
  for (let at = 0; at < best.length; at++) {
    if (best[at] === 0) continue;
    const plain = Uint8Array.from(best);
    plain[at] = 0;
    await keepIf(plain);
  }
  return best;
}
