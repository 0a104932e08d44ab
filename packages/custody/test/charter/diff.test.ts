import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '@coldwire/program';
import { type Charter, encode, SignedCharter } from '@coldwire/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { CUSTODIANS, charterAfter, mustLoad, sampleCharter, signedBy } from '../../../policy/test/world.ts';
import { describeDiff, diffCharters } from '../../src/charter/diff.ts';
import { findOpen, readChain, readCharterFile } from '../../src/charter/file.ts';

const directory = mkdtempSync(join(tmpdir(), 'coldwire-chain-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const first = mustLoad(sampleCharter());
const withPolicy = (change: Partial<Charter['policy']>, more: Partial<Charter> = {}) =>
  mustLoad(charterAfter(first, { ...more, policy: { ...first.charter.policy, ...change } }));

function write(name: string, charter: Charter, names: readonly string[]): string {
  const path = join(directory, name);
  writeFileSync(path, encode(SignedCharter, signedBy(charter, names)));
  return path;
}

describe('diff', () => {
  it('names each field that changes, from what to what, and that tightening applies at once', () => {
    const screens = first.charter.screens.slice(1);
    const diff = diffCharters(
      first,
      withPolicy({ maxInputs: 10, amountPerTransaction: 1_000_000n }, { screens }),
    );
    expect(diff).toMatchObject({ change: 'tightening', ticks: 0 });
    expect(diff.fields.map(({ field, change }) => [field, change])).toEqual([
      ['screens', 'tightening'],
      ['policy.maxInputs', 'tightening'],
      ['policy.amountPerTransaction', 'tightening'],
    ]);
    expect(diff.fields[0]?.text).toMatch(/^without \{name:screen-1,key:[0-9a-f]+/);
    expect(diff.fields[1]?.text).toBe('1000 → 10');
    expect(diff.fields[2]?.text).toBe('60000000 sat → 1000000 sat');
    expect(describeDiff(diff)).toContain('It only tightens.\nIt applies at once');
  });

  it('says that all waits when anything loosens, for how long, and by whose clock', () => {
    const diff = diffCharters(first, withPolicy({ maxInputs: 10, feeAbsolute: 200_000n }));
    expect(diff).toMatchObject({ change: 'loosening', ticks: 144 });
    const text = describeDiff(diff);
    expect(text).toContain('- tightening policy.maxInputs    1000 → 10');
    expect(text).toContain('+ loosening  policy.feeAbsolute  100000 sat → 200000 sat');
    expect(text).toContain(
      '144 ticks (about 24 hours) after each machine has it, counted by each for itself',
    );
  });

  it('says so when nothing that limits anything changes', () => {
    expect(describeDiff(diffCharters(first, mustLoad(charterAfter(first))))).toMatch(/^Nothing that limits/);
  });
});

describe('the chain', () => {
  const next = withPolicy({ maxInputs: 10 });
  const third = mustLoad(charterAfter(next, { policy: first.charter.policy }));

  it('is read from the first charter on, each judged by the one before it', () => {
    const paths = [
      write('0.cbor', first.charter, CUSTODIANS),
      write('1.cbor', next.charter, ['ada', 'cyd']),
      write('2.cbor', third.charter, ['ben', 'cyd']),
    ];
    expect(readChain(paths).map(({ loaded }) => loaded.charter.epoch)).toEqual([0, 1, 2]);
    expect(() => readChain(paths.slice(1))).toThrow(Failure);
    expect(() => readChain([paths[0] ?? '', paths[2] ?? ''])).toThrow(/CHARTER_CHAIN/);
  });

  it('says what is missing while custodians sign', () => {
    const open = (names: readonly string[]) => {
      const file = readCharterFile(write('open.cbor', next.charter, names));
      return findOpen(file, [readCharterFile(write('before.cbor', first.charter, CUSTODIANS))]);
    };
    expect(open(['ada'])).toEqual(['CHARTER_QUORUM: signed 1, needed 2']);
    expect(open(['ada', 'ben'])).toEqual([]);
  });
});
