/**
 * Charters: decoding, finding what does not hold together, and the file with its signatures. What is taken is written back as
 * the same bytes; what is refused is refused with reasons.
 */
import { verifyCharterSignatures } from '@coldwire/policy';
import { loadCharter } from '@coldwire/policy/charter/load.ts';
import { Charter, decode, decodeCharter, encode, equalBytes, SignedCharter } from '@coldwire/protocol';
import { findCharterProblems } from '@coldwire/protocol/charter/consistency.ts';
import { seedsOf } from '../corpus.ts';
import { mutateCbor } from '../mutate/cbor.ts';
import { assertHolds, type Target } from '../target.ts';

function checkBytes(bytes: Uint8Array): void {
  const decoded = decodeCharter(bytes);
  const loaded = loadCharter(bytes);
  if (!decoded.ok) {
    assertHolds(!loaded.ok, 'what is no charter is not loaded');
    return;
  }
  assertHolds(equalBytes(encode(Charter, decoded.value), bytes), 'a charter is written as the same bytes');
  const problems = findCharterProblems(decoded.value);
  assertHolds(loaded.ok === (problems.length === 0), 'a charter is loaded if nothing is wrong with it');
}

export const target: Target = {
  seeds: seedsOf('charter'),
  mutators: [mutateCbor],
  maxLength: 8192,
  run(input) {
    checkBytes(input);
    const file = decode(SignedCharter, input, 128 * 1024);
    if (!file.ok) return;
    assertHolds(
      equalBytes(encode(SignedCharter, file.value), input),
      'a charter file is written as the same bytes',
    );
    checkBytes(file.value[0]);
    const loaded = loadCharter(file.value[0]);
    if (loaded.ok) verifyCharterSignatures(file.value, loaded.value);
  },
};
