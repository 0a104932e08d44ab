/** What a gate says of itself, and of what it does not judge at all: word for word, since people and vaults act on it. */
import {
  CharterBody,
  Clear,
  decode,
  encode,
  Hello,
  type Received,
  type SignRequest,
  SignRequest as SignRequestSchema,
  State,
  Status,
  toHex,
} from '@coldwire/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Coin, charterAfter, mustLoad, signedBy } from '../../policy/test/world.ts';
import { decideGreeting, decideMessage, SOFTWARE } from '../src/core/decide.ts';
import { createGateState } from '../src/core/state.ts';
import { GateWorld, receive, refusalsOf, SECOND } from './gate-world.ts';

const MILLITICK = 600_000;

let world: GateWorld;
let coins: readonly Coin[];

beforeEach(() => {
  world = new GateWorld();
  coins = world.world.fund([20_000_000n]);
});

function payment(label = 'one', change = 18_990_000n): SignRequest {
  return world.world.request({ coins, intents: [world.intent(label)], change: [{ amount: change }] });
}

/** The next charter, which lets higher fees pass: it waits. */
const looser = () => {
  const { loaded } = world.world;
  const { policy } = loaded.charter;
  return charterAfter(loaded, { policy: { ...policy, feeRate: policy.feeRate + 1 } });
};

function greet(uptime: number): Hello {
  const hello = decode(Hello, decideGreeting(world.gate.state, uptime).replies[0]?.body ?? new Uint8Array());
  if (!hello.ok) throw new Error(hello.fault.detail);
  return hello.value;
}

describe('A gate', () => {
  test('counts its starts from one, each once', () => {
    expect(createGateState(world.gate.charter).session).toBe(0);
    expect(world.gate.state.session).toBe(1);
    world.gate.start();
    expect(world.gate.state.session).toBe(2);
  });

  const itself = { software: SOFTWARE, epoch: 0, tipHeight: 0, tipHash: new Uint8Array(32), frozen: false };

  test('under its first charter greets with no other one, and has neither coins nor windows to tell', () => {
    expect(greet(0)).toEqual(itself);
    const state = decode(State, world.gate.deliver('STATUS', encode(Status, {})).body);
    expect(state).toEqual({ ok: true, value: { ...itself, millitick: 0, coins: 0, windows: [] } });
  });

  test('tells for how long a charter still waits, which is never less than nothing, and then that it is in force', () => {
    const charter = looser();
    const { hash } = mustLoad(charter);
    expect(world.gate.deliver('CHARTER', encode(CharterBody, { charter: signedBy(charter) })).type).toBe(
      'DONE',
    );
    const left = (uptime: number) => greet(uptime).pending;
    expect(left(0)).toEqual([[1, hash, 144_000]]);
    expect(left(MILLITICK - 1)).toEqual([[1, hash, 144_000]]);
    expect(left(MILLITICK)).toEqual([[1, hash, 143_999]]);
    const due = 144 * 600 * SECOND;
    // A greeting puts nothing in force: the first message that comes does.
    for (const late of [due, due + 7 * MILLITICK]) expect(left(late)).toEqual([[1, hash, 0]]);
    world.gate.uptime = due;
    expect(world.gate.deliver('STATUS', encode(Status, {})).type).toBe('STATE');
    expect(greet(due)).toEqual({ ...itself, epoch: 1, charter: hash });
  });
});

describe('What is not judged is refused with words', () => {
  const detailOf = (received: Received) => {
    const [reply] = decideMessage(world.gate.state, received, 0, () => null).replies;
    if (reply === undefined) throw new Error('no reply');
    return refusalsOf(reply);
  };
  const status = (request: Uint8Array | null) =>
    receive(world.gate.charter, 'STATUS', encode(Status, {}), request);
  const from = (sender: string): Received => {
    const received = status(world.gate.newId());
    return { ...received, header: { ...received.header, sender } };
  };

  test('without a request id', () => {
    expect(detailOf(status(null))).toEqual([['MALFORMED', { detail: 'a request without a request id' }]]);
  });

  test('by a machine that is no vault', () => {
    const detail = 'vault-9 is no vault of the charter in force';
    expect(detailOf(from('vault-9'))).toEqual([['WRONG_PEER', { detail }]]);
  });

  test('of at most 160 characters, the first ones', () => {
    const long = `${'v'.repeat(159)}wx`;
    expect(detailOf(from(long))).toEqual([['WRONG_PEER', { detail: `${'v'.repeat(159)}w` }]]);
  });
});

describe('A request that was answered', () => {
  test('with a refusal gets the same refusal again, also after a start', () => {
    const request = { ...payment(), verdicts: [] };
    const signed = [world.forced('A', request), world.forced('B', request)];
    const body = encode(Clear, { request: encode(SignRequestSchema, request), signed });
    const id = world.gate.newId();
    const first = world.gate.deliver('CLEAR', body, id);
    expect(first.type).toBe('REFUSED');
    expect(world.gate.deliver('CLEAR', body, id)).toEqual(first);
    world.gate.start();
    expect(world.gate.deliver('CLEAR', body, id)).toEqual(first);
  });

  test('keeps its id for itself: another one is told which', () => {
    const id = world.gate.newId();
    world.gate.clear(world.clear(payment('one')), id);
    expect(refusalsOf(world.gate.deliver('CLEAR', world.clear(payment('two')), id))).toEqual([
      ['CONFLICT_ID', { request: toHex(id) }],
    ]);
  });

  test('by more than 256 refusals is told the first 256', () => {
    const script = Uint8Array.of(0x51);
    const intents = Array.from({ length: 257 }, (_, i) =>
      world.world.intent({ id: `${i}`, amount: 1n, script }),
    );
    const outputs = intents.slice(0, 256).map((_, output) => ['OUTPUT_TYPE', { output: `${output}` }]);
    expect(world.force(world.world.request({ coins, intents, verdicts: [] }))).toEqual(outputs);
  });
});

test('What is cleared is on record with its payments only where a limit counts them', () => {
  expect(world.force(payment())).toEqual([]);
  const records = world.gate.journal.filter(({ kind }) => kind === 'cleared');
  expect(records).toHaveLength(1);
  expect(records[0]?.value).not.toHaveProperty('payments');
  expect(world.gate.state.payments).toEqual([]);
});
