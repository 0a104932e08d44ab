import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Station } from './station.ts';
import { createRandom, createWire, type Random } from './wire.ts';

/** 10 B to 500 kB, around each border: fits a frame, an item, is pulled. */
const SIZES = [10, 100, 511, 4_000, 15_343, 15_344, 15_345, 40_000, 120_000, 500_000];

const stations: Station[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  for (const station of stations.splice(0)) station.remove();
  vi.useRealTimers();
});

function join(random: Random, loss: number): [Station, Station] {
  const wire = createWire(random, loss);
  const pair: [Station, Station] = [new Station(0, wire), new Station(1, wire)];
  stations.push(...pair);
  return pair;
}

/** Lets the line's time run until it is so. */
async function until(done: () => boolean, within = 600_000): Promise<void> {
  for (let waited = 0; !done(); waited += 20) {
    if (waited > within) throw new Error('it did not come about in time');
    await vi.advanceTimersByTimeAsync(20);
  }
}

function makeBody(place: number, size: number): Uint8Array {
  const body = new Uint8Array(size).fill(place);
  new DataView(body.buffer).setUint32(0, place);
  return body;
}

const sameBodies = (taken: readonly Uint8Array[], said: readonly Uint8Array[]): boolean =>
  taken.length === said.length && taken.every((body, at) => Buffer.compare(body, said[at] ?? body) === 0);

describe('two channels', () => {
  it.each([1, 2, 3])('agree after losses and restarts of either side (seed %i)', async (seed) => {
    const random = createRandom(seed);
    const [a, b] = join(random, 0.01);
    const count: [number, number] = [0, 0];
    let restarts = 0;
    for (let turn = 0; turn < 60; turn++) {
      for (const station of [a, b]) {
        if (random() < 0.5) {
          const size = SIZES[Math.floor(random() * SIZES.length * (turn % 8 === 0 ? 1 : 0.7))] ?? 10;
          count[station.end] += 1;
          station.say(makeBody(count[station.end], size));
        }
        if (random() < 0.08) {
          restarts += 1;
          station.kill();
          if (random() < 0.5) await vi.advanceTimersByTimeAsync(200);
          station.start();
        }
      }
      await vi.advanceTimersByTimeAsync(Math.floor(random() * 120));
    }
    await until(() => a.taken.length === b.said.length && b.taken.length === a.said.length);
    expect(restarts).toBeGreaterThan(3);
    expect([a.said.length, b.said.length]).toEqual(count);
    expect(sameBodies(a.taken, b.said)).toBe(true);
    expect(sameBodies(b.taken, a.said)).toBe(true);
    expect([a.acted.length, b.acted.length]).toEqual([a.taken.length, b.taken.length]);
    expect([...a.alarms, ...b.alarms]).toEqual([]);
  });

  it('take a message once when killed between its sync and what follows from it', async () => {
    const [a, b] = join(createRandom(4), 0);
    await until(() => b.events.includes('up'));
    b.onSynced = () => {
      b.kill();
      throw new Error('killed');
    };
    a.say(makeBody(1, 20_000));
    await expect(until(() => false, 5_000)).rejects.toThrow('killed');
    expect(b.channel).toBeUndefined();
    b.onSynced = () => undefined;
    b.start();
    a.say(makeBody(2, 10));
    await until(() => b.taken.length === 2);
    expect(sameBodies(b.taken, a.said)).toBe(true);
    expect(b.acted.length).toBe(1);
    expect([...a.alarms, ...b.alarms]).toEqual([]);
  });

  it('hold back while the signer is locked and bring everything when it unlocks', async () => {
    const [a, b] = join(createRandom(5), 0.005);
    await until(() => a.events.includes('up'));
    b.channel?.setLocked(true);
    await until(() => a.events.includes('locked'));
    for (let n = 1; n <= 5; n++) a.say(makeBody(n, 20_000 * n));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(b.taken.length).toBe(0);
    expect(a.channel?.outstanding).toBe(5);
    b.channel?.setLocked(false);
    await until(() => b.taken.length === 5);
    expect(sameBodies(b.taken, a.said)).toBe(true);
    b.say(makeBody(1, 10));
    await until(() => a.taken.length === 1);
    expect(a.channel?.outstanding).toBe(0);
  });
});

describe('a disk that does not write', () => {
  it('means that nothing was taken: the message comes again, and no other alarm is raised for those behind it', async () => {
    const [a, b] = join(createRandom(6), 0);
    await until(() => b.events.includes('up'));
    // The disk fails behind the first of each row, at every place that the next messages can have in a frame of the link.
    b.onSynced = () => {
      b.diskFull = b.taken.length % 6 === 1;
    };
    for (let row = 0; row < 20; row++) {
      await until(() => a.channel?.up === true && b.channel?.up === true);
      for (let n = 1; n <= 6; n++) a.say(makeBody(6 * row + n, 30 + 5 * row));
      await until(() => b.diskFull);
      await vi.advanceTimersByTimeAsync(400);
      b.diskFull = false;
      await until(() => b.taken.length === 6 * (row + 1));
    }
    expect(new Set(b.alarms)).toEqual(new Set(['INTERNAL']));
    expect(b.alarms.length).toBeGreaterThanOrEqual(20);
    expect(b.events.filter((event) => event === 'down INTERNAL').length).toBe(b.alarms.length);
    expect(b.acted.length).toBe(120);
    expect(sameBodies(b.taken, a.said)).toBe(true);
    expect(a.alarms).toEqual([]);
  });

  it('means that nothing was said: the chain stays where it was and the next message has the same number', async () => {
    const [a, b] = join(createRandom(7), 0);
    a.diskFull = true;
    expect(() => a.say(makeBody(1, 10))).toThrow(/ENOSPC/);
    expect(a.channel?.outstanding).toBe(0);
    a.diskFull = false;
    a.say(makeBody(1, 10));
    await until(() => b.taken.length === 1);
    expect(sameBodies(b.taken, a.said)).toBe(true);
    expect(b.alarms).toEqual([]);
  });
});

describe('a machine whose disk was put back to an older copy', () => {
  it('learns it from its peer before it says anything, and so does one that runs twice', async () => {
    const [a, b] = join(createRandom(8), 0);
    const copy = mkdtempSync(path.join(tmpdir(), 'coldwire-copy-'));
    try {
      for (let n = 1; n <= 2; n++) b.say(makeBody(n, 10));
      await until(() => a.taken.length === 2);
      b.kill();
      cpSync(b.directory, copy, { recursive: true });
      b.start();
      b.say(makeBody(3, 10));
      await until(() => a.taken.length === 3);
      b.kill();
      rmSync(b.directory, { recursive: true });
      cpSync(copy, b.directory, { recursive: true });
      b.start();
      await until(() => b.alarms.length > 0);
      expect(new Set(b.alarms)).toEqual(new Set(['STATE_ROLLBACK']));
      expect(b.channel?.up).toBe(false);
      // It goes on all the same: its next message has a number that its peer knows by another hash.
      b.say(makeBody(4, 10));
      b.alarms.length = 0;
      await until(() => b.alarms.length > 0);
      expect(new Set(b.alarms)).toEqual(new Set(['CLONE']));
      expect(a.taken.length).toBe(3);
      expect(a.said).toEqual([]);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
});
