import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex } from '@coldwire/protocol/bytes.ts';
import { EXTENDED_KEY, KEY_BLOCK } from '@coldwire/protocol/key-block/layout.ts';
import { sha256 } from '@noble/hashes/sha2.js';
import { bech32, createBase58check } from '@scure/base';
import { Decrypter, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../../scripts/oracles/find.ts';
import { parseShare } from '../src/share.ts';
import { joinShares } from '../src/split.ts';
import { LAUNCHER, layTable, makeIdentities, runShell } from './ceremony.ts';
import { at, good } from './signer-fixture.ts';

// Everything that a ceremony must not leave anywhere, in every form in which it could be left.
const table = layTable();
/** Traces lie apart: that of unseal holds the key on its way into the pipe. */
const traces = layTable();
const STRACE = findProgram('strace');
const CALLS =
  'execve,write,writev,pwrite64,pwritev,sendto,sendmsg,sendfile,copy_file_range,memfd_create,socket,connect';
let secrets: ReadonlyMap<string, Uint8Array> = new Map();
let shares: readonly string[] = [];
let printed = '';
let people = '';

/** Raw, hex, base64 at each alignment, and the texts by which people know the secret. */
function formsOf(name: string, secret: Uint8Array): readonly (readonly [string, Buffer])[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((skip) =>
    bytes.subarray(skip, skip + 3 * Math.floor((bytes.length - skip) / 3)).toString('base64'),
  );
  const texts = [bytes.toString('hex'), bytes.toString('hex').toUpperCase(), ...base64];
  if (name === 'age secret') texts.push(bech32.encodeFromBytes('AGE-SECRET-KEY-', bytes).toUpperCase());
  if (name === 'account key') texts.push(createBase58check(sha256).encode(bytes));
  return [bytes, ...texts.map((text) => Buffer.from(text))].map((form) => [name, form]);
}

function findSecrets(haystack: Buffer): readonly string[] {
  const forms = [...secrets].flatMap(([name, secret]) => formsOf(name, secret));
  const phrases = shares.flatMap((words) => words.match(/\w+ \w+ \w+/g) ?? []);
  const found = forms.filter(([, form]) => haystack.includes(form)).map(([name]) => name);
  return [...found, ...phrases.filter((phrase) => haystack.includes(phrase)).map(() => 'share')];
}

function listFiles(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}

async function openShare(name: string): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(
    /AGE-SECRET-KEY-1\w+/.exec(readFileSync(table.path(`${name}.id`), 'latin1'))?.[0] ?? '',
  );
  return (
    (await decrypter.decrypt(readFileSync(table.path(`A/share-${name}.age`)), 'text')).split('\n')[1] ?? ''
  );
}

const OPEN =
  '--key A/key.age --public A/public.json --share A/share-alice.age --identity alice.id --share A/share-bob.age --identity bob.id';

/** The program, traced if this machine can. */
function traced(name: string): string {
  if (STRACE === undefined) return 'custody';
  return `'${STRACE}' -f -v -xx -s 1048576 -e trace=${CALLS} -o '${traces.path(name)}' '${LAUNCHER}'`;
}

