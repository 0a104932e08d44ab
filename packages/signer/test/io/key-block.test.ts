import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '@coldwire/protocol/bytes.ts';
import { HDKey } from '@scure/bip32';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ExpectedKeys } from '../../src/io/key-block.ts';
import { type KeyMemory, openKeyMemory } from '../../src/io/key-memory.ts';
import { loadNatives } from '../../src/io/native.ts';
import { hashOf, makeKeyMaterial, withDescriptor } from './key-material.ts';

const VECTORS = join(import.meta.dirname, '..', '..', '..', '..', 'protocol-spec', 'vectors', 'key-block');
const natives = loadNatives();

const signer = JSON.parse(readFileSync(join(VECTORS, 'signer.json'), 'utf8'));
const expected: ExpectedKeys = {
  coinType: signer.expected.coinType,
  account: signer.expected.account,
  masterFingerprint: fromHex(signer.expected.masterFingerprint),
  accountPublicKey: fromHex(signer.expected.accountPublicKey),
  accountChainCode: fromHex(signer.expected.accountChainCode),
  identityPublicKey: fromHex(signer.expected.identityPublicKey),
};

/** What the reader says about each rejected vector; a vector without a line here fails. */
const REASONS: Readonly<Record<string, string>> = {
  'bad-empty': 'has 0 bytes, not 256',
  'bad-short': 'has 255 bytes, not 256',
  'bad-long': 'has more than 256 bytes',
  'bad-twice': 'has more than 256 bytes',
  'bad-magic': 'does not begin with CWKB',
  'bad-version': 'is not of version 1',
  'bad-checksum': 'is damaged (checksum)',
  'bad-gap-7': 'has other bytes than zero before byte 8',
  'bad-gap-20': 'has other bytes than zero before byte 32',
  'bad-gap-110': 'has other bytes than zero before byte 128',
  'bad-purpose': 'has purpose 44, not 48',
  'bad-script-type': 'has script type 1, not 2',
  'bad-coin-type': 'has coin type 0, not 1',
  'bad-account': 'has account 1, not 0',
  'bad-fingerprint': 'has another master fingerprint than the charter',
  'bad-key-version': 'has key version 76066276, not 70615956',
  'bad-depth': 'has depth 3, not 4',
  'bad-child-number': 'has child number 2, not 2147483650',
  'bad-chain-code': 'has another chain code than the charter',
  'bad-key-mark': 'has private key mark 1, not 0',
  'bad-key-zero': 'is zero or not below the group order',
  'bad-key-order': 'is zero or not below the group order',
  'bad-key-other': 'has another account key than the charter',
  'bad-identity-pair': 'does not belong to its identity public key',
  'bad-identity-other': 'has another link identity than the charter',
  'bad-seal-zero': 'has no seal secret',
};

function readVector(name: string): { expect: string; bytes: Uint8Array } {
  const text = readFileSync(join(VECTORS, `${name}.txt`), 'utf8');
  const split = text.indexOf('\n\n');
  return {
    expect: /^expect: (\S+)$/m.exec(text)?.[1] ?? '',
    bytes: fromHex(text.slice(split).replaceAll('\n', '')),
  };
}

const open = (bytes: Uint8Array, want = expected): KeyMemory =>
  withDescriptor(bytes, (fd) => openKeyMemory(natives, fd, want));

const names = readdirSync(VECTORS).flatMap((file) => (file.endsWith('.txt') ? [file.slice(0, -4)] : []));

describe('the vectors of the key block', () => {
  test('are those that this test has an answer for', () => {
    expect(names.sort()).toEqual(['signer', ...Object.keys(REASONS)].sort());
  });

  test('signer: opens, and signs with exactly its keys', () => {
    const vector = readVector('signer');
    expect(vector.expect).toBe('ok');
    const keys = open(vector.bytes);
    expect(keys.signIdentity(hashOf('m'))).toHaveLength(64);
    keys.zeroize();
  });

  test.each(Object.entries(REASONS))('%s: is refused because it %s', (name, reason) => {
    const vector = readVector(name);
    expect(() => open(vector.bytes)).toThrow(
      expect.objectContaining({
        code: vector.expect,
        what: expect.stringContaining(reason),
        where: 'key pipe',
      }),
    );
    expect(vector.expect).toBe('KEY_BLOCK');
  });

  test('signer: 78 bytes from byte 32 on are what Base58Check makes the tprv of, so any wallet recovers the money', () => {
    const serialized = readVector('signer').bytes.subarray(32, 110);
    const account = HDKey.fromExtendedKey(signer.secrets.accountTprv, {
      private: 0x04358394,
      public: 0x043587cf,
    });
    expect(account.privateKey).toEqual(serialized.subarray(46));
    expect(account.chainCode).toEqual(serialized.subarray(13, 45));
    expect([account.depth, account.index]).toEqual([4, 2 ** 31 + 2]);
    expect(account.publicKey).toEqual(expected.accountPublicKey);
  });
});

describe('a key block that is whole', () => {
  test('is refused at the machine of another signer, whatever part tells them apart', () => {
    const { bytes } = readVector('signer');
    const other = makeKeyMaterial('another signer').expected;
    for (const part of [
      'masterFingerprint',
      'accountPublicKey',
      'accountChainCode',
      'identityPublicKey',
    ] as const) {
      expect(() => open(bytes, { ...expected, [part]: other[part] })).toThrow(
        expect.objectContaining({ code: 'KEY_BLOCK' }),
      );
      expect(() => open(bytes, { ...expected, [part]: new Uint8Array(0) })).toThrow(
        expect.objectContaining({ code: 'KEY_BLOCK' }),
      );
    }
  });

  test('is read from a shell pipe that delivers it in pieces', () => {
    const directory = mkdtempSync(join(tmpdir(), 'coldwire-pipe-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    writeFileSync(join(directory, 'block'), readVector('signer').bytes);
    const io = join(import.meta.dirname, '..', '..', 'src', 'io');
    writeFileSync(
      join(directory, 'open.mts'),
      `import { readFileSync } from 'node:fs';
       import { openKeyMemory } from ${JSON.stringify(join(io, 'key-memory.ts'))};
       import { loadNatives } from ${JSON.stringify(join(io, 'native.ts'))};
       const file = JSON.parse(readFileSync(${JSON.stringify(join(VECTORS, 'signer.json'))}, 'utf8')).expected;
       const expected = Object.fromEntries(Object.entries(file).map(([name, value]) =>
         [name, typeof value === 'string' ? Buffer.from(value, 'hex') : value]));
       console.log(openKeyMemory(loadNatives(), 0, expected).open);`,
    );
    const script = '{ head -c 100 block; sleep 0.2; tail -c +101 block; } | "$0" open.mts';
    const run = spawnSync('/bin/sh', ['-c', script, process.execPath], { cwd: directory, encoding: 'utf8' });
    expect([run.stderr, run.stdout]).toEqual(['', 'true\n']);
  });
});
