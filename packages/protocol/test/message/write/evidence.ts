/** Evidence logs: batches and the chain over them. */
import {
  Batch,
  chainBatch,
  concatBytes,
  encode,
  LOG_START,
  type LogRecord,
  Segment,
} from '../../../src/index.ts';
import { made } from '../samples.ts';
import { ends, make, pack } from './messages.ts';
import { write } from './tree.ts';

export function writeEvidence(): void {
  const seg = encode(Segment, { owner: 'A', number: 0, previous: LOG_START });
  const one: LogRecord[] = [[0, 'segment', 10, 1_800_000_000, seg]];
  const two: LogRecord[] = [
    [1, 'received', 20, 1_800_000_000, pack(make(ends('vault', 'A', 'down', 'signer'), 'HELLO'))],
    [2, 'change', 20, 1_800_000_000, Uint8Array.of(0xa0)],
  ];
  const first = chainBatch(LOG_START, one);
  const second = chainBatch(first, two);
  const batches = (...list: [readonly LogRecord[], Uint8Array][]) =>
    concatBytes(...list.map(([records, chain]) => encode(Batch, [records, chain])));
  const put = (name: string, expected: string, bytes: Uint8Array, comment: string) =>
    write(`evidence/${name}`, { expect: expected, part: 'log', rule: '9-evidence.md Files', comment }, bytes);
  const good = batches([one, first], [two, second]);
  put('two-batches', 'ok', good, 'the segment record, then a message with its change');
  put('torn', 'torn', good.subarray(0, -1), 'the last byte is missing: the second batch is cut off');
  put('zeros', 'torn', concatBytes(good, new Uint8Array(64)), 'zeros after the last batch');
  put(
    'refuse-chain',
    'STATE_CORRUPT',
    batches([one, first], [two, made('another')]),
    'the chain hash is another',
  );
  put(
    'refuse-restart',
    'STATE_CORRUPT',
    batches([one, first], [two, chainBatch(LOG_START, two)]),
    'the chain begins anew',
  );
  put(
    'refuse-index',
    'STATE_CORRUPT',
    batches([one, first], [[[5, 'local', 0, 0, seg]], chainBatch(first, [[5, 'local', 0, 0, seg]])]),
    'a number is left out',
  );
  put(
    'refuse-no-segment',
    'STATE_CORRUPT',
    batches([[[0, 'local', 0, 0, seg]], chainBatch(LOG_START, [[0, 'local', 0, 0, seg]])]),
    'the first record names no segment',
  );
  const damaged = Uint8Array.from(good);
  damaged[1] = 0x82;
  put(
    'refuse-length',
    'STATE_CORRUPT',
    damaged,
    'a damaged length before a whole batch does not pass for torn',
  );
}
