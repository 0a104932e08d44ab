// A signer sealed for three custodians, made as the ceremony makes it, with the custodians' identities at hand.
import { Decrypter } from 'age-encryption';
import { createSigner, makeIdentity, type SealedSigner } from '../src/index.ts';
import { drawRandom } from '../src/io/random.ts';
import type { Outcome, Problem } from '../src/outcome.ts';
import { type OfferedShare, readShareText } from '../src/share-file.ts';

export type Person = { readonly name: string; readonly recipient: string; readonly identity: string };

export async function makePerson(name: string): Promise<Person> {
  const { file, recipient } = await makeIdentity(null);
  const identity = new TextDecoder().decode(file).split('\n')[1] ?? '';
  return { name, recipient, identity };
}

export async function makePeople(...names: readonly string[]): Promise<readonly Person[]> {
  return Promise.all(names.map(makePerson));
}

export async function makeSigner(
  people: readonly Person[],
  signer = 'A',
  random = drawRandom,
): Promise<SealedSigner> {
  return good(await createSigner({ signer, network: 'regtest', custodians: people }, random));
}

/** The shares as their custodians would bring them, in the custodians' order. */
export async function openShares(
  sealed: SealedSigner,
  people: readonly Person[],
): Promise<readonly OfferedShare[]> {
  return Promise.all(
    sealed.shares.map(async ({ custodian, file }) => {
      const person = people.find(({ name }) => name === custodian);
      const decrypter = new Decrypter();
      decrypter.addIdentity(person?.identity ?? '');
      return readShareText(await decrypter.decrypt(file, 'text'), `share-${custodian}.age`);
    }),
  );
}

export function good<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`${outcome.problem.what} (${outcome.problem.where})`);
  return outcome.value;
}

export function problemOf(outcome: Outcome<unknown>): Problem {
  if (outcome.ok) throw new Error('it should have been refused');
  return outcome.problem;
}

export function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`no item ${index}`);
  return item;
}
