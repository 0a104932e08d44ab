/** Where shares, identities and passphrases come from: files, descriptors, or the keyboard. */
import { EXIT, Failure } from '@coldwire/program';
import type { AgeIdentity } from '../age-file.ts';
import { readIdentityFile } from '../identity.ts';
import { readSource } from '../io/files.ts';
import { askHidden } from '../io/terminal.ts';
import { fail, type Outcome, succeed, unwrap } from '../outcome.ts';
import { type PublicRecord, parsePublicRecord } from '../public-record.ts';
import { type OfferedShare, openShareFile, readShareText } from '../share-file.ts';

const TYPED = '-';
const AGE_START = /^(age-encryption\.org\/|-----BEGIN AGE )/;
/** A share's words are ASCII, whatever else a file may be. */
const ascii = new TextDecoder('latin1');

export function readRecord(path: string): PublicRecord {
  return unwrap(parsePublicRecord(new TextDecoder().decode(readSource(path)), path));
}

/** Reads identity files; asks for the passphrase of each protected one. */
export async function readIdentities(
  sources: readonly string[],
  passphraseFd: number | undefined,
): Promise<readonly AgeIdentity[]> {
  const ask = makePassphraseReader(passphraseFd);
  const identities: AgeIdentity[] = [];
  for (const source of sources) {
    const file = readSource(source);
    identities.push(...unwrap(await readIdentityFile(file, source, () => ask(`Passphrase of ${source}`))));
    file.fill(0);
  }
  return identities;
}

/** Each call gives the next line of the descriptor, or asks at the terminal if there is none. */
export function makePassphraseReader(fd: number | undefined): (prompt: string) => Promise<string> {
  if (fd === undefined) return (prompt) => askHidden(`${prompt} (not shown): `);
  const bytes = readSource(`fd:${fd}`);
  const lines = new TextDecoder().decode(bytes).split('\n');
  bytes.fill(0);
  return async () => {
    const line = lines.shift();
    if (line !== undefined && line !== '') return line;
    const what = 'a passphrase is missing: one line for each protected identity';
    throw new Failure(EXIT.BAD_INPUT, {
      what,
      where: `fd:${fd}`,
      todo: 'Give the lines in the order of --identity.',
    });
  };
}

/**
 * Reads one offered share: `-` is typed, anything else is read and opened with the identities if it is encrypted.
 * @param number its place on the command line, from 1
 */
export async function readShare(
  source: string,
  number: number,
  identities: readonly AgeIdentity[],
): Promise<Outcome<OfferedShare>> {
  if (source === TYPED) {
    const words = await askHidden(`Share ${number}, its 33 words (not shown): `);
    return succeed({ where: `share ${number} as typed`, words, label: null });
  }
  const file = readSource(source);
  if (AGE_START.test(ascii.decode(file.subarray(0, 64)))) return openShareFile(file, identities, source);
  if (!source.startsWith('fd:')) {
    const what = 'it is not an age file; a share must not lie open on a disk';
    const todo = 'Destroy the file if it holds words. Give share-NAME.age, or pipe the words in with fd:N.';
    return fail({ code: 'SHARE_BAD', what, where: source, todo });
  }
  const offered = readShareText(ascii.decode(file), source);
  file.fill(0);
  return succeed(offered);
}
