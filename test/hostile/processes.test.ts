// Rows 3, 32 to 34, 36, 39 to 41, 44 and 48 of the catalogue, against coldwire-signer as it runs on its machine.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  cpSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  decode,
  encode,
  fromHex,
  Header,
  MessageBytes,
  type SeenHead,
  SignedCharter,
  State,
  Status,
  toHex,
} from '@coldwire/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Coin, identity, pointOf, seeded, World } from '../../packages/policy/test/world.ts';
import { makeChild } from '../../packages/signer/test/io/key-material.ts';
import { Rig, type StartOptions } from '../../packages/signer/test/run/rig.ts';
import { codesOf, materials, realCharter, signCharter } from '../../packages/signer/test/signing-world.ts';
import type { Reply } from '../../packages/vault/src/session/session.ts';
import { pause } from '../world/processes.ts';

let rigs: Rig[];
let rig: Rig;
beforeEach(() => {
  rig = new Rig();
  rigs = [rig];
});
afterEach(async () => {
  for (const one of rigs) await one.close();
});

/** A start that must end by itself: its exit code, and what it said for people. */
function end(options: StartOptions): { status: number | null; error: string } {
  const { command, args } = rig.commandOf(options);
  writeFileSync(rig.path('block'), materials.A.block, { mode: 0o600 });
  const quoted = [command, ...args].map((word) => `'${word}'`).join(' ');
  const line = `cat '${rig.path('block')}' | timeout -s KILL 90 ${quoted} 2> '${rig.path('err')}' > /dev/null`;
  const env = { PATH: process.env['PATH'], HOME: '/' };
  const { status } = spawnSync('sh', ['-c', line], { timeout: 100_000, env });
  return { status, error: readFileSync(rig.path('err'), 'utf8') };
}

test('row 3: a charter whose cosigner or own key was swapped, or another one than the state knows, starts nothing', async () => {
  const swapped = (signer: string, change: (world: World) => Uint8Array): string => {
    const charter = realCharter((sample) => ({
      ...sample,
      wallets: sample.wallets.map((wallet) => ({
        ...wallet,
        keys: wallet.keys.map((key) =>
          key.signer === signer ? { ...key, publicKey: pointOf('mallory') } : key,
        ),
      })),
    }));
    const file = rig.path(`swapped-${signer}.cbor`);
    writeFileSync(file, change(new World(charter)));
    return file;
  };
  // The cosigner's key, under the signatures of the true charter: nobody has signed this one.
  const unsigned = swapped('B', (world) => {
    const { bytes } = world.loaded;
    const { hash } = rig.world.loaded;
    const rows = rig.world.loaded.charter.custodians.map(
      ({ name }) => [name, identity(name).sign(hash)] as const,
    );
    return encode(SignedCharter, [bytes, rows]);
  });
  expect(end({ charter: unsigned })).toMatchObject({
    status: 3,
    error: expect.stringMatching(/not in force/),
  });
  // Its own key, signed by everybody: it does not hold what it should sign with.
  const own = swapped('A', signCharter);
  expect(end({ charter: own })).toMatchObject({
    status: 4,
    error: expect.stringMatching(/KEY_BLOCK/),
  });
  // That start has not tied the state to its charter: the right one begins in the same directory.
  // The cosigner's key, signed by everybody, once this signer has begun with another charter.
  const running = await rig.start();
  await running.stop('SIGTERM');
  const later = end({ charter: swapped('B', signCharter) });
  expect(later).toMatchObject({ status: 5, error: expect.stringMatching(/charter/) });
  await rig.start();
  await rig.reach('ready');
  const coins = await rig.fund([20_000_000n]);
  expect((await rig.ask('SIGN', rig.payment('good', coins))).type).toBe('SIGNED');
});

const VECTORS = join(import.meta.dirname, '../../protocol-spec/vectors/cbor');

/** Name, code and bytes of every refused vector of CBOR that is within the limits of a message. */
function refusedVectors(): readonly (readonly [string, string, Uint8Array])[] {
  return readdirSync(VECTORS)
    .filter((file) => file.startsWith('refuse-') && file !== 'refuse-16385-bytes.txt')
    .map((file) => {
      const text = readFileSync(join(VECTORS, file), 'utf8');
      const code = /^expect: (\S+)$/m.exec(text)?.[1] ?? '';
      return [file, code, fromHex(text.slice(text.indexOf('\n\n')).replaceAll('\n', ''))] as const;
    });
}

const megabytesOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

async function spentOf(of: Rig): Promise<unknown> {
  const state = decode(State, (await of.ask('STATUS', encode(Status, {}))).body);
  if (!state.ok) throw new Error(state.fault.detail);
  const { coins, windows, epoch, frozen } = state.value;
  return { coins, windows, epoch, frozen };
}

test('rows 32, 33, 34 and 39: a running signer is given every bad form of CBOR, and lives', async () => {
  const signer = await rig.start();
  await rig.reach('ready');
  const coins = await rig.fund([20_000_000n]);
  const before = await spentOf(rig);
  const [memory, vectors] = [megabytesOf(signer.pid), refusedVectors()];
  expect(vectors.length).toBeGreaterThan(90);
  const answers = await Promise.all(
    vectors.map(async ([name, code, bytes]) => [name, code, await rig.ask('SIGN', bytes)] as const),
  );
  const given = answers.map(([name, , { type, body }]) => [name, type, ...codesOf(body)]);
  // A body may be longer than what the vectors assume: these claims are within its limit, and beyond its bytes.
  const wanted = new Map([['refuse-nested-claims.txt', 'MALFORMED']]);
  expect(given).toEqual(answers.map(([name, code]) => [name, 'REFUSED', wanted.get(name) ?? code]));
  const deep = new Uint8Array(200_000).fill(0x81);
  expect(codesOf((await rig.ask('SIGN', deep)).body)).toEqual(['TOO_LARGE']);
  const escapes = Uint8Array.from([
    0xa1,
    0x01,
    0x6a,
    ...new TextEncoder().encode('\u001b[2J\r\u202eabc').slice(0, 10),
  ]);
  expect(codesOf((await rig.ask('SIGN', escapes)).body)).toEqual(['MALFORMED']);
  expect(await spentOf(rig)).toEqual(before);
  expect(megabytesOf(signer.pid) - memory).toBeLessThan(200);
  expect(
    [...signer.log()].every((character) => character === '\n' || (character >= ' ' && character <= '~')),
  ).toBe(true);
  expect((await rig.ask('SIGN', rig.payment('good', coins))).type).toBe('SIGNED');
});

test('rows 36, 40 and 41: noise on its line and a signal for an inspector stop no signer; no secret is anywhere but in memory', async () => {
  const signer = await rig.start();
  await rig.reach('ready');
  const coins = await rig.fund([20_000_000n, 20_000_000n]);
  const noise = openSync(rig.path('down'), constants.O_WRONLY);
  for (let i = 0; i < 16; i += 1) {
    const part = new Uint8Array(65_536);
    for (let at = 0; at < part.length; at += 32) part.set(seeded(`noise ${i} ${at}`), at);
    writeSync(noise, part);
  }
  closeSync(noise);
  process.kill(signer.pid, 'SIGUSR1');
  expect((await rig.ask('SIGN', rig.payment('good', coins))).type).toBe('SIGNED');
  const open = readdirSync(`/proc/${signer.pid}/fd`).map((fd) =>
    readlinkSync(`/proc/${signer.pid}/fd/${fd}`),
  );
  expect(open.filter((target) => target.startsWith('socket:'))).toEqual([]);
  expect(signer.log()).not.toContain('Debugger');
  const places = [
    ...['environ', 'cmdline', 'maps'].map((name) => `/proc/${signer.pid}/${name}`),
    ...filesIn(rig.directory),
  ];
  expect(places.length).toBeGreaterThan(6);
  expect(places.filter((file) => holdsSecret(readFileSync(file)))).toEqual([]);
  // The search would find it.
  expect(holdsSecret(Buffer.from(`x${Buffer.from(materials.A.accountKey).toString('base64')}`))).toBe(true);
  // Locked, it holds none either and signs nothing.
  expect(rig.console('lock').answer).toEqual({ state: 'locked' });
  await rig.reach('locked');
  expect(rig.console('status').answer).toMatchObject({ state: 'locked', sharesNeeded: 2 });
});

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((file) => statSync(file).isFile());
}

