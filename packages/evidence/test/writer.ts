/**
 * A process that appends until it is killed or the disk refuses: one batch of several records after the other, and after
 * each sync its number on standard output. `writer.ts DIRECTORY SEGMENT-SIZE RECORD-SIZE COUNT`.
 */
import { writeSync } from 'node:fs';
import process from 'node:process';
import { openLog } from '../src/index.ts';

const [directory = '', segmentSize = '', recordSize = '', count = ''] = process.argv.slice(2);
let next = 0;
const { log } = openLog(
  directory,
  'A',
  ([, kind, uptime]) => {
    if (kind === 'local') next = uptime + 1;
  },
  { segmentSize: Number(segmentSize) },
);
for (const end = next + Number(count); next < end; next++) {
  const bytes = new Uint8Array(Number(recordSize)).fill(next);
  log.append([
    { kind: 'change', uptime: next, time: 0, bytes },
    { kind: 'local', uptime: next, time: 0, bytes },
  ]);
  writeSync(1, `${next}\n`);
}
log.close();
