/**
 * age files (age-encryption.org/v1) through typage: what protects a file, sealing to a recipient, opening with an identity.
 *
 * Refuses what is not age at all, scrypt below 2^17, and, for key files, everything but exactly one X25519 recipient: a
 * second recipient would be somebody whom the charter does not name. Errors of the library are not passed on.
 * Spec: protocol-spec/8-custody.md, "The key file". Source: C2SP age.md.
 */
import type { webcrypto } from 'node:crypto';
import { KEY_BLOCK_MAGIC } from '@coldwire/protocol/key-block/layout.ts';
import { armor, Decrypter, Encrypter, identityToRecipient } from 'age-encryption';
import { fail, type Outcome, type Problem, succeed } from './outcome.ts';

const VERSION_LINE = 'age-encryption.org/v1';
const ARMOR_LINE = '-----BEGIN AGE ENCRYPTED FILE-----';
const MAX_HEADER = 16_384;
/** log2 of scrypt's N below which a passphrase is too cheap to guess; `age -p` uses 18. */
export const MIN_SCRYPT_LOG_N = 17;
/** PKCS #8 prefix of an X25519 private key (RFC 8410). */
const X25519_PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);

/** What can open an age file: an identity's text (`AGE-SECRET-KEY-…`) or a key that scripts cannot read back. */
export type AgeIdentity = string | webcrypto.CryptoKey;
export type StanzaArguments = readonly [type: string, ...rest: string[]];

/** Takes the armor off, if there is any; anything unreadable comes back as it was. */
export function removeArmor(file: Uint8Array): Uint8Array {
  const text = new TextDecoder('latin1').decode(file.subarray(0, MAX_HEADER));
  if (!text.trimStart().startsWith(ARMOR_LINE)) return file;
  try {
    return armor.decode(new TextDecoder('latin1').decode(file));
  } catch {
    return file;
  }
}

/** The recipients' lines of an age file's header, or null if it has no whole header. */
export function readStanzas(file: Uint8Array): readonly StanzaArguments[] | null {
  const lines = new TextDecoder('latin1').decode(file.subarray(0, MAX_HEADER)).split('\n');
  if (lines[0] !== VERSION_LINE) return null;
  const stanzas: StanzaArguments[] = [];
  for (const line of lines.slice(1, -1)) {
    if (line.startsWith('--- ')) return stanzas;
    const [type, ...rest] = line.startsWith('-> ') ? line.slice(3).split(' ') : [];
    if (type !== undefined) stanzas.push([type, ...rest]);
  }
  return null;
}

/** The problem of a passphrase that is too cheap to guess, if the file has one. */
export function findWeakScrypt(stanzas: readonly StanzaArguments[], where: string): Problem | null {
  for (const [type, , logN] of stanzas) {
    if (type !== 'scrypt' || Number(logN) >= MIN_SCRYPT_LOG_N) continue;
    return {
      code: 'KDF_WEAK',
      what: `its passphrase is protected by scrypt below 2^${MIN_SCRYPT_LOG_N}, so it can be guessed`,
      where,
      todo: 'Encrypt it again with age -p, and take the old file as exposed.',
    };
  }
  return null;
}

/** Whether a file is protected in the one way that key files are. */
export function checkKeyFileHeader(file: Uint8Array, where: string): Outcome<null> {
  const stanzas = readStanzas(file);
  if (stanzas === null) {
    if (KEY_BLOCK_MAGIC.every((byte, at) => file[at] === byte)) {
      const what = 'it is not encrypted: whoever read this file has the key';
      return fail({
        code: 'KDF_WEAK',
        what,
        where,
        todo: 'Move the coins to a new key, then destroy the file.',
      });
    }
    return fail({
      what: 'it is damaged: it has no whole age header',
      where,
      todo: 'Take another copy of key.age.',
    });
  }
  const weak = findWeakScrypt(stanzas, where);
  if (weak !== null) return fail(weak);
  if (stanzas.length === 1 && stanzas[0]?.[0] === 'X25519') return succeed(null);
  const what = 'it is not sealed to the shares alone: its age header names other or further recipients';
  return fail({ code: 'KDF_WEAK', what, where, todo: 'Take another copy of key.age; do not use this one.' });
}

/** Makes an age identity of 32 secret bytes; they go into no string. The caller wipes `secret`. */
export async function importIdentity(secret: Uint8Array): Promise<webcrypto.CryptoKey> {
  const pkcs8 = new Uint8Array(X25519_PKCS8.length + secret.length);
  pkcs8.set(X25519_PKCS8);
  pkcs8.set(secret, X25519_PKCS8.length);
  try {
    return await crypto.subtle.importKey('pkcs8', pkcs8, { name: 'X25519' }, false, ['deriveBits']);
  } finally {
    pkcs8.fill(0);
  }
}

/** Seals to the recipient of one identity. */
export async function sealToIdentity(
  identity: webcrypto.CryptoKey,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  return sealToRecipient(await identityToRecipient(identity), plaintext);
}

/** @param recipient an `age1…` that passed `isRecipient` */
export async function sealToRecipient(recipient: string, plaintext: Uint8Array): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return encrypter.encrypt(plaintext);
}

/** Seals to a passphrase, as `age -p` does. */
export async function sealToPassphrase(passphrase: string, plaintext: Uint8Array): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  return encrypter.encrypt(plaintext);
}

/** Whether a text is a recipient that typage can seal to: X25519, or a hardware key's `age1tag1…`. */
export function isRecipient(text: string): boolean {
  if (!/^age1[0-9a-z]{1,124}$/.test(text)) return false;
  try {
    new Encrypter().addRecipient(text);
    return true;
  } catch {
    return false;
  }
}

export type Opened =
  | { readonly kind: 'opened'; readonly plaintext: Uint8Array }
  | { readonly kind: 'no-match' }
  | { readonly kind: 'damaged' };

/** Whether a text is an identity that typage can open with; its errors would quote it. */
export function isIdentity(text: string): boolean {
  if (!/^AGE-SECRET-KEY-(1|PQ-1)[0-9A-Z]+$/.test(text)) return false;
  try {
    new Decrypter().addIdentity(text);
    return true;
  } catch {
    return false;
  }
}

/** Opens a file with the first identity that fits. A header altered after sealing counts as "no-match". */
export async function openWithIdentities(
  identities: readonly AgeIdentity[],
  file: Uint8Array,
): Promise<Opened> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    (await decrypter.decryptHeader(file)).fill(0);
  } catch {
    return { kind: 'no-match' };
  }
  try {
    return { kind: 'opened', plaintext: await decrypter.decrypt(file) };
  } catch {
    return { kind: 'damaged' };
  }
}

/** @returns null if the passphrase does not open it, or it is damaged */
export async function openWithPassphrase(passphrase: string, file: Uint8Array): Promise<Uint8Array | null> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decrypt(file);
  } catch {
    return null;
  }
}
