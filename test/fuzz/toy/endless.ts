/** A loop that a zero step never leaves. */
import type { Target } from '../../../scripts/fuzz/target.ts';

export const target: Target = {
  seeds: [Uint8Array.of(3, 1, 4, 1)],
  maxLength: 16,
  run(input) {
    for (let at = 0; at < input.length; at += input[at] ?? 1);
  },
};
