import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLog } from '@coldwire/evidence';
import { decode, encode, Header, hashBody, MessageBytes } from '@coldwire/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../channel/test/wire.ts';
import { World } from '../../policy/test/world.ts';
import { realCharter, signCharter } from '../../signer/test/signing-world.ts';
import { Findings } from '../src/finding.ts';
import { type Report, verifyLogs } from '../src/index.ts';
import { loadLog } from '../src/log/load-log.ts';
import { type Batch, isMessage, newDirectory, readBatches, readTold, writeBatches } from './forge.ts';
import { tellStory } from './story.ts';
import type { Town } from './town.ts';

let town: Town;
beforeAll(async () => {
  town = await tellStory();
});
afterAll(() => town.remove());

const codesOf = (report: Report) => new Set(report.findings.map(({ code }) => code));

/** The line's log and the machine's, one of them replaced by these batches. */
function auditWith(name: string, which: 'own' | 'line', batches: readonly Batch[]): Report {
  const owner = which === 'own' ? name : 'vault-1';
  const forged = writeBatches(newDirectory(town.directory), owner, batches);
  const other = which === 'own' ? town.line(name) : town.own(name);
  return verifyLogs([forged, other], town.charter);
}

describe('a flipped bit anywhere in a log', () => {
  it('is a finding that names the record, or one before it in the same batch', () => {
    const source = town.own('gate-1');
    const [name] = readdirSync(source).filter((file) => file.startsWith('evidence'));
    if (name === undefined) throw new Error('no log');
    const bytes = readFileSync(join(source, name));
    // The last record that a batch holds, by the byte at which the batch ends.
    const ends = [...readLog(source)].flatMap((item) =>
      item.kind === 'batch' ? [{ end: item.end, last: item.records.at(-1)?.[0] ?? 0 }] : [],
    );
    const copy = writeBatches(newDirectory(town.directory), 'gate-1', readBatches(source));
    const random = createRandom(7);
    for (let flip = 0; flip < 600; flip += 1) {
      const at = Math.floor(random() * bytes.length);
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      writeFileSync(join(copy, name), damaged);
      const found = new Findings();
      loadLog(copy, found);
      const last = ends.find(({ end }) => at < end)?.last ?? -1;
      expect(found.list, `byte ${at}`).toHaveLength(1);
      expect(found.list[0]?.record, `byte ${at}`).toBeLessThanOrEqual(last);
    }
    expect(codesOf(verifyLogs([copy], town.charter))).toContain('STATE_CORRUPT');
  });
});

