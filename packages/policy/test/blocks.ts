/** Blocks with real proof of work of regtest, and their Merkle trees. */
import { concatBytes } from '@coldwire/protocol';
import { sha256 } from '@noble/hashes/sha2.js';

const REGTEST_BITS = 0x207fffff;

export const hash256 = (bytes: Uint8Array): Uint8Array => sha256(sha256(bytes));

/** An 80-byte header; the nonce is searched until the hash meets regtest's target. */
export function mineHeader(
  previous: Uint8Array,
  root: Uint8Array,
  time: number,
  bits = REGTEST_BITS,
): Uint8Array {
  const header = new Uint8Array(80);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x20000000, true);
  header.set(previous, 4);
  header.set(root, 36);
  view.setUint32(68, time, true);
  view.setUint32(72, bits, true);
  for (let nonce = 0; ; nonce++) {
    view.setUint32(76, nonce, true);
    if ((hash256(header)[31] ?? 0xff) < 0x7f) return header;
  }
}

/** Root and path of the transaction at `position` in a block of these txids. */
export function merkle(
  txids: readonly Uint8Array[],
  position: number,
): { root: Uint8Array; path: Uint8Array } {
  let level = [...txids];
  let place = position;
  const path: Uint8Array[] = [];
  while (level.length > 1) {
    const last = level.at(-1) ?? new Uint8Array(32);
    if (level.length % 2 === 1) level.push(last);
    path.push(level[place ^ 1] ?? last);
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      next.push(hash256(concatBytes(level[i] ?? last, level[i + 1] ?? last)));
    }
    level = next;
    place >>= 1;
  }
  return { root: level[0] ?? new Uint8Array(32), path: concatBytes(...path) };
}

export type Block = {
  readonly header: Uint8Array;
  readonly hash: Uint8Array;
  readonly txids: readonly Uint8Array[];
};
