/** charter.cbor: a charter's exact bytes and the custodians' signatures. Refuses what is not in canonical form. */
import { readFileSync } from 'node:fs';
import { type CharterInForce, judgeSuccessor, loadCharter, verifyCharterSignatures } from '@coldwire/policy';
import { EXIT, Failure } from '@coldwire/program';
import { decode, type Infer, SignedCharter, toHex } from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';

const FILE_MAX = 128 * 1024;

export interface CharterFile {
  readonly signed: Infer<typeof SignedCharter>;
  readonly loaded: CharterInForce;
}

/** @throws Failure if the file is not a charter or does not hold together; signatures are not judged here */
export function readCharterFile(path: string): CharterFile {
  const signed = decode(SignedCharter, new Uint8Array(readFileSync(path)), FILE_MAX);
  const refuse = (what: string): Failure =>
    new Failure(EXIT.BAD_INPUT, {
      what,
      where: path,
      todo: 'Name a charter.cbor made by coldwire-charter build.',
    });
  if (!signed.ok) throw refuse(`it is not a charter file: ${signed.fault.detail}`);
  const loaded = loadCharter(signed.value[0]);
  if (!loaded.ok) throw refuse(`the charter does not hold together: ${loaded.problems.join('; ')}`);
  return { signed: signed.value, loaded: loaded.value };
}

/**
 * What is missing for a charter to be taken by machines that have the ones before it; empty when nothing is.
 * @param chain those before it, the first charter first; none when it is the first itself
 */
export function findOpen(file: CharterFile, chain: readonly CharterFile[]): readonly string[] {
  const before = chain.at(-1)?.loaded;
  if (before === undefined) return verifyCharterSignatures(file.signed, file.loaded);
  const judged = judgeSuccessor(file.signed, before, before, noblePointMath);
  if (!('code' in judged)) return [];
  const facts = judged.facts.map((fact) => fact.join(' ')).join(', ');
  return [`${judged.code}: ${facts}`];
}

/** The charters from the first on, each judged by the one before it. @throws Failure naming the first that does not follow */
export function readChain(paths: readonly string[]): readonly CharterFile[] {
  const chain: CharterFile[] = [];
  for (const path of paths) {
    const file = readCharterFile(path);
    const problems = findOpen(file, chain);
    if (problems.length > 0) {
      throw new Failure(EXIT.REFUSED, {
        what: `the charter ${toHex(file.loaded.hash).slice(0, 16)}… does not count: ${problems.join('; ')}`,
        where: path,
        todo: 'Name the whole chain, the first charter first; have the missing custodians sign: coldwire-charter sign.',
      });
    }
    chain.push(file);
  }
  return chain;
}
