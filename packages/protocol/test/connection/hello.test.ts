import { describe, expect, it } from 'vitest';
import { nameConnection } from '../../src/connection/hello.ts';
import { countLink, createLink, sendable, stepLink } from '../../src/connection/link.ts';
import { encodeFrame } from '../../src/frame/index.ts';
import { CLEAN, feed, Line, patternBytes } from './line.ts';
import { bare, connected, record, typesOf } from './recorded.ts';

const MESSAGE = patternBytes(3000, 1);

describe('the three hellos', () => {
  it('open one connection, named alike at both ends, and carry what each side has to say', () => {
    const line = new Line({ seed: 1 });
    const seen = record(line);
    line.open(line.ends.responder, Uint8Array.of(2, 2));
    line.open(line.ends.initiator, Uint8Array.of(1));
    line.run(100);
    expect(typesOf(seen.map(({ bytes }) => bytes))).toEqual(['SYN', 'SYN_ACK', 'ACK3']);
    const [one, other] = [line.ends.initiator.ups[0], line.ends.responder.ups[0]];
    expect(one?.connection).toBe(other?.connection);
    expect(one?.peerResume).toEqual(Uint8Array.of(2, 2));
    expect(other?.peerResume).toEqual(Uint8Array.of(1));
  });

  it('name the connection by the first four bytes of the tagged hash of both nonces', () => {
    const [one, other] = [Uint8Array.from({ length: 16 }, (_, at) => at), new Uint8Array(16).fill(0xff)];
    expect(nameConnection(one, other)).not.toBe(nameConnection(other, one));
    // printf 'coldwire/v1/connection\0<16 bytes><16 bytes>' | sha256sum
    expect(nameConnection(one, other).toString(16)).toBe('f1ccb3c7');
  });

  it('take the smaller window of both sides', () => {
    const line = new Line({ seed: 1, window: 8 });
    line.ends.responder.link = createLink({ role: 'responder', window: 2 });
    line.openBoth();
    line.run(100);
    const seen = record(line);
    line.damage = { ...CLEAN, loss: 1 };
    line.send(line.ends.initiator, patternBytes(10_000, 1));
    expect(seen.length).toBe(2);
  });

  it.each(['SYN', 'SYN_ACK', 'ACK3'])('are said again when %s is lost', (lost) => {
    const line = new Line({ seed: 1 });
    let losses = 0;
    line.tap = (_, bytes) => {
      if (typesOf([bytes])[0] !== lost || losses++ > 0) return [bytes];
      return [];
    };
    line.openBoth();
    line.run(20, () => line.ends.initiator.ups.length > 0);
    const done = line.run(2_000, () => line.ends.responder.ups.length > 0);
    expect(done).toBe(true);
    expect(losses).toBeGreaterThan(1);
    expect(line.ends.initiator.ups.length).toBe(1);
  });

  it('let no DATA pass before the peer has echoed the nonce', () => {
    const line = new Line({ seed: 1 });
    line.open(line.ends.responder);
    for (const connection of [0, 1, 0xffffffff]) {
      const frame = {
        from: 'initiator',
        type: 'DATA',
        connection,
        seq: 0,
        ack: 0,
        payload: MESSAGE.slice(0, 9),
      } as const;
      line.inject(line.ends.responder, encodeFrame(frame));
    }
    expect(line.ends.responder.received).toEqual([]);
    expect(line.ends.responder.delivered).toBe(0);
    expect(sendable(line.ends.responder.link)).toBe(0);
    expect(countLink(line.ends.responder.link).strays).toBe(3);
  });

  it('slow down when nobody answers, and never stop', () => {
    const line = new Line({ seed: 1 });
    const seen = record(line);
    line.open(line.ends.initiator);
    line.run(60_000);
    const early = seen.length;
    line.run(660_000);
    expect(early).toBeLessThan(15);
    expect(seen.length - early).toBe(60);
    line.open(line.ends.responder);
    expect(line.run(line.now + 11_000, () => line.ends.initiator.ups.length > 0)).toBe(true);
  });

  it('are not answered before the responder is open, nor after it stopped', () => {
    const line = new Line({ seed: 1 });
    const seen = record(line);
    line.open(line.ends.initiator);
    line.run(1_000);
    expect(seen.every(({ from }) => from === line.ends.initiator)).toBe(true);
    line.open(line.ends.responder);
    line.run(10_000, () => line.ends.responder.ups.length > 0);
    line.step(
      line.ends.responder,
      stepLink(line.ends.responder.link, { kind: 'stop', now: line.now }).actions,
    );
    seen.length = 0;
    line.run(line.now + 30_000);
    expect(seen.every(({ from }) => from === line.ends.initiator)).toBe(true);
  });
});

