import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gatePublicKey } from '@coldwire/protocol/seal/index.ts';
import { afterAll, describe, expect, test } from 'vitest';
import { KeyHolder } from './key-holder.ts';
import { hashOf, makeChild, makeKeyMaterial } from './key-material.ts';

const haveStrace = (process.env['PATH'] ?? '')
  .split(delimiter)
  .some((part) => existsSync(join(part, 'strace')));
const directory = mkdtempSync(join(tmpdir(), 'coldwire-strace-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const material = makeKeyMaterial('network test');
const work = {
  jobs: [makeChild(material, 0, 0, hashOf('input')).job],
  message: hashOf('message'),
  context: hashOf('context'),
  plaintext: hashOf('plaintext'),
  gates: [gatePublicKey(hashOf('gate'))],
};

/** Whether a Node started with `flags` has a socket within `ms` after SIGUSR1. */
async function opensPort(flags: readonly string[], ms: number): Promise<boolean> {
  const ready = join(directory, `ready-${flags.length}`);
  const source = `require('node:fs').writeFileSync(${JSON.stringify(ready)}, ''); setInterval(() => undefined, 1000)`;
  const child = spawn(process.execPath, [...flags, '-e', source], { stdio: 'ignore' });
  const fds = `/proc/${child.pid}/fd`;
  try {
    while (!existsSync(ready)) await sleep(10);
    child.kill('SIGUSR1');
    for (const end = performance.now() + ms; performance.now() < end; await sleep(10)) {
      if (readdirSync(fds).some((fd) => isSocket(join(fds, fd)))) return true;
    }
    return false;
  } finally {
    child.kill('SIGKILL');
  }
}

/** A descriptor may be closed between the listing and the look. */
function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    return false;
  }
}

describe('SIGUSR1', () => {
  test('opens a port of plain Node, and none with the flag that preflight asks for', async () => {
    expect(await opensPort([], 60_000)).toBe(true);
    expect(await opensPort(['--disable-sigusr1'], 1_000)).toBe(false);
  });
});

const STRACE = ['strace', '-f', '-e', 'trace=%network', '-o'];

/** The lines of a trace that are not just a process ending. */
function callsIn(trace: string): string[] {
  const lines = readFileSync(trace, 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !/^\d+ +\+\+\+ exited with 0 \+\+\+$/.test(line));
}

describe.skipIf(!haveStrace)('what strace sees of network system calls', () => {
  test('is nothing of a program that unlocks, signs, identifies itself, seals and ends', async () => {
    const trace = join(directory, 'holder');
    const holder = new KeyHolder(material, work, [...STRACE, trace]);
    try {
      await holder.reach('unlocked');
      holder.command('finish');
      holder.command('gone');
      expect(await holder.ended).toBe(0);
      expect(callsIn(trace)).toEqual([]);
    } finally {
      await holder.stop();
    }
  });

  test('is something of a program that only starts another one by Node pipes', () => {
    const trace = join(directory, 'control');
    const source = "require('node:child_process').spawnSync('/bin/true', { stdio: 'pipe' })";
    spawnSync('strace', [...STRACE.slice(1), trace, process.execPath, '-e', source], { stdio: 'ignore' });
    expect(callsIn(trace).join()).toContain('socketpair');
  });
});
