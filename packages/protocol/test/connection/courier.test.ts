import { describe, expect, it } from 'vitest';
import {
  type CourierAction,
  type CourierEvent,
  canPost,
  createCourier,
  stepCourier,
} from '../../src/connection/courier.ts';
import {
  CHUNK_MAX,
  encodeItem,
  INLINE_BODY_MAX,
  ITEM_MAX,
  type Item,
  ItemReader,
} from '../../src/connection/items.ts';
import { BODY_MAX, hashBody } from '../../src/message/header.ts';
import { Couriers, makeMessage } from './couriers.ts';
import { patternBytes } from './line.ts';

const BIG = patternBytes(300_000, 1);

describe('messages over a line', () => {
  it('arrive whole and in order, short and long, both ways at once', () => {
    const couriers = new Couriers({ seed: 1, baud: 115_200 });
    const { initiator, responder } = couriers.posts;
    const sizes = [0, 1, 100, INLINE_BODY_MAX, INLINE_BODY_MAX + 1, 5, 60_000, 3];
    initiator.outbox.push(...sizes.map((size, at) => makeMessage(at, patternBytes(size, at))));
    responder.outbox.push(
      ...sizes.toReversed().map((size, at) => makeMessage(at, patternBytes(size, 99 - at))),
    );
    couriers.line.openBoth();
    expect(couriers.deliver(600_000)).toBe(true);
    expect(responder.received.map(plain)).toEqual(initiator.outbox.map(plain));
    expect(initiator.received.map(plain)).toEqual(responder.outbox.map(plain));
    expect([...initiator.faults, ...responder.faults]).toEqual([]);
  });

  it('pull a body of 300 KB at the speed of the line, saying how far they are', () => {
    const couriers = new Couriers({ seed: 2, baud: 115_200 });
    const { initiator, responder } = couriers.posts;
    initiator.outbox.push(makeMessage(0, BIG));
    couriers.line.openBoth();
    expect(couriers.deliver(60_000)).toBe(true);
    expect(responder.progress).toEqual(
      Array.from({ length: 25 }, (_, at) => Math.min((at + 1) * CHUNK_MAX, 300_000)),
    );
    expect(300_000 / couriers.line.now).toBeGreaterThan(10.8);
    expect(responder.received.map(plain)).toEqual(initiator.outbox.map(plain));
  });

  it('go on where they were after reconnections, vetting once and pulling nothing twice', () => {
    const couriers = new Couriers({
      seed: 3,
      baud: 115_200,
      damage: { loss: 0.02, flip: 0.02, twice: 0.02, noise: 0.02 },
    });
    const { initiator, responder } = couriers.posts;
    initiator.outbox.push(
      makeMessage(0, patternBytes(10, 0)),
      makeMessage(1, BIG),
      makeMessage(2, patternBytes(9, 2)),
    );
    couriers.line.openBoth();
    let breaks = 0;
    const done = couriers.deliver(600_000, () => {
      if (responder.progress.length < (breaks + 1) * 4 || breaks >= 5) return;
      breaks += 1;
      couriers.line.reboot(breaks % 2 ? initiator.end : responder.end);
      couriers.step(breaks % 2 ? initiator : responder, { kind: 'down' });
    });
    expect(done).toBe(true);
    expect(breaks).toBe(5);
    expect(responder.received.map(plain)).toEqual(initiator.outbox.map(plain));
    expect(responder.vets).toEqual([1]);
    expect(responder.progress).toEqual(
      Array.from({ length: 25 }, (_, at) => Math.min((at + 1) * CHUNK_MAX, 300_000)),
    );
  });
});