describe('a reboot', () => {
  it('of the initiator replaces the connection only when the new one is confirmed', () => {
    const { line, initiator, responder } = connected();
    line.damage = { ...CLEAN, loss: 1 };
    line.reboot(initiator);
    line.run(line.now + 100);
    expect(responder.downs).toEqual([]);
    line.damage = CLEAN;
    line.run(line.now + 5_000, () => responder.ups.length === 2);
    expect(responder.downs).toEqual(['the peer opened another connection']);
    expect(initiator.ups.at(-1)?.connection).toBe(responder.ups.at(-1)?.connection);
  });

  it('of the responder is noticed at the next frame', () => {
    const { line, initiator, responder } = connected();
    line.reboot(responder);
    line.send(initiator, MESSAGE);
    line.run(line.now + 1_000, () => responder.ups.length === 2);
    expect(initiator.downs).toEqual(['the peer ended the connection']);
    expect(initiator.ups.length).toBe(2);
  });

  it('of either side in the middle of traffic on a bad line leaves prefixes of what was sent, and a working link', () => {
    for (let seed = 0; seed < 30; seed++) {
      const line = new Line({ seed, delay: 3, damage: { loss: 0.1, flip: 0.05, twice: 0.05, noise: 0.05 } });
      const { initiator, responder } = line.ends;
      line.openBoth();
      for (let round = 0; round < 4; round++) {
        const ups = responder.ups.length;
        line.run(line.now + 120_000, () => responder.ups.length > ups || sendable(responder.link) > 0);
        const out = feed(line, initiator, patternBytes(20_000, seed));
        line.run(line.now + 20 * (1 + ((seed + round) % 7)), () => {
          out();
          return false;
        });
        line.reboot((seed + round) % 2 ? initiator : responder);
      }
      const bothUp = () => sendable(initiator.link) > 0 && sendable(responder.link) > 0;
      expect(line.run(line.now + 120_000, bothUp)).toBe(true);
      const whole = patternBytes(20_000, seed);
      for (const part of responder.received) {
        expect(Buffer.from(part).equals(whole.subarray(0, part.length))).toBe(true);
      }
    }
  });
});

describe('a locked responder', () => {
  it('ends its connection, answers each SYN with LOCKED, and is asked slowly', () => {
    const { line, initiator, responder } = connected();
    const lock = (on: boolean) =>
      line.step(responder, stepLink(responder.link, { kind: 'lock', on, now: line.now }).actions);
    lock(true);
    expect(responder.downs).toEqual(['locked']);
    const seen = record(line);
    line.run(line.now + 60_000);
    expect(initiator.lockeds).toBe(1);
    expect(typesOf(seen.map(({ bytes }) => bytes)).length).toBeLessThan(30);
    expect(new Set(typesOf(seen.map(({ bytes }) => bytes)))).toEqual(new Set(['SYN', 'LOCKED']));
    lock(false);
    expect(line.run(line.now + 6_000, () => initiator.ups.length === 2)).toBe(true);
  });

  it('is not believed in by an initiator that is up, or that said another SYN', () => {
    const { line, initiator } = connected();
    const locked = { from: 'responder', type: 'LOCKED', connection: 0, seq: 0, ack: 0 } as const;
    line.inject(initiator, encodeFrame({ ...locked, payload: new Uint8Array(16) }));
    const fresh = new Line({ seed: 1 });
    fresh.open(fresh.ends.initiator);
    fresh.inject(fresh.ends.initiator, encodeFrame({ ...locked, payload: new Uint8Array(16) }));
    expect([initiator.downs, initiator.lockeds, fresh.ends.initiator.lockeds]).toEqual([[], 0, 0]);
  });
});

describe('the end of a connection', () => {
  it('is told to the peer, and the initiator dials again, later each time it happens early', () => {
    const { line, initiator, responder } = connected();
    const times: number[] = [];
    for (let round = 0; round < 6; round++) {
      const began = line.now;
      line.step(responder, stepLink(responder.link, { kind: 'close', reason: 'bad', now: began }).actions);
      line.run(
        began + 60_000,
        () => initiator.ups.length === round + 2 && responder.ups.length === round + 2,
      );
      times.push(line.now - began);
    }
    expect(responder.downs).toEqual(Array.from({ length: 6 }, () => 'bad'));
    expect(initiator.downs.length).toBe(6);
    expect(times.every((time, at) => at === 0 || time >= (times[at - 1] ?? 0) * 1.5)).toBe(true);
  });

  it('comes by silence, at both ends, and not by idleness', () => {
    const { line, initiator, responder } = connected();
    line.run(line.now + 600_000);
    expect([initiator.downs, responder.downs]).toEqual([[], []]);
    line.damage = { ...CLEAN, loss: 1 };
    const began = line.now;
    line.run(began + 30_000, () => initiator.downs.length > 0 && responder.downs.length > 0);
    expect([initiator.downs, responder.downs]).toEqual([['the peer is silent'], ['the peer is silent']]);
    expect(line.now - began).toBeLessThanOrEqual(20_000);
    expect(line.now - began).toBeGreaterThan(14_000);
  });

  it('loses what its owner sends before it has heard of it', () => {
    const { line, initiator, responder } = connected();
    stepLink(initiator.link, { kind: 'close', reason: 'test', now: line.now });
    line.send(initiator, MESSAGE);
    line.run(line.now + 5_000);
    expect(responder.delivered).toBe(0);
  });

  it('comes by a RESET of this connection only', () => {
    const { line, initiator, connection } = connected();
    line.inject(initiator, bare('responder', 'RESET', (connection ^ 1) >>> 0));
    expect(initiator.downs).toEqual([]);
    line.inject(initiator, bare('responder', 'RESET', connection));
    expect(initiator.downs.length).toBe(1);
  });
});
