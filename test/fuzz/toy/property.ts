/** Takes two forms of one number: what is read is not always written as the same bytes. */
import { assertHolds, type Target } from '../../../scripts/fuzz/target.ts';

function read(input: Uint8Array): number | undefined {
  const [head, ...rest] = input;
  if (head === 1 && rest.length === 1) return rest[0];
  // The planted fault: a number below 256 in two bytes is taken as well.
  if (head === 2 && rest.length === 2) return (rest[0] ?? 0) * 256 + (rest[1] ?? 0);
  return undefined;
}

function write(value: number): Uint8Array {
  return value < 256 ? Uint8Array.of(1, value) : Uint8Array.of(2, value >> 8, value & 0xff);
}

export const target: Target = {
  seeds: [write(7), write(0x1234)],
  maxLength: 8,
  run(input) {
    const value = read(input);
    if (value !== undefined)
      assertHolds(Buffer.compare(write(value), input) === 0, 'one form for each number');
  },
};
