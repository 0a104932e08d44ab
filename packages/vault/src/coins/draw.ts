/**
 * Unbiased random numbers from a seed: the same seed gives the same selection, so that a choice can be replayed.
 * The seed comes from outside; nothing here reads a clock or the system's randomness.
 */
import { concatBytes } from '@coldwire/protocol';
import { sha256 } from '@noble/hashes/sha2.js';

export interface Draw {
  /** An integer from 0 to `bound - 1`, each equally likely. */
  below(bound: number): number;
}

const RANGE = 0x1_0000_0000;

/** @param seed any bytes; 16 or more from the system's generator in production */
export function createDraw(seed: Uint8Array): Draw {
  let counter = 0;
  const next = (): number => {
    const block = new Uint8Array(4);
    new DataView(block.buffer).setUint32(0, counter);
    counter += 1;
    const hash = sha256(concatBytes(seed, block));
    return new DataView(hash.buffer, hash.byteOffset).getUint32(0);
  };
  return {
    below(bound) {
      if (!Number.isInteger(bound) || bound < 1 || bound > RANGE) {
        throw new RangeError(`cannot draw below ${bound}`);
      }
      // Values past the last whole multiple of the bound are drawn again: taking them would favour small numbers.
      const limit = RANGE - (RANGE % bound);
      for (;;) {
        const value = next();
        if (value < limit) return value % bound;
      }
    },
  };
}

/** A shuffled copy (Fisher and Yates). */
export function shuffle<T>(items: readonly T[], draw: Draw): readonly T[] {
  const rest = [...items];
  const shuffled: T[] = [];
  while (rest.length > 0) {
    const [item] = rest.splice(draw.below(rest.length), 1);
    if (item !== undefined) shuffled.push(item);
  }
  return shuffled;
}
