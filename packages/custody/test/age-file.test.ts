import { armor, Encrypter } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import {
  checkKeyFileHeader,
  importIdentity,
  isIdentity,
  isRecipient,
  openWithIdentities,
  readStanzas,
  removeArmor,
  sealToIdentity,
} from '../src/age-file.ts';
import { makeIdentity, readIdentityFile } from '../src/identity.ts';
import { openShareFile } from '../src/share-file.ts';
import { at, good, makePeople, problemOf } from './signer-fixture.ts';

const PLAIN = new TextEncoder().encode('nothing secret');
const never = (): Promise<string> => Promise.reject(new Error('no passphrase should be asked for'));

async function sealWith(prepare: (encrypter: Encrypter) => void): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  prepare(encrypter);
  return encrypter.encrypt(PLAIN);
}

const weakly =
  (logN: number) =>
  (encrypter: Encrypter): void => {
    encrypter.setPassphrase('correct horse');
    encrypter.setScryptWorkFactor(logN);
  };

/** The header of a file with another scrypt work factor; nobody needs to compute the real one. */
function withWorkFactor(file: Uint8Array, from: number, to: number): Uint8Array {
  return Buffer.from(
    Buffer.from(file)
      .toString('latin1')
      .replace(new RegExp(`(-> scrypt \\S+) ${from}\n`), `$1 ${to}\n`),
    'latin1',
  );
}

describe('the protection of a key file', () => {
  it('is accepted when it is exactly one X25519 recipient', async () => {
    const file = await sealToIdentity(await importIdentity(new Uint8Array(32).fill(7)), PLAIN);
    expect(checkKeyFileHeader(file, 'key.age')).toEqual({ ok: true, value: null });
  });

  it.each([1, 10, 16])('is refused as KDF_WEAK when it is scrypt 2^%i', async (logN) => {
    const file = withWorkFactor(await sealWith(weakly(4)), 4, logN);
    expect(problemOf(checkKeyFileHeader(file, 'key.age'))).toMatchObject({
      code: 'KDF_WEAK',
      where: 'key.age',
    });
  });

  it('is refused when it is a passphrase, even a costly one, because shares do not open it', async () => {
    const file = withWorkFactor(await sealWith(weakly(4)), 4, 18);
    expect(problemOf(checkKeyFileHeader(file, 'key.age')).what).toContain('not sealed to the shares alone');
  });

  it('is refused when somebody else could open it too', async () => {
    const people = await makePeople('alice', 'eve');
    const file = await sealWith((encrypter) => {
      for (const { recipient } of people) encrypter.addRecipient(recipient);
    });
    expect(problemOf(checkKeyFileHeader(file, 'key.age')).what).toContain('other or further recipients');
  });

  it('is refused when it is of a kind that nobody knows', async () => {
    const text = 'age-encryption.org/v1\n-> mystery abc\nAAAA\n--- AAAA\n';
    expect(problemOf(checkKeyFileHeader(Buffer.from(text), 'key.age')).code).toBe('KDF_WEAK');
  });

  it('is refused as KDF_WEAK when the key block lies open', () => {
    const block = Buffer.concat([Buffer.from('CWKB'), Buffer.alloc(252)]);
    expect(problemOf(checkKeyFileHeader(block, 'key.age'))).toMatchObject({ code: 'KDF_WEAK' });
  });

  it('is refused at every length that cuts the header short', async () => {
    const file = await sealToIdentity(await importIdentity(new Uint8Array(32).fill(7)), PLAIN);
    const header = Buffer.from(file).indexOf('\n', Buffer.from(file).indexOf('\n---') + 1) + 1;
    for (let length = 0; length < header; length++) {
      expect(problemOf(checkKeyFileHeader(file.subarray(0, length), 'key.age')).what).toContain('damaged');
    }
  });
});

