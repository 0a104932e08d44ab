/** The bundle as an operator meets it: built, compared, installed, and run from its own directory alone. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLog } from '@coldwire/evidence';
import { openPtyPair, openTty } from '@coldwire/link';
import { openSecureDirectory, readRoleKey } from '@coldwire/program';
import {
  Admit,
  createEd25519Signer,
  decode,
  encode,
  Headers,
  Signed,
  SignRequest,
  State,
  Status,
} from '@coldwire/protocol';
import { decodeLocal } from '@coldwire/signer/core/event.ts';
import { createScripts, parseHeader } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VaultEnd } from '../../scripts/bench/line.ts';
import { makeDeposit, mineHeader } from '../../scripts/bench/site.ts';
import { writeArchive } from '../../scripts/bundle/archive.ts';
import { type Bundle, EDITIONS, writeBundle } from '../../scripts/bundle/assemble.ts';
import { type Deployment, makeDeployment, REGTEST_GENESIS } from '../world/charter.ts';
import { canHide, mappedFiles, REPOSITORY, startInstalled } from './installed.ts';

const DAMAGED = 4;
/** 128 + SIGTERM, by the shell's convention; the unit counts it as success (units.test.ts). */
const TERMINATED = 143;

let directory: string;
let bundle: Bundle;
let again: Bundle;
let prefix: string;
let deployment: Deployment;
let installed: ReturnType<typeof install>;

const install = (from: string, to: string) =>
  spawnSync('sh', [join(from, 'install.sh'), '--prefix', to], { encoding: 'utf8' });

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coldwire-bundle-'));
  prefix = join(directory, 'root');
  bundle = await writeBundle(REPOSITORY, join(directory, 'first'));
  again = await writeBundle(REPOSITORY, join(directory, 'again/first'));
  installed = install(bundle.directory, prefix);
  deployment = await makeDeployment(openSecureDirectory(join(directory, 'deployment')));
}, 120_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('building', () => {
  it('gives the same files and the same archive twice', () => {
    expect(again.hash).toBe(bundle.hash);
    const sums = (where: Bundle) => readFileSync(join(where.directory, 'SHA256SUMS'), 'utf8');
    expect(sums(again)).toBe(sums(bundle));
    const archives = [bundle, again].map((one, i) =>
      writeArchive(one.directory, join(directory, `${i}.tar`)),
    );
    expect(archives[1]).toBe(archives[0]);
    rmSync(join(directory, 'again'), { recursive: true });
    for (const i of [0, 1]) rmSync(join(directory, `${i}.tar`));
  });

  it('lists sums that sha256sum itself checks, of every file', () => {
    const checked = spawnSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {
      cwd: bundle.directory,
      encoding: 'utf8',
    });
    expect(checked.status, checked.stdout).toBe(0);
    expect(checked.stdout.trim().split('\n')).toHaveLength(bundle.files - 1);
  });

  it('puts three packages from npm into the signer, and names of this machine nowhere', () => {
    expect(bundle.dependencies.get('signer')?.map(({ name }) => name)).toEqual([
      '@noble/hashes',
      'cbor-x',
      'commander',
    ]);
    for (const program of EDITIONS.isolated) {
      const code = readFileSync(join(bundle.directory, 'lib', `${program}.mjs`), 'utf8');
      expect(code).not.toContain(REPOSITORY);
    }
  });
});

/** A copy of hard links: whoever changes a file of it must replace it. */
function linkBundle(copy: string): void {
  expect(spawnSync('cp', ['-al', bundle.directory, copy]).status).toBe(0);
}

function replaceFile(path: string, text: string): void {
  rmSync(path);
  writeFileSync(path, text);
}

