/** Every field of a state is in its digest and in its rows, whatever order it came about in. */
import { decode, encode, toHex } from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { describe, expect, it } from 'vitest';
import {
  createPolicyState,
  digestState,
  PolicyRow,
  type PolicyState,
  snapshotRows,
  takeRow,
} from '../../src/index.ts';
import { charterAfter, mineHeader, mustLoad, sampleCharter, seeded, World } from '../world.ts';

const first = mustLoad(sampleCharter());
const later = mustLoad(charterAfter(first, { title: 'Later' }));
const last = mustLoad(charterAfter(later, { title: 'Last' }));
const id = (label: string): string => toHex(seeded(label));
const script = (label: string): Uint8Array => seeded(label).slice(0, 22);
const header = (label: string): Uint8Array => mineHeader(new World().tipHash, seeded(label), 1_700_000_600);

type Row<K extends PolicyRow['kind']> = Extract<PolicyRow, { readonly kind: K }>['value'];

const coin: Row<'coin'> = {
  txid: seeded('coin'),
  vout: 1,
  amount: 2n,
  wallet: 0,
  chain: 0,
  index: 4,
  coinbase: false,
  blocks: [id('b1'), id('b2')],
  spends: [[id('s1'), id('b3')]],
  spenders: [id('s2')],
  feeCovered: 5n,
};
const transaction: Row<'transaction'> = { txid: id('t1'), inputs: [[id('c'), 0]], paid: 3n, fee: 4n };
const intent: Row<'intent'> = { id: id('i').slice(0, 32), hash: id('h'), carriers: [id('t1')], until: 9 };
const latch: NonNullable<Row<'memory'>['latch']> = {
  code: 'CLONE',
  gate: 'gate-1',
  vault: 'vault-1',
  have: 1,
  seen: 2,
  since: 3,
};
const restored: NonNullable<Row<'memory'>['restored']> = { height: 1, since: 2, nonce: id('r').slice(0, 32) };
const memory: Row<'memory'> = {
  nonce: id('n').slice(0, 32),
  since: 1,
  attested: ['gate-1'],
  born: 2,
  seen: [['vault-1', 3]],
  latch,
  restored,
  forgiven: [['vault-1', 4]],
  orders: [[id('o'), 5]],
  confirmed: { by: 'ada, ben', since: 6 },
  ahead: 7,
};
const pending: Row<'pending'> = { charter: last.bytes, since: 1, due: 2 };
const ticks: Row<'ticks'> = { earned: 4000, credited: 3000, saved: 2, settledAt: 1 };
const freeze: Row<'freeze'> = { by: 'vault-1', since: 1, until: 2 };

