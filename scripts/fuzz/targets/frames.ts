/**
 * The frame decoder. Cut into pieces in any way, a stream gives the same frames and faults; every frame is written back as the
 * bytes that it came in.
 */
import { concatBytes, equalBytes } from '@coldwire/protocol';
import { encodeFrame, FrameDecoder, MAX_ENCODED, parseFrame } from '@coldwire/protocol/frame/index.ts';
import { seedsOf } from '../corpus.ts';
import { mutateFrames } from '../mutate/frames.ts';
import { assertHolds, type Target } from '../target.ts';

const vectors = seedsOf('frame');

function checkWhole(input: Uint8Array): void {
  const parsed = parseFrame(input);
  if (!parsed.ok) return;
  const line = encodeFrame(parsed.value);
  assertHolds(
    equalBytes(line.subarray(1, -1), input),
    'a frame is written back as the bytes that it came in',
  );
  assertHolds(input.length <= MAX_ENCODED, 'no frame is longer than the longest');
}

export const target: Target = {
  seeds: [...vectors, concatBytes(...vectors), ...vectors.map((vector) => vector.subarray(1, -1))],
  mutators: [mutateFrames],
  maxLength: 4096,
  run(input) {
    checkWhole(input);
    const whole = new FrameDecoder();
    const pieces = new FrameDecoder();
    const frames = whole.push(input);
    const cut: typeof frames = [];
    for (let at = 0, size = 1; at < input.length; at += size, size = 1 + ((input[at] ?? 0) % 97)) {
      cut.push(...pieces.push(input.subarray(at, at + size)));
    }
    assertHolds(frames.length === cut.length, 'however it is cut, a stream holds as many frames');
    for (const [place, one] of frames.entries()) {
      const other = cut[place];
      const same = other !== undefined && equalBytes(encodeFrame(one), encodeFrame(other));
      assertHolds(same, 'however it is cut, a stream holds the same frames');
    }
    assertHolds(
      JSON.stringify(whole.faults) === JSON.stringify(pieces.faults),
      'however it is cut, a stream has the same faults',
    );
  },
};