describe('a courier with a hostile peer', () => {
  const message = makeMessage(7, BIG);
  const { header, signature } = message;
  const bodyHash = hashBody(BIG);
  const detached: Item = { kind: 'detached', header, signature };
  const accept: CourierEvent = {
    kind: 'vetted',
    header,
    answer: { kind: 'accept', bodyHash, bodyLength: BIG.length },
  };
  const chunk = (offset: number, length: number, hash = bodyHash): Item => {
    return { kind: 'chunk', bodyHash: hash, offset, bytes: BIG.subarray(offset, offset + length) };
  };

  it.each<[string, (CourierEvent | Item)[], string]>([
    ['a chunk that nobody asked for', [chunk(0, 10)], 'MALFORMED'],
    ['a chunk before the header is vetted', [detached, chunk(0, 10)], 'MALFORMED'],
    ['a chunk of another body', [detached, accept, chunk(0, 10, new Uint8Array(32))], 'MALFORMED'],
    ['a chunk of another place', [detached, accept, chunk(10, 10)], 'MALFORMED'],
    ['the same chunk twice', [detached, accept, chunk(0, 10), chunk(0, 10)], 'MALFORMED'],
    ['a message while one is vetted', [detached, detached], 'MALFORMED'],
    [
      'a message while one is pulled',
      [detached, accept, { kind: 'inline', ...makeMessage(8, BIG.subarray(0, 9)) }],
      'MALFORMED',
    ],
    ['a pull of nothing announced', [{ kind: 'pull', bodyHash, offset: 0, length: 10 }], 'MALFORMED'],
    [
      'a chunk that goes over the end',
      [detached, vetted(20_000), chunk(0, CHUNK_MAX), chunk(CHUNK_MAX, CHUNK_MAX)],
      'MALFORMED',
    ],
    ['a body above the limit', [detached, vetted(BODY_MAX + 1)], 'TOO_LARGE'],
    ['a short body announced', [detached, vetted(INLINE_BODY_MAX)], 'MALFORMED'],
  ])('ends the connection at %s', (_, steps, code) => {
    const { actions, courier } = play(steps);
    expect(actions.at(-1)).toMatchObject({ kind: 'fault', fault: { code } });
    expect(canPost(courier, 1e6)).toBe(false);
    expect(stepCourier(courier, { kind: 'bytes', bytes: encodeItem(detached) }, 1e6).actions).toEqual([]);
  });

  it('ends the connection at a body with another hash, and begins anew when it is announced again', () => {
    const wrong = BIG.slice();
    wrong[12_345] = (wrong[12_345] ?? 0) ^ 1;
    const chunks = (body: Uint8Array): Item[] =>
      Array.from({ length: 25 }, (_, at) => {
        const offset = at * CHUNK_MAX;
        return { kind: 'chunk', bodyHash, offset, bytes: body.subarray(offset, offset + CHUNK_MAX) };
      });
    const { actions, courier } = play([detached, accept, ...chunks(wrong)]);
    expect(actions.at(-1)).toMatchObject({ kind: 'fault', fault: { code: 'BODY_HASH' } });
    expect(actions.some((action) => action.kind === 'message')).toBe(false);
    const again = play([detached, accept, ...chunks(BIG)], courier).actions;
    expect(again.filter((action) => action.kind === 'vet').length).toBe(1);
    expect(again.find((action) => action.kind === 'message')).toMatchObject({ body: BIG });
  });

  it.each([
    ['no bytes', [0, 0, 0, 0], 'MALFORMED'],
    ['more than an item has', [0, 0, 0x40, 0x81], 'TOO_LARGE'],
    ['four gigabytes', [255, 255, 255, 255], 'TOO_LARGE'],
    ['an unknown kind', [0, 0, 0, 3, 0x82, 0x04, 0x00], 'UNKNOWN_TYPE'],
    ['other bytes than CBOR', [0, 0, 0, 3, 0xff, 0x00, 0x00], 'MALFORMED'],
    ['a kind in a longer form', [0, 0, 0, 3, 0x82, 0x18, 0x00], 'UNKNOWN_TYPE'],
  ])('ends the connection at an item that claims %s', (_, bytes, code) => {
    const courier = createCourier(hashBody);
    stepCourier(courier, { kind: 'up' }, 1e6);
    const actions = bytes.flatMap(
      (byte) => stepCourier(courier, { kind: 'bytes', bytes: Uint8Array.of(byte) }, 1e6).actions,
    );
    expect(actions).toMatchObject([{ kind: 'fault', fault: { code } }]);
  });

  it('reads no item after a bad one', () => {
    const reader = new ItemReader();
    const good = encodeItem(detached);
    const bad = Uint8Array.of(0, 0, 0, 2, 0x82, 0x09);
    expect(reader.push(new Uint8Array([...good, ...bad, ...good])).map((item) => item.ok)).toEqual([
      true,
      false,
    ]);
    expect(reader.push(good)).toEqual([]);
  });

  it('never throws and sends nothing for any bytes', () => {
    for (let seed = 0; seed < 200; seed++) {
      const courier = createCourier(hashBody);
      stepCourier(courier, { kind: 'up' }, 1e6);
      const noise = patternBytes(3000, seed);
      noise.set([0, 0, seed % 40], 0);
      const { actions } = stepCourier(courier, { kind: 'bytes', bytes: noise }, 1e6);
      expect(actions.filter((action) => action.kind !== 'fault')).toEqual([]);
    }
  });

  it('serves only the body that it announced, only its bytes, and only as far as there is room', () => {
    const { courier } = play([{ kind: 'post', message }]);
    expect(canPost(courier, 1e6)).toBe(false);
    const pull = (offset: number, length: number): CourierEvent => {
      return { kind: 'bytes', bytes: encodeItem({ kind: 'pull', bodyHash, offset, length }) };
    };
    expect(stepCourier(courier, pull(0, BIG.length), 100).actions).toEqual([]);
    expect(stepCourier(courier, { kind: 'room' }, ITEM_MAX).actions.length).toBe(1);
    expect(stepCourier(courier, { kind: 'room' }, 1e6).actions.length).toBe(24);
    const done: CourierEvent = pull(0, 0);
    const beyond = stepCourier(courier, pull(1, BIG.length), 1e6).actions;
    expect(beyond).toMatchObject([{ kind: 'fault', fault: { code: 'MALFORMED' } }]);
    stepCourier(courier, { kind: 'up' }, 1e6);
    stepCourier(courier, { kind: 'post', message }, 1e6);
    expect(stepCourier(courier, done, 1e6).actions).toEqual([]);
    expect(canPost(courier, 1e6)).toBe(true);
  });

  it('skips an announced message that its owner knows, and takes the next', () => {
    const skip: CourierEvent = { kind: 'vetted', header, answer: { kind: 'skip' } };
    const next = makeMessage(8, BIG.subarray(0, 9));
    const { actions } = play([detached, skip, { kind: 'inline', ...next }]);
    expect(actions.map((action) => action.kind)).toEqual(['vet', 'send', 'message']);
  });

  it('takes no message while what it has to say about the last one waits for room', () => {
    const { courier } = play([detached]);
    const skip: CourierEvent = { kind: 'vetted', header, answer: { kind: 'skip' } };
    expect(stepCourier(courier, skip, 0).actions).toEqual([]);
    const again: CourierEvent = { kind: 'bytes', bytes: encodeItem(detached) };
    expect(stepCourier(courier, again, 0).actions).toMatchObject([
      { kind: 'fault', fault: { code: 'MALFORMED' } },
    ]);
  });

  it('has a header vetted again when it comes with another signature', () => {
    const { courier } = play([detached, accept, chunk(0, 10)]);
    const { actions } = play([{ ...detached, signature: new Uint8Array(64) }], courier);
    expect(actions.map((action) => action.kind)).toEqual(['vet']);
    expect(courier.pulling).toBe(undefined);
  });

  it('takes no notice of an answer about a header of an earlier connection', () => {
    const { courier } = play([detached]);
    const other = makeMessage(9, BIG.subarray(1));
    const { actions } = play([{ ...detached, header: other.header }, accept], courier);
    expect(actions.map((action) => action.kind)).toEqual(['vet']);
  });

  function vetted(bodyLength: number): CourierEvent {
    return { kind: 'vetted', header, answer: { kind: 'accept', bodyHash, bodyLength } };
  }

  function play(steps: (CourierEvent | Item)[], courier = createCourier(hashBody)) {
    const actions: CourierAction[] = [];
    stepCourier(courier, { kind: 'up' }, 1e6);
    for (const step of steps) {
      const event: CourierEvent = isItem(step) ? { kind: 'bytes', bytes: encodeItem(step) } : step;
      actions.push(...stepCourier(courier, event, 1e6).actions);
    }
    return { actions, courier };
  }
});

function isItem(step: CourierEvent | Item): step is Item {
  return step.kind === 'inline' || step.kind === 'detached' || step.kind === 'pull' || step.kind === 'chunk';
}

function plain(message: { header: Uint8Array; body: Uint8Array; signature: Uint8Array }): string[] {
  return [message.header, message.body, message.signature].map((part) => Buffer.from(part).toString('hex'));
}
