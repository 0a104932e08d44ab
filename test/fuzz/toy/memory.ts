/** Believes a length before it has looked at the bytes: the old way to end a decoder with a few bytes. */
import type { Target } from '../../../scripts/fuzz/target.ts';

const kept: Uint8Array[] = [];

export const target: Target = {
  seeds: [Uint8Array.of(0, 0, 0, 9)],
  maxLength: 16,
  run(input) {
    if (input.length < 4) return;
    kept[0] = new Uint8Array(new DataView(input.buffer).getUint32(0) & 0x07ff_ffff);
  },
};
