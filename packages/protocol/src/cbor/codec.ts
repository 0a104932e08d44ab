// Bytes to typed values and back: scanner, then cbor-x, then a closed schema (protocol-spec/1-cbor.md).
// Every byte that reaches cbor-x has passed the scanner, and so has every byte that leaves.
// Not for secrets: cbor-x keeps what it encodes in a buffer of its own until something else overwrites it.

import { Decoder, Encoder } from 'cbor-x/index-no-eval';
import { accept, makeFault, type Result, reject } from '../fault.ts';
import { DEFAULT_MAX_BYTES, scan } from './scanner.ts';
import { Mismatch, type Schema } from './schema.ts';

// Each option switches off something that cbor-x would add to, or read into, plain CBOR.
const OPTIONS = {
  useRecords: false,
  mapsAsObjects: false,
  variableMapSize: true,
  tagUint8Array: false,
  useTag259ForMaps: false,
  copyBuffers: true,
  int64AsNumber: false,
  structuredClone: false,
  bundleStrings: false,
  pack: false,
  largeBigIntToFloat: false,
  useToJSON: false,
};
const decoder = new Decoder(OPTIONS);
const encoder = new Encoder(OPTIONS);

/**
 * Reads one value. The fault's detail names the place, as in `SignRequest.inputs[3].amount`, and quotes nothing of the
 * sender's. `at` is a byte offset and is present when the scanner refused. Byte strings in the value are copies.
 */
export function decode<T>(
  schema: Schema<T>,
  bytes: Uint8Array,
  maxBytes: number = DEFAULT_MAX_BYTES,
): Result<T> {
  const fault = scan(bytes, { maxBytes });
  if (fault !== undefined) return reject(fault);
  const plain = decodePlain(bytes);
  if (plain === undefined)
    return reject(makeFault('MALFORMED', 'scanner and decoder disagree about these bytes'));
  const value = schema.read(plain);
  if (!(value instanceof Mismatch)) return accept(value);
  return reject(makeFault('MALFORMED', `${schema.name}${value.path} ${value.detail}`));
}

/** undefined is outside the profile, so it can say that cbor-x threw on what the scanner had accepted. */
function decodePlain(bytes: Uint8Array): unknown {
  try {
    // A view of our own: cbor-x hangs a property on what it is given, and slices with the class of what it is given.
    return decoder.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch {
    return undefined;
  }
}

/** Writes one value. Throws on a value outside of its schema, naming the place: that is a bug of the caller. */
export function encode<T>(schema: Schema<T>, value: NoInfer<T>): Uint8Array {
  const plain = schema.write(value);
  if (plain instanceof Mismatch) {
    throw new Error(`Cannot encode ${schema.name}${plain.path}: it ${plain.detail}.`);
  }
  const encoded = new Uint8Array(encoder.encode(plain)); // a copy: cbor-x returns a view of its shared buffer
  const fault = scan(encoded, { maxBytes: Number.POSITIVE_INFINITY, maxItems: Number.POSITIVE_INFINITY });
  if (fault !== undefined) {
    throw new Error(`Cannot encode ${schema.name}: the scanner refuses the result: ${fault.detail}.`);
  }
  return encoded;
}
