import { describe, expect, it } from 'vitest';
import { encodeHello, encodeHelloAnswer, nameConnection } from '../../src/connection/hello.ts';
import { countLink } from '../../src/connection/link.ts';
import { encodeFrame } from '../../src/frame/index.ts';
import { type End, Line, patternBytes } from './line.ts';
import { bare, connected, record, typesOf } from './recorded.ts';

const MESSAGE = patternBytes(3000, 1);

describe('what an attacker recorded', () => {
  it('cannot end a live connection: an old SYN opens nothing without the echo of a fresh nonce', () => {
    const line = new Line({ seed: 1 });
    const seen = record(line);
    line.openBoth();
    line.run(100);
    line.send(line.ends.initiator, MESSAGE);
    line.run(200);
    line.reboot(line.ends.initiator);
    line.run(1_000);
    const { initiator, responder } = line.ends;
    const ups = responder.ups.length;
    const before = responder.delivered;
    for (const { from, bytes } of seen.slice()) if (from === initiator) line.inject(responder, bytes);
    for (const { from, bytes } of seen.slice()) if (from === responder) line.inject(initiator, bytes);
    line.run(line.now + 30_000);
    expect(responder.ups.length).toBe(ups);
    expect(responder.delivered).toBe(before);
    expect(initiator.downs).toEqual([]);
    line.send(initiator, MESSAGE);
    line.run(line.now + 1_000);
    expect(Uint8Array.from(responder.received.at(-1) ?? [])).toEqual(MESSAGE);
  });

  it('dies with its connection: frames of an old one change nothing in a new one', () => {
    const { line, initiator, responder } = connected();
    const seen = record(line);
    line.send(initiator, MESSAGE);
    line.send(responder, MESSAGE);
    line.run(line.now + 100);
    const old = seen.slice();
    line.reboot(responder);
    line.run(line.now + 20_000, () => initiator.ups.length === 2 && responder.ups.length === 2);
    const [atInitiator, atResponder] = [initiator.delivered, responder.delivered];
    for (const { from, bytes } of old) line.inject(from === initiator ? responder : initiator, bytes);
    line.run(line.now + 10_000);
    expect([initiator.delivered, responder.delivered]).toEqual([atInitiator, atResponder]);
    expect([initiator.downs.length, responder.downs.length]).toEqual([1, 0]);
  });

  it('is not believed when reflected to its sender', () => {
    const { line, initiator, responder } = connected();
    const answer = patternBytes(MESSAGE.length, 2);
    line.tap = (from, bytes) => {
      line.inject(from, bytes);
      return [bytes];
    };
    line.send(initiator, MESSAGE);
    line.send(responder, answer);
    line.run(line.now + 60_000);
    expect(Uint8Array.from(responder.received.at(-1) ?? [])).toEqual(MESSAGE);
    expect(Uint8Array.from(initiator.received.at(-1) ?? [])).toEqual(answer);
    expect([initiator.downs, responder.downs]).toEqual([[], []]);
    expect(countLink(initiator.link).strays).toBeGreaterThan(5);
  });

  it('gets no answer when it is the SYN of the live connection', () => {
    const line = new Line({ seed: 1 });
    const seen = record(line);
    line.openBoth();
    line.run(100);
    const syn = seen[0]?.bytes ?? new Uint8Array(0);
    seen.length = 0;
    line.inject(line.ends.responder, syn);
    expect(seen).toEqual([]);
  });

  it('gets five answers when it is the SYN of an old connection, and is then forgotten', () => {
    const line = new Line({ seed: 1 });
    const seen = record(line);
    line.openBoth();
    line.run(100);
    const syn = seen[0]?.bytes ?? new Uint8Array(0);
    line.reboot(line.ends.initiator);
    line.run(1_000);
    seen.length = 0;
    line.inject(line.ends.responder, syn);
    line.run(100_000);
    expect(typesOf(seen.map(({ bytes }) => bytes)).filter((type) => type === 'SYN_ACK').length).toBe(5);
    expect(line.ends.responder.link.pending).toBe(undefined);
  });

  it('does not open a connection when a SYN_ACK answers another SYN', () => {
    const line = new Line({ seed: 1 });
    const seen = record(line);
    line.openBoth();
    line.run(100);
    const answers = seen.filter(({ from }) => from === line.ends.responder);
    const fresh = new Line({ seed: 2 });
    fresh.openBoth();
    // Its second nonce: the first is the one that was answered.
    fresh.reboot(fresh.ends.initiator);
    for (const { bytes } of answers) fresh.inject(fresh.ends.initiator, bytes);
    expect(fresh.ends.initiator.ups).toEqual([]);
  });
});

describe('a forged hello', () => {
  const answerTo = (end: End, change: { echo?: Uint8Array; connection?: number; window?: number }) => {
    const { phase } = end.link;
    const own = phase.kind === 'dialing' ? phase.nonce : new Uint8Array(16);
    const nonce = patternBytes(16, 5);
    const { echo = own, connection = nameConnection(own, nonce), window = 8 } = change;
    const payload = encodeHelloAnswer({ nonce, echo, window, resume: new Uint8Array(0) });
    return encodeFrame({ from: 'responder', type: 'SYN_ACK', connection, seq: 0, ack: 0, payload });
  };

  it.each([
    ['another echo', { echo: new Uint8Array(16) }, 0],
    ['a number that does not follow from the nonces', { connection: 1 }, 0],
    ['an empty window', { window: 0 }, 0],
    ['a window of 9', { window: 9 }, 0],
    ['nothing wrong', {}, 1],
  ])('that answers with %s opens %s', (_, change, ups) => {
    const line = new Line({ seed: 1 });
    line.open(line.ends.initiator);
    line.inject(line.ends.initiator, answerTo(line.ends.initiator, change));
    expect(line.ends.initiator.ups.length).toBe(ups);
  });

  it.each([0, 9, 255])('that calls with a window of %i gets no answer', (window) => {
    const line = new Line({ seed: 1 });
    line.open(line.ends.responder);
    const payload = encodeHello({ nonce: patternBytes(16, 5), window, resume: new Uint8Array(0) });
    const syn = { from: 'initiator', type: 'SYN', connection: 0, seq: 0, ack: 0, payload } as const;
    line.inject(line.ends.responder, encodeFrame(syn));
    expect(line.ends.responder.written).toBe(0);
  });
});

describe('a responder without a connection', () => {
  it('answers unknown frames with a RESET four times a second at most, and a RESET never', () => {
    const line = new Line({ seed: 1 });
    line.open(line.ends.responder);
    const seen = record(line);
    for (let at = 0; at < 1_000; at++) {
      line.now += 1;
      line.inject(line.ends.responder, bare('initiator', 'RESET', 7));
    }
    expect(seen).toEqual([]);
    for (let at = 0; at < 1_000; at++) {
      line.now += 1;
      line.inject(line.ends.responder, bare('initiator', 'KEEPALIVE', at));
    }
    expect(typesOf(seen.map(({ bytes }) => bytes))).toEqual(['RESET', 'RESET', 'RESET', 'RESET']);
  });
});
