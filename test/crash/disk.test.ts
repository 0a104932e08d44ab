/**
 * A full disk, one role after the other, each on a small file system of its own: the program says so, nothing that it has
 * acknowledged is lost, nothing is paid that it did not write down, and with room again withdrawals go through.
 * Needs root to mount; CI requires it.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { decodeIntent, type SignedIntent, toHex } from '@coldwire/protocol';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { GATES, SIGNERS } from '../world/charter.ts';
import { pause, type Running, until } from '../world/processes.ts';
import {
  buildWorld,
  makeIntent,
  mine,
  startGate,
  startScreen,
  startSigner,
  startVault,
  submit,
  type World,
  waitForState,
} from '../world/world.ts';
import { expectCleanAudit } from './auditor.ts';
import { readLedger } from './ledger.ts';

const SIGNER_STATES = SIGNERS.map((name) => `signer-${name}`);
const GATE_STATES = GATES.map((name) => `${name}.state`);
const STATES = [...SIGNER_STATES, ...GATE_STATES, 'screen-1.state', 'vault'];
const SAID = /disk is full|no space left|ENOSPC|SQLITE_FULL/;
const RECOVERY = 90_000;

const mayMount =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
if (!mayMount) process.stderr.write('full disks are not tested: only root may mount a small one\n');

const running = new Map<string, Running>();
const asked: SignedIntent[] = [];
let world: World;
let url: string;
let screen: Running & { readonly url: string };

/** The screen stays: what it cannot write down it does not clear. */
async function start(state: string): Promise<void> {
  const signer = SIGNERS.find((name) => state === `signer-${name}`);
  const gate = GATES.find((name) => state === `${name}.state`);
  if (signer !== undefined) running.set(state, await startSigner(world, signer));
  if (gate !== undefined) running.set(state, await startGate(world, gate));
  if (state === 'vault') {
    const vault = await startVault(world, { screens: [screen.url] });
    running.set(state, vault);
    url = vault.url;
  }
}

beforeAll(async () => {
  if (!mayMount) return;
  world = await buildWorld();
  for (const state of STATES) {
    const path = join(world.directory, state);
    mkdirSync(path, { mode: 0o700 });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'tmpfs', path]);
    expect(mounted.status, mounted.stderr.toString()).toBe(0);
  }
  screen = await startScreen(world);
  running.set('screen-1.state', screen);
  await Promise.all(STATES.map(start));
}, 180_000);

afterAll(async () => {
  if (!mayMount) return;
  await Promise.all([...running.values()].map((program) => program.stop()));
  // Lazily: a program whose start has failed may still hold one.
  for (const state of STATES) spawnSync('umount', ['-l', join(world.directory, state)]);
  await world.close();
}, 60_000);

function ballastOf(state: string): string {
  return join(world.directory, state, 'ballast');
}

/** To the last byte. */
function fill(state: string): void {
  writeFileSync(ballastOf(state), '');
  for (const size of [65_536, 4_096, 64, 1]) while (append(ballastOf(state), size));
}

function append(file: string, size: number): boolean {
  try {
    appendFileSync(file, new Uint8Array(size));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}

/** Asks for withdrawals until every one of these programs has said that its disk is full. */
async function askUntilSaid(states: readonly string[]): Promise<void> {
  const before = new Map(states.map((state) => [state, running.get(state)?.log().length ?? 0]));
  const hasSaid = (state: string): boolean =>
    SAID.test(running.get(state)?.log().slice(before.get(state)) ?? '');
  await until(
    `${states.join(', ')} say that the disk is full`,
    async () => {
      const intent = makeIntent(world);
      asked.push(intent);
      // What the vault does not take is submitted again later: whoever asks keeps the intent until it is acknowledged.
      await submit(url, intent).catch(() => undefined);
      await pause(500);
      return states.every(hasSaid) || undefined;
    },
    RECOVERY,
  );
}

function showOnFailure(states: readonly string[]): void {
  onTestFailed(() => {
    for (const state of [...states, 'vault'])
      console.log(`${state}:\n${running.get(state)?.log().slice(-3_000)}`);
  });
}

/** A program that has said its last word is about to end: on a busy machine a little later. */
async function endOf(state: string): Promise<void> {
  const program = running.get(state);
  if (program === undefined || !/^coldwire-\w+: the disk is full/m.test(program.log())) return;
  await until(`${state} has ended`, () => program.exitCode() ?? undefined);
}

/** Makes room; what has ended starts again. @returns how each ended, null while it runs */
async function free(states: readonly string[]): Promise<readonly (number | null)[]> {
  for (const state of states) await endOf(state);
  const codes = states.map((state) => running.get(state)?.exitCode() ?? null);
  for (const state of states) rmSync(ballastOf(state));
  await Promise.all(states.filter((_, place) => codes[place] !== null).map(start));
  return codes;
}

async function expectPaid(): Promise<void> {
  for (const intent of asked) {
    const { id } = await submit(url, intent);
    await waitForState(url, id, ['broadcast', 'confirmed'], RECOVERY);
  }
  mine(world);
}

describe.skipIf(!mayMount)('when the disk is full', () => {
  test.each([
    ['of one signer', ['signer-A']],
    ['of all signers', SIGNER_STATES],
    ['of both gates', GATE_STATES],
    ['of the screen', ['screen-1.state']],
    ['of the vault', ['vault']],
  ] as const)(
    '%s, it says so, and withdrawals go through when there is room again',
    async (_name, states) => {
      showOnFailure(states);
      for (const state of states) fill(state);
      await askUntilSaid(states);
      const said = states.map((state) => running.get(state)?.log());
      const codes = await free(states);
      for (const [place, code] of codes.entries()) {
        if (code === null) continue;
        expect(code).toBe(6);
        expect(said[place]).toMatch(
          / the disk is full .*\. Free some space and start again; what was acknowledged is on disk\.\n$/,
        );
      }
      await expectPaid();
    },
    3 * RECOVERY,
  );

  test(
    'nothing is paid twice, and no log is damaged',
    async () => {
      mine(world, 3);
      await Promise.all([...running.values()].map((program) => program.stop()));
      const wanted = asked.map(([bytes]) => {
        const decoded = decodeIntent(bytes);
        if (!decoded.ok) throw new Error('not an intent');
        return [toHex(decoded.value.script), decoded.value.amount];
      });
      const { spends } = await readLedger(world);
      expect(spends.flatMap(({ payments }) => payments).sort()).toEqual(wanted.sort());
      expectCleanAudit(world, [...SIGNER_STATES, ...GATE_STATES, 'vault']);
    },
    RECOVERY,
  );
});

test('CI tests full disks', () => {
  expect(mayMount || process.env['COLDWIRE_REQUIRE_ORACLES'] !== '1').toBe(true);
});
