// Rows 37, 38, 42, 43, 46 and 48 of the catalogue, against coldwire-signer as it runs on its machine. Where it does not start there is
// no answer and no code: then it leaves no record, keeps its state, and starts with what is right.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { openPtyPair } from '@coldwire/link';
import { decode, encode, State, Status } from '@coldwire/protocol';
import pins from '@coldwire/signer/io/native-pins.json' with { type: 'json' };
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeChild } from '../../packages/signer/test/io/key-material.ts';
import { Rig, type StartOptions } from '../../packages/signer/test/run/rig.ts';
import { codesOf, materials } from '../../packages/signer/test/signing-world.ts';
import { scanMemory } from '../../scripts/memory-scan.ts';
import { canHide, REPOSITORY } from '../bundle/installed.ts';
import { launcher, pause, until } from '../world/processes.ts';

let rig: Rig;
const children: ChildProcess[] = [];
beforeEach(() => {
  rig = new Rig();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rig.close();
});

const COIN = 20_000_000n;
const ID = new Uint8Array(16).fill(7);

/** A start that must end by itself. */
function end(options: StartOptions): { status: number | null; error: string } {
  const { command, args } = rig.commandOf(options);
  writeFileSync(rig.path('block'), materials.A.block, { mode: 0o600 });
  const quoted = [command, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const line = `cat '${rig.path('block')}' | timeout -s KILL 90 ${quoted} 2> '${rig.path('err')}' > /dev/null`;
  const env = { PATH: process.env['PATH'], HOME: '/' };
  const { status } = spawnSync('sh', ['-c', line], { timeout: 100_000, env });
  return { status, error: readFileSync(rig.path('err'), 'utf8') };
}

const evidence = (): readonly (readonly [string, string])[] =>
  readdirSync(rig.state)
    .filter((name) => name.startsWith('evidence-'))
    .sort()
    .map((name) => [name, readFileSync(join(rig.state, name)).toString('base64')]);

/** What limits it, as it says itself. */
async function spent(): Promise<unknown> {
  const state = decode(State, (await rig.ask('STATUS', encode(Status, {}))).body);
  if (!state.ok) throw new Error(state.fault.detail);
  const { coins, windows, epoch, frozen } = state.value;
  return { coins, windows, epoch, frozen };
}

/** It signs, and counts this one and no other. */
async function signsNext(body: Uint8Array, before: unknown): Promise<void> {
  expect(await spent()).toEqual(before);
  await witnessed();
  expect((await rig.ask('SIGN', body)).type).toBe('SIGNED');
  expect(await spent()).not.toEqual(before);
}

/** Waits until gates have spoken to it since its start. */
async function witnessed(): Promise<void> {
  await until(
    'the gates',
    () => {
      const list = rig.console('status').answer['blockers'];
      return JSON.stringify(list ?? 'UNWITNESSED').includes('UNWITNESSED') ? undefined : true;
    },
    40_000,
    200,
  );
}

test('row 37: a reboot between a request and its answer: the old connection dies, one answer for ever, charged once', async () => {
  const first = await rig.start();
  await rig.reach('ready');
  const coins = await rig.fund([COIN, COIN]);
  const body = rig.payment('one', coins);
  const asked = rig.ask('SIGN', body, ID);
  await pause(15);
  await first.stop('SIGKILL');
  const second = await rig.start();
  const early = await asked;
  await witnessed();
  const reply = early.type === 'SIGNED' ? early : await rig.ask('SIGN', body, ID);
  expect(reply.type).toBe('SIGNED');
  const before = await spent();
  expect(before).toMatchObject({ windows: [{ amount: 1_000_000n, count: 1, fee: 10_000n }, {}] });
  await second.stop('SIGKILL');
  await rig.start();
  await rig.reach('ready');
  expect((await rig.ask('SIGN', body, ID)).body).toEqual(reply.body);
  // The same id for something else is an offence, and nothing is signed.
  expect(codesOf((await rig.ask('SIGN', rig.payment('two', coins), ID)).body)).toEqual(['CONFLICT_ID']);
  expect(rig.alarms.filter((alarm) => !alarm.startsWith('INTERNAL: the port is gone'))).toEqual([]);
  await signsNext(rig.payment('three', coins.slice(1)), before);
});

test('row 38: another program holds the port, or lines are cooked: nothing starts, and the freed port serves', async () => {
  const pair = await openPtyPair();
  try {
    const holder = spawn('sh', ['-c', `exec sleep 90 <> '${pair.right}'`], { stdio: 'ignore' });
    children.push(holder);
    const held = `/proc/${holder.pid}/fd/0`;
    await until('the holder', () => {
      const { stdout } = spawnSync('readlink', [held], { encoding: 'utf8' });
      return stdout.trim() === pair.right ? true : undefined;
    });
    const refused = end({ line: ['--port', pair.right] });
    expect(refused).toMatchObject({
      status: 5,
      error: expect.stringMatching(/is in use by sleep .*; stop it/),
    });
    expect(refused.error).not.toContain('"event":"ready"');
    expect(evidence()).toEqual([]);
    holder.kill('SIGKILL');
    await until('its end', () => (holder.signalCode === null ? undefined : true));
    await rig.start({ line: ['--port', pair.right] });
    rig.connect(pair.left);
    await rig.reach('ready');
    const coins = await rig.fund([COIN]);
    // All 256 values in a request, as no cooked line would let them through.
    const every = Uint8Array.from({ length: 512 }, (_, at) => at % 256);
    expect(codesOf((await rig.ask('SIGN', every)).body)).toEqual(['MALFORMED']);
    await signsNext(rig.payment('good', coins), await spent());
  } finally {
    await rig.close();
    await pair.close();
  }
});

test('row 42: its memory holds each secret once, when it is locked none; it signs nothing then, and the same goes on after', async () => {
  const signer = await rig.start();
  await rig.reach('ready');
  const coins = await rig.fund([COIN, COIN]);
  expect((await rig.ask('SIGN', rig.payment('one', coins.slice(0, 1)))).type).toBe('SIGNED');
  const { accountKey, identitySeed, sealSecret } = materials.A;
  const child = makeChild(materials.A, 0, coins[0]?.index ?? 0, new Uint8Array(32)).privateKey;
  const secrets = { accountKey, identitySeed, sealSecret, child };
  expect(scanMemory(signer.pid, secrets).total).toBe(3);
  const before = await spent();
  expect(rig.console('lock').answer).toEqual({ state: 'locked' });
  await rig.reach('locked');
  expect(scanMemory(signer.pid, secrets)).toMatchObject({ hits: [], unreadableBytes: 0 });
  const log = evidence();
  const waiting = rig.ask('SIGN', rig.payment('two', coins.slice(1)));
  expect(await Promise.race([waiting.then(({ type }) => type), pause(1_000)])).toBeUndefined();
  expect(evidence()).toEqual(log);
  await unseal(materials.A.block);
  expect((await waiting).type).toBe('SIGNED');
  expect(await spent()).not.toEqual(before);
});

test('row 43: a torn last write is cut off and nothing is lost; damage before it starts nothing, and the right disk goes on', async () => {
  const signer = await rig.start();
  await rig.reach('ready');
  const coins = await rig.fund([COIN, COIN]);
  const body = rig.payment('one', coins.slice(0, 1));
  const reply = await rig.ask('SIGN', body, ID);
  const before = await spent();
  await signer.stop('SIGKILL');
  await rig.disconnect();
  const file = join(rig.state, 'evidence-000000.cborseq');
  const whole = readFileSync(file);
  const flipped = Uint8Array.from(whole, (byte, at) => (at === whole.length >> 1 ? byte ^ 1 : byte));
  writeFileSync(file, flipped);
  const refused = end({});
  expect(refused).toMatchObject({ status: 5, error: expect.stringMatching(/\[STATE_CORRUPT\]/) });
  expect(readFileSync(file).equals(flipped)).toBe(true);
  writeFileSync(file, whole);
  appendFileSync(file, whole.subarray(0, 24));
  const again = await rig.start();
  await rig.reach('ready');
  expect(again.log()).toContain('"event":"torn"');
  expect((await rig.ask('SIGN', body, ID)).body).toEqual(reply.body);
  await signsNext(rig.payment('two', coins.slice(1)), before);
});

/** In a mount namespace of its own, where this file of the installation is another one. */
const instead = (path: string, by: string): readonly string[] => [
  ...[
    'unshare',
    ...(process.getuid?.() === 0 ? [] : ['-r']),
    '-m',
    'sh',
    '-c',
    `mount --bind '${by}' '${path}' && exec "$@"`,
    'sh',
  ],
];

test.runIf(canHide)(
  'row 46: without a native file, or with another one, no signer starts: no JavaScript takes its place, and nothing is recorded',
  async () => {
    const files = pins.filter(({ machine }) => machine === `${process.platform}-${process.arch}`);
    expect(files.length).toBe(2);
    writeFileSync(rig.path('empty'), '');
    for (const { installed, bundled } of files) {
      const bundle = join(dirname(dirname(realpathSync(launcher('signer')))), 'lib', bundled);
      const path = existsSync(bundle) ? bundle : join(REPOSITORY, 'node_modules', installed);
      for (const by of [rig.path('empty'), '/dev/null']) {
        const { status, error } = end({ wrapper: instead(path, by) });
        expect([status, error]).toEqual([5, expect.stringMatching(/^coldwire-signer: \[PREFLIGHT\] /)]);
        expect(error.trim().split('\n')).toHaveLength(1);
        expect(evidence()).toEqual([]);
      }
    }
    await rig.start();
    await rig.reach('ready');
    await signsNext(rig.payment('good', await rig.fund([COIN])), await spent());
  },
);

test('row 48: a stolen disk starts locked, signs nothing, takes no other key, and says which program runs', async () => {
  const signer = await rig.start();
  await rig.reach('ready');
  const coins = await rig.fund([COIN]);
  const before = await spent();
  await signer.stop('SIGTERM');
  await rig.disconnect();
  const thief = await rig.start({ block: null, named: false });
  await rig.reach('locked');
  const { accountKey, identitySeed, sealSecret } = materials.A;
  expect(scanMemory(thief.pid, { accountKey, identitySeed, sealSecret }).hits).toEqual([]);
  const waiting = rig.ask('SIGN', rig.payment('good', coins));
  expect(await Promise.race([waiting.then(({ type }) => type), pause(1_000)])).toBeUndefined();
  const log = evidence();
  expect(await unseal(materials.B.block)).toContain('another master fingerprint');
  expect(evidence()).toEqual(log);
  // The hash of the file that runs, to compare with the release; the installed file has it.
  const { state, program } = rig.console('status').answer;
  const [, path = ''] = String(program).split('  ');
  expect([state, program]).toEqual([
    'locked',
    spawnSync('sha256sum', [path], { encoding: 'utf8' }).stdout.trim(),
  ]);
  expect(thief.log()).toContain(`"event":"program","sha256":"${String(program).slice(0, 64)}"`);
  await unseal(materials.A.block);
  expect((await waiting).type).toBe('SIGNED');
  expect(await spent()).toMatchObject({ coins: 1, windows: [{ count: 1 }, {}] });
  expect(before).toMatchObject({ windows: [{ count: 0 }, {}] });
});

/** A ceremony: the key block into the FIFO that `unseal` makes. @returns what it said */
async function unseal(block: Uint8Array): Promise<string> {
  const child = spawn(launcher('signer'), ['unseal', '--state', rig.state, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part) => {
      text += String(part);
    });
  const fd = await until('the key FIFO', () => {
    try {
      return openSync(join(rig.state, 'key'), constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      return undefined;
    }
  });
  writeFileSync(fd, block);
  closeSync(fd);
  await until('its end', () => (child.exitCode === null ? undefined : true));
  return text;
}
