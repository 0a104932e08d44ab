/**
 * Mutations of a stream of link frames: whole frames are dropped, repeated and moved, and what is inside of one is changed and
 * framed anew with the right check, so that the result gets past CRC and COBS. Spec: protocol-spec/2-link.md, "Frames".
 */
import { concatBytes } from '@coldwire/protocol';
import { CRC_BYTES, cobsBound, crc32c, putCobs, putCrc, takeCobs } from '@coldwire/protocol/frame/index.ts';
import { BYTE_MUTATORS } from './bytes.ts';
import type { Mutator, Pool } from './mutator.ts';

const DELIMITER = Uint8Array.of(0);
const HEADER = 12;

/** What stands between delimiters. */
function splitFrames(stream: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at <= stream.length; at++) {
    if (at < stream.length && stream[at] !== 0) continue;
    if (at > from) parts.push(stream.subarray(from, at));
    from = at + 1;
  }
  return parts;
}

function joinFrames(parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...parts.flatMap((part) => [DELIMITER, part, DELIMITER]));
}

/** Header and payload, with the check that they need, as they stand between delimiters. */
export function frame(plain: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(cobsBound(plain.length) + CRC_BYTES);
  const end = putCobs(plain, encoded, 0);
  putCrc(encoded, end, crc32c(encoded, 0, end));
  return encoded.subarray(0, end + CRC_BYTES);
}

function changePlain(plain: Uint8Array, pool: Pool): Uint8Array {
  const { random } = pool;
  const header = plain.slice(0, HEADER);
  let payload: Uint8Array = plain.slice(HEADER);
  if (random.oneIn(2)) payload = random.pick(BYTE_MUTATORS)(payload, pool);
  else if (header.length === HEADER) header[random.below(HEADER)] = random.oneIn(3) ? 0 : random.below(256);
  // Type and direction have few values: try them more often than chance would.
  if (random.oneIn(4) && header.length === HEADER)
    header[1] = random.below(11) | (random.oneIn(2) ? 0x80 : 0);
  if (header.length === HEADER && !random.oneIn(10))
    new DataView(header.buffer).setUint16(10, payload.length);
  return concatBytes(header, payload);
}

export const mutateFrames: Mutator = (input, pool) => {
  const { random } = pool;
  const parts = splitFrames(input);
  const at = random.below(parts.length);
  const part = parts[at];
  if (part === undefined) return input;
  switch (random.below(6)) {
    case 0:
      parts.splice(at, 1);
      break;
    case 1:
      parts.splice(random.below(parts.length + 1), 0, part);
      break;
    case 2:
      parts.splice(at, 0, ...splitFrames(pool.other()));
      break;
    default: {
      const plain = takeCobs(part, 0, part.length - CRC_BYTES);
      if (plain !== undefined) parts[at] = frame(changePlain(plain, pool));
    }
  }
  return joinFrames(parts);
};
