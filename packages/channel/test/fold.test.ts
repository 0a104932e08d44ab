import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '@coldwire/program';
import { encode, type LogRecord, SignedCharter } from '@coldwire/protocol';
import { expect, it } from 'vitest';
import { foldRecord, packMessage, readSignedCharter, unpackMessage } from '../src/index.ts';
import { createLineChain } from './station.ts';

it('a message record that is not a message stops the start, in words for people', () => {
  const chain = createLineChain(0);
  const record = (kind: LogRecord[1], bytes: Uint8Array): LogRecord => [0, kind, 0, 0, bytes];
  const noHeader = packMessage({
    header: Uint8Array.of(0xa0),
    body: new Uint8Array(16),
    signature: new Uint8Array(64),
  });
  expect(() => foldRecord(chain, record('sent', new Uint8Array(3)))).toThrow(/evidence log is damaged/);
  expect(() => foldRecord(chain, record('received', noHeader))).toThrow(/evidence log is damaged/);
  expect(() => unpackMessage(noHeader)).toThrow(/evidence log is damaged/);
  for (const kind of ['segment', 'local', 'change'] as const) {
    expect(foldRecord(chain, record(kind, noHeader))).toBe(chain);
  }
});

it('a charter file is read only in its canonical form', () => {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-charter-'));
  const path = join(directory, 'charter.cbor');
  try {
    const good = encode(SignedCharter, [Uint8Array.of(0xa0), [['carol', new Uint8Array(64)]]]);
    writeFileSync(path, good);
    expect(readSignedCharter(path)[1].length).toBe(1);
    for (const bad of [
      good.subarray(1),
      Buffer.concat([good, good]),
      new Uint8Array(0),
      new Uint8Array(200_000),
    ]) {
      writeFileSync(path, bad);
      expect(() => readSignedCharter(path)).toThrow(Failure);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
