import {
  Clear,
  concatBytes,
  encode,
  fromHex,
  type SignRequest,
  SignRequest as SignRequestSchema,
} from '@coldwire/protocol';
import { MAX_MONEY } from '@coldwire/wallet';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Coin, type DraftPlan, seeded } from '../../policy/test/world.ts';
import { realCharter } from '../../signer/test/signing-world.ts';
import { GateWorld, idAtHome, refusalsOf } from './gate-world.ts';

let world: GateWorld;
let coins: readonly Coin[];

beforeEach(() => {
  world = new GateWorld();
  coins = world.world.fund(Array.from({ length: 4 }, () => 20_000_000n));
});

/** Pays one intent of a million and leaves 10,000 sat of fee, unless the plan says otherwise. */
function plan(more: Partial<DraftPlan> = {}): SignRequest {
  const intents = more.intents ?? [world.intent('one')];
  const spent = coins.reduce((sum, { amount }) => sum + amount, 0n);
  return world.world.request({
    coins,
    intents,
    change: [{ amount: spent - BigInt(intents.length) * 1_000_000n - 10_000n }],
    ...more,
  });
}

/** Refused with exactly this; nothing is remembered but the refusal, and a good request passes after it. */
function expectRefused(request: SignRequest, ...wanted: [string, Record<string, string>][]): void {
  expect(world.force(request)).toEqual(wanted);
  const { cleared, intents, seen } = world.gate.state;
  expect([cleared.size, intents.size, seen.size]).toEqual([0, 0, 0]);
  expect(world.force(plan())).toEqual([]);
  world.gate.forget();
}

describe('What cannot be built', () => {
  test('more inputs, intents or outputs than the charter allows are LIMIT', () => {
    world = new GateWorld(
      realCharter((charter) => ({
        ...charter,
        policy: { ...charter.policy, maxInputs: 4, maxIntents: 1, maxOutputs: 2 },
      })),
    );
    coins = world.world.fund([...Array.from({ length: 5 }, () => 20_000_000n)]);
    const five = coins;
    coins = five.slice(0, 4);
    const intents = ['one', 'two', 'three'].map((label) => world.intent(label));
    expectRefused(
      plan({ coins: five, intents, change: [] }),
      ['LIMIT', { what: 'inputs', got: '5', limit: '4' }],
      ['LIMIT', { what: 'intents', got: '3', limit: '1' }],
      ['LIMIT', { what: 'outputs', got: '3', limit: '2' }],
    );
  });

  test('an amount above 21 million, and outputs above the inputs, are VALUE_RANGE', () => {
    const [first, ...rest] = coins;
    if (first === undefined) throw new Error('no coin');
    const request = plan({ coins: [{ ...first, amount: MAX_MONEY + 1n }, ...rest] });
    const value = (MAX_MONEY + 1n + 60_000_000n).toString();
    expectRefused(request, ['VALUE_RANGE', { what: 'amount', value }]);
    expectRefused(plan({ change: [{ amount: 79_000_001n }] }), ['VALUE_RANGE', { what: 'fee', value: '-1' }]);
  });

  test('a coin twice is DUP_INPUT, an intent twice is DUP_INTENT', () => {
    const [first] = coins;
    if (first === undefined) throw new Error('no coin');
    const outpoint = `${Buffer.from(first.txid).reverse().toString('hex')}:0`;
    expectRefused(plan({ coins: [...coins, first] }), ['DUP_INPUT', { outpoint }]);
    const intent = world.intent('one');
    expect(world.force(plan({ intents: [intent, intent] })).map(([code]) => code)).toEqual(['DUP_INTENT']);
  });

  test('a coin of a wallet, chain or index that does not exist is INPUT_FOREIGN', () => {
    const request = plan();
    const [first, ...rest] = request.draft.inputs;
    if (first === undefined) throw new Error('no input');
    const [txid, vout, amount] = first;
    const outpoint = `${Buffer.from(txid).reverse().toString('hex')}:${vout}`;
    for (const place of [
      [1, 0, 0],
      [0, 2, 0],
      [0, 0, 0x80000000],
    ] as const) {
      const inputs = [[txid, vout, amount, ...place] as const, ...rest];
      expectRefused({ ...request, draft: { ...request.draft, inputs } }, ['INPUT_FOREIGN', { outpoint }]);
    }
  });

  test('change that is not the newest wallet’s own, or stands nowhere, is NOT_CHANGE', () => {
    for (const [change, output] of [
      [{ amount: 78_990_000n, wallet: 1 }, '1'],
      [{ amount: 78_990_000n, index: 0x80000000 }, '1'],
      [{ amount: 78_990_000n, position: 2 }, '2'],
    ] as const) {
      const refusals = world.force(plan({ change: [change] }));
      expect(refusals[0]).toEqual(['NOT_CHANGE', { output }]);
      expect(refusals).toHaveLength(1);
    }
    const twice = [
      { amount: 40_000_000n, position: 1 },
      { amount: 38_990_000n, position: 1 },
    ];
    expectRefused(plan({ change: twice }), ['NOT_CHANGE', { output: '1' }]);
  });

  test('a locktime that is a time is TX_FIELDS', () => {
    const locktime = 500_000_000;
    expectRefused(plan({ locktime }), ['TX_FIELDS', { field: 'locktime', value: `${locktime}` }]);
  });

  test('a destination that is no allowed template is OUTPUT_TYPE', () => {
    const scripts: readonly Uint8Array[] = [
      fromHex('6a0568656c6c6f'),
      concatBytes(fromHex('5220'), seeded('future')),
      fromHex('51'),
      concatBytes(fromHex('76a914'), new Uint8Array(20), fromHex('88ad')),
      // Not the x coordinate of a point: nobody could ever spend it.
      concatBytes(fromHex('5120'), new Uint8Array(32)),
    ];
    for (const script of scripts) {
      const intent = world.world.intent({ id: idAtHome(0, 'one'), script });
      expectRefused(plan({ intents: [intent] }), ['OUTPUT_TYPE', { output: '0' }]);
    }
  });

  test('an output type that this charter leaves out is OUTPUT_TYPE', () => {
    world = new GateWorld(
      realCharter((charter) => ({ ...charter, policy: { ...charter.policy, scripts: ['p2wpkh'] } })),
    );
    coins = world.world.fund([20_000_000n]);
    const script = concatBytes(fromHex('0020'), seeded('p2wsh'));
    const intent = world.world.intent({ id: idAtHome(0, 'one'), script });
    expectRefused(plan({ intents: [intent] }), ['OUTPUT_TYPE', { output: '0' }]);
  });

  test('a draft without any output is TX_FIELDS: all of it would be fee', () => {
    const request = world.world.request({ coins: coins.slice(0, 1) });
    const body = encode(Clear, {
      request: encode(SignRequestSchema, request),
      signed: [world.forced('A', plan()), world.forced('B', plan())],
    });
    expect(refusalsOf(world.gate.deliver('CLEAR', body))).toEqual([
      ['TX_FIELDS', { field: 'outputs', value: '0' }],
    ]);
  });
});

