/**
 * One evidence log as the auditor holds it: every record with its place. Reading stops at the first damage, which is a
 * finding; what stands before it is audited all the same. Spec: protocol-spec/9-evidence.md.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readLog } from '@coldwire/evidence';
import { decode, type LogRecord, type RecordKind, Segment } from '@coldwire/protocol';
import type { Findings, Place } from '../finding.ts';

export interface Entry {
  readonly place: Place;
  /** Number of the batch that the record was synced with. */
  readonly batch: number;
  readonly kind: RecordKind;
  /** µs since the owner's program started. */
  readonly uptime: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly bytes: Uint8Array;
}

export interface Log {
  readonly directory: string;
  /** As its first record says; undefined if not even that can be read. */
  readonly owner: string | undefined;
  readonly entries: readonly Entry[];
  /** Behind the last record that was read. */
  readonly end: Place;
}

export const CHECK_LOG = 'log';

export function loadLog(directory: string, findings: Findings): Log {
  const entries: Entry[] = [];
  let owner: string | undefined;
  let end: Place = { log: directory, file: join(directory, firstFile(directory)), at: 0, record: 0 };
  try {
    let batch = 0;
    for (const item of readLog(directory)) {
      const place = { log: directory, file: item.file, at: item.at, record: end.record };
      if (item.kind === 'torn') {
        findings.find('AUDIT_TORN', place, `the last ${item.size - item.at} bytes are no whole batch`);
        break;
      }
      if (item.kind === 'corrupt') {
        findings.find('STATE_CORRUPT', place, item.detail);
        break;
      }
      for (const record of item.records) {
        entries.push(makeEntry(record, { ...place, record: record[0] }, batch));
        owner ??= readOwner(record);
      }
      batch += 1;
      end = { ...place, at: item.end, record: end.record + item.records.length };
      findings.count(CHECK_LOG);
    }
  } catch (error) {
    // A missing segment; anything else that the disk throws is told apart by its system call.
    if (!(error instanceof Error) || 'syscall' in error) throw error;
    findings.find('STATE_CORRUPT', end, error.message);
  }
  return { directory, owner, entries, end };
}

function firstFile(directory: string): string {
  return (
    readdirSync(directory)
      .filter((name) => name.startsWith('evidence-'))
      .sort()[0] ?? ''
  );
}

function makeEntry([, kind, uptime, time, bytes]: LogRecord, place: Place, batch: number): Entry {
  return { place, batch, kind, uptime, time, bytes };
}

function readOwner([, kind, , , bytes]: LogRecord): string | undefined {
  if (kind !== 'segment') return undefined;
  const segment = decode(Segment, bytes);
  return segment.ok ? segment.value.owner : undefined;
}
