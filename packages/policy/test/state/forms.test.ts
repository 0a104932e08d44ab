/** The form of what a signer writes down: each list, text and number of a change and of a row up to its limit, and not further. */
import { encode, Mismatch } from '@coldwire/protocol';
import { Encoder } from 'cbor-x/index-no-eval';
import { describe, expect, it } from 'vitest';
import { put } from '../../../protocol/test/put.ts';
import { Change, decodeChange, encodeChange, PolicyRow } from '../../src/index.ts';
import { seeded, signedBy, World } from '../world.ts';

const hash = seeded('hash');
const hex = (length: number): string => 'ab'.repeat(length);
const script = new Uint8Array(22);
const charter = signedBy(new World().loaded.charter);

const changes: readonly Change[] = [
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

const rows: readonly PolicyRow[] = [
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

type Kind = Change['kind'] | `row ${PolicyRow['kind']}`;
const U32 = 0xffffffff;

/** Whether it has the form with the value at this place replaced. */
function fits(kind: Kind, path: string, change: (old: unknown) => unknown): boolean {
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

describe('what stands on disk', () => {
  const encoder = new Encoder({ useRecords: false, mapsAsObjects: false });
  const shape = (bytes: Uint8Array): string => {
    const [tag, value]: readonly unknown[] = encoder.decode(bytes);
    return `${tag} ${keysOf(value)}`;
  };

  // Journals and snapshots of machines in use are read by these numbers: mend the code, never this list.
  it('has a number for each kind of change, and one for each field', () => {
    const shapes = changes.map((change) => `${change.kind} ${shape(encodeChange(change))}`);
    expect(shapes).toEqual([
      'boot 0 {}',
      'headers 1 {1 2}',
      'admitted 2 {1 2 3 4 5}',
      'spent 3 {1 2 3}',
      'approved 4 {1 2 3 4 5 6 7 8 9 10 11}',
      'frozen 5 {1 2}',
      'installed 6 {1 2 3 4}',
      'enacted 7 {1 2}',
      'registered 16 {1 2 3}',
      'asked 32 {1}',
      'attested 33 {1 2}',
      'born 34 {1}',
      'latched 35 {1 2 3 4 5 6}',
      'ordered 36 {1 2 3 4}',
      'unfrozen 37 {1 2 3}',
      'restored 38 {1 2}',
    ]);
  });

  it('has a number for each kind of row, and one for each field', () => {
    const shapes = rows.map((row) => `${row.kind} ${shape(encode(PolicyRow, row))}`);
    expect(shapes).toEqual([
      'inForce 0 {1}',
      'installed 1 ',
      'pending 2 {1 2 3}',
      'headers 3 {1}',
      'ticks 4 {1 2 3 4}',
      'coin 5 {1 2 3 4 5 6 7 8 9 10 11}',
      'transaction 6 {1 2 3 4}',
      'parent 7 {1 2}',
      'intent 8 {1 2 3 4}',
      'mined 9 ',
      'total 10 ',
      'velocity 11 {1 2}',
      'registered 12 ',
      'freeze 13 {1 2 3}',
      'ordered 14 {1 2 3}',
      'memory 15 {1 2 3 4 5 6{1 2 3 4 5 6} 7{1 2 3} 8 9 10{1 2} 11}',
    ]);
  });
});

describe('the form of changes and rows', () => {
  it('is that of the samples, of every kind, which come back from their bytes', () => {
    expect(changes.filter((change) => Change.write(change) instanceof Mismatch)).toEqual([]);
    expect(rows.filter((row) => PolicyRow.write(row) instanceof Mismatch)).toEqual([]);
    for (const change of changes)
      expect(decodeChange(encodeChange(change))).toEqual({ ok: true, value: change });
  });

  it.each<[Kind, string, number]>([
    ['admitted', 'coins.0.0', U32],
    ['admitted', 'coins.0.2', 255],
    ['admitted', 'coins.0.3', 1],
    ['admitted', 'coins.0.4', U32],
    ['admitted', 'parents.0.1', U32],
    ['approved', 'count', 1024],
    ['installed', 'ticks', 100_000],
    ['born', 'height', U32],
    ['ordered', 'expires', U32],
    ['unfrozen', 'expires', U32],
    ['restored', 'height', U32],
    ['row coin', 'vout', U32],
    ['row coin', 'wallet', 255],
    ['row coin', 'chain', 1],
    ['row coin', 'index', U32],
    ['row transaction', 'inputs.0.1', U32],
    ['row parent', 'inputs.0.1', U32],
    ['row mined', '0', 255],
    ['row mined', '1', U32],
  ])('has numbers from 0 to a limit: %s %s to %i', (kind, path, limit) => {
    const at = (value: number) => fits(kind, path, () => value);
    expect([-1, 0, limit, limit + 1].map(at)).toEqual([false, true, true, false]);
  });

  it.each<[Kind, string, number, number]>([
    ['frozen', 'by', 1, 32],
    ['approved', 'charged.0.1', 1, 16],
    ['registered', 'requester', 1, 16],
    ['attested', 'gates.0', 1, 16],
    ['attested', 'heads.0.0', 1, 16],
    ['latched', 'gate', 1, 16],
    ['latched', 'vault', 1, 16],
    ['ordered', 'by.0', 1, 32],
    ['row velocity', 'key', 1, 160],
    ['row registered', '0', 1, 16],
    ['row freeze', 'by', 1, 32],
    ['row ordered', 'by', 1, 32],
    ['row memory', 'attested.0', 1, 16],
    ['row memory', 'seen.0.0', 1, 16],
    ['row memory', 'forgiven.0.0', 1, 16],
    ['row memory', 'latch.gate', 1, 16],
    ['row memory', 'latch.vault', 1, 16],
    ['row memory', 'restored.nonce', 0, 32],
    ['row memory', 'confirmed.by', 1, 160],
  ])('has texts of so many bytes: %s %s of %i to %i', (kind, path, least, most) => {
    const at = (length: number) => fits(kind, path, () => 'x'.repeat(length));
    expect([least, most].map(at)).toEqual([true, true]);
    expect([most + 1, ...(least > 0 ? [least - 1] : [])].map(at)).not.toContain(true);
  });

  it.each<[Kind, string, number, number]>([
    ['admitted', 'coins', 0, 512],
    ['admitted', 'parents', 0, 10_000],
    ['spent', 'outpoints', 1, 10_000],
    ['approved', 'inputs', 1, 1024],
    ['approved', 'intents', 0, 1024],
    ['approved', 'again', 0, 1024],
    ['approved', 'charged', 1, 1024],
    ['installed', 'revoked', 0, 8],
    ['attested', 'gates', 1, 8],
    ['attested', 'heads', 0, 8],
    ['ordered', 'by', 1, 64],
    ['row memory', 'attested', 0, 8],
    ['row memory', 'seen', 0, 64],
    ['row memory', 'forgiven', 0, 64],
  ])('has lists of so many: %s %s of %i to %i', (kind, path, least, most) => {
    const at = (length: number) =>
      fits(kind, path, (old) => {
        if (!Array.isArray(old) || old.length === 0) throw new Error(`${path} has nothing to repeat`);
        return Array.from({ length }, () => old[0]);
      });
    expect([least, most].map(at)).toEqual([true, true]);
    expect([most + 1, ...(least > 0 ? [least - 1] : [])].map(at)).not.toContain(true);
  });

  it.each<[Kind, string, number, number]>([
    ['headers', 'headers', 80, 12_000],
    ['admitted', 'txid', 32, 32],
    ['admitted', 'parents.0.0', 32, 32],
    ['spent', 'block', 32, 32],
    ['approved', 'intents.0.0', 16, 16],
    ['approved', 'intents.0.1', 32, 32],
    ['approved', 'again.0', 16, 16],
    ['approved', 'charged.0.0', 1, 42],
    ['enacted', 'charter', 32, 32],
    ['registered', 'script', 1, 42],
    ['asked', 'nonce', 16, 16],
    ['ordered', 'order', 32, 32],
    ['row inForce', 'charter', 1, 65_536],
    ['row pending', 'charter', 1, 65_536],
    ['row headers', 'headers', 80, 12_000],
    ['row coin', 'txid', 32, 32],
    ['row registered', '1', 1, 42],
  ])('has bytes of such a length: %s %s of %i to %i', (kind, path, least, most) => {
    const at = (length: number) => fits(kind, path, () => new Uint8Array(length));
    expect([least, most].map(at)).toEqual([true, true]);
    expect([least - 1, most + 1].map(at)).toEqual([false, false]);
  });

  it.each<[Kind, string, number]>([
    ['row installed', '1', 32],
    ['row coin', 'blocks.0', 32],
    ['row coin', 'spends.0.0', 32],
    ['row coin', 'spends.0.1', 32],
    ['row coin', 'spenders.0', 32],
    ['row transaction', 'txid', 32],
    ['row transaction', 'inputs.0.0', 32],
    ['row intent', 'id', 16],
    ['row intent', 'hash', 32],
    ['row intent', 'carriers.0', 32],
    ['row memory', 'nonce', 16],
    ['row memory', 'orders.0.0', 32],
  ])('has hexadecimal of such a length: %s %s of %i bytes', (kind, path, length) => {
    const at = (size: number) => fits(kind, path, () => hex(size));
    expect([length - 1, length, length + 1].map(at)).toEqual([false, true, false]);
    expect(fits(kind, path, () => 7)).toBe(false);
  });

  it('has no other codes and chains', () => {
    const codes = (kind: Kind, path: string) =>
      ['STATE_ROLLBACK', 'CLONE', 'FROZEN', ''].filter((code) => fits(kind, path, () => code));
    expect(codes('latched', 'code')).toEqual(['STATE_ROLLBACK', 'CLONE']);
    expect(codes('row memory', 'latch.code')).toEqual(['STATE_ROLLBACK', 'CLONE']);
  });

  it('is that of a change of at most a million bytes', () => {
    const codeOf = (length: number) => {
      const read = decodeChange(new Uint8Array(length));
      return read.ok ? 'ok' : read.fault.code;
    };
    expect([1_000_000, 1_000_001].map(codeOf)).toEqual(['MALFORMED', 'TOO_LARGE']);
  });
});