describe('Who asked for it', () => {
  test('an intent that no requester signed is INTENT_SIGNATURE', () => {
    const id = idAtHome(0, 'one');
    const stolen = world.world.intent({ id, key: 'mallory' });
    const unknown = world.world.intent({ id, requester: 'mallory' });
    const other = world.world.intent({ id, requester: 'shop', key: 'desk' });
    for (const intent of [stolen, unknown, other]) {
      const intentId = Buffer.from(seeded(id).slice(0, 16)).toString('hex');
      expectRefused(plan({ intents: [intent] }), ['INTENT_SIGNATURE', { intent: intentId }]);
    }
  });

  test('an intent whose amount or destination was altered is INTENT_SIGNATURE', () => {
    const [bytes, signature] = world.intent('one');
    const larger = world.world.intent({ id: idAtHome(0, 'one'), amount: 1_000_001n })[0];
    expect(bytes).not.toEqual(larger);
    const request = plan({ intents: [[larger, signature]] });
    expect(world.force(request).map(([code]) => code)).toEqual(['INTENT_SIGNATURE']);
    expect(world.force(plan({ intents: [[Uint8Array.of(0xa0), signature]] }))).toEqual([
      ['INTENT_SIGNATURE', { intent: 'not an intent' }],
      ['NOT_CHANGE', { output: '1' }],
    ]);
  });

  test('a requester’s spare key signs as well as the first', () => {
    const intent = world.world.intent({ id: idAtHome(0, 'one'), key: 'shop spare' });
    expect(world.force(plan({ intents: [intent] }))).toEqual([]);
  });

  test('the id of a cleared intent with other contents is INTENT_REUSED', () => {
    expect(world.force(plan())).toEqual([]);
    const again = world.intent('one', 1_000_001n);
    const intent = Buffer.from(seeded(idAtHome(0, 'one')).slice(0, 16)).toString('hex');
    expect(world.force(plan({ intents: [again] }))).toContainEqual(['INTENT_REUSED', { intent }]);
  });

  test('an intent without the verdict of a screen is SCREENING', () => {
    const intents = [world.intent('one'), world.intent('two')];
    const intent = Buffer.from(seeded(idAtHome(0, 'two')).slice(0, 16)).toString('hex');
    const good = world.world.verdict(intents);
    const part = world.world.verdict(intents, [0]);
    const verdicts = [
      [part],
      [part, { ...good, covers: [1] }],
      [part, { ...good, issued: good.issued + 1 }],
      [part, { ...good, screen: 'mallory' }],
      [part, { ...good, screen: 'screen-2' }],
      [part, { ...good, covers: [1, 0] }],
      [part, { ...good, covers: [0, 1, 2] }],
      [part, world.world.verdict(intents, [1], 'shop')],
    ];
    for (const rows of verdicts) expectRefused(plan({ intents, verdicts: rows }), ['SCREENING', { intent }]);
  });

  test('verdicts of several screens add up, and places may repeat', () => {
    const intents = [world.intent('one'), world.intent('two')];
    const verdicts = [world.world.verdict(intents, [0, 0]), world.world.verdict(intents, [1], 'screen-2')];
    expect(world.force(plan({ intents, verdicts }))).toEqual([]);
  });

  test('an intent that this gate has cleared needs no new verdict', () => {
    expect(world.force(plan())).toEqual([]);
    const bumped = plan({ change: [{ amount: 78_980_000n }], verdicts: [] });
    expect(world.force(bumped)).toEqual([]);
  });
});
