/**
 * charter.cbor as every machine reads it: exact bytes and signatures. What they say and whether they count is judged by
 * each program with its own code. Refuses what is not in canonical form.
 */
import { readFileSync } from 'node:fs';
import { EXIT, Failure } from '@coldwire/program';
import { decode, type Infer, SignedCharter } from '@coldwire/protocol';

export type SignedCharterFile = Infer<typeof SignedCharter>;

const FILE_MAX = 128 * 1024;

/** @throws Failure if the file is not a charter file */
export function readSignedCharter(path: string): SignedCharterFile {
  const signed = decode(SignedCharter, new Uint8Array(readFileSync(path)), FILE_MAX);
  if (signed.ok) return signed.value;
  throw new Failure(EXIT.BAD_INPUT, {
    what: `it is not a charter file: ${signed.fault.detail}`,
    where: path,
    todo: 'Name a charter.cbor made by coldwire-charter build.',
  });
}
