/**
 * The courier on a connection whose every byte is the peer's: items in any order, pulled bodies, room that comes and goes. The
 * first bytes of an input say how it is cut and what the owner answers. Nothing throws; no body is above the limit; what is
 * delivered has the hash that was accepted; nothing is sent without room for it.
 */
import { concatBytes, equalBytes, hashBody } from '@coldwire/protocol';
import { createCourier, stepCourier } from '@coldwire/protocol/connection/courier.ts';
import { CHUNK_MAX, encodeItem, INLINE_BODY_MAX, type Item } from '@coldwire/protocol/connection/items.ts';
import { mutateCbor } from '../mutate/cbor.ts';
import type { Mutator } from '../mutate/mutator.ts';
import { assertHolds, type Target } from '../target.ts';

const BODY = new Uint8Array(INLINE_BODY_MAX + 1000).fill(7);
const HASH = hashBody(BODY);
const HEADER = Uint8Array.of(0x80);
const SIGNATURE = new Uint8Array(64);
const PREFIX = 3;

const chunk = (offset: number, length: number): Item => {
  return { kind: 'chunk', bodyHash: HASH, offset, bytes: BODY.subarray(offset, offset + length) };
};
const ITEMS: readonly Item[] = [
  { kind: 'inline', header: HEADER, body: Uint8Array.of(1, 2, 3), signature: SIGNATURE },
  { kind: 'detached', header: HEADER, signature: SIGNATURE },
  { kind: 'pull', bodyHash: HASH, offset: 0, length: BODY.length },
  { kind: 'pull', bodyHash: HASH, offset: 0, length: 0 },
  chunk(0, CHUNK_MAX),
  chunk(CHUNK_MAX, BODY.length - CHUNK_MAX),
];

function cutItems(stream: Uint8Array): Uint8Array[] {
  const items: Uint8Array[] = [];
  for (let at = 0; at + 4 <= stream.length; ) {
    const length = new DataView(stream.buffer, stream.byteOffset).getUint32(at);
    items.push(stream.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return items;
}

/** Changes, drops, repeats or adds an item and writes the lengths anew. */
const mutateItems: Mutator = (input, pool) => {
  const { random } = pool;
  const items = cutItems(input.subarray(PREFIX));
  const at = random.below(items.length);
  const chosen = items[at];
  const fresh = encodeItem(random.pick(ITEMS)).subarray(4);
  const change = chosen === undefined ? 0 : random.below(4);
  if (change === 0) items.splice(random.below(items.length + 1), 0, fresh);
  else if (change === 1) items.splice(at, 1);
  else items[at] = mutateCbor(chosen ?? fresh, pool);
  const framed = items.flatMap((item) => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, item.length);
    return [length, item];
  });
  return concatBytes(input.subarray(0, PREFIX), ...framed);
};

function run(input: Uint8Array): void {
  const [cut = 0, answer = 0, rooms = 0] = input;
  const courier = createCourier(hashBody);
  let delivered = 0;
  const step = (event: Parameters<typeof stepCourier>[1], room: number): void => {
    let left = room;
    for (const action of stepCourier(courier, event, room).actions) {
      if (action.kind === 'send') left -= action.bytes.length;
      assertHolds(left >= 0, 'nothing is sent without room for it');
      if (action.kind === 'message') {
        delivered += 1;
        const long = action.body.length > INLINE_BODY_MAX;
        assertHolds(!long || equalBytes(hashBody(action.body), HASH), 'a pulled body has the hash accepted');
      }
      if (action.kind !== 'vet') continue;
      const accept = { kind: 'accept', bodyHash: HASH, bodyLength: BODY.length + (answer >> 6) } as const;
      const reply = answer % 4 === 0 ? ({ kind: 'skip' } as const) : accept;
      step({ kind: 'vetted', header: action.header, answer: reply }, left);
    }
  };
  step({ kind: 'up' }, 40_000);
  if (rooms % 2 === 1)
    step({ kind: 'post', message: { header: HEADER, body: BODY, signature: SIGNATURE } }, 40_000);
  const stream = input.subarray(PREFIX);
  const size = 1 + cut * 37;
  for (let at = 0; at < stream.length; at += size) {
    step({ kind: 'bytes', bytes: stream.subarray(at, at + size) }, (rooms >> 1) * 320);
    step({ kind: 'room' }, 20_000);
  }
  step({ kind: 'down' }, 0);
  assertHolds(delivered <= stream.length, 'no message comes of nothing');
}

export const target: Target = {
  seeds: [0, 1, 9, 255].flatMap((first) => [
    concatBytes(Uint8Array.of(first, 1, 255), ...ITEMS.map(encodeItem)),
    concatBytes(
      Uint8Array.of(first, 5, 40),
      ...ITEMS.slice(1, 2).map(encodeItem),
      ...ITEMS.slice(4).map(encodeItem),
    ),
    concatBytes(Uint8Array.of(first, 4, 1), ...ITEMS.slice(0, 4).map(encodeItem)),
  ]),
  mutators: [mutateItems],
  maxLength: 40_000,
  run,
};
