// Orders in the hands of a hostile vault, which may cut signatures off, hold orders back and bring them again.
import {
  decode,
  encode,
  hashOrder,
  Order,
  type OrderKind,
  Refused,
  type SignedOrder,
  toHex,
} from '@coldwire/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { takeOrder } from '../../src/memory/orders.ts';
import { factsOf, identity, sampleCharter, seeded } from '../world.ts';
import { foreignCharter, MemoryWorld, NONCE, type OrderPlan, orderIn, testify } from './memory-world.ts';

let world: MemoryWorld;

beforeEach(() => {
  world = new MemoryWorld();
  world.start();
});

describe('a freeze that two custodians signed', () => {
  const plan = { id: seeded('incident').slice(0, 16), expires: 100_000 };

  it('is confirmed by the whole order, though a vault brought it with one signature first', () => {
    expect(world.order('freeze', { ...plan, by: ['ada'] })).toBe('ok');
    expect(world.state.memory.confirmed).toBeNull();
    expect(world.order('freeze', { ...plan, by: ['ada', 'ben'] })).toBe('ok');
    expect(world.state.memory.confirmed).not.toBeNull();
  });

  it('counts once for each of them, in whatever company it comes again', () => {
    expect(world.order('freeze', { ...plan, by: ['ada'] })).toBe('ok');
    world.pass(2 * world.loaded.charter.policy.freezeTicks + 2);
    expect(world.order('freeze', { ...plan, by: ['ada', 'ben'] })).toBe('ok');
    expect(world.state.memory.confirmed).toBeNull();
    for (const by of [['ada'], ['ben'], ['ben', 'ada']])
      expect(world.order('freeze', { ...plan, by })).toBe('ORDER_USED');
  });
});

describe('a freeze by many', () => {
  it('refuses in an answer that can be written, whatever script their names are in', () => {
    const { charter, names } = foreignCharter();
    world = new MemoryWorld(charter);
    const [coin] = world.fund([5_000_000n]);
    if (coin === undefined) throw new Error('no coin');
    world.start();
    expect(world.order('freeze', { by: names })).toBe('ok');
    const outcome = world.evaluate(world.request({ coins: [coin], intents: [world.intent()] }));
    if (outcome.kind !== 'refused') throw new Error(outcome.kind);
    const refusals = outcome.refusals.map(({ code, facts }) => ({ code, facts }));
    const answer = decode(Refused, encode(Refused, { refusals }));
    if (!answer.ok) throw new Error(answer.fault.detail);
    const [frozen, unwitnessed] = answer.value.refusals;
    expect(frozen).toEqual({
      code: 'FROZEN',
      facts: [
        ['since', '1.000'],
        ['by', names.slice(0, 4).join(', ')],
        ['until', 'a quorum ends it'],
      ],
    });
    expect(unwitnessed).toEqual({
      code: 'UNWITNESSED',
      facts: [
        ['missing', charter.gates.map(({ name }) => name).join(' ')],
        ['until', '146.000'],
      ],
    });
  });
});

describe('a restore', () => {
  it('is carried out once in a start, though a gate has not spoken yet: it would begin its windows anew', () => {
    world.attest(testify(world, 'gate-1'));
    expect(world.order('restore')).toBe('ok');
    const since = world.state.memory.restored?.since;
    world.pass(1);
    expect(world.order('restore')).toBe('ORDER_USED');
    expect(world.state.memory.restored?.since).toBe(since);
  });
});

const clocks = () => ({ time: world.now, uptime: world.uptime });

/** What signer A says of the order, brought as `kind`: the refusals with their facts, none where it is taken. */
function judge(order: SignedOrder, kind: OrderKind | undefined) {
  const outcome = takeOrder(world.state, 'A', order, kind, clocks());
  if (outcome.kind === 'malformed') throw new Error(outcome.fault.detail);
  return outcome.kind === 'ok' ? [] : outcome.refusals.map((refusal) => [refusal.code, factsOf(refusal)]);
}

/** A restore that names no height, signed as it is. */
function withoutHeight(): SignedOrder {
  const [bytes, signatures] = orderIn(world, 'restore');
  const read = decode(Order, bytes, 160);
  if (!read.ok) throw new Error(read.fault.detail);
  const { height: _, ...rest } = read.value;
  const order = encode(Order, rest);
  return [order, signatures.map(([name]) => [name, identity(name).sign(hashOrder(order))] as const)];
}
const told = (kind: OrderKind, plan: OrderPlan = {}) => judge(orderIn(world, kind, plan), kind);

