import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fromHex } from '@coldwire/protocol/bytes.ts';
import { KEY_BLOCK } from '@coldwire/protocol/key-block/layout.ts';
import { sha256 } from '@noble/hashes/sha2.js';
import { createBase58check } from '@scure/base';
import { HDKey } from '@scure/bip32';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findOracles, findProgram, ORACLE_PYTHON } from '../../../../scripts/oracles/find.ts';
import { parseShare } from '../../src/share.ts';
import { joinShares, splitSecret } from '../../src/split.ts';
import { layTable, makeIdentities, runShell, runUnseal } from '../ceremony.ts';
import { at, good } from '../signer-fixture.ts';

// Other people's programs: the reference implementations of age and of SLIP-39.
const age = findProgram('age');
const hasShamir = findOracles().some(({ name, present }) => name === 'python shamir_mnemonic' && present);
if (age === undefined)
  console.log('left out: no age on this machine; install it to compare key files with it');
if (!hasShamir)
  console.log('left out: no shamir_mnemonic on this machine; scripts/oracles/install-python.sh');
const required = process.env['COLDWIRE_REQUIRE_ORACLES'] === '1';

const table = layTable();
const PASSPHRASE = 'six random words of a list';
const withShares = (...names: readonly string[]): string =>
  names.map((name) => `--share A/share-${name}.age --identity ${name}.id`).join(' ');

/** The program that a fenced block of the specification holds, under the name after its language. */
function readProgram(name: string): string {
  const page = readFileSync(new URL('../../../../protocol-spec/8-custody.md', import.meta.url), 'utf8');
  const program = page.split(`\`\`\`python ${name}\n`)[1]?.split('\n```')[0];
  if (program === undefined) throw new Error(`8-custody.md has no ${name}`);
  return `${program}\n`;
}

function runPython(program: string, input: string): string {
  const run = spawnSync(ORACLE_PYTHON, ['-c', program], { input, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return run.stdout.trim();
}

beforeAll(() => {
  const people = makeIdentities(table, 'alice', 'bob', 'carol');
  runShell(table, `custody keygen --network regtest --signer A --out A ${people}`);
});

afterAll(() => table.remove());

describe.skipIf(!required && age === undefined)('with the age program', () => {
  it('a share that we sealed opens, and goes into a ceremony through a pipe as with a hardware key', () => {
    const opened = runShell(table, 'age -d -i alice.id A/share-alice.age');
    expect(opened.stdout).toMatch(
      /^# coldwire-share signer=A epoch=1 custodian=alice: any 2 of 3 open key\.age\n(\w+ ){32}\w+\n$/,
    );
    const options = `--key A/key.age --public A/public.json --share fd:0 ${withShares('bob')}`;
    const run = runShell(table, `age -d -i alice.id A/share-alice.age | custody unseal ${options} | wc -c`);
    expect(run.stdout.trim()).toBe('256');
    expect(run.stderr).toContain('opened with the shares of alice and bob');
  });

  it('a share that it sealed opens in a ceremony, armored or not, for an identity that age-keygen made', () => {
    runShell(
      table,
      'age-keygen -o erin.id; age -d -i bob.id A/share-bob.age | age -a -r "$(age-keygen -y erin.id)" -o again.age',
    );
    const run = runShell(table, 'custody verify --share again.age --identity erin.id --public A/public.json');
    expect(run.stdout).toContain("This is bob's share of signer A, epoch 1. It is good.");
  });

  it('an identity that we protected with a passphrase opens by that passphrase', async () => {
    runShell(table, `echo ${PASSPHRASE} | custody identity --passphrase-fd 0 --out frank.id > frank.pub`);
    runShell(table, 'echo a share for frank | age -r "$(cat frank.pub)" -o frank.age');
    const child = spawn('script', ['-qec', 'age -d -i frank.id frank.age', '/dev/null'], {
      cwd: table.directory,
    });
    let screen = '';
    child.stdout.on('data', (chunk: Buffer) => {
      screen += chunk.toString('latin1');
      if (screen.endsWith(': ')) child.stdin.write(`${PASSPHRASE}\n`);
    });
    await new Promise((resolve) => child.on('close', resolve));
    expect(screen).toContain('a share for frank');
  });
});

describe.skipIf(!required && !hasShamir)('with the SLIP-39 reference implementation', () => {
  const SPLIT = `import sys; from shamir_mnemonic import generate_mnemonics
print("\\n".join(generate_mnemonics(1, [(2, 3)], bytes.fromhex(sys.stdin.read()), extendable=True)[0]))`;
  const COMBINE = `import sys; from shamir_mnemonic import combine_mnemonics
print(combine_mnemonics(sys.stdin.read().splitlines()).hex())`;

  it('shares that it made join here', () => {
    const secret = '00ff'.repeat(16);
    const shares = runPython(SPLIT, secret)
      .split('\n')
      .map((words) => good(parseShare(words, 'card')));
    expect(joinShares([at(shares, 2), at(shares, 0)])).toEqual(fromHex(secret));
  });

  it('shares that we made join there', () => {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const shares = splitSecret(secret);
    for (const absent of shares) {
      const pair = shares.filter((share) => share !== absent).map(({ words }) => words);
      expect(fromHex(runPython(COMBINE, pair.join('\n')))).toEqual(secret);
    }
  });
});

describe.skipIf(!required && (age === undefined || !hasShamir))(
  'recovery without any program of ours',
  () => {
    it("gets the account's xprv from two shares and key.age, by the text of the specification", () => {
      writeFileSync(table.path('shares-to-identity.py'), readProgram('shares-to-identity.py'));
      writeFileSync(table.path('block-to-xprv.py'), readProgram('block-to-xprv.py'));
      const recovered = runShell(
        table,
        `age -d -i carol.id A/share-carol.age > shares; age -d -i alice.id A/share-alice.age >> shares
       '${ORACLE_PYTHON}' shares-to-identity.py < shares | age -d -i - A/key.age | '${ORACLE_PYTHON}' block-to-xprv.py`,
      );
      expect(recovered.stderr).toBe('');
      const block = fromHex(
        runUnseal(table, `--key A/key.age --public A/public.json ${withShares('alice', 'bob')}`).stdout,
      );
      const account = block.subarray(
        KEY_BLOCK.accountKey.at,
        KEY_BLOCK.accountKey.at + KEY_BLOCK.accountKey.size,
      );
      expect(recovered.stdout.trim()).toBe(createBase58check(sha256).encode(account));
      const versions = { private: 0x04358394, public: 0x043587cf };
      const record = readFileSync(table.path('A/public.json'), 'utf8');
      expect(record).toContain(HDKey.fromExtendedKey(recovered.stdout.trim(), versions).publicExtendedKey);
    });

    it('gets nothing from one share', () => {
      const run = runShell(
        table,
        `age -d -i alice.id A/share-alice.age | '${ORACLE_PYTHON}' shares-to-identity.py`,
      );
      expect(run.stdout).toBe('');
      expect(run.stderr).toContain('MnemonicError');
    });
  },
);
