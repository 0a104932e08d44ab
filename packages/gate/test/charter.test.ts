import {
  type Charter,
  CharterBody,
  decode,
  encode,
  type GateMember,
  Hello,
  State,
  Status,
  toHex,
} from '@coldwire/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Coin, charterAfter, mustLoad, seeded, signedBy } from '../../policy/test/world.ts';
import { realCharter } from '../../signer/test/signing-world.ts';
import { openGateCharter } from '../src/core/charter.ts';
import { decideGreeting } from '../src/core/decide.ts';
import { applyGate, createGateState } from '../src/core/state.ts';
import { GateWorld, idAtHome, refusalsOf, type TestGate } from './gate-world.ts';

const SECOND = 1_000_000;
/** Ticks of 600 seconds. */
const DELAY = 3;
const WAIT = DELAY * 600 * SECOND;
let world: GateWorld;
let gate: TestGate;
let coins: readonly Coin[];

beforeEach(() => {
  world = new GateWorld(
    realCharter((charter) => ({
      ...charter,
      policy: {
        ...charter.policy,
        loosenTicks: DELAY,
        windows: [{ ticks: 144, amount: 6_000_000n, count: 600, fee: 3_000_000n }],
      },
    })),
  );
  gate = world.gate;
  coins = world.world.fund([20_000_000n, 20_000_000n, 20_000_000n]);
});

const first = () => world.world.loaded;
const withPolicy = (change: Partial<Charter['policy']>, head = first()): Charter =>
  charterAfter(head, { policy: { ...head.charter.policy, ...change } });

function give(charter: Charter, names?: readonly string[], to = gate) {
  const reply = to.deliver('CHARTER', encode(CharterBody, { charter: signedBy(charter, names) }));
  return reply.type === 'DONE' ? [] : refusalsOf(reply);
}

function payment(label: string, amount: bigint, place = 0) {
  const coin = coins[place];
  if (coin === undefined) throw new Error('no coin');
  const intents = [world.intent(label, amount)];
  return world.world.request({ coins: [coin], intents, change: [{ amount: 19_990_000n - amount }] });
}

const epochOf = (): number => gate.state.charter.charter.epoch;
function hello(): Hello {
  const read = decode(Hello, decideGreeting(gate.state, gate.uptime).replies[0]?.body ?? new Uint8Array());
  if (!read.ok) throw new Error(read.fault.detail);
  return read.value;
}
const look = (): State => {
  const read = decode(State, gate.deliver('STATUS', encode(Status, {})).body);
  if (!read.ok) throw new Error(read.fault.detail);
  return read.value;
};

