// A gate that a later charter adds, and homes when the list of gates changes.
import {
  type Charter,
  CharterBody,
  decode,
  encode,
  type GateMember,
  SignedCharter,
  Status,
  Witness,
} from '@coldwire/protocol';
import { gatePublicKey } from '@coldwire/protocol/seal/index.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Coin, charterAfter, identity, mustLoad, seeded, signedBy } from '../../policy/test/world.ts';
import { gateSecret, realCharter, type SignerName, signCharter } from '../../signer/test/signing-world.ts';
import { type GateCharter, loadGateCharter, loadJoinedCharter, startRecord } from '../src/core/charter.ts';
import { applyGate, createGateState, SEEN_KEPT } from '../src/core/state.ts';
import { GateWorld, refusalsOf, SECOND, TestGate } from './gate-world.ts';

/** Ticks of 600 seconds. */
const DELAY = 3;
const GATE_DELAY = 100;
const WINDOW = 144 * 600 * SECOND;
const NEW: GateMember = {
  name: 'gate-3',
  key: identity('gate-3').publicKey,
  sealKey: gatePublicKey(gateSecret('gate-3')),
};
let world: GateWorld;
let coins: readonly Coin[];

beforeEach(() => {
  world = new GateWorld(
    realCharter((charter) => ({
      ...charter,
      policy: {
        ...charter.policy,
        loosenTicks: DELAY,
        gateDelay: GATE_DELAY,
        windows: [{ ticks: 144, amount: 6_000_000n, count: 600, fee: 3_000_000n }],
        velocity: [{ per: 'requester', ticks: 144, amount: 6_000_000n, count: 60 }],
      },
    })),
  );
  coins = world.world.fund([20_000_000n, 20_000_000n]);
});

const first = () => world.world.loaded;
const signedFirst = () => {
  const signed = decode(SignedCharter, signCharter(world.world), 131_072);
  if (!signed.ok) throw new Error(signed.fault.detail);
  return signed.value;
};

function load(own: GateMember): GateCharter {
  const loaded = loadJoinedCharter(signedFirst(), own);
  if (!loaded.ok) throw new Error(loaded.problem);
  return loaded.value;
}

/** gate-3 in the place of gate-2. */
const replaced = (): Charter => charterAfter(first(), { gates: [...first().charter.gates.slice(0, 1), NEW] });

function give(to: TestGate, charter: Charter): string {
  const reply = to.deliver('CHARTER', encode(CharterBody, { charter: signedBy(charter) }));
  return reply.type === 'DONE'
    ? 'DONE'
    : refusalsOf(reply)
        .map(([code]) => code)
        .join();
}

/** Hands the charter over and lets its delay go by, at the gate and at the signers. */
function comeInForce(gate: TestGate, charter: Charter, signers: readonly SignerName[] = ['A', 'B']): void {
  expect(give(gate, charter)).toBe('DONE');
  gate.uptime += DELAY * 600 * SECOND;
  expect(gate.deliver('STATUS', encode(Status, {})).type).toBe('STATE');
  for (const name of signers) {
    const signer = world.signers[name];
    signer.catchUp();
    signer.deliver('CHARTER', encode(CharterBody, { charter: signedBy(charter) }));
  }
  world.world.pass(DELAY);
  for (const name of signers) {
    world.signers[name].catchUp();
    world.signers[name].happen('enact');
  }
}

function payment(label: string, amount = 1_000_000n, place = 1) {
  const intents = [world.intent(label, amount, place)];
  return world.world.request({
    coins: coins.slice(0, 1),
    intents,
    change: [{ amount: 19_990_000n - amount }],
  });
}

const codesAt = (gate: TestGate, body: Uint8Array): string[] => gate.clear(body).codes;

describe('A gate that the first charter does not list', () => {
  test('is not in force, whatever name it has, and a name that others have is refused', () => {
    expect(load(NEW)).toMatchObject({ place: -1, own: NEW });
    const [own] = first().charter.gates;
    if (own === undefined) throw new Error('no gate');
    expect(load(own).place).toBe(0);
    for (const name of ['gate-1', 'A', 'vault-1']) {
      const loaded = loadJoinedCharter(signedFirst(), { ...NEW, name });
      expect(loaded).toMatchObject({ ok: false, problem: expect.stringContaining(name) });
    }
    expect(loadGateCharter(signedFirst(), 'gate-3')).toMatchObject({ ok: false });
    expect(startRecord(load(NEW))).toHaveLength(96);
  });

  test('answers STATUS and CHARTER only, until its charter is in force here after the whole delay', () => {
    const gate = new TestGate(load(NEW));
    const body = world.clear(payment('one'));
    expect(gate.deliver('STATUS', encode(Status, {})).type).toBe('STATE');
    const nonce = seeded('nonce').slice(0, 16);
    const witness = encode(Witness, { signer: 'A', nonce });
    for (const [type, asked] of [
      ['CLEAR', body],
      ['WITNESS', witness],
      ['BURY', witness],
    ] as const) {
      const detail = 'this gate is not in the charter in force';
      expect([type, refusalsOf(gate.deliver(type, asked))]).toEqual([type, [['WRONG_PEER', { detail }]]]);
    }
    expect(give(gate, replaced())).toBe('DONE');
    gate.uptime += DELAY * 600 * SECOND - 1;
    expect(refusalsOf(gate.deliver('WITNESS', witness))[0]?.[0]).toBe('WRONG_PEER');
    gate.uptime += 1;
    expect(gate.deliver('WITNESS', witness).type).toBe('WITNESSED');
  });

  test('counts its part of every window as spent for as long as each reaches back, and clears after', () => {
    const gate = new TestGate(load(NEW));
    comeInForce(gate, replaced());
    const body = world.clear(payment('one'));
    // Not at home here for the delay; from the first offer on it waits like that of another gate.
    const codes = codesAt(gate, body);
    expect(codes).toEqual([
      'FEE_WINDOW',
      'AMOUNT_WINDOW',
      'COUNT_WINDOW',
      'REQUESTER_WINDOW',
      'REQUESTER_WINDOW',
      'GATE_HOME',
    ]);
    gate.uptime += GATE_DELAY * SECOND;
    expect(codesAt(gate, body)).not.toContain('GATE_HOME');
    gate.uptime += WINDOW - GATE_DELAY * SECOND - 1;
    expect(codesAt(gate, body)).toContain('AMOUNT_WINDOW');
    gate.start();
    gate.uptime = 1;
    expect(codesAt(gate, body)).toEqual([]);
    const folded = gate.journal.reduce(applyGate, createGateState(gate.charter));
    expect(folded.joined).toBe(DELAY * 600 * SECOND);
  });

  test('has not come by a charter that does not list it either', () => {
    const gate = new TestGate(load(NEW));
    const { policy } = first().charter;
    const stricter = charterAfter(first(), { policy: { ...policy, maxInputs: 10 } });
    expect(give(gate, stricter)).toBe('DONE');
    expect([gate.state.charter.charter.epoch, gate.state.joined]).toEqual([1, null]);
  });

  test('that is taken off and listed again counts as new', () => {
    const { gate } = world;
    const without = charterAfter(first(), { gates: first().charter.gates.slice(1) });
    expect(give(gate, without)).toBe('DONE');
    expect(gate.state.charter.place).toBe(-1);
    const again = charterAfter(mustLoad(without), { gates: first().charter.gates });
    expect(give(gate, again)).toBe('DONE');
    expect(gate.state.joined).toBeNull();
    gate.uptime += DELAY * 600 * SECOND;
    expect(gate.deliver('STATUS', encode(Status, {})).type).toBe('STATE');
    expect(gate.state.joined).toBe(gate.uptime);
  });
});

