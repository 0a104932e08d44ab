/**
 * The first charter from its file, for whoever starts a program with it: whole and signed by every custodian, or a Failure that
 * says what is wrong and what to do. Not part of the pure index: it throws, because a program does not go on without.
 * Spec: protocol-spec/5-charter.md, "Signatures".
 */
import { EXIT } from '@coldwire/program/exit.ts';
import { Failure } from '@coldwire/program/failure.ts';
import type { SignedCharter } from '@coldwire/protocol';
import { type CharterInForce, loadCharter, verifyCharterSignatures } from './load.ts';

/** @param where the file, for people @throws Failure */
export function openFirstCharter(signed: SignedCharter, where: string): CharterInForce {
  const loaded = loadCharter(signed[0]);
  if (!loaded.ok) {
    throw new Failure(EXIT.BAD_INPUT, {
      what: `the charter does not hold together: ${loaded.problems.join('; ')}`,
      where,
      todo: 'Have it built again: coldwire-charter build.',
    });
  }
  if (loaded.value.charter.first !== null) {
    throw new Failure(EXIT.REFUSED, {
      what: `it is a later charter (epoch ${loaded.value.charter.epoch}); a machine starts with the first`,
      where,
      todo: 'Name the first charter. Later ones come over the line: coldwire-vault charter FILE.',
    });
  }
  const problems = verifyCharterSignatures(signed, loaded.value);
  if (problems.length === 0) return loaded.value;
  throw new Failure(EXIT.REFUSED, {
    what: `the charter is not in force: ${problems.join('; ')}`,
    where,
    todo: 'Have the missing custodians sign it: coldwire-charter sign.',
  });
}
