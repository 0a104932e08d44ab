/**
 * A block header taken apart, and its hash. It judges nothing: links, proof of work and ticks are the clock's.
 * Spec: protocol-spec/3-wallet.md, "Block header".
 */
import { accept, makeFault, type Result, reject } from '@coldwire/protocol/fault.ts';
import { hash256 } from './hash.ts';
import { createReader } from './wire-reader.ts';

export const HEADER_LENGTH = 80;

/** Hashes are 32 bytes in internal order; the numbers are unsigned 32-bit; `time` is seconds since 1970. */
export type BlockHeader = {
  readonly version: number;
  readonly previous: Uint8Array;
  readonly merkleRoot: Uint8Array;
  readonly time: number;
  /** The target in compact form. */
  readonly bits: number;
  readonly nonce: number;
  readonly hash: Uint8Array;
};

/** Reads exactly 80 bytes. Faults: MALFORMED. */
export function parseHeader(bytes: Uint8Array): Result<BlockHeader> {
  if (bytes.length !== HEADER_LENGTH) {
    return reject(
      makeFault('MALFORMED', `a block header of ${bytes.length} bytes instead of ${HEADER_LENGTH}`),
    );
  }
  const reader = createReader(bytes);
  return accept({
    version: reader.u32(),
    previous: reader.raw(32, 'the previous hash'),
    merkleRoot: reader.raw(32, 'the Merkle root'),
    time: reader.u32(),
    bits: reader.u32(),
    nonce: reader.u32(),
    hash: hash256(bytes),
  });
}