describe('records edited by somebody with the disk and no key, the log chain made anew', () => {
  const eachMessage = (which: 'own' | 'line') => {
    const batches = readBatches(which === 'own' ? town.own('B') : town.line('B'));
    return batches.flatMap((batch, at) => (batch.some(isMessage) ? [at] : [])).map((at) => ({ batches, at }));
  };

  it.each(['own', 'line'] as const)('show when a message is dropped (%s log)', (which) => {
    for (const { batches, at } of eachMessage(which).slice(0, -2)) {
      const report = auditWith('B', which, batches.toSpliced(at, 1));
      expect(report.findings.length, `batch ${at}`).toBeGreaterThan(0);
    }
  });

  it.each(['own', 'line'] as const)('show when a message is doubled (%s log)', (which) => {
    for (const { batches, at } of eachMessage(which)) {
      const report = auditWith('B', which, batches.toSpliced(at, 0, batches[at] ?? []));
      expect(codesOf(report), `batch ${at}`).toContain('BAD_CHAIN');
    }
  });

  it.each(['own', 'line'] as const)('show when two messages change places (%s log)', (which) => {
    for (const { batches, at } of eachMessage(which).slice(0, -1)) {
      const swapped = [...batches];
      [swapped[at], swapped[at + 1]] = [swapped[at + 1] ?? [], swapped[at] ?? []];
      const report = auditWith('B', which, swapped);
      expect(report.findings.length, `batch ${at}`).toBeGreaterThan(0);
    }
  });

  it('show when a refusal is given another code: the body is not the signed one', () => {
    const batches = readBatches(town.line('A'));
    const forge = (fix: boolean) =>
      batches.map((batch) =>
        batch.map((entry) => {
          if (!isMessage(entry) || readTold(entry.bytes).type !== 'REFUSED') return entry;
          return { ...entry, bytes: replaceText(entry.bytes, 'VALUE_RANGE', 'AMOUNT_TX\0\0', fix) };
        }),
      );
    expect(codesOf(auditWith('A', 'line', forge(false)))).toContain('BODY_HASH');
    expect(codesOf(auditWith('A', 'line', forge(true)))).toContain('BAD_SIGNATURE');
  });

  it('show when the log of one machine is given out for another’s', () => {
    const forged = writeBatches(newDirectory(town.directory), 'A', readBatches(town.own('B')));
    expect(codesOf(verifyLogs([forged], town.charter))).toContain('WRONG_PEER');
  });

  it('show when a start is taken out: sessions no longer fit', () => {
    const batches = readBatches(town.own('C')).map((batch) => batch.filter(({ kind }) => kind !== 'local'));
    const report = auditWith(
      'C',
      'own',
      batches.filter((batch) => batch.length > 0),
    );
    expect(codesOf(report)).toContain('AUDIT_READING');
    expect(codesOf(report)).toContain('AUDIT_NOTICE');
  });

  it('show when a record is not what its kind says', () => {
    const junk = (wanted: string) =>
      readBatches(town.own('B')).map((batch) =>
        batch.map((entry) => (entry.kind === wanted ? { ...entry, bytes: Uint8Array.of(1) } : entry)),
      );
    expect(codesOf(auditWith('B', 'own', junk('local')))).toContain('AUDIT_RECORD');
    expect(codesOf(auditWith('B', 'own', junk('sent')))).toContain('MALFORMED');
  });

  it('show when the log is audited under another charter', () => {
    const other = join(town.directory, 'other.cbor');
    const charter = realCharter((same) => ({ ...same, title: 'Another treasury' }));
    writeFileSync(other, signCharter(new World(charter)));
    expect(codesOf(verifyLogs([town.own('B')], other))).toEqual(
      new Set(['WRONG_CHARTER', 'AUDIT_INTENT', 'AUDIT_VERDICT']),
    );
  });

  it('show when a clock reading is changed', () => {
    const batches = readBatches(town.own('B'));
    const later = batches.map((batch, at) =>
      at === 10 ? batch.map((entry) => ({ ...entry, uptime: entry.uptime + 60_000_000 })) : batch,
    );
    expect(codesOf(auditWith('B', 'own', later))).toContain('AUDIT_READING');
  });
});

describe('a log of several files', () => {
  it('is one log', () => {
    const source = town.own('A');
    const small = writeBatches(newDirectory(town.directory), 'A', readBatches(source), 2_000);
    expect(readdirSync(small).length).toBeGreaterThan(4);
    expect(verifyLogs([small, town.line('A')], town.charter).findings).toEqual([]);
    rmSync(join(small, 'evidence-000002.cborseq'));
    const report = verifyLogs([small], town.charter);
    expect(report.findings.map(({ code, what }) => [code, what])).toContainEqual([
      'STATE_CORRUPT',
      expect.stringContaining('evidence-000002.cborseq is missing'),
    ]);
  });
});

describe('a log that was rolled back', () => {
  it('is told from one that a power cut has torn', () => {
    const torn = writeBatches(newDirectory(town.directory), 'B', readBatches(town.own('B')));
    const file = join(torn, 'evidence-000000.cborseq');
    truncateSync(file, readFileSync(file).length - 1);
    expect(codesOf(verifyLogs([torn], town.charter))).toEqual(new Set(['AUDIT_TORN']));
  });

  it('lacks what the other end holds', () => {
    const batches = readBatches(town.own('B'));
    const report = auditWith('B', 'own', batches.slice(0, -6));
    expect(codesOf(report)).toContain('AUDIT_MISSING');
  });

  it('is whole by itself: nobody can tell from one log alone that its end was cut', () => {
    const forged = writeBatches(newDirectory(town.directory), 'B', readBatches(town.own('B')).slice(0, -6));
    expect(verifyLogs([forged], town.charter).findings).toEqual([]);
  });
});

/** @param fix give the header the hash of the new body; the signature is whatever it was */
function replaceText(packed: Uint8Array, from: string, to: string, fix: boolean): Uint8Array {
  const parts = decode(MessageBytes, packed, 1_000_000);
  if (!parts.ok) throw new Error(parts.fault.detail);
  const [headerBytes, body, signature] = parts.value;
  const text = Buffer.from(body).toString('latin1').replace(from, to);
  const changed = new Uint8Array(Buffer.from(text, 'latin1'));
  const header = decode(Header, headerBytes, 1024);
  if (!header.ok || changed.length !== body.length) throw new Error('the forgery has another length');
  const fixed = fix ? encode(Header, { ...header.value, bodyHash: hashBody(changed) }) : headerBytes;
  return encode(MessageBytes, [fixed, changed, signature]);
}
