/** One change and one row of every kind, and whether they keep their form with one place altered. */
import { Mismatch } from '@coldwire/protocol';
import { Encoder } from 'cbor-x/index-no-eval';
import { put } from '../../../protocol/test/put.ts';
import { Change, PolicyRow } from '../../src/index.ts';
import { seeded, signedBy, World } from '../world.ts';

const hash = seeded('hash');
export const hex = (length: number): string => 'ab'.repeat(length);
const script = new Uint8Array(22);
const charter = signedBy(new World().loaded.charter);

export const changes: readonly Change[] = [
  { kind: 'boot', value: {} },
  { kind: 'headers', value: { uptime: 0, headers: new Uint8Array(80) } },
  {
    kind: 'admitted',
    value: { txid: hash, coinbase: false, block: null, coins: [[0, 1n, 0, 0, 0]], parents: [[hash, 0]] },
  },
  { kind: 'spent', value: { txid: hash, block: hash, outpoints: [[hash, 0]] } },
  {
    kind: 'approved',
    value: {
      uptime: 0,
      txid: hash,
      inputs: [[hash, 0]],
      intents: [[hash.slice(0, 16), hash]],
      again: [hash.slice(0, 16)],
      paid: 1n,
      amount: 1n,
      count: 1,
      fee: 1n,
      charged: [[script, 'shop', 1n]],
      whole: 1n,
    },
  },
  { kind: 'frozen', value: { uptime: 0, by: 'ada' } },
  { kind: 'installed', value: { uptime: 0, charter, ticks: 1, revoked: [hash] } },
  { kind: 'enacted', value: { uptime: 0, charter: hash } },
  { kind: 'registered', value: { uptime: 0, requester: 'shop', script } },
  { kind: 'asked', value: { nonce: hash.slice(0, 16) } },
  { kind: 'attested', value: { gates: ['gate-1'], heads: [['vault-1', 1]] } },
  { kind: 'born', value: { height: 1 } },
  {
    kind: 'latched',
    value: { uptime: 0, code: 'CLONE', gate: 'gate-1', vault: 'vault-1', have: 1, seen: 2 },
  },
  { kind: 'ordered', value: { uptime: 0, by: ['ada'], order: hash, expires: 1 } },
  { kind: 'unfrozen', value: { uptime: 0, order: hash, expires: 1 } },
  { kind: 'restored', value: { uptime: 0, height: 1 } },
];

export const rows: readonly PolicyRow[] = [
  { kind: 'inForce', value: { charter: charter[0] } },
  { kind: 'installed', value: [1, hex(32)] },
  { kind: 'pending', value: { charter: charter[0], since: 1, due: 2 } },
  { kind: 'headers', value: { headers: new Uint8Array(80) } },
  { kind: 'ticks', value: { earned: 1, credited: 1, saved: 1, settledAt: 1 } },
  {
    kind: 'coin',
    value: {
      txid: hash,
      vout: 0,
      amount: 1n,
      wallet: 0,
      chain: 0,
      index: 0,
      coinbase: false,
      blocks: [hex(32)],
      spends: [[hex(32), hex(32)]],
      spenders: [hex(32)],
      feeCovered: 0n,
    },
  },
  { kind: 'transaction', value: { txid: hex(32), inputs: [[hex(32), 0]], paid: 1n, fee: 1n } },
  { kind: 'parent', value: { txid: hex(32), inputs: [[hex(32), 0]] } },
  { kind: 'intent', value: { id: hex(16), hash: hex(32), carriers: [hex(32)], until: 1 } },
  { kind: 'mined', value: [0, 0, hex(32)] },
  { kind: 'total', value: [1, 1n, 1, 1n] },
  { kind: 'velocity', value: { key: 'requester shop', totals: [[1, 1n, 1, 0n]] } },
  { kind: 'registered', value: ['shop', script, 1] },
  { kind: 'freeze', value: { by: 'ada', since: 1, until: 2 } },
  { kind: 'ordered', value: { by: 'ada', since: 1, until: 2 } },
  {
    kind: 'memory',
    value: {
      nonce: hex(16),
      since: 1,
      attested: ['gate-1'],
      born: 1,
      seen: [['vault-1', 1]],
      latch: { code: 'CLONE', gate: 'gate-1', vault: 'vault-1', have: 1, seen: 2, since: 3 },
      restored: { height: 1, since: 1, nonce: hex(16) },
      forgiven: [['vault-1', 1]],
      orders: [[hex(32), 1]],
      confirmed: { by: 'ada, ben', since: 1 },
      ahead: 1,
    },
  },
];

export type Kind = Change['kind'] | `row ${PolicyRow['kind']}`;
export const U32 = 0xffffffff;

/** Whether it has the form with the value at this place replaced. */
export function fits(kind: Kind, path: string, change: (old: unknown) => unknown): boolean {
  const isRow = kind.startsWith('row ');
  const name = isRow ? kind.slice(4) : kind;
  const sample = (isRow ? rows : changes).find((one) => one.kind === name);
  const value = put(sample, ['value', ...path.split('.')], change);
  return !((isRow ? PolicyRow : Change).write(value) instanceof Mismatch);
}

/** `{1 2{1 2}}`: the keys of maps and of the maps in them. */
function keysOf(plain: unknown): string {
  if (!(plain instanceof Map)) return '';
  return `{${[...plain].map(([key, value]) => `${key}${keysOf(value)}`).join(' ')}}`;
}

const encoder = new Encoder({ useRecords: false, mapsAsObjects: false });

/** `7 {1 2}`: the number of its kind, and those of its fields. */
export function shape(bytes: Uint8Array): string {
  const [tag, value]: readonly unknown[] = encoder.decode(bytes);
  return `${tag} ${keysOf(value)}`;
}
