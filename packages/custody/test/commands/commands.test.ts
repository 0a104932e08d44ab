import { createHash } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Encrypter } from 'age-encryption';
import helper from 'slip39/src/slip39_helper.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layTable, MAIN, makeIdentities, type Run, runShell, runUnseal } from '../ceremony.ts';

// One table: signer A (epoch 1) and signer B of alice, bob and carol; A again as epoch 2 with dave in place of carol.
const table = layTable();
let generated: Run;
let resealed: Run;
const A = '--key A/key.age --public A/public.json';
const withShares = (...names: readonly string[]): string =>
  names.map((name) => `--share A/share-${name}.age --identity ${name}.id`).join(' ');

/** The recipient of an identity made above. */
function recipientOf(name: string): string {
  return /age1\w+/.exec(readFileSync(table.path(`${name}.id`), 'latin1'))?.[0] ?? '';
}

const custodians = (...names: readonly string[]): string =>
  names.map((name) => `--custodian ${name}=${recipientOf(name)}`).join(' ');

beforeAll(() => {
  makeIdentities(table, 'alice', 'bob', 'carol', 'dave');
  const people = custodians('alice', 'bob', 'carol');
  generated = runShell(table, `custody keygen --network regtest --signer A --out A --json ${people}`);
  runShell(table, `custody keygen --network regtest --signer B --out B ${people}`);
  const successors = custodians('alice', 'bob', 'dave');
  const unsealed = `custody unseal ${A} ${withShares('alice', 'carol')}`;
  resealed = runShell(table, `${unsealed} | custody seal --public A/public.json --out A2 ${successors}`);
});

afterAll(() => table.remove());