/** A row, and rows that say something else in one place. */
const table: readonly (readonly [PolicyRow, ...PolicyRow[]])[] = [
  [
    { kind: 'inForce', value: { charter: first.bytes } },
    { kind: 'inForce', value: { charter: later.bytes } },
  ],
  [
    { kind: 'installed', value: [3, id('i3')] },
    { kind: 'installed', value: [4, id('i3')] },
    { kind: 'installed', value: [3, id('i4')] },
  ],
  [
    { kind: 'pending', value: pending },
    { kind: 'pending', value: { ...pending, charter: later.bytes } },
    { kind: 'pending', value: { ...pending, since: 3 } },
    { kind: 'pending', value: { ...pending, due: 3 } },
  ],
  [
    { kind: 'headers', value: { headers: header('one') } },
    { kind: 'headers', value: { headers: header('two') } },
  ],
  [
    { kind: 'ticks', value: ticks },
    ...(['earned', 'credited', 'saved', 'settledAt'] as const).map((name): PolicyRow => {
      return { kind: 'ticks', value: { ...ticks, [name]: 77 } };
    }),
  ],
  [
    { kind: 'coin', value: coin },
    ...[
      { ...coin, txid: seeded('other') },
      { ...coin, vout: 2 },
      { ...coin, amount: 3n },
      { ...coin, wallet: 1 },
      { ...coin, chain: 1 as const },
      { ...coin, index: 5 },
      { ...coin, coinbase: true },
      { ...coin, blocks: [id('b1')] },
      { ...coin, spends: [] },
      { ...coin, spends: [[id('s1'), id('b4')] as const] },
      { ...coin, spends: [[id('s3'), id('b3')] as const] },
      { ...coin, spenders: [] },
      { ...coin, feeCovered: 6n },
    ].map((value): PolicyRow => ({ kind: 'coin', value })),
  ],
  [
    { kind: 'transaction', value: transaction },
    ...[
      { ...transaction, txid: id('t2') },
      { ...transaction, inputs: [[id('c'), 1] as const] },
      { ...transaction, inputs: [[id('d'), 0] as const] },
      { ...transaction, paid: 4n },
      { ...transaction, fee: 5n },
    ].map((value): PolicyRow => ({ kind: 'transaction', value })),
  ],
  [
    { kind: 'parent', value: { txid: id('p'), inputs: [[id('c'), 0]] } },
    { kind: 'parent', value: { txid: id('q'), inputs: [[id('c'), 0]] } },
    { kind: 'parent', value: { txid: id('p'), inputs: [[id('c'), 1]] } },
  ],
  [
    { kind: 'intent', value: intent },
    ...[
      { ...intent, id: id('j').slice(0, 32) },
      { ...intent, hash: id('g') },
      { ...intent, carriers: [] },
      { ...intent, until: 10 },
    ].map((value): PolicyRow => ({ kind: 'intent', value })),
  ],
  [
    { kind: 'mined', value: [0, 7, id('b1')] },
    { kind: 'mined', value: [0, 8, id('b1')] },
    { kind: 'mined', value: [0, 7, id('b2')] },
    // A wallet that the charter does not have.
    { kind: 'mined', value: [1, 7, id('b1')] },
  ],
  [
    { kind: 'total', value: [1, 2n, 3, 4n] },
    { kind: 'total', value: [2, 2n, 3, 4n] },
    { kind: 'total', value: [1, 3n, 3, 4n] },
    { kind: 'total', value: [1, 2n, 4, 4n] },
    { kind: 'total', value: [1, 2n, 3, 5n] },
  ],
  [
    { kind: 'velocity', value: { key: 'requester shop', totals: [[1, 2n, 3, 0n]] } },
    { kind: 'velocity', value: { key: 'requester desk', totals: [[1, 2n, 3, 0n]] } },
    { kind: 'velocity', value: { key: 'requester shop', totals: [[2, 2n, 3, 0n]] } },
    { kind: 'velocity', value: { key: 'requester shop', totals: [[1, 3n, 3, 0n]] } },
    { kind: 'velocity', value: { key: 'requester shop', totals: [[1, 2n, 4, 0n]] } },
  ],
  [
    { kind: 'registered', value: ['shop', script('a'), 1] },
    { kind: 'registered', value: ['desk', script('a'), 1] },
    { kind: 'registered', value: ['shop', script('b'), 1] },
    { kind: 'registered', value: ['shop', script('a'), 2] },
  ],
  [
    { kind: 'freeze', value: freeze },
    ...[
      { ...freeze, by: 'ada' },
      { ...freeze, since: 3 },
      { ...freeze, until: 3 },
    ].map((value): PolicyRow => {
      return { kind: 'freeze', value };
    }),
  ],
  [
    { kind: 'ordered', value: freeze },
    ...[
      { ...freeze, by: 'ada' },
      { ...freeze, since: 3 },
      { ...freeze, until: 3 },
    ].map((value): PolicyRow => {
      return { kind: 'ordered', value };
    }),
  ],
  [
    { kind: 'memory', value: memory },
    ...[
      { ...memory, nonce: id('m').slice(0, 32) },
      { ...memory, nonce: null },
      { ...memory, since: 2 },
      { ...memory, attested: ['gate-1', 'gate-2'] },
      { ...memory, born: null },
      { ...memory, born: 3 },
      { ...memory, seen: [['vault-2', 3] as const] },
      { ...memory, seen: [['vault-1', 5] as const] },
      { ...memory, latch: null },
      { ...memory, latch: { ...latch, code: 'STATE_ROLLBACK' as const } },
      { ...memory, latch: { ...latch, gate: 'gate-2' } },
      { ...memory, latch: { ...latch, vault: 'vault-2' } },
      { ...memory, latch: { ...latch, have: 7 } },
      { ...memory, latch: { ...latch, seen: 7 } },
      { ...memory, latch: { ...latch, since: 7 } },
      { ...memory, restored: null },
      { ...memory, restored: { ...restored, height: 7 } },
      { ...memory, restored: { ...restored, since: 7 } },
      { ...memory, restored: { ...restored, nonce: '' } },
      { ...memory, forgiven: [['vault-2', 4] as const] },
      { ...memory, forgiven: [['vault-1', 5] as const] },
      { ...memory, orders: [[id('p'), 5] as const] },
      { ...memory, orders: [[id('o'), 6] as const] },
      { ...memory, confirmed: null },
      { ...memory, confirmed: { by: 'ada, cyd', since: 6 } },
      { ...memory, confirmed: { by: 'ada, ben', since: 7 } },
      { ...memory, ahead: 8 },
      { ...memory, ahead: 2 },
    ].map((value): PolicyRow => ({ kind: 'memory', value })),
  ],
];
const rows = table.map(([row]) => row);