describe('an order is refused by what it is not for', () => {
  const target = (what: string, got: string, want: string) => [['ORDER_TARGET', { what, got, want }]];

  it('where it is brought as another kind; a console need not say which', () => {
    const order = orderIn(world, 'freeze');
    expect(judge(order, 'unfreeze')).toEqual(target('kind', 'freeze', 'unfreeze'));
    expect(judge(order, undefined)).toEqual([]);
  });

  it('for another deployment', () => {
    const first = seeded('other');
    expect(told('freeze', { first })).toEqual(target('charter', toHex(first), toHex(world.loaded.first)));
  });

  it('for another signer; for this one or for every one it is good, but a restore names one', () => {
    for (const kind of ['freeze', 'unfreeze'] as const) {
      expect(told(kind, { signer: 'B' })).toEqual(target('signer', 'B', 'A'));
      expect(told(kind, { signer: 'A' })).toEqual([]);
      expect(told(kind, { signer: null })).toEqual([]);
    }
    expect(told('restore', { signer: 'B' })).toEqual(target('signer', 'B', 'A'));
    expect(told('restore', { signer: null })).toEqual(target('signer', 'every', 'A'));
    expect(told('restore')).toEqual([]);
  });

  it('for another start, or for one that there was not', () => {
    const id = seeded('another start').slice(0, 16);
    expect(told('restore', { id })).toEqual(target('nonce', toHex(id), toHex(NONCE)));
    world = new MemoryWorld();
    expect(told('restore', { id })).toEqual(target('nonce', toHex(id), 'none'));
  });

  it('for a signer that has lost nothing', () => {
    world.attest(testify(world, 'gate-1'), testify(world, 'gate-2'));
    expect(told('restore')).toEqual(target('state', 'whole', 'lost'));
  });

  it('for a height below that of the chain; one without any is as one of 0', () => {
    const { height } = world;
    expect(told('restore', { height: height - 1 })).toEqual(target('height', `${height - 1}`, `${height}`));
    expect(judge(withoutHeight(), 'restore')).toEqual(target('height', '0', `${height}`));
  });
});

describe('an unfreeze of old', () => {
  it('is not kept alive by headers that are held back; a freeze never waits for them', () => {
    const { fresh } = world.loaded.charter.clock;
    const at = (time: number) => ({ time, uptime: world.uptime });
    const unfreeze = orderIn(world, 'unfreeze', { expires: world.height });
    const late = world.now + fresh + 1;
    expect(takeOrder(world.state, 'A', unfreeze, 'unfreeze', at(late - 1))).toMatchObject({ kind: 'ok' });
    expect(takeOrder(world.state, 'A', unfreeze, 'unfreeze', at(late))).toMatchObject({
      kind: 'refused',
      refusals: [
        {
          code: 'CLOCK_STALE',
          facts: [
            ['newest', `${world.now}`],
            ['now', `${late}`],
          ],
        },
      ],
    });
    expect(takeOrder(world.state, 'A', orderIn(world, 'freeze'), 'freeze', at(late))).toMatchObject({
      kind: 'ok',
    });
  });
});

describe('an order', () => {
  it('is good up to the height that it names', () => {
    const { height } = world;
    expect(told('freeze', { expires: height })).toEqual([]);
    expect(told('freeze', { expires: height - 1 })).toEqual([
      ['ORDER_EXPIRED', { expires: `${height - 1}`, now: `${height}` }],
    ]);
  });

  it('that one custodian signed twice is not signed by two', () => {
    expect(told('unfreeze', { by: ['ada', 'ada'] })).toEqual([['ORDER_SIGNATURE', { at: '1' }]]);
  });

  it('to freeze by somebody who rests is taken and changes nothing', () => {
    world.order('freeze', { by: ['ada'] });
    const outcome = takeOrder(
      world.state,
      'A',
      orderIn(world, 'freeze', { by: ['ada'] }),
      'freeze',
      clocks(),
    );
    expect(outcome).toEqual({ kind: 'ok', changes: [] });
  });

  it('to restore that names no height is of height 0, on a chain that has no block above its first', () => {
    const charter = sampleCharter();
    world = new MemoryWorld({ ...charter, clock: { ...charter.clock, checkpointHeight: 0 } });
    world.start();
    expect(takeOrder(world.state, 'A', withoutHeight(), 'restore', clocks())).toMatchObject({
      kind: 'ok',
      changes: [{ kind: 'restored', value: { height: 0 } }],
    });
  });
});
