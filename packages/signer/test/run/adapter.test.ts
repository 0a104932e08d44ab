/** A serial adapter that is pulled out of a running, unlocked signer and plugged in again, as another device. */
import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { openPtyPair, type PtyPair } from '@coldwire/link';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scanMemory } from '../../../../scripts/memory-scan.ts';
import { until } from '../../../../test/world/processes.ts';
import { materials } from '../signing-world.ts';
import { Rig } from './rig.ts';

let rig: Rig;
const pairs: PtyPair[] = [];
beforeEach(() => {
  rig = new Rig();
});
afterEach(async () => {
  await rig.close();
  for (const pair of pairs.splice(0)) await pair.close();
});

async function plug(path: string): Promise<PtyPair> {
  const pair = await openPtyPair();
  pairs.push(pair);
  symlinkSync(pair.right, `${path}.new`);
  renameSync(`${path}.new`, path);
  return pair;
}

const haveStrace = spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;

test('A pulled adapter costs an alarm, no key and no network call; plugged in again, the signer goes on', async () => {
  const port = rig.path('adapter');
  const trace = rig.path('trace');
  const first = await plug(port);
  const signer = await rig.start({
    line: ['--port', port],
    wrapper: haveStrace ? ['strace', '-f', '-e', 'trace=%network', '-o', trace] : [],
    more: haveStrace ? ['--waive', 'tracer'] : [],
  });
  rig.connect(first.left);
  await rig.reach('ready');
  const coins = await rig.fund([20_000_000n, 20_000_000n]);
  const body = rig.payment('one', coins);
  const id = new Uint8Array(16).fill(9);
  const before = await rig.ask('SIGN', body, id);
  expect(before.type).toBe('SIGNED');

  await rig.disconnect();
  rmSync(port);
  await first.close();
  const alarm = ({ event, code }: Readonly<Record<string, unknown>>) =>
    event === 'alarm' && code === 'LINE_GONE';
  await signer.waitFor('the alarm', alarm);
  await signer.waitFor('a first attempt', ({ event }) => event === 'port-refused');
  const gone = rig.console('status').answer;
  expect(gone).toMatchObject({ state: 'unlocked', connected: false });
  expect(gone['blockers']).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ code: 'LINE_GONE', text: expect.stringContaining('there is no such file') }),
    ]),
  );

  const second = await plug(port);
  await signer.waitFor('the port', ({ event }) => event === 'port-back', 40_000);
  rig.connect(second.left);
  await rig.reach('ready');
  // The same result under the same id: nothing was lost and nothing is judged twice.
  expect((await rig.ask('SIGN', body, id)).body).toEqual(before.body);
  expect((await rig.ask('SIGN', rig.payment('two', coins))).type).toBe('SIGNED');
  expect(signer.events().filter(alarm)).toHaveLength(1);
  if (!haveStrace) {
    const { accountKey, identitySeed, sealSecret } = materials.A;
    expect(scanMemory(signer.pid, { accountKey, identitySeed, sealSecret }).total).toBe(3);
  }
  await signer.stop('SIGTERM');
  const calls = haveStrace ? readFileSync(trace, 'utf8').split('\n') : [];
  expect(calls.filter((line) => line !== '' && !/^\d+ +(\+\+\+|---) /.test(line))).toEqual([]);
}, 120_000);

test('An adapter that comes back with somebody else on it is not spoken on', async () => {
  const port = rig.path('adapter');
  const first = await plug(port);
  const signer = await rig.start({ line: ['--port', port], block: null });
  await first.close();
  await signer.waitFor('the alarm', ({ code }) => code === 'LINE_GONE');
  const second = await openPtyPair();
  pairs.push(second);
  const other = await until('another program on it', () => {
    const held = spawnSync('sh', ['-c', `sleep 30 < ${second.right} > /dev/null 2>&1 & echo $!`], {
      encoding: 'utf8',
    });
    return Number(held.stdout) || undefined;
  });
  try {
    symlinkSync(second.right, `${port}.new`);
    renameSync(`${port}.new`, port);
    await signer.waitFor(
      'the refusal',
      ({ event, reason }) => event === 'port-refused' && String(reason).startsWith('line-holders: sleep'),
    );
  } finally {
    process.kill(other);
  }
  await signer.waitFor('the port', ({ event }) => event === 'port-back', 40_000);
}, 120_000);
