/** Small parts of Bitcoin's encoding: DER signatures, block headers, Merkle paths. Each has one form and gives it back. */
import { equalBytes } from '@coldwire/protocol';
import { derDecode, derEncode, HEADER_LENGTH, merkleRootFromPath, parseHeader } from '@coldwire/wallet';
import { seedsOf } from '../corpus.ts';
import { assertHolds, type Target } from '../target.ts';

export const target: Target = {
  seeds: [...seedsOf('wallet').filter(({ length }) => length < 200), new Uint8Array(100)],
  maxLength: 700,
  run(input) {
    const signature = derDecode(input);
    if (signature.ok) assertHolds(equalBytes(derEncode(signature.value), input), 'a signature has one form');
    const header = parseHeader(input);
    assertHolds(header.ok === (input.length === HEADER_LENGTH), 'any 80 bytes are a header');
    const position = input[0] ?? 0;
    const path = Array.from({ length: Math.min(18, Math.floor(input.length / 32)) }, (_, level) =>
      input.slice(32 * level, 32 * level + 32),
    );
    const root = merkleRootFromPath(new Uint8Array(32).fill(1), 250, position, path);
    if (root.ok) assertHolds(position < 2 ** path.length, 'a path has a level for each bit of the position');
  },
};