describe('A new list of gates', () => {
  /** Intents of the second place of two are gate-1's at once where it is alone. */
  const alone = () => charterAfter(first(), { gates: first().charter.gates.slice(0, 1) });

  test('makes an intent of another home wait for the delay, and none that was at home here before', () => {
    const { gate } = world;
    const others = world.clear(payment('theirs'));
    const own = world.clear(payment('ours', 1_000_000n, 0));
    expect(give(gate, alone())).toBe('DONE');
    gate.uptime = 10 * SECOND;
    expect(codesAt(gate, others)).toEqual(['GATE_HOME']);
    expect(codesAt(gate, own)).toEqual([]);
    gate.uptime = GATE_DELAY * SECOND - 1;
    expect(codesAt(gate, others)).toEqual(['GATE_HOME']);
    // The list of before is a delay ago: it is at home now.
    gate.uptime += 1;
    expect(codesAt(gate, others)).toEqual([]);
  });

  test('counts the longer of the two delays', () => {
    const { gate } = world;
    const body = world.clear(payment('theirs'));
    const { gates, policy } = first().charter;
    const longer = { ...policy, gateDelay: 3 * GATE_DELAY };
    expect(give(gate, charterAfter(first(), { gates: gates.slice(0, 1), policy: longer }))).toBe('DONE');
    gate.uptime = 3 * GATE_DELAY * SECOND - 1;
    expect(codesAt(gate, body)).toEqual(['GATE_HOME']);
    gate.uptime += 1;
    expect(codesAt(gate, body)).toEqual([]);
  });
});

describe('A charter that does not hold together', () => {
  test('is CHARTER_UNFIT at a gate as at a signer, whoever signed it', () => {
    const { policy, wallets } = first().charter;
    const unfit = [
      charterAfter(first(), { policy: { ...policy, maxInputs: 0 } }),
      charterAfter(first(), { gates: first().charter.gates.map((row) => ({ ...row, name: 'gate-1' })) }),
      charterAfter(first(), { wallets: [...wallets, ...wallets] }),
    ];
    for (const charter of unfit) expect(give(world.gate, charter)).toBe('CHARTER_UNFIT');
    expect(() => loadFirstOf(unfit[0])).toThrow(/hold together/);
  });

  function loadFirstOf(charter: Charter | undefined): void {
    if (charter === undefined) throw new Error('no charter');
    const begun = { ...charter, epoch: 0, first: null, previous: null };
    const names = begun.custodians.map(({ name }) => name);
    const loaded = loadGateCharter(signedBy(begun, names), 'gate-1');
    if (!loaded.ok) throw new Error(loaded.problem);
  }
});

test('Intents that wait for another home are forgotten oldest first beyond a number, and then wait anew', () => {
  const id = (at: number): Uint8Array => {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(0, at);
    return bytes;
  };
  let state = createGateState(world.gate.charter);
  for (let at = 0; at <= SEEN_KEPT; at += 1024) {
    const intents = Array.from({ length: 1024 }, (_, i) => id(at + i));
    state = applyGate(state, { kind: 'seen', value: { intents, at } });
  }
  expect(state.seen.size).toBe(SEEN_KEPT);
  expect(state.seen.has('00000000'.padEnd(32, '0'))).toBe(false);
});

test('What signers said under a key that a charter takes from them is forgotten', () => {
  const { gate } = world;
  gate.clear(world.clear(payment('one', 1_000_000n, 0)));
  expect([...gate.state.heads.keys()]).toEqual(['A', 'B']);
  const signers = first().charter.signers.map((row) =>
    row.name === 'B' ? { ...row, key: identity('the new B').publicKey } : row,
  );
  comeInForce(gate, charterAfter(first(), { signers }), []);
  expect([...gate.state.heads.keys()]).toEqual(['A']);
});
