/** What a gate remembers of what it did, change by change. */
import { toHex } from '@coldwire/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { CUSTODIANS, mustLoad, sampleCharter, seeded, signedBy } from '../../policy/test/world.ts';
import type { GateChange } from '../src/core/change.ts';
import { loadGateCharter } from '../src/core/charter.ts';
import {
  applyGate,
  createGateState,
  displayHash,
  type GateState,
  RESULTS_KEPT,
  runningTime,
  SEEN_KEPT,
} from '../src/core/state.ts';
import { applyHead, forgetReplaced, type SeenHeads } from '../src/core/witness.ts';

const MICROSECONDS = 1_000_000;
const sample = sampleCharter();
const velocity = [{ per: 'requester', ticks: 3, amount: 9_000_000n, count: 30 }] as const;
const charter = { ...sample, policy: { ...sample.policy, velocity } };
const loaded = loadGateCharter(signedBy(charter, CUSTODIANS), 'gate-1');
if (!loaded.ok) throw new Error(loaded.problem);

let state: GateState;
beforeEach(() => {
  state = createGateState(loaded.value);
});
const apply = (...changes: readonly GateChange[]): void => {
  for (const change of changes) state = applyGate(state, change);
};
const id = (label: string): Uint8Array => seeded(label).slice(0, 16);
const script = seeded('destination').slice(0, 22);

type Cleared = Extract<GateChange, { kind: 'cleared' }>['value'];
const cleared = (label: string, change: Partial<Cleared> = {}): GateChange => ({
  kind: 'cleared',
  value: {
    txid: seeded(label),
    inputs: [[seeded('coin'), 7]],
    fee: 10n,
    intents: [[id('one'), seeded('hash')]],
    charge: [5n, 1, 10n],
    at: 3,
    paid: 5n,
    ...change,
  },
});

describe('A gate that is new', () => {
  test('remembers nothing but its charter', () => {
    const { charter: own, charters, ...rest } = state;
    expect([toHex(own.hash), [...charters]]).toEqual([
      toHex(mustLoad(charter).hash),
      [[toHex(own.hash), 'gate-1,gate-2']],
    ]);
    const empty = { results: new Map(), cleared: new Map(), feesCharged: new Map(), spenders: new Map() };
    const more = { intents: new Map(), dead: new Set(), seen: new Map(), heads: new Map() };
    const lists = { waiting: [], former: [], charges: [], payments: [] };
    expect(rest).toEqual({ ...empty, ...more, ...lists, joined: null, lastRunning: 0, base: 0, session: 0 });
  });
});

describe('The running time', () => {
  test('goes on from the highest on record at each start', () => {
    apply({ kind: 'seen', value: { intents: [id('one')], at: 50 } });
    apply({ kind: 'seen', value: { intents: [id('two')], at: 40 } });
    expect([state.lastRunning, runningTime(state, 7)]).toEqual([50, 7]);
    apply({ kind: 'start', value: 4 });
    expect([state.session, state.base, runningTime(state, 7)]).toEqual([4, 50, 57]);
    const result = {
      request: id('r'),
      requestHash: seeded('r'),
      type: 'REFUSED',
      body: script,
      at: 60,
    } as const;
    apply({ kind: 'result', value: result }, { kind: 'result', value: { ...result, at: 55 } });
    expect(state.lastRunning).toBe(60);
    apply(cleared('t', { at: 70 }), cleared('u', { at: 65 }));
    expect(state.lastRunning).toBe(70);
  });
});

describe('Results', () => {
  test('are kept by their request, the newest 1,024 of them', () => {
    const result = (label: string): GateChange => ({
      kind: 'result',
      value: { request: id(label), requestHash: seeded(label), type: 'CLEARED', body: script, at: 1 },
    });
    expect(RESULTS_KEPT).toBe(1024);
    for (let i = 0; i < 1024; i++) apply(result(`${i}`));
    expect([state.results.size, state.results.has(toHex(id('0')))]).toEqual([1024, true]);
    expect(state.results.get(toHex(id('5')))?.requestHash).toEqual(seeded('5'));
    apply(result('new'));
    expect([state.results.size, state.results.has(toHex(id('0')))]).toEqual([1024, false]);
    expect(state.results.has(toHex(id('1')))).toBe(true);
  });
});

describe('Intents of other homes', () => {
  test('are remembered with the time at which they were seen, until they are cleared', () => {
    apply({ kind: 'seen', value: { intents: [id('one'), id('two')], at: 9 } });
    expect([...state.seen]).toEqual([
      [toHex(id('one')), 9],
      [toHex(id('two')), 9],
    ]);
    apply(cleared('t'));
    expect([...state.seen.keys()]).toEqual([toHex(id('two'))]);
  });

  test('are forgotten, the oldest first, where there are more than 65,536', () => {
    expect(SEEN_KEPT).toBe(65_536);
    for (let i = 0; i < 65_535; i++) state.seen.set(`${i}`, 0);
    apply({ kind: 'seen', value: { intents: [id('one')], at: 9 } });
    expect([state.seen.size, state.seen.has('0')]).toEqual([65_536, true]);
    apply({ kind: 'seen', value: { intents: [id('two'), id('three')], at: 9 } });
    expect([state.seen.size, state.seen.has('1'), state.seen.has('2')]).toEqual([65_536, false, true]);
  });
});