describe('installing', () => {
  it('says what it did, and the hash to compare', () => {
    expect(installed.status, installed.stderr).toBe(0);
    expect(installed.stdout).toContain(`/opt/coldwire/${bundle.version}: installed`);
    expect(installed.stdout).toContain(`Bundle hash: ${bundle.hash}`);
    for (const path of ['systemd/system/coldwire-signer@.service', 'systemd/system/coldwire-gate@.service'])
      expect(installed.stdout).toContain(`/etc/${path}: installed, not started`);
    for (const name of ['signer.conf', 'gate.conf'])
      expect(installed.stdout).toContain(`/etc/coldwire/${name}: installed`);
  });

  it('changes nothing the second time, and keeps the settings', () => {
    const settings = join(prefix, 'etc/coldwire/signer.conf');
    writeFileSync(settings, 'COLDWIRE_PORT=/dev/ttyUSB3\n');
    const second = install(bundle.directory, prefix);
    expect(second.status, second.stderr).toBe(0);
    expect(second.stdout).not.toMatch(/: (made|installed)/);
    expect(readFileSync(settings, 'utf8')).toBe('COLDWIRE_PORT=/dev/ttyUSB3\n');
  });

  it.each([
    ['a changed program', (copy: string) => replaceFile(join(copy, 'lib/signer.mjs'), '// other code\n')],
    ['a missing file', (copy: string) => rmSync(join(copy, 'lib/charter.mjs'))],
    ['a file that is not listed', (copy: string) => writeFileSync(join(copy, 'lib/extra.node'), '')],
  ])('refuses %s before it touches the machine', (_, damage) => {
    const copy = join(directory, 'damaged');
    linkBundle(copy);
    damage(copy);
    const target = join(directory, 'untouched');
    const run = install(copy, target);
    expect(run.status, run.stdout).toBe(DAMAGED);
    expect(run.stdout).toBe('');
    expect(spawnSync('ls', [target]).status).not.toBe(0);
    rmSync(copy, { recursive: true });
  });

  it('never replaces an installed version by another of the same number', () => {
    const copy = join(directory, 'other');
    linkBundle(copy);
    replaceFile(join(copy, 'README.txt'), 'another text\n');
    const sums = spawnSync(
      'sh',
      ['-c', 'find . -type f ! -name SHA256SUMS | sed s,^./,, | LC_ALL=C sort | xargs sha256sum'],
      {
        cwd: copy,
        encoding: 'utf8',
      },
    );
    replaceFile(join(copy, 'SHA256SUMS'), sums.stdout);
    const run = install(copy, prefix);
    expect(run.status).toBe(5);
    expect(run.stderr).toContain('Move it away first');
    rmSync(copy, { recursive: true });
  });
});

/** One block above regtest's first, with one deposit of ours; headers, admission and a request that spends it. */
function fund(to: Deployment) {
  const [wallet] = to.charter.charter.wallets;
  const genesis = parseHeader(REGTEST_GENESIS);
  if (wallet === undefined || !genesis.ok) throw new Error('a deployment has a wallet and a checkpoint');
  const scripts = createScripts({ network: 'regtest', ...wallet }, noblePointMath);
  const deposit = makeDeposit(scripts, 7, 1, 'bundle');
  const header = mineHeader(genesis.value.hash, deposit.root, Math.floor(Date.now() / 1000));
  const mined = parseHeader(header);
  const [coin] = deposit.coins;
  if (!mined.ok || coin === undefined) throw new Error('a deposit is mined');
  const { txid, vout, amount, index } = coin;
  const request: SignRequest = {
    draft: {
      locktime: 0,
      inputs: [[txid, vout, amount, 0, 0, index]],
      intents: [],
      change: [[0, 0, amount - 1_000n, 0]],
    },
    verdicts: [],
  };
  const admit: Admit = { ...deposit.admit, proof: { ...deposit.proof, block: mined.value.hash } };
  return {
    headers: encode(Headers, { headers: header }),
    admit: encode(Admit, admit),
    request: encode(SignRequest, request),
  };
}

/** The local events in a signer's evidence log. */
function readEvents(state: string) {
  return [...readLog(state)].flatMap((item) =>
    item.kind !== 'batch'
      ? []
      : item.records.flatMap(([, kind, , , bytes]) => (kind === 'local' ? [decodeLocal(bytes)] : [])),
  );
}

