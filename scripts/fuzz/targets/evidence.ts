/**
 * The reader of evidence logs. Batches follow each other without a gap and are written back as the same bytes; what is behind
 * them is torn, corrupt or nothing. One mutation makes chain and numbers right again, so that later checks are reached.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLog, segmentName } from '@coldwire/evidence/read.ts';
import {
  Batch,
  chainBatch,
  concatBytes,
  decode,
  encode,
  equalBytes,
  LOG_START,
  type LogRecord,
  readSequence,
} from '@coldwire/protocol';
import { seedsOf } from '../corpus.ts';
import { mutateCbor } from '../mutate/cbor.ts';
import type { Mutator } from '../mutate/mutator.ts';
import { scratchPath } from '../scratch.ts';
import { assertHolds, type Target } from '../target.ts';

const directory = scratchPath('evidence');
mkdirSync(directory);
const file = join(directory, segmentName(0));

/** Numbers and chain as a writer would have made them, as far as the input holds batches. */
const chainAgain: Mutator = (input, pool) => {
  const parts: Uint8Array[] = [];
  let chain = LOG_START;
  let index = 0;
  let end = 0;
  for (const step of readSequence(mutateCbor(input, pool), 0)) {
    const batch = step.kind === 'item' ? decode(Batch, step.bytes) : undefined;
    if (step.kind !== 'item' || batch?.ok !== true) break;
    const records = batch.value[0].map(([, ...rest]): LogRecord => [index++, ...rest]);
    chain = chainBatch(chain, records);
    parts.push(encode(Batch, [records, chain]));
    end = step.next;
  }
  return concatBytes(...parts, input.subarray(end));
};

export const target: Target = {
  seeds: seedsOf('evidence'),
  mutators: [mutateCbor, chainAgain],
  maxLength: 8192,
  run(input) {
    writeFileSync(file, input);
    let end = 0;
    let last = 'batch';
    for (const item of readLog(directory)) {
      assertHolds(last === 'batch', 'nothing follows what is not a batch');
      assertHolds(item.at === end, 'items follow each other without a gap');
      last = item.kind;
      if (item.kind !== 'batch') continue;
      const bytes = encode(Batch, [item.records, item.chain]);
      assertHolds(
        equalBytes(bytes, input.subarray(item.at, item.end)),
        'a batch is written as the same bytes',
      );
      end = item.end;
    }
    assertHolds(last !== 'batch' || end === input.length, 'a sound log is read to its end');
  },
};