function stateOf(list: readonly PolicyRow[]): PolicyState {
  const state = createPolicyState(first, noblePointMath);
  for (const row of list) takeRow(state, row);
  return state;
}
const digestOf = (list: readonly PolicyRow[]): string => toHex(digestState(stateOf(list)));

describe('the digest of a state', () => {
  it('is another one whatever single thing is another', () => {
    const digests = [
      digestOf(rows),
      ...table.flatMap(([, ...others], place) => others.map((row) => digestOf(rows.with(place, row)))),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('does not depend on the order in which things came', () => {
    const more: readonly PolicyRow[] = [
      { kind: 'headers', value: { headers: header('two') } },
      { kind: 'coin', value: { ...coin, vout: 2 } },
      { kind: 'transaction', value: { ...transaction, txid: id('t2') } },
      { kind: 'parent', value: { txid: id('q'), inputs: [] } },
      { kind: 'intent', value: { ...intent, id: id('j').slice(0, 32) } },
      { kind: 'velocity', value: { key: 'requester desk', totals: [[1, 2n, 3, 0n]] } },
      { kind: 'registered', value: ['desk', script('a'), 1] },
      { kind: 'registered', value: ['shop', script('b'), 1] },
      { kind: 'freeze', value: { ...freeze, by: 'ada' } },
      { kind: 'ordered', value: { ...freeze, by: 'ada' } },
    ];
    const kinds = new Set(more.map(({ kind }) => kind));
    const others = rows.filter(({ kind }) => !kinds.has(kind));
    const own = rows.filter(({ kind }) => kinds.has(kind));
    const list = [...own, ...more];
    // Of two headers with equal work the first is the tip.
    const turned = [list[0], ...list.slice(1).toReversed()].filter((row) => row !== undefined);
    const kept = turned.filter((row) => row.kind !== 'headers');
    const headers = list.filter((row) => row.kind === 'headers');
    expect(digestOf([...others, ...headers, ...kept])).toBe(digestOf([...others, ...list]));
    const both = (order: readonly Row<'memory'>[]) => digestOf([...rows, ...order.map(memoryRow)]);
    const one = { ...memory, seen: [], forgiven: [], orders: [] };
    const lists = { seen: [['vault-2', 9]], forgiven: [['vault-2', 9]], orders: [[id('x'), 9]] } as const;
    expect(both([{ ...one, ...lists }, memory])).toBe(both([memory, { ...one, ...lists }]));
  });
});

describe('the digest of a state', () => {
  const headers = (...labels: string[]): PolicyRow[] =>
    labels.map((label) => ({ kind: 'headers', value: { headers: header(label) } }));

  it('tells which of two headers is the tip, and which others are known', () => {
    expect(digestOf(headers('one', 'two'))).not.toBe(digestOf(headers('two', 'one')));
    expect(digestOf(headers('one', 'two'))).not.toBe(digestOf(headers('one', 'three')));
  });

  it('tells where one field ends and the next begins', () => {
    const of = (amount: bigint, wallet: number) =>
      digestOf([{ kind: 'coin', value: { ...coin, amount, wallet } }]);
    expect(of(1n, 10)).not.toBe(of(11n, 0));
  });
});

const memoryRow = (value: Row<'memory'>): PolicyRow => ({ kind: 'memory', value });

describe('the rows of a state', () => {
  it('are those that it was made of, through their bytes', () => {
    const read = rows.map((row) => {
      const decoded = decode(PolicyRow, encode(PolicyRow, row), 1_000_000);
      if (!decoded.ok) throw new Error(decoded.fault.detail);
      return decoded.value;
    });
    expect(read).toEqual(rows);
    const own = { kind: 'installed', value: [0, toHex(first.hash)] };
    const [inForce, ...others] = rows;
    expect([...snapshotRows(stateOf(read))]).toEqual([inForce, own, ...others]);
  });

  it('carry headers in runs of at most 150', () => {
    const world = new World();
    world.pass(301);
    const headers = [...snapshotRows(world.state)].flatMap((row) =>
      row.kind === 'headers' ? [row.value.headers] : [],
    );
    expect(headers.map(({ length }) => length / 80)).toEqual([150, 150, 1]);
    world.pass(149);
    const full = [...snapshotRows(world.state)].filter(({ kind }) => kind === 'headers');
    expect(full).toHaveLength(3);
  });
});