describe('What was cleared', () => {
  const coin = `${displayHash(seeded('coin'))}:7`;
  const txid = (label: string): string => displayHash(seeded(label));

  test('is remembered with its coins, its intents and what they were paid, each once', () => {
    apply(
      cleared('t'),
      cleared('t', {
        intents: [
          [id('one'), seeded('hash')],
          [id('two'), seeded('other')],
        ],
      }),
      cleared('u', { paid: 6n }),
    );
    expect([...state.cleared]).toEqual([
      [txid('t'), { inputs: [coin], paid: 5n }],
      [txid('u'), { inputs: [coin], paid: 6n }],
    ]);
    expect([...state.spenders]).toEqual([[coin, [txid('t'), txid('u')]]]);
    expect([...state.intents]).toEqual([
      [toHex(id('one')), { hash: toHex(seeded('hash')), txids: [txid('t'), txid('u')] }],
      [toHex(id('two')), { hash: toHex(seeded('other')), txids: [txid('t')] }],
    ]);
    apply({ kind: 'dead', value: seeded('t') });
    expect([...state.dead]).toEqual([txid('t')]);
  });

  test('spreads its fee evenly over its coins, what is left on the first', () => {
    const inputs = [0, 1, 2].map((vout) => [seeded('coin'), vout] as const);
    apply(cleared('t', { inputs, charge: [0n, 0, 11n] }));
    expect([...state.feesCharged.values()]).toEqual([5n, 3n, 3n]);
    apply(cleared('u', { inputs: inputs.slice(1), charge: [0n, 0, 5n] }));
    expect([...state.feesCharged.values()]).toEqual([5n, 6n, 5n]);
  });

  test('is charged to the windows for as long as the longest lasts', () => {
    const longest = 144 * 600 * MICROSECONDS;
    apply(cleared('t', { at: 3, charge: [5n, 1, 10n] }), cleared('u', { at: 4 }));
    expect(state.charges[0]).toEqual({ at: 3, amount: 5n, count: 1, fee: 10n });
    apply(cleared('v', { at: longest + 3 }));
    expect(state.charges.map(({ at }) => at)).toEqual([4, longest + 3]);
  });

  test('is remembered as payments for as long as the longest limit of one destination or requester lasts', () => {
    const longest = 3 * 600 * MICROSECONDS;
    const payments = [[script, 'shop', 5n]] as const;
    apply(cleared('t', { at: 3, payments }), cleared('u', { at: 4, payments }), cleared('v', { at: 4 }));
    expect(state.payments[0]).toEqual({ at: 3, destination: toHex(script), requester: 'shop', amount: 5n });
    apply(cleared('w', { at: longest + 3, payments }));
    expect(state.payments.map(({ at }) => at)).toEqual([4, longest + 3]);
  });
});

test('Payments are forgotten at once under a charter that limits none of them', () => {
  const open = loadGateCharter(signedBy(sample, CUSTODIANS), 'gate-1');
  if (!open.ok) throw new Error(open.problem);
  state = createGateState(open.value);
  apply(cleared('t', { at: 3, payments: [[script, 'shop', 5n]] }), cleared('u', { at: 4 }));
  expect(state.payments).toEqual([]);
});

describe('What signers have shown', () => {
  const head = (signer: string, vault: string, seq: number) => {
    return { signer, vault, seq, header: Uint8Array.of(seq), signature: new Uint8Array(64) };
  };

  test('is kept by signer and vault, the newest of each', () => {
    apply({ kind: 'head', value: head('A', 'vault-1', 1) }, { kind: 'head', value: head('A', 'vault-2', 2) });
    apply({ kind: 'head', value: head('B', 'vault-1', 3) }, { kind: 'head', value: head('A', 'vault-1', 4) });
    const shown = [...state.heads].map(([signer, vaults]) => [
      signer,
      [...vaults].map(([name, { seq }]) => [name, seq]),
    ]);
    expect(shown).toEqual([
      [
        'A',
        [
          ['vault-2', 2],
          ['vault-1', 4],
        ],
      ],
      ['B', [['vault-1', 3]]],
    ]);
  });

  test('is forgotten where a charter gives the signer another key', () => {
    const heads: SeenHeads = new Map();
    for (const name of ['A', 'B', 'C']) applyHead(heads, head(name, 'vault-1', 1));
    const signers = sample.signers.map((row) => (row.name === 'B' ? { ...row, key: seeded('new') } : row));
    expect([...forgetReplaced(heads, sample, { ...sample, signers }).keys()]).toEqual(['A', 'C']);
    expect([...forgetReplaced(heads, sample, sample).keys()]).toEqual(['A', 'B', 'C']);
    // Two that give each other their keys have new ones, both.
    const keys = sample.signers.map(({ key }) => key);
    const swapped = sample.signers.map((row, i) => ({ ...row, key: keys[[0, 2, 1][i] ?? 0] ?? row.key }));
    expect([...forgetReplaced(heads, sample, { ...sample, signers: swapped }).keys()]).toEqual(['A']);
    expect([...heads.keys()]).toEqual(['A', 'B', 'C']);
  });
});
