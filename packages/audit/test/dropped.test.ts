/** What an honest signer decided and never said, because its disk did not take it: what happened next tells why. */
import { toHex } from '@coldwire/protocol';
import { encodeChange } from '@coldwire/signer/core/change.ts';
import { encodeLocal, type LocalEvent } from '@coldwire/signer/core/event.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replayLogs } from '../src/index.ts';
import { type Batch, newDirectory, readBatches, readTold, writeBatches } from './forge.ts';
import { Town } from './town.ts';

let town: Town;
beforeAll(async () => {
  town = new Town();
  await town.open('A');
  town.world.fund([3_000_000n]);
  await town.tell(['A']);
});
afterAll(() => town.remove());

/** Up to the first request, whose answer the disk does not take; then this happens. */
function logWith(local: LocalEvent): readonly Batch[] {
  const batches = readBatches(town.own('A'));
  const at = batches.findIndex((batch) =>
    batch.some(({ kind, bytes }) => kind === 'received' && readTold(bytes).type !== 'HELLO'),
  );
  const last = batches[at]?.[0];
  if (last === undefined) throw new Error('nothing was received');
  const { uptime, time } = last;
  return [
    ...batches.slice(0, at + 1),
    [
      { kind: 'local', uptime, time, bytes: encodeLocal(local) },
      { kind: 'change', uptime, time, bytes: encodeChange({ kind: 'notice', value: local }) },
    ],
  ];
}

const head = (fill: number): string => toHex(new Uint8Array(32).fill(fill));

test.each<LocalEvent>([
  { event: 'realign', detail: [3, head(7), 9, head(8), 'vault-1'].join(' ') },
  { event: 'lock', detail: 'at the console' },
  { event: 'unlock', detail: 'at the console' },
])('$event after an answer that the disk did not take is a note and no finding', (local) => {
  const log = writeBatches(newDirectory(town.directory), 'A', logWith(local));
  const { findings, mismatches, notes } = replayLogs([log], town.charter);
  expect({ findings, mismatches }).toEqual({ findings: [], mismatches: 0 });
  expect(notes.map(({ what }) => what).join()).toContain('DONE was due: ');
});

test('a waiver in its place explains nothing', () => {
  const log = writeBatches(newDirectory(town.directory), 'A', logWith({ event: 'waive', detail: 'swap' }));
  const { findings } = replayLogs([log], town.charter);
  expect(findings.map(({ what }) => what)).toEqual([expect.stringContaining('DONE was due before this')]);
});
