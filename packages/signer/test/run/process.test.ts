import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readdirSync, writeSync } from 'node:fs';
import { decode, encode, Refused, State, Status } from '@coldwire/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scanMemory } from '../../../../scripts/memory-scan.ts';
import { launcher, pause, until } from '../../../../test/world/processes.ts';
import { makeChild } from '../io/key-material.ts';
import { codesOf, materials } from '../signing-world.ts';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rig.close();
});

const ID = new Uint8Array(16).fill(7);

/** A ceremony: the key block into the FIFO that `unseal` makes, while another process waits for the answer. */
async function unseal(block: Uint8Array): Promise<{ status: number; text: string }> {
  const child = spawn(launcher('signer'), ['unseal', '--state', rig.state, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (part) => {
    text += String(part);
  });
  child.stderr.on('data', (part) => {
    text += String(part);
  });
  const ended = once(child, 'exit');
  await until('the key FIFO', () => (readdirSync(rig.state).includes('key') ? true : undefined));
  const fd = await until('a reader of the key FIFO', () => {
    try {
      return openSync(`${rig.state}/key`, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      return undefined;
    }
  });
  writeSync(fd, block);
  closeSync(fd);
  const [status]: unknown[] = await ended;
  return { status: Number(status), text };
}

describe('A running signer', () => {
  test('signs, locks at SIGUSR2, answers LOCKED, is unsealed again, and gives the same result', async () => {
    const signer = await rig.start();
    await rig.reach('ready');
    const coins = await rig.fund([20_000_000n, 20_000_000n]);
    const body = rig.payment('one', coins);
    const first = await rig.ask('SIGN', body, ID);
    expect(first.type).toBe('SIGNED');
    expect(rig.notices).toEqual(['start', 'program', 'unlock']);
    expect(rig.console('status')).toMatchObject({
      status: 0,
      answer: { signer: 'A', state: 'unlocked', connected: true, frozen: false, coins: 2, waitsFor: [] },
    });

    signer.signal('SIGUSR2');
    await rig.reach('locked');
    expect(rig.console('status').answer).toMatchObject({
      state: 'locked',
      sharesNeeded: 2,
      waitsFor: ['ada', 'ben', 'cyd'],
    });
    const waiting = rig.ask('SIGN', body, ID);
    const opened = await unseal(materials.A.block);
    expect(opened).toMatchObject({ status: 0 });
    expect((await waiting).body).toEqual(first.body);
    await until('the notices', () => (rig.notices.length === 5 ? true : undefined));
    expect(rig.notices).toEqual(['start', 'program', 'unlock', 'lock', 'unlock']);

    expect(rig.console('freeze').answer).toEqual({ frozen: true });
    const refused = await rig.ask('SIGN', rig.payment('two', coins));
    expect(codesOf(refused.body)).toEqual(['FROZEN']);
    expect((await rig.ask('SIGN', body, ID)).body).toEqual(first.body);
    expect(rig.alarms).toEqual([]);
  });

  test('holds each live secret once while unlocked, after signing, and not at all when locked', async () => {
    const signer = await rig.start();
    await rig.reach('ready');
    const coins = await rig.fund(Array.from({ length: 20 }, () => 20_000_000n));
    expect((await rig.ask('SIGN', rig.payment('one', coins))).type).toBe('SIGNED');
    const { accountKey, identitySeed, sealSecret } = materials.A;
    const children = coins.map(({ index }) => [
      `child ${index}`,
      makeChild(materials.A, 0, index, new Uint8Array(32)).privateKey,
    ]);
    const secrets = { accountKey, identitySeed, sealSecret };
    const unlocked = scanMemory(signer.pid, { ...secrets, ...Object.fromEntries(children) });
    expect(unlocked.unreadableBytes).toBe(0);
    const found = Object.fromEntries(
      Object.entries(unlocked.secrets).filter(([, forms]) => Object.keys(forms).length > 0),
    );
    expect(found).toEqual({ accountKey: { raw: 1 }, identitySeed: { raw: 1 }, sealSecret: { raw: 1 } });
    expect(rig.console('lock').answer).toEqual({ state: 'locked' });
    const locked = scanMemory(signer.pid, { ...secrets, ...Object.fromEntries(children) });
    expect(locked.hits).toEqual([]);
    await unseal(materials.A.block);
    // Unsealed by hand, and once more while it is unlocked: never two copies, and it goes on.
    await rig.reach('ready');
    await unseal(materials.A.block);
    expect(scanMemory(signer.pid, secrets).total).toBe(3);
    expect((await rig.ask('STATUS', encode(Status, {}))).type).toBe('STATE');
  });

  test('goes on where it was after each of many kills, and a request that was asked gets one answer for ever', async () => {
    let answer: Uint8Array | undefined;
    let seed = 99;
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    let signer = await rig.start();
    await rig.reach('ready');
    const coins = await rig.fund([20_000_000n, 20_000_000n]);
    const body = rig.payment('one', coins);
    for (let round = 0; round < 5; round++) {
      const asked = rig.ask('SIGN', body, ID);
      await pause(random() * 40);
      await signer.stop('SIGKILL');
      signer = await rig.start();
      const first = await asked;
      // What comes again before gates have spoken is refused, and judged when it is asked once more.
      const reply = first.type === 'REFUSED' ? await rig.ask('SIGN', body, ID) : first;
      expect(reply.type).toBe('SIGNED');
      answer ??= reply.body;
      expect(reply.body).toEqual(answer);
    }
    const reply = await rig.ask('STATUS', encode(Status, {}));
    expect(decode(State, reply.body)).toMatchObject({
      ok: true,
      value: { coins: 2, windows: [{ amount: 1_000_000n, count: 1, fee: 10_000n }, {}] },
    });
    expect(rig.alarms).toEqual([]);
  });

  test('ends at SIGTERM with its own code, also while it waits for a ceremony', async () => {
    const signer = await rig.start({ block: null });
    const child = spawn(launcher('signer'), ['unseal', '--state', rig.state], { stdio: 'ignore' });
    children.push(child);
    await until('the key FIFO', () => (readdirSync(rig.state).includes('key') ? true : undefined));
    const second = rig.console('unseal');
    expect(second).toMatchObject({ status: 3 });
    expect(second.error).toContain('another unseal');
    const began = performance.now();
    await signer.stop('SIGTERM');
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test('keeps its keys away from whoever writes something else into the key FIFO', async () => {
    await rig.start({ block: null });
    for (const block of [materials.B.block, materials.A.block.subarray(0, 255), new Uint8Array(300)]) {
      const { status, text } = await unseal(block);
      expect([status, text]).toEqual([3, expect.stringContaining('key block')]);
    }
    expect(rig.console('status').answer).toMatchObject({ state: 'locked' });
    expect((await unseal(materials.A.block)).status).toBe(0);
    expect(rig.console('status').answer).toMatchObject({ state: 'unlocked' });
  });
});

describe('The console', () => {
  test('takes no harm from garbage, from a million bytes without an end, or from two clients at once', async () => {
    await rig.start({ block: null });
    const fd = openSync(`${rig.state}/console-in`, constants.O_WRONLY);
    writeSync(
      fd,
      'status\nlock ../../etc/passwd\n\u001b[2Junlock console-answer-0\nfoo console-answer-0123456789abcdef\n',
    );
    for (let i = 0; i < 16; i++) writeSync(fd, new Uint8Array(65_536).fill(0x61));
    closeSync(fd);
    const clients = Array.from({ length: 4 }, (_, i) => {
      const word = i % 2 === 0 ? 'status' : 'freeze';
      const child = spawn(launcher('signer'), [word, '--state', rig.state, '--json'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return new Promise<string>((resolve) => {
        let text = '';
        child.stdout.on('data', (part) => {
          text += String(part);
        });
        child.once('exit', () => resolve(`${word} ${Object.keys(text === '' ? {} : JSON.parse(text))[0]}`));
      });
    });
    expect(await Promise.all(clients)).toEqual([
      'status signer',
      'freeze frozen',
      'status signer',
      'freeze frozen',
    ]);
    expect(readdirSync(rig.state).filter((name) => name.startsWith('console-answer'))).toEqual([]);
  });

  test('says that no signer runs where none does', () => {
    expect(rig.console('status')).toMatchObject({ status: 6 });
  });

  test('judges the machine', async () => {
    await rig.start({ block: null });
    const { status, answer } = rig.console('check');
    expect(status === 0 || status === 5).toBe(true);
    expect(answer).toHaveProperty('checks');
  });
});

test('every text of a stranger is escaped in the log', async () => {
  const signer = await rig.start();
  await rig.reach('ready');
  const reply = await rig.ask('SIGN', Uint8Array.of(0xa1, 0x63, 0x1b, 0x5b, 0x32, 0x01));
  expect(decode(Refused, reply.body).ok).toBe(true);
  expect(signer.log()).toMatch(/"code":"(MALFORMED|NONCANONICAL)"/);
  expect([...signer.log()].every((character) => character === '\n' || character >= ' ')).toBe(true);
});
