/**
 * A custodian's age identity: what opens that custodian's shares and nothing else. Same file as `age-keygen` makes, or the
 * same file encrypted with a passphrase as `age -p` does. Best kept on hardware instead, with an age plugin.
 *
 * Refuses passphrases below scrypt 2^17. Spec: protocol-spec/8-custody.md, "Custodians' identities".
 */
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import {
  findWeakScrypt,
  isIdentity,
  openWithPassphrase,
  readStanzas,
  removeArmor,
  sealToPassphrase,
} from './age-file.ts';
import { fail, type Outcome, succeed } from './outcome.ts';

export type NewIdentity = {
  /** The file's bytes. Secret unless a passphrase protects them. */
  readonly file: Uint8Array;
  /** `age1…`; public. */
  readonly recipient: string;
};

/** @param passphrase null for a file that is not protected by itself */
export async function makeIdentity(passphrase: string | null): Promise<NewIdentity> {
  const secret = await generateX25519Identity();
  const recipient = await identityToRecipient(secret);
  const plain = new TextEncoder().encode(`# public key: ${recipient}\n${secret}\n`);
  if (passphrase === null) return { file: plain, recipient };
  try {
    return { file: await sealToPassphrase(passphrase, plain), recipient };
  } finally {
    plain.fill(0);
  }
}

/** Whether an identity file needs a passphrase before it can be read. */
export function isProtected(file: Uint8Array): boolean {
  return readStanzas(removeArmor(file)) !== null;
}

/** @param askPassphrase called only if the file is protected */
export async function readIdentityFile(
  file: Uint8Array,
  where: string,
  askPassphrase: () => Promise<string>,
): Promise<Outcome<readonly string[]>> {
  const binary = removeArmor(file);
  const stanzas = readStanzas(binary);
  if (stanzas === null) return readIdentities(file, where);
  const weak = findWeakScrypt(stanzas, where);
  if (weak !== null) return fail(weak);
  if (stanzas[0]?.[0] !== 'scrypt') {
    const what = 'it is an age file, but not an identity protected by a passphrase';
    return fail({ what, where, todo: 'Give the identity file; the share file goes with --share.' });
  }
  const plain = await openWithPassphrase(await askPassphrase(), binary);
  if (plain === null) {
    return fail({
      what: 'the passphrase does not open it, or it is damaged',
      where,
      todo: 'Type the passphrase again.',
    });
  }
  const identities = readIdentities(plain, where);
  plain.fill(0);
  return identities;
}

function readIdentities(plain: Uint8Array, where: string): Outcome<readonly string[]> {
  const lines = new TextDecoder('latin1')
    .decode(plain)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length > 0 && lines.every(isIdentity)) return succeed(lines);
  return fail({
    what: 'it is not an age identity file',
    where,
    todo: 'Give the file that coldwire-custody identity or age-keygen made. For a plugin, pipe age -d into --share fd:N.',
  });
}