beforeAll(async () => {
  people = makeIdentities(table, 'alice', 'bob', 'carol');
  const keygen = runShell(
    table,
    `${traced('keygen')} keygen --network regtest --signer A --out A ${people} --waive tracer`,
  );
  const unseal = runShell(table, `${traced('unseal')} unseal ${OPEN} --waive tracer | od -An -v -tx1`);
  const verify = runShell(
    table,
    `${traced('verify')} verify --public A/public.json --share A/share-bob.age --identity bob.id --waive tracer`,
  );
  const seal = runShell(
    table,
    `custody unseal ${OPEN} | ${traced('seal')} seal --public A/public.json --out A2 --json ${people} --waive tracer`,
  );
  expect([keygen, unseal, verify, seal].map(({ status }) => status)).toEqual([0, 0, 0, 0]);
  printed = [keygen, verify, seal].map(({ stdout, stderr }) => stdout + stderr).join('') + unseal.stderr;
  const block = fromHex(unseal.stdout.replaceAll(/\s/g, ''));
  const part = (field: { readonly at: number; readonly size: number }): Uint8Array =>
    block.slice(field.at, field.at + field.size);
  const account = part(KEY_BLOCK.accountKey);
  shares = await Promise.all(['alice', 'bob', 'carol'].map(openShare));
  const joined = joinShares(shares.slice(1).map((words) => good(parseShare(words, 'share'))));
  if (joined === null) throw new Error('the shares do not join');
  secrets = new Map([
    ['account key', account],
    ['account private key', account.slice(EXTENDED_KEY.privateKey.at)],
    ['identity seed', part(KEY_BLOCK.identitySeed)],
    ['seal secret', part(KEY_BLOCK.sealSecret)],
    ['age secret', joined],
  ]);
});

afterAll(() => {
  table.remove();
  traces.remove();
});

describe("a ceremony's secrets", () => {
  it('are the ones that this search knows: it finds each of them where it was put', async () => {
    for (const [name, secret] of secrets) {
      for (const [, form] of formsOf(name, secret))
        expect(findSecrets(Buffer.concat([Buffer.from('x'), form]))).toContain(name);
    }
    expect(findSecrets(Buffer.from(at(shares, 0)))).toContain('share');
    const identity = bech32
      .encodeFromBytes('AGE-SECRET-KEY-', secrets.get('age secret') ?? new Uint8Array())
      .toUpperCase();
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    expect(await identityToRecipient(identity)).toMatch(/^age1/);
    expect((await decrypter.decrypt(readFileSync(table.path('A/key.age')))).length).toBe(256);
  });

  it('are on no disk: neither in the files left, nor in home or temporary directory', () => {
    const files = listFiles(table.directory);
    expect(files.length).toBeGreaterThan(12);
    for (const file of files) expect(findSecrets(readFileSync(file)), file).toEqual([]);
  });

  it('are in nothing that was printed', () => {
    expect(findSecrets(Buffer.from(printed))).toEqual([]);
  });
});

describe.skipIf(STRACE === undefined)('under strace, a ceremony', () => {
  /** The traced system calls of one command, each with its strings as they were. */
  const readTrace = (name: string): readonly Buffer[] =>
    readFileSync(traces.path(name), 'latin1')
      .split('\n')
      .map((line) =>
        line.replaceAll(/(?:\\x[0-9a-f]{2})+/g, (hex) =>
          Buffer.from(hex.replaceAll('\\x', ''), 'hex').toString('latin1'),
        ),
      )
      .map((line) => Buffer.from(line, 'latin1'));

  it.each(['keygen', 'verify', 'seal'])(
    'hands no secret to the system on the way of %s: no argument, variable, file, line or socket',
    (name) => {
      const calls = readTrace(name);
      expect(
        calls.some((call) => call.includes('execve(')),
        'the trace is one',
      ).toBe(true);
      expect(calls.some((call) => call.includes('write('))).toBe(true);
      expect(
        calls.filter((call) => findSecrets(call).length > 0).map((call) => call.toString('latin1')),
      ).toEqual([]);
      expect(calls.some((call) => call.includes('AF_INET'))).toBe(false);
    },
  );

  it('hands the key block to one pipe in one write, and to nothing else, on the way of unseal', () => {
    const calls = readTrace('unseal').map((call) => [call, findSecrets(call)] as const);
    const telling = calls.filter(([, found]) => found.length > 0);
    expect(telling).toHaveLength(1);
    expect(at(telling, 0)[0].toString('latin1')).toMatch(/^\d+ +write\(1, "CWKB/);
    expect(at(telling, 0)[1]).toContain('account key');
    expect(calls.some(([call]) => call.includes('AF_INET'))).toBe(false);
  });
});
