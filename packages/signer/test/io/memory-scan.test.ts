import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scanMemory } from '../../../../scripts/memory-scan.ts';
import { formsOf } from '../../../../scripts/memory-scan-forms.ts';

/** A process that makes one secret by itself and keeps it in many forms; prints it, backwards, when it is ready. */
const LEAKY = `
let secret;
// Without these characters the two alphabets of Base64 write the same text.
do secret = require('node:crypto').randomBytes(32);
while (!/[-_]/.test(Buffer.concat([Buffer.of(7), secret]).toString('base64url').slice(2, -1)));
const hex = secret.toString('hex');
globalThis.kept = [
  BigInt('0x' + hex),
  [...secret],
  hex,
  secret.toString('base64'),
  Buffer.concat([Buffer.of(7), secret]).toString('base64url'),
  Buffer.concat([Buffer.alloc(100), secret.subarray(8, 16)]),
  'čaj ' + hex.toUpperCase(),
];
process.stdout.write([...hex].reverse().join(''));
setInterval(() => undefined, 1000);
`;

describe('the memory scanner', () => {
  let child: ChildProcess;
  let secret: Buffer;

  beforeAll(async () => {
    child = spawn(process.execPath, ['-e', LEAKY], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (child.stdout === null) throw new Error('no output');
    const [printed]: unknown[] = await once(child.stdout, 'data');
    secret = Buffer.from([...String(printed)].reverse().join(''), 'hex');
  });
  afterAll(() => child.kill('SIGKILL'));

  test('finds every form that a careless program leaves, among many secrets that are not there', () => {
    const absent = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`absent ${i}`, randomBytes(32)]),
    );
    const report = scanMemory(child.pid ?? 0, { ...absent, secret });
    const found = report.secrets['secret'] ?? {};
    expect(Object.keys(found).sort()).toEqual(
      expect.arrayContaining([
        'HEX',
        'base64',
        'base64url',
        'fragment',
        'hex',
        'little-endian',
        'raw',
        'small-integers',
      ]),
    );
    expect(report.total).toBe(Object.values(found).reduce((sum, count) => sum + count));
    expect(report.unreadableBytes).toBe(0);
  });

  test('knows WIF and xprv as other libraries write them', () => {
    const one = Buffer.alloc(32);
    one[31] = 1;
    const texts = formsOf(one).map((form) => form.bytes.toString('latin1'));
    expect(texts).toContain('KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn');
    expect(texts).toContain('cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA');
    // BIP-32, test vector 1, chain m.
    const xprv =
      '0488ade4000000000000000000873dff81c02f525623fd1fe5167eac3a55a049de3d314bb42ee227ffed37d50800e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35';
    expect(formsOf(Buffer.from(xprv, 'hex')).map((form) => form.bytes.toString('latin1'))).toContain(
      'xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi',
    );
  });

  test('refuses to scan itself', () => {
    expect(() => scanMemory(process.pid, { secret })).toThrow('scans itself');
  });
});
