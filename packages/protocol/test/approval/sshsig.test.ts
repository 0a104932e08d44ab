import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readKeyBlob, readSshSignature, signedBytes } from '../../src/approval/sshsig.ts';
import { concatBytes, verifyEd25519 } from '../../src/index.ts';
import { armour, SecurityKey, sigFile, sshString } from './authenticator.ts';

const NAMESPACE = 'coldwire-approval';
const MESSAGE = new TextEncoder().encode('pay it\n');
const key = new SecurityKey(new Uint8Array(32).fill(7));

function holds(file: string, message = MESSAGE): boolean {
  const read = readSshSignature(file);
  if (read === undefined) return false;
  const bytes = signedBytes(read.namespace, message, read.key, read.touch);
  return bytes !== undefined && verifyEd25519(read.key.key, bytes, read.signature);
}

const KEYGEN = '/usr/bin/ssh-keygen';
const hasKeygen = spawnSync(KEYGEN, ['-?']).error === undefined;
const required = process.env['COLDWIRE_REQUIRE_ORACLES'] === '1';

describe.runIf(hasKeygen || required)('ssh-keygen', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'coldwire-sshsig-'));
    execFileSync(KEYGEN, ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', join(folder, 'key')]);
    writeFileSync(join(folder, 'message'), MESSAGE);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const verifies = (line: string, file: string): boolean => {
    writeFileSync(join(folder, 'allowed'), `ada ${line}\n`);
    writeFileSync(join(folder, 'check.sig'), file);
    const args = ['-Y', 'verify', '-f', join(folder, 'allowed'), '-I', 'ada', '-n', NAMESPACE];
    return spawnSync(KEYGEN, [...args, '-s', join(folder, 'check.sig')], { input: MESSAGE }).status === 0;
  };

  it('signs what is rebuilt here, with a key in a file', () => {
    execFileSync(
      KEYGEN,
      ['-q', '-Y', 'sign', '-f', join(folder, 'key'), '-n', NAMESPACE, join(folder, 'message')],
      {
        stdio: 'ignore',
      },
    );
    const file = readFileSync(join(folder, 'message.sig'), 'utf8');
    const [, base64 = ''] = readFileSync(join(folder, 'key.pub'), 'utf8').split(' ');
    expect(holds(file)).toBe(true);
    expect(readSshSignature(file)).toMatchObject({ namespace: NAMESPACE, touch: null });
    expect(readSshSignature(file)?.key).toEqual(readKeyBlob(Buffer.from(base64, 'base64')));
    expect(holds(file, new TextEncoder().encode('pay that\n'))).toBe(false);
  });

  it('accepts what the security key of these tests signs, and what is rebuilt here is the same', () => {
    const file = key.sign(NAMESPACE, MESSAGE);
    expect(verifies(key.line, file)).toBe(true);
    expect(holds(file)).toBe(true);
    expect(readSshSignature(file)?.touch).toEqual({ flags: 1, counter: 1 });
    expect(verifies(new SecurityKey(new Uint8Array(32).fill(8)).line, file)).toBe(false);
  });
});

describe('an SSH signature', () => {
  it('of a security key holds with a verified person, and not without a touch', () => {
    expect(holds(key.sign(NAMESPACE, MESSAGE, 5))).toBe(true);
    for (const flags of [0, 4, 0x41, 0x81])
      expect(holds(key.sign(NAMESPACE, MESSAGE, flags)), `${flags}`).toBe(false);
  });

  it('does not hold for another namespace, application, counter or message', () => {
    const read = readSshSignature(key.sign(NAMESPACE, MESSAGE));
    if (read === undefined) throw new Error('not read');
    const { touch, signature } = read;
    const counted = { flags: 1, counter: (touch?.counter ?? 0) + 1 };
    const others = [
      signedBytes('coldwire', MESSAGE, read.key, touch),
      signedBytes(NAMESPACE, MESSAGE, { ...read.key, application: 'ssh:other' }, touch),
      signedBytes(NAMESPACE, MESSAGE, read.key, counted),
      signedBytes(NAMESPACE, MESSAGE.slice(1), read.key, touch),
    ];
    for (const bytes of others) {
      expect(bytes).toBeDefined();
      expect(verifyEd25519(read.key.key, bytes ?? MESSAGE, signature)).toBe(false);
    }
  });

  it('of a key in a file has no touch, and one of a security key has one', () => {
    expect(
      signedBytes(NAMESPACE, MESSAGE, { kind: 'ssh-ed25519', application: '' }, { flags: 1, counter: 1 }),
    ).toBe(undefined);
    expect(
      signedBytes(NAMESPACE, MESSAGE, { kind: 'sk-ssh-ed25519@openssh.com', application: 'ssh:' }, null),
    ).toBe(undefined);
  });

  it('is not read from a file that is cut, longer, of another hash, version or kind of key', () => {
    const signature = concatBytes(sshString('ssh-ed25519'), sshString(new Uint8Array(64)));
    const blob = concatBytes(sshString('ssh-ed25519'), sshString(new Uint8Array(32)));
    const good = sigFile(blob, NAMESPACE, signature);
    const bytes = Buffer.from(good.split('\n').slice(1, -2).join(''), 'base64');
    expect(readSshSignature(good)).toBeDefined();
    expect(armour(bytes)).toBe(good);
    for (let length = 0; length < bytes.length; length++) {
      expect(readSshSignature(armour(bytes.subarray(0, length))), `${length} bytes`).toBe(undefined);
    }
    const rsa = concatBytes(sshString('ssh-rsa'), sshString(new Uint8Array(32)));
    const bad = [
      good.replace('BEGIN SSH', 'BEGIN'),
      ` ${good}`,
      armour(concatBytes(bytes, Uint8Array.of(0))),
      armour(Buffer.from(bytes.toString('latin1').replace('sha512', 'sha256'), 'latin1')),
      armour(Buffer.from(bytes.toString('latin1').replace('SSHSIG\0\0\0\x01', 'SSHSIG\0\0\0\x02'), 'latin1')),
      sigFile(rsa, NAMESPACE, signature),
      sigFile(concatBytes(blob, Uint8Array.of(0)), NAMESPACE, signature),
      sigFile(blob, NAMESPACE, concatBytes(signature, Uint8Array.of(0))),
      sigFile(key.keyBlob, NAMESPACE, signature),
    ];
    for (const file of bad) expect(readSshSignature(file), file).toBe(undefined);
  });

  it('is not read where a text in it is no UTF-8, and a byte order mark is a part of the text', () => {
    const sk = (application: Uint8Array) =>
      concatBytes(
        sshString('sk-ssh-ed25519@openssh.com'),
        sshString(new Uint8Array(32)),
        sshString(application),
      );
    expect(readKeyBlob(sk(Uint8Array.of(0x73, 0xff)))).toBe(undefined);
    const marked = readKeyBlob(sk(Uint8Array.of(0xef, 0xbb, 0xbf, 0x73)));
    expect(marked?.application).toBe('\ufeffs');
  });
});
