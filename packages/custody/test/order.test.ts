import { decode, Order, type SignedOrder } from '@coldwire/protocol';
import { describe, expect, test } from 'vitest';
import { orderIn } from '../../policy/test/memory/memory-world.ts';
import { identity, World } from '../../policy/test/world.ts';
import { describeOrder, judgeOrderFile, readOrderFile, signOrder } from '../src/order.ts';

const world = new World();
const [order] = orderIn(world, 'restore');

function signedBy(...names: readonly string[]): Uint8Array {
  let signatures: SignedOrder[1] = [];
  let bytes: Uint8Array = new Uint8Array(0);
  for (const name of names) {
    bytes = signOrder(world.loaded, order, signatures, name, identity(name));
    signatures = readOrderFile(bytes, 'test').signed[1];
  }
  return bytes;
}

describe('an order', () => {
  test('collects the signatures of custodians until the quorum is reached', () => {
    const one = readOrderFile(signedBy('ada'), 'test');
    expect(judgeOrderFile(world.loaded, one)).toEqual({ signed: ['ada'], bad: [], missing: 1 });
    const two = readOrderFile(signedBy('ada', 'ben'), 'test');
    expect(judgeOrderFile(world.loaded, two)).toEqual({ signed: ['ada', 'ben'], bad: [], missing: 0 });
  });

  test('is signed once by each, however often somebody signs', () => {
    const file = readOrderFile(signedBy('ada', 'ben', 'ada'), 'test');
    expect(file.signed[1].map(([name]) => name)).toEqual(['ben', 'ada']);
  });

  test('takes no signature of a key that is not the custodian’s', () => {
    expect(() => signOrder(world.loaded, order, [], 'ada', identity('ben'))).toThrow(
      'no custodian "ada" with this key',
    );
    const forged = orderIn(world, 'unfreeze', { keys: ['mallory', 'ben'] });
    const decoded = decode(Order, forged[0]);
    if (!decoded.ok) throw new Error(decoded.fault.detail);
    expect(judgeOrderFile(world.loaded, { signed: forged, order: decoded.value })).toEqual({
      signed: ['ben'],
      bad: ['ada'],
      missing: 1,
    });
  });

  test('says in words what it does, to whom and how long it is good', () => {
    const { order: decoded } = readOrderFile(signedBy('ada'), 'test');
    expect(describeOrder(decoded)).toContain('Takes signer A back that lost its memory');
    expect(describeOrder(decoded)).toContain(`Taken up to height ${decoded.expires}.`);
  });

  test('is refused where the bytes are none', () => {
    expect(() => readOrderFile(Uint8Array.of(0x82, 0x41, 0x00, 0x80), 'a.order')).toThrow(
      'it is not an order',
    );
  });
});