describe('keygen', () => {
  it('leaves five private files and prints only what is public', () => {
    expect(generated).toMatchObject({ status: 0, stderr: '' });
    const files = readdirSync(table.path('A')).sort();
    expect(files).toEqual(['key.age', 'public.json', 'share-alice.age', 'share-bob.age', 'share-carol.age']);
    for (const file of files) expect(statSync(table.path(`A/${file}`)).mode & 0o777).toBe(0o600);
    const record: unknown = JSON.parse(readFileSync(table.path('A/public.json'), 'utf8'));
    expect(JSON.parse(generated.stdout)).toMatchObject({ signer: 'A', epoch: 1, public: record });
    expect(record).toMatchObject({
      keyFileHash: createHash('sha256')
        .update(readFileSync(table.path('A/key.age')))
        .digest('hex'),
    });
  });

  it('overwrites nothing, and leaves nothing behind when it cannot write', () => {
    const before = readFileSync(table.path('A/key.age'));
    const keygen = `custody keygen --network regtest --signer A ${custodians('alice', 'bob', 'carol')}`;
    const again = runShell(table, `${keygen} --out A`);
    expect(again).toMatchObject({ status: 4, stdout: '' });
    expect(again.stderr).toContain('nothing is ever overwritten');
    expect(readFileSync(table.path('A/key.age'))).toEqual(before);
    expect(runShell(table, `${keygen} --out A/key.age/x`)).toMatchObject({ status: 6, stdout: '' });
    // Files of at most 512 bytes: public.json, the last of the set, does not fit.
    expect(runShell(table, `ulimit -f 1; ${keygen} --out F`)).toMatchObject({ status: 6, stdout: '' });
    expect(readdirSync(table.path('F'))).toEqual([]);
  });

  it.each([
    ['a signer name that is a path', "--signer '../A'"],
    ['two custodians', '--signer A'],
  ])('ends with 2 (usage) for %s', (_what, options) => {
    const run = runShell(
      table,
      `custody keygen --network regtest --out X ${options} --custodian a=age1 --custodian b=age1`,
    );
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('unseal', () => {
  it('writes the 256-byte key block into the pipe for any two custodians', () => {
    const blocks = [
      ['alice', 'bob'],
      ['carol', 'alice'],
    ].map((pair) => {
      const run = runUnseal(table, `${A} ${withShares(...pair)}`);
      expect(run.status).toBe(0);
      expect(run.stderr).toContain(`opened with the shares of ${pair.join(' and ')}`);
      return run.stdout;
    });
    expect(blocks[0]).toMatch(/^43574b42[0-9a-f]{504}$/);
    expect(new Set(blocks).size).toBe(1);
  });

  it('reads open words from a pipe only, and judges them like a file', () => {
    const run = runShell(
      table,
      `echo not a share | custody unseal ${A} --share fd:0 ${withShares('bob')} | wc -c`,
    );
    expect(run.stdout.trim()).toBe('0');
    expect(run.stderr).toContain('[SHARE_BAD] it has 3 words; a share has 33 (fd:0)');
  });

  it('answers in JSON on stdout when the key goes elsewhere', () => {
    const run = runShell(
      table,
      `exec 3>&1; { custody unseal ${A} ${withShares('alice', 'bob')} --out-fd 9 --json >&3; } 9>&1 | wc -c`,
    );
    expect(run.stdout).toContain('{"signer":"A","epoch":1,"custodians":["alice","bob"],"rejected":[]}\n');
    expect(run.stdout.trim().endsWith('256')).toBe(true);
    expect(runShell(table, `custody unseal ${A} ${withShares('alice', 'bob')} --json`).status).toBe(2);
  });

  it('gives a key to no file, terminal or socket', () => {
    for (const target of ['> stolen', '>/dev/null']) {
      const run = runShell(table, `custody unseal ${A} ${withShares('alice', 'bob')} ${target}`);
      expect(run.status).toBe(5);
      expect(run.stderr).toContain('a key goes through a pipe only (--out-fd 1)');
    }
    expect(statSync(table.path('stolen')).size).toBe(0);
  });

  it('says so when the signer is gone', () => {
    const run = runShell(
      table,
      `{ sleep 0; } | :; { custody unseal ${A} ${withShares('alice', 'bob')}; echo $? >gone; } | true`,
    );
    expect(run.stderr).toContain('EPIPE');
    expect(readFileSync(table.path('gone'), 'latin1').trim()).toBe('6');
  });
});

describe('a ceremony that must not succeed ends with one clear line, nothing in the pipe and exit code', () => {
  const share = (path: string, identity: string): string => `--share ${path} --identity ${identity}.id`;
  const cases: readonly (readonly [string, number, string, string])[] = [
    [
      'one share',
      4,
      `${A} ${withShares('alice')}`,
      "2 shares are needed and there is 1 (alice's) (signer A, epoch 1). Ask bob or carol.",
    ],
    [
      "another custodian's identity",
      4,
      `${A} ${withShares('alice')} --share A/share-bob.age`,
      '[SHARE_BAD] no given identity opens it (A/share-bob.age). Give the identity file',
    ],
    [
      "another signer's share",
      4,
      `${A} ${withShares('alice')} ${share('B/share-bob.age', 'bob')}`,
      '[SHARE_BAD] it is labelled as a share of signer B; wanted is signer A, epoch 1 (B/share-bob.age)',
    ],
    [
      'a forged share with a right checksum',
      4,
      `${A} ${withShares('alice')} ${share('forged.age', 'bob')}`,
      "[SHARE_BAD] it claims to be bob's share and its checksum is right, but it is not the one that public.json names",
    ],
    [
      "an old epoch's share",
      4,
      `--key A2/key.age --public A2/public.json ${withShares('carol')} ${share('A2/share-bob.age', 'bob')}`,
      "[SHARE_BAD] it is carol's share of epoch 1, and the key file is of epoch 2 (A/share-carol.age)",
    ],
    [
      'a key file cut short',
      4,
      `--key short.age --public A/public.json ${withShares('alice', 'bob')}`,
      'it is not the key file of signer A, epoch 1: damaged, cut short or another (short.age)',
    ],
    [
      'a share file cut short',
      4,
      `${A} ${withShares('alice')} ${share('short-share.age', 'bob')}`,
      '[SHARE_BAD] it is damaged or cut short (short-share.age)',
    ],
    [
      'a key that lies open',
      4,
      `--key open.age --public A/public.json ${withShares('alice', 'bob')}`,
      '[KDF_WEAK] it is not encrypted',
    ],
    [
      'a share that lies open',
      4,
      `${A} ${withShares('alice')} --share open-share.txt`,
      '[SHARE_BAD] it is not an age file; a share must not lie open on a disk',
    ],
    [
      'a missing file',
      6,
      `--key A/none.age --public A/public.json ${withShares('alice', 'bob')}`,
      'there is no such file or directory (ENOENT) (open A/none.age)',
    ],
    [
      'no terminal to type at',
      5,
      `${A} ${withShares('alice')} --share -`,
      'there is no terminal to ask at (/dev/tty)',
    ],
    [
      'a secret on the command line',
      2,
      `${A} ${withShares('alice')} --share x --identity AGE-SECRET-KEY-1QQ`,
      'a secret was given on the command line',
    ],
  ];

  /** Bob's share with another value: same set, same member, right checksum, sealed to bob like the real one. */
  async function forgeShare(): Promise<Uint8Array> {
    const shareSet = Number(/"shareSet": (\d+)/.exec(readFileSync(table.path('A/public.json'), 'utf8'))?.[1]);
    const value = Array.from({ length: 32 }, (_, index) => index);
    const words = helper.encodeMnemonic([shareSet >> 8, shareSet & 0xff], 1, 1, 0, 1, 1, 1, 2, value);
    const encrypter = new Encrypter();
    encrypter.addRecipient(recipientOf('bob'));
    return encrypter.encrypt(`# coldwire-share signer=A epoch=1 custodian=bob\n${words}\n`);
  }

  beforeAll(async () => {
    writeFileSync(table.path('forged.age'), await forgeShare());
    writeFileSync(table.path('short.age'), readFileSync(table.path('A/key.age')).subarray(0, 300));
    writeFileSync(
      table.path('short-share.age'),
      readFileSync(table.path('A/share-bob.age')).subarray(0, -20),
    );
    writeFileSync(table.path('open.age'), Buffer.concat([Buffer.from('CWKB'), Buffer.alloc(252)]));
    writeFileSync(table.path('open-share.txt'), 'acid '.repeat(33));
  });

  it.each(cases)('%s: %i', (_what, status, options, message) => {
    const run = runUnseal(table, options);
    expect(run.stderr).toContain(message);
    expect(run).toMatchObject({ status, stdout: '' });
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('seal', () => {
  it('makes epoch 2 beside epoch 1, and both open', () => {
    expect(resealed.status).toBe(0);
    const before = runUnseal(table, `${A} ${withShares('bob', 'carol')}`);
    const options = '--share A2/share-bob.age --identity bob.id --share A2/share-dave.age --identity dave.id';
    const after = runUnseal(table, `--key A2/key.age --public A2/public.json ${options}`);
    expect(after.stdout).toHaveLength(512);
    expect(after.stdout).toBe(before.stdout);
  });

  it('ends with 2 (usage) when two of the new custodians are the same person', () => {
    const people = `${custodians('alice', 'bob')} --custodian eve=${recipientOf('bob')}`;
    const run = runShell(table, `cat open.age | custody seal --public A/public.json --out A3 ${people}`);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('two are the same person');
  });

  it('takes no key block from a file', () => {
    const run = runShell(table, 'custody seal --public A/public.json --out A3 --custodian a=age1 < open.age');
    expect(run.status).toBe(5);
    expect(run.stderr).toContain('a key goes through a pipe only (--block-fd 0)');
  });

  it('refuses what is not the key of public.json', () => {
    const people = custodians('alice', 'bob', 'carol');
    const run = runShell(table, `cat open.age | custody seal --public A/public.json --out A3 ${people}`);
    expect(run.status).toBe(4);
    expect(run.stderr).toContain('[KEY_BLOCK]');
    expect(readdirSync(table.directory)).not.toContain('A3');
  });
});

describe('verify', () => {
  it('says that a share is good, by its hash, and shows none of its words', () => {
    const run = runShell(
      table,
      'custody verify --share A/share-bob.age --identity bob.id --public A/public.json --json',
    );
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const answer: unknown = JSON.parse(run.stdout);
    expect(answer).toEqual({
      signer: 'A',
      epoch: 1,
      custodian: 'bob',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('says in one line of JSON what is wrong', () => {
    const run = runShell(
      table,
      'custody verify --share B/share-bob.age --identity bob.id --public A/public.json --json',
    );
    expect(run).toMatchObject({ status: 4, stdout: '' });
    expect(JSON.parse(run.stderr)).toMatchObject({
      error: { exit: 4, code: 'SHARE_BAD', where: 'B/share-bob.age' },
    });
  });
});

describe('identity', () => {
  it('protects the file with the passphrase that a descriptor gives', () => {
    const made = runShell(
      table,
      'echo six random words of a list | custody identity --out erin.id --passphrase-fd 0 --json',
    );
    expect(JSON.parse(made.stdout)).toMatchObject({ file: 'erin.id', protected: true });
    expect(readFileSync(table.path('erin.id'), 'latin1')).toMatch(
      /^age-encryption\.org\/v1\n-> scrypt \S+ 18\n/,
    );
  });

  it('refuses a passphrase that is too short, and an existing file', () => {
    expect(runShell(table, 'echo short | custody identity --out frank.id --passphrase-fd 0').status).toBe(4);
    copyFileSync(table.path('alice.id'), table.path('grace.id'));
    const run = runShell(table, 'custody identity --out grace.id');
    expect(run).toMatchObject({ status: 4, stdout: '' });
    expect(readFileSync(table.path('grace.id'))).toEqual(readFileSync(table.path('alice.id')));
  });
});

describe('preflight', () => {
  const verify = 'verify --share A/share-bob.age --identity bob.id --public A/public.json';

  it('takes nothing from an environment by which Node could be made to load other files', () => {
    const run = runShell(table, `export NODE_OPTIONS=--max-old-space-size=500; custody ${verify}`);
    expect(run).toMatchObject({ status: 0, stderr: '' });
  });

  it('ends with 5 in such an environment when started without its launcher, unless that is waived by name', () => {
    const main = `NODE_OPTIONS=--max-old-space-size=500 '${process.execPath}' --disable-sigusr1 '${MAIN}' ${verify}`;
    const unfit = runShell(table, `ulimit -c 0; ${main}`);
    expect(unfit).toMatchObject({ status: 5, stdout: '' });
    expect(unfit.stderr).toContain('[PREFLIGHT]');
    const waived = runShell(table, `ulimit -c 0; ${main} --waive environment`);
    expect(waived.status).toBe(0);
    expect(waived.stderr).toContain('WAIVED environment');
  });
});

describe('help', () => {
  it.each(['', 'unseal'])('explains "%s" with an example', (command) => {
    const run = runShell(table, `custody ${command} --help`);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain(command === '' ? 'Exit codes:' : `coldwire-custody ${command}`);
  });
});