describe('A later charter at a gate', () => {
  test('is in force at once when it only tightens, and what was cleared still counts', () => {
    expect(world.pass(payment('one', 1_500_000n)).codes).toEqual([]);
    const next = withPolicy({ windows: [{ ticks: 144, amount: 4_000_000n, count: 600, fee: 3_000_000n }] });
    expect(give(next)).toEqual([]);
    expect(hello()).toMatchObject({ epoch: 1, charter: mustLoad(next).hash });
    expect(world.pass(payment('two', 500_001n, 1)).codes).toEqual(['AMOUNT_WINDOW']);
    expect(world.pass(payment('three', 500_000n, 1)).codes).toEqual([]);
  });

  test('waits when it loosens: by running time alone, which a restart makes no shorter', () => {
    const next = withPolicy({ feeAbsolute: 200_000n });
    gate.uptime = 10 * SECOND;
    expect(give(next)).toEqual([]);
    expect(look().pending).toEqual([[1, mustLoad(next).hash, 3000]]);
    gate.uptime += WAIT - 1;
    expect(look()).toMatchObject({ epoch: 0, pending: [[1, mustLoad(next).hash, 1]] });
    gate.start();
    gate.uptime = WAIT - 1;
    expect(look().epoch).toBe(0);
    gate.uptime += 1;
    expect(look().epoch).toBe(1);
    expect(look()).not.toHaveProperty('pending');
  });

  test('is taken back by a later one that loosens less, or nothing', () => {
    give(withPolicy({ maxInputs: 1010 }));
    const large = mustLoad(withPolicy({ maxInputs: 1010 }));
    const less = mustLoad(withPolicy({ maxInputs: 1005 }, large));
    give(less.charter);
    expect(gate.state.waiting.map(({ charter }) => charter.charter.epoch)).toEqual([2]);
    give(withPolicy({ maxInputs: 1000 }, less));
    expect(gate.state.waiting).toEqual([]);
    gate.uptime = 3 * WAIT;
    expect(look().epoch).toBe(3);
    expect(give(large.charter)).toEqual([]);
    expect(epochOf()).toBe(3);
  });

  test('is refused with its code, and nothing changes', () => {
    const good = withPolicy({ maxInputs: 10 });
    const before = gate.journal.length;
    expect(give({ ...good, epoch: 2 })).toEqual([['CHARTER_CHAIN', { epoch: '2', want: '1' }]]);
    expect(give({ ...good, previous: new Uint8Array(32) })).toEqual([
      ['CHARTER_CHAIN', { epoch: '1', want: '1' }],
    ]);
    expect(give(good, ['ada', 'ada', 'eve'])).toEqual([['CHARTER_QUORUM', { signed: '0', needed: '2' }]]);
    expect(give(good, ['ada'])).toEqual([['CHARTER_QUORUM', { signed: '1', needed: '2' }]]);
    const spacing = { ...good, clock: { ...good.clock, spacing: 300 } };
    expect(give(spacing)[0]?.[0]).toBe('CHARTER_UNFIT');
    const wallets = good.wallets.map((row) => ({ ...row, keys: row.keys.toReversed() }));
    expect(give({ ...good, wallets })[0]?.[0]).toBe('CHARTER_UNFIT');
    expect(gate.journal).toHaveLength(before);
  });

  test('lets a signer that is behind, and one that is ahead, be cleared together', () => {
    const gates = first().charter.gates.filter(({ name }) => name === 'gate-1');
    const next = charterAfter(first(), { gates });
    const body = encode(CharterBody, { charter: signedBy(next) });
    expect(world.signers.A.deliver('CHARTER', body)[0]?.type).toBe('DONE');
    // A seals to one gate now, B to two. A list of gates that the gate has never heard of is not believed.
    const request = payment('one', 100_000n);
    expect(world.pass(request, ['B', 'C']).codes).toEqual([]);
    expect(world.pass(request, ['A', 'B']).codes).toEqual(['GATE_SEAL']);
    expect(give(next)).toEqual([]);
    expect(world.pass(request, ['A', 'B']).codes).toEqual([]);
    expect(world.pass(payment('two', 100_000n, 1), ['B', 'A']).codes).toEqual([]);
  });

  test('that drops a gate leaves the other its part of the windows until they have passed', () => {
    expect(world.pass(payment('one', 3_000_000n)).codes).toEqual([]);
    give(charterAfter(first(), { gates: first().charter.gates.slice(0, 1) }));
    expect(world.pass(payment('two', 1_000n, 1)).codes).toEqual(['AMOUNT_WINDOW']);
    const large = (label: string) => world.force(payment(label, 4_000_000n, 1)).map(([code]) => code);
    gate.uptime = 144 * 600 * SECOND - 1;
    expect(large('three')).toEqual(['AMOUNT_WINDOW']);
    gate.uptime += 1;
    expect(large('four')).toEqual([]);
  });

  test('that drops a gate leaves the other its part of what a destination may get', () => {
    const row = { per: 'requester', ticks: 144, amount: 6_000_000n, count: 60 } as const;
    const gates = first().charter.gates.slice(0, 1);
    const policy = { ...first().charter.policy, velocity: [row] };
    policy.windows = [{ ticks: 144, amount: 60_000_000n, count: 600, fee: 3_000_000n }];
    world = new GateWorld({ ...first().charter, policy });
    gate = world.gate;
    coins = world.world.fund([20_000_000n, 20_000_000n]);
    give(charterAfter(first(), { gates }));
    const codes = (label: string, amount: bigint) =>
      world.force(payment(label, amount)).map(([code]) => code);
    expect(codes('one', 3_000_001n)).toEqual(['REQUESTER_WINDOW']);
    gate.uptime = 144 * 600 * SECOND - 1;
    expect(codes('two', 3_000_001n)).toEqual(['REQUESTER_WINDOW']);
    gate.uptime += 1;
    expect(codes('three', 6_000_000n)).toEqual([]);
  });

  test('that takes a requester away leaves what was cleared for it to be bumped, and nothing new', () => {
    expect(world.pass(payment('one', 1_000_000n)).codes).toEqual([]);
    give(
      charterAfter(first(), { requesters: first().charter.requesters.filter(({ name }) => name !== 'shop') }),
    );
    const [coin] = coins;
    if (coin === undefined) throw new Error('no coin');
    const intents = [world.intent('one', 1_000_000n)];
    const bump = world.world.request({ coins: [coin], intents, change: [{ amount: 18_980_000n }] });
    expect(world.pass(bump).codes).toEqual([]);
    const altered = [world.world.intent({ id: idAtHome(0, 'one'), amount: 1_000_001n })];
    const other = world.world.request({ coins: [coin], intents: altered, change: [{ amount: 18_970_000n }] });
    expect(world.force(other).map(([code]) => code)).toEqual(['INTENT_REUSED']);
    expect(world.force(payment('two', 1_000_000n, 1)).map(([code]) => code)).toEqual(['INTENT_SIGNATURE']);
  });

  test('that drops this gate makes it refuse all but charters and questions', () => {
    const other = world.other;
    give(charterAfter(first(), { gates: first().charter.gates.slice(0, 1) }), undefined, other);
    const reply = other.deliver('CLEAR', world.clear(payment('one', 1_000_000n), ['A', 'B']));
    expect(refusalsOf(reply)[0]?.[0]).toBe('WRONG_PEER');
    expect(other.deliver('STATUS', encode(Status, {})).type).toBe('STATE');
  });

  test('that drops the vault ends what it may ask', () => {
    give(charterAfter(first(), { vaults: first().charter.vaults.slice(1) }));
    const reply = gate.deliver('STATUS', encode(Status, {}));
    expect(refusalsOf(reply)[0]?.[0]).toBe('WRONG_PEER');
  });

  test('and its enactment are in the journal: folded, the state is the same', () => {
    give(withPolicy({ maxInputs: 1010 }));
    gate.uptime = WAIT;
    look();
    const folded = gate.journal.reduce(applyGate, createGateState(gate.charter));
    expect(toHex(folded.charter.hash)).toBe(toHex(gate.state.charter.hash));
    expect(folded.former).toEqual(gate.state.former);
    expect([...folded.charters]).toEqual([...gate.state.charters]);
    expect(folded.lastRunning).toBe(gate.state.lastRunning);
  });
});

describe('The place of a gate in a later charter', () => {
  const placeAfter = (change: (own: GateMember) => Partial<GateMember>): number => {
    const { gates } = first().charter;
    const later = gates.map((row) => (row.name === 'gate-1' ? { ...row, ...change(row) } : row));
    const opened = openGateCharter(signedBy(charterAfter(first(), { gates: later }))[0], gate.state.charter);
    if (typeof opened === 'string') throw new Error(opened);
    return opened.place;
  };

  test('is that of its name with both of its keys', () => {
    expect(placeAfter(() => ({}))).toBe(0);
    expect(placeAfter(() => ({ name: 'gate-9' }))).toBe(-1);
    expect(placeAfter(() => ({ key: seeded('another') }))).toBe(-1);
    expect(placeAfter(() => ({ sealKey: seeded('another') }))).toBe(-1);
    expect(placeAfter(() => ({ name: 'gate-9', key: seeded('another') }))).toBe(-1);
    expect(placeAfter(() => ({ name: 'gate-9', sealKey: seeded('another') }))).toBe(-1);
    expect(placeAfter(() => ({ key: seeded('another'), sealKey: seeded('other') }))).toBe(-1);
  });
});
