/** Crashes five decisions deep: each shows as a branch to whoever looks, and blind chance meets all of them once in 2⁴⁰. */
import type { Target } from '../../../scripts/fuzz/target.ts';

function descend(input: Uint8Array): void {
  if ((input[0] ?? 0) !== 0x93) return;
  if (((input[1] ?? 0) ^ 0x5a) !== 0x31) return;
  if (((input[2] ?? 0) * 7) % 256 !== 0x4c) return;
  if ((input[3] ?? 0) + (input[0] ?? 0) !== 0x101) return;
  if (((input[4] ?? 0) ^ (input[1] ?? 0)) !== 0x0f) return;
  throw new RangeError('planted at the bottom');
}

export const target: Target = { seeds: [new Uint8Array(8)], maxLength: 16, run: descend };
