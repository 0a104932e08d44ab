/** The form of what a signer writes down: each list, text and number of a change and of a row up to its limit, and not further. */
import { encode, Mismatch } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { Change, decodeChange, encodeChange, PolicyRow } from '../../src/index.ts';
import { changes, fits, hex, type Kind, rows, shape, U32 } from './samples.ts';

describe('what stands on disk', () => {
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

  it.each<[Kind, string]>([
    ['row coin', 'blocks'],
    ['row coin', 'spends'],
    ['row coin', 'spenders'],
    ['row transaction', 'inputs'],
    ['row parent', 'inputs'],
    ['row intent', 'carriers'],
    ['row velocity', 'totals'],
    ['row memory', 'orders'],
  ])('has lists that may be empty: %s %s', (kind, path) => {
    expect(fits(kind, path, () => [])).toBe(true);
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
