/**
 * Two ports joined in memory: what one writes the other reads a millisecond later, less what the line loses. Losses follow a
 * seed, so that a failing test fails again.
 */
import type { Port } from '@coldwire/link';

export type Random = () => number;

/** 0 to 1, the same row for the same seed (xorshift32). */
export function createRandom(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/** `cut` ends a port at once, as a killed program leaves it: nothing of it is heard any more. */
export type MemoryPort = Port & { readonly cut: () => void };

export type Wire = {
  /** Plugs a new port into one end; the one before it is cut. */
  readonly plug: (end: 0 | 1) => MemoryPort;
};

/** @param loss how often a write is damaged, 0 to 1: dropped, one bit changed, or doubled */
export function createWire(random: Random, loss: number): Wire {
  const takers: [(bytes: Uint8Array) => void, (bytes: Uint8Array) => void] = [
    () => undefined,
    () => undefined,
  ];
  const current: [MemoryPort?, MemoryPort?] = [];
  const carry = (to: 0 | 1, bytes: Uint8Array) => {
    setTimeout(() => takers[to](bytes), 1);
  };
  const write = (to: 0 | 1, bytes: Uint8Array) => {
    const copy = bytes.slice();
    if (random() < loss) {
      const kind = random();
      if (kind < 0.4) return;
      if (kind < 0.8) {
        const at = Math.floor(random() * copy.length);
        copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      } else carry(to, copy);
    }
    carry(to, copy);
  };
  return {
    plug(end) {
      current[end]?.cut();
      takers[end] = () => undefined;
      let open = true;
      const port: MemoryPort = {
        describe: () => `wire end ${end}`,
        onBytes: (take) => {
          takers[end] = (bytes) => {
            if (open) take(bytes);
          };
        },
        onEnd: () => undefined,
        onDrain: () => undefined,
        write(bytes) {
          if (open) write(end === 0 ? 1 : 0, bytes);
          return open;
        },
        pending: () => 0,
        close: () => Promise.resolve(),
        cut() {
          open = false;
        },
      };
      current[end] = port;
      return port;
    },
  };
}
