/** A gate's word about itself: of one that runs, of one whose adapter is pulled, of one that was killed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPtyPair, type PtyPair } from '@coldwire/link';
import { toHex } from '@coldwire/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { launcher, type Running, start } from '../../../test/world/processes.ts';
import { seeded } from '../../policy/test/world.ts';
import { gateSecret, signCharter } from '../../signer/test/signing-world.ts';
import { GateWorld } from './gate-world.ts';

let directory: string;
let gate: Running | undefined;
const pairs: PtyPair[] = [];
const path = (name: string): string => join(directory, name);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldwire-gate-'));
  writeFileSync(path('charter.cbor'), signCharter(new GateWorld().world));
  const key = { role: 'gate', identity: toHex(seeded('gate-1')), seal: toHex(gateSecret('gate-1')) };
  writeFileSync(path('gate.key'), JSON.stringify(key), { mode: 0o600 });
});
afterEach(async () => {
  await gate?.stop('SIGKILL');
  for (const pair of pairs.splice(0)) await pair.close();
  rmSync(directory, { recursive: true, force: true });
});

async function plug(): Promise<PtyPair> {
  const pair = await openPtyPair();
  pairs.push(pair);
  symlinkSync(pair.right, path('tty.new'));
  renameSync(path('tty.new'), path('tty'));
  return pair;
}

function status(): { readonly exit: number | null; readonly people: string; readonly answer: unknown } {
  const run = (...more: readonly string[]) =>
    spawnSync(launcher('gate'), ['status', '--state', path('state'), ...more], { encoding: 'utf8' });
  const { status: exit, stdout } = run('--json');
  return { exit, people: run().stdout, answer: stdout === '' ? undefined : JSON.parse(stdout) };
}

test('A gate says that it waits for its vault, that its adapter was pulled, that it is back; and of a dead one that it is', async () => {
  expect(status()).toMatchObject({ exit: 6, answer: undefined });
  const first = await plug();
  gate = await start({
    name: 'gate',
    command: launcher('gate'),
    args: [
      'run',
      '--port',
      path('tty'),
      '--charter',
      path('charter.cbor'),
      '--key',
      path('gate.key'),
      '--state',
      path('state'),
    ],
    logFile: path('gate.log'),
  });
  expect(status()).toMatchObject({
    exit: 0,
    answer: {
      gate: 'gate-1',
      running: true,
      connected: false,
      cleared: 0,
      disk: { free: expect.any(Number) },
      blockers: expect.arrayContaining([
        { code: 'LINE_GONE', since: expect.any(String), text: expect.stringMatching(/^no connection/) },
      ]),
    },
  });

  rmSync(path('tty'));
  await first.close();
  await gate.waitFor('the alarm', ({ code }) => code === 'LINE_GONE');
  await gate.waitFor('an attempt', ({ event }) => event === 'port-refused');
  expect(status().people).toMatch(/^ {2}the port is away: cannot open .*\[LINE_GONE: see RUNBOOK.md\]$/m);
  await plug();
  await gate.waitFor('the port', ({ event }) => event === 'port-back', 40_000);
  expect(status().people).toMatch(/^ {2}no connection/m);

  await gate.stop('SIGKILL');
  expect(status()).toMatchObject({ exit: 6, answer: { running: false, blockers: [{ code: 'GATE_HOME' }] } });
  expect(status().people).toMatch(/^gate gate-1: NOT RUNNING\n {2}the gate does not run: systemctl start/);
}, 120_000);