const CANARIES = [
  materials.A.accountKey,
  materials.A.identitySeed,
  materials.A.sealSecret,
  ...[0, 1].map((index) => makeChild(materials.A, 0, index, new Uint8Array(32)).privateKey),
].flatMap((secret) => {
  const bytes = Buffer.from(secret);
  const reversed = Buffer.from(secret).reverse();
  return [bytes, reversed].flatMap((form) => [
    form,
    Buffer.from(toHex(form)),
    Buffer.from(toHex(form).toUpperCase()),
    Buffer.from(form.toString('base64').slice(0, 42)),
  ]);
});
const holdsSecret = (bytes: Buffer): boolean => CANARIES.some((canary) => bytes.includes(canary));

/** What a gate remembers of a SIGNED that it was shown. */
function headOf({ type, message }: Reply): SeenHead {
  expect(type).toBe('SIGNED');
  const whole = decode(MessageBytes, message);
  if (!whole.ok) throw new Error(whole.fault.detail);
  const [header, , signature] = whole.value;
  return [header, signature];
}

/** Its number in the signer's chain. */
function numberOf([bytes]: SeenHead): number {
  const header = decode(Header, bytes, 1024);
  if (!header.ok) throw new Error(header.fault.detail);
  return header.value.seq;
}

/** A second machine with a copy of this one's disk, and a vault that has a copy of that line's log. */
function clone(of: Rig): Rig {
  const copy = new Rig();
  rigs.push(copy);
  for (const name of ['state', 'line'])
    cpSync(of.path(name), copy.path(name), { recursive: true, filter: (path) => !/console|lock/.test(path) });
  spawnSync('chmod', ['700', copy.state]);
  copy.heads = of.heads;
  return copy;
}

test('row 44: two clones of one signer run at once: the one that gates have not seen latches, the other goes on', async () => {
  const first = await rig.start();
  await rig.reach('ready');
  const coins = await rig.fund([20_000_000n, 20_000_000n]);
  rig.heads = [headOf(await rig.ask('SIGN', rig.payment('one', coins)))];
  await first.stop('SIGTERM');
  await rig.disconnect();
  const twin = clone(rig);
  const [a, b] = [await rig.start(), await twin.start()];
  await Promise.all([rig.reach('ready'), twin.reach('ready')]);
  await Promise.all([signs(rig), signs(twin)]);
  const mine = headOf(await rig.ask('SIGN', rig.payment('two', coins)));
  const theirs = headOf(await twin.ask('SIGN', rig.payment('three', coins)));
  expect(numberOf(theirs)).toBe(numberOf(mine));
  expect(theirs).not.toEqual(mine);
  // Gates were shown what the first has signed.
  rig.heads = [mine];
  twin.heads = [mine];
  await Promise.all([a.stop('SIGTERM'), b.stop('SIGTERM')]);
  await Promise.all([rig.disconnect(), twin.disconnect()]);
  await Promise.all([rig.start(), twin.start()]);
  await Promise.all([rig.reach('ready'), twin.reach('ready')]);
  await signs(rig);
  expect((await rig.ask('SIGN', rig.payment('four', coins))).type).toBe('SIGNED');
  const refused = await signs(twin, coins, 'CLONE');
  expect(refused).toEqual(['CLONE']);
});

/** Waits until gates have spoken. @returns the codes of a payment that is refused */
async function signs(of: Rig, coins: readonly Coin[] = [], code = ''): Promise<readonly string[]> {
  const blockers = (): string => {
    const list = of.console('status').answer['blockers'];
    const codes: string[] = Array.isArray(list) ? list.map((row) => String(row.code)) : [];
    return codes.filter((found) => found !== 'CLOCK_STALE').join();
  };
  // The line needs this process between the questions.
  for (let round = 0; round < 100 && blockers() !== code; round += 1) await pause(100);
  if (code === '') return [];
  const before = await spentOf(of);
  const { type, body } = await of.ask('SIGN', of.payment('refused', coins));
  expect(type).toBe('REFUSED');
  expect(await spentOf(of)).toEqual(before);
  return codesOf(body);
}