async function openVault(at: Deployment, port: string, name: string): Promise<VaultEnd> {
  const [signer] = at.charter.charter.signers;
  if (signer === undefined) throw new Error('a deployment has signers');
  const own = createEd25519Signer(readRoleKey(at.keyFile('vault-1'), 'vault').identity);
  const vault = new VaultEnd({
    charter: at.charter.hash,
    signer: signer.name,
    signerKey: signer.key,
    identity: own,
    gates: at.charter.charter.gates.map(({ name }) => {
      return { name, key: createEd25519Signer(readRoleKey(at.keyFile(name), 'gate').identity) };
    }),
    tipHeight: 1,
    port: openTty(port, 115_200),
    directory: openSecureDirectory(join(directory, name)),
  });
  await vault.ready();
  return vault;
}

describe.skipIf(!canHide)('running from the bundle’s directory alone, without network and repository', () => {
  it('is unsealed by the bundled ceremony, greets, answers STATUS, signs and stops in order', async () => {
    const bin = join(prefix, 'opt/coldwire/current/bin');
    const pair = await openPtyPair();
    const signer = await startInstalled({
      bin,
      signer: 'A',
      deployment,
      port: pair.right,
      directory: openSecureDirectory(join(directory, 'run')),
      hidden: true,
    });
    const vault = await openVault(deployment, pair.left, 'vault');
    try {
      // What it says that it is: on its log, in its preflight, in its status and in its evidence; and the release says the same.
      const lib = join(prefix, 'opt/coldwire', bundle.version, 'lib');
      const sums = readFileSync(join(lib, '../SHA256SUMS'), 'utf8');
      const listed = /^([0-9a-f]{64}) {2}lib\/signer\.mjs$/m.exec(sums)?.[1] ?? 'none';
      expect(signer.log()).toContain(
        `{"event":"program","sha256":"${listed}","file":"${join(lib, 'signer.mjs')}"}`,
      );
      const state = join(directory, 'run', 'state-A');
      const asked = spawnSync(join(bin, 'coldwire-signer'), ['status', '--state', state, '--json'], {
        encoding: 'utf8',
      });
      expect(JSON.parse(asked.stdout)).toMatchObject({ program: `${listed}  ${join(lib, 'signer.mjs')}` });
      const checked = spawnSync(join(bin, 'coldwire-signer'), ['check', '--state', state], {
        encoding: 'utf8',
      });
      expect(checked.stdout).toMatch(new RegExp(`^ok +program +${listed} `, 'm'));
      expect(readEvents(state)).toContainEqual({ event: 'program', detail: listed });

      const { headers, admit, request } = fund(deployment);
      await vault.ask('HEADERS', headers, 'DONE');
      await vault.ask('ADMIT', admit, 'DONE');
      const status = decode(State, (await vault.ask('STATUS', encode(Status, {}), 'STATE')).answer);
      expect(status).toMatchObject({ ok: true, value: { coins: 1, tipHeight: 1 } });
      const signed = decode(Signed, (await vault.ask('SIGN', request, 'SIGNED')).answer);
      expect(signed.ok && signed.value.sealed.ciphertext.length).toBe(64 + 16);

      const mapped = mappedFiles(signer.pid);
      expect(mapped.filter((path) => path.endsWith('.node'))).toEqual(
        ['secp256k1-linux-x64.node', 'sodium-native-linux-x64.node'].map((name) => join(lib, name)),
      );
      expect(mapped.filter((path) => path.startsWith(`${REPOSITORY}/`))).toEqual([]);
      expect(mapped).toContain(join(lib, 'node'));
    } finally {
      await vault.stop();
      expect(await signer.stop(), signer.log()).toBe(TERMINATED);
      await pair.close();
    }
  });

  it('loads two native files, no more, in the repository as well', async () => {
    const pair = await openPtyPair();
    const signer = await startInstalled({
      bin: join(REPOSITORY, 'scripts'),
      signer: 'B',
      deployment,
      port: pair.right,
      directory: openSecureDirectory(join(directory, 'run-repository')),
      hidden: false,
    });
    try {
      const natives = mappedFiles(signer.pid).filter((path) => path.endsWith('.node'));
      expect(natives.map((path) => path.slice(`${REPOSITORY}/node_modules/`.length))).toEqual([
        'secp256k1/prebuilds/linux-x64/secp256k1.glibc.node',
        'sodium-native/prebuilds/linux-x64/sodium-native.node',
      ]);
    } finally {
      expect(await signer.stop(), signer.log()).toBe(TERMINATED);
      await pair.close();
    }
  });
});
