/** charter.cbor: a charter's exact bytes and the custodians' signatures. Refuses what is not in canonical form. */
import { readFileSync } from 'node:fs';
import { type CharterInForce, loadCharter } from '@coldwire/policy';
import { EXIT, Failure } from '@coldwire/program';
import { decode, type Infer, SignedCharter } from '@coldwire/protocol';

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