describe('opening an age file', () => {
  it('tells a wrong identity from a damaged body, and never throws, whichever byte is changed or missing', async () => {
    const [alice, bob] = await makePeople('alice', 'bob');
    if (alice === undefined || bob === undefined) throw new Error('two were asked for');
    const file = await sealWith((encrypter) => encrypter.addRecipient(alice.recipient));
    expect(await openWithIdentities([bob.identity, alice.identity], file)).toEqual({
      kind: 'opened',
      plaintext: PLAIN,
    });
    expect(await openWithIdentities([bob.identity], file)).toEqual({ kind: 'no-match' });
    for (let index = 0; index < file.length; index++) {
      const changed = file.with(index, at([...file], index) ^ 1);
      expect((await openWithIdentities([alice.identity], changed)).kind).not.toBe('opened');
      expect((await openWithIdentities([alice.identity], file.subarray(0, index))).kind).not.toBe('opened');
    }
  });

  it('takes armored files', async () => {
    const file = await sealWith(weakly(2));
    expect(removeArmor(new TextEncoder().encode(armor.encode(file)))).toEqual(file);
    expect(
      readStanzas(removeArmor(new TextEncoder().encode('-----BEGIN AGE ENCRYPTED FILE-----\nx'))),
    ).toBeNull();
  });

  it('knows recipients and identities from texts that only look like them', async () => {
    const [alice] = await makePeople('alice');
    if (alice === undefined) throw new Error('one was asked for');
    expect(isRecipient(alice.recipient)).toBe(true);
    expect(isIdentity(alice.identity)).toBe(true);
    for (const text of ['', 'age1', alice.recipient.slice(0, -1), `${alice.recipient}q`, alice.identity]) {
      expect(isRecipient(text)).toBe(false);
    }
    for (const text of ['', alice.identity.slice(0, -1), alice.identity.toLowerCase(), alice.recipient]) {
      expect(isIdentity(text)).toBe(false);
    }
  });
});

describe("a custodian's identity file", () => {
  it('is what age-keygen makes', async () => {
    const { file, recipient } = await makeIdentity(null);
    expect(new TextDecoder().decode(file)).toMatch(
      /^# public key: age1[0-9a-z]{58}\nAGE-SECRET-KEY-1[0-9A-Z]{58}\n$/,
    );
    expect(new TextDecoder().decode(file)).toContain(recipient);
    expect(good(await readIdentityFile(file, 'id', never))).toHaveLength(1);
  });

  it('asks for its passphrase, and says when that is wrong', async () => {
    const { file } = await makeIdentity('six random words of a list');
    expect(at(readStanzas(file) ?? [], 0)).toEqual(['scrypt', expect.any(String), '18']);
    expect(good(await readIdentityFile(file, 'id', async () => 'six random words of a list'))).toHaveLength(
      1,
    );
    const wrong = problemOf(await readIdentityFile(file, 'id', async () => 'six random words of a lisp'));
    expect(wrong.what).toContain('the passphrase does not open it');
  });

  it('is refused as KDF_WEAK before any passphrase is asked for, when its work factor is low', async () => {
    const file = withWorkFactor(await sealWith(weakly(4)), 4, 16);
    expect(problemOf(await readIdentityFile(file, 'id', never)).code).toBe('KDF_WEAK');
  });

  it('is refused without a word of what is in it', async () => {
    const [alice] = await makePeople('alice');
    const secret = alice?.identity ?? '';
    for (const text of [`${secret}X`, secret.slice(0, -1), `${secret}\nhunter2`, '']) {
      const problem = problemOf(await readIdentityFile(new TextEncoder().encode(text), 'id', never));
      expect(problem.what).toBe('it is not an age identity file');
      expect(JSON.stringify(problem)).not.toContain(secret.slice(20, 40));
    }
  });
});

describe('a share file', () => {
  it('is refused as KDF_WEAK when a weak passphrase protects it', async () => {
    const file = withWorkFactor(await sealWith(weakly(4)), 4, 12);
    expect(problemOf(await openShareFile(file, [], 'share-alice.age')).code).toBe('KDF_WEAK');
  });

  it('asks for an identity when none was given', async () => {
    const [alice] = await makePeople('alice');
    const file = await sealWith((encrypter) => encrypter.addRecipient(alice?.recipient ?? ''));
    expect(problemOf(await openShareFile(file, [], 'share-alice.age'))).toMatchObject({
      code: 'SHARE_BAD',
      what: 'no identity was given to open it',
    });
  });
});
