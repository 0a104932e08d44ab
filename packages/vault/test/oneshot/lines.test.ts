import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatLine, type Line, readLines } from '../../src/oneshot/lines.ts';
import { fill, makeCoin, makeDirectory } from '../fixture.ts';

const LINES: readonly Line[] = [
  { kind: 'headers', headers: { from: 7, bytes: fill(1, 160) } },
  {
    kind: 'coin',
    coin: makeCoin(3),
    transaction: fill(2, 60),
    proof: { block: fill(3, 32), position: 4, path: fill(5, 64) },
  },
  { kind: 'tip', tip: { height: 9, hash: fill(6, 32), change: 2 } },
  { kind: 'request', request: fill(7, 20) },
  { kind: 'signed', signed: { signer: 'A', message: fill(8, 30) } },
];

function write(text: string): string {
  const path = join(makeDirectory(), 'lines.jsonl');
  writeFileSync(path, text);
  return path;
}

test('every line reads back as it was written', async () => {
  expect(await readLines(write(LINES.map(formatLine).join('')))).toEqual(LINES);
});

test('a line of another form is named by its number', async () => {
  const good = formatLine({ kind: 'request', request: fill(7, 20) });
  for (const bad of ['{}', 'null', '{"request":"0"}', '{"coin":{}}', '{"headers":{"from":1,"hex":"00"}}']) {
    await expect(readLines(write(`${good}\n${bad}\n`))).rejects.toThrow('line 3 is not one');
  }
});
