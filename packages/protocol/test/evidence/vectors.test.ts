// The log's reader is in packages/evidence; here the bytes alone: form, numbers and chain of each batch.
import { describe, expect, it } from 'vitest';
import {
  Batch,
  chainBatch,
  decode,
  encode,
  equalBytes,
  LOG_START,
  LogRecord,
  RECORD_MAX,
  readSequence,
  Segment,
} from '../../src/index.ts';
import { readVectors } from '../vector.ts';

const vectors = readVectors('evidence', 'log');

/** The records that the batches of a log hold, up to the first that does not follow. */
function readRecords(log: Uint8Array): LogRecord[] {
  const found: LogRecord[] = [];
  let chain: Uint8Array = LOG_START;
  for (const step of readSequence(log, 0, { maxBytes: 4 * RECORD_MAX })) {
    const batch = step.kind === 'item' ? decode(Batch, step.bytes, 4 * RECORD_MAX) : undefined;
    if (batch?.ok !== true) break;
    const [records, next] = batch.value;
    const gapless = records.every(([index], at) => index === found.length + at);
    if (!gapless || !equalBytes(next, chainBatch(chain, records))) break;
    found.push(...records);
    chain = next;
  }
  return found;
}

describe('the vectors of the evidence log', () => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const records = readRecords(vector.bytes);
    const all = vector.get('expect') === 'ok' || vector.name === 'zeros';
    if (all) expect(records.map(([index]) => index)).toEqual([0, 1, 2]);
    else if (vector.name === 'refuse-no-segment') expect(records[0]?.[1]).toBe('local');
    else expect(records.length).toBeLessThan(3);
    const [first] = records;
    if (first?.[1] === 'segment') {
      expect(decode(Segment, first[4])).toMatchObject({ ok: true, value: { owner: 'A', number: 0 } });
    }
  });

  it('are all there', () => {
    expect(vectors.length).toBe(8);
  });
});

describe('a record', () => {
  const record = (bytes: number, kind: LogRecord[1] = 'local'): LogRecord => [
    0,
    kind,
    0,
    0,
    new Uint8Array(bytes),
  ];

  it('holds up to 1 MiB', () => {
    const largest = encode(LogRecord, record(RECORD_MAX));
    expect(decode(LogRecord, largest, 2 * RECORD_MAX).ok).toBe(true);
    expect(() => encode(LogRecord, record(RECORD_MAX + 1))).toThrow(/1048576/);
  });

  it('stands with 1 to 4096 in a batch', () => {
    const chain = new Uint8Array(32);
    const many = (count: number) => Array.from({ length: count }, () => record(0));
    expect(() => encode(Batch, [[], chain])).toThrow(/1 to 4096/);
    expect(() => encode(Batch, [many(4097), chain])).toThrow(/1 to 4096/);
    expect(decode(Batch, encode(Batch, [many(4096), chain]), RECORD_MAX).ok).toBe(true);
  });

  it('changes the chain with every one of its parts, and with the batch before', () => {
    const base = chainBatch(LOG_START, [record(3)]);
    const others: LogRecord[][] = [
      [[1, 'local', 0, 0, new Uint8Array(3)]],
      [record(3, 'change')],
      [[0, 'local', 1, 0, new Uint8Array(3)]],
      [[0, 'local', 0, 1, new Uint8Array(3)]],
      [record(4)],
      [record(3), record(3)],
    ];
    for (const records of others) expect(chainBatch(LOG_START, records)).not.toEqual(base);
    expect(chainBatch(new Uint8Array(32).fill(1), [record(3)])).not.toEqual(base);
  });
});
