/** The batches that are not broadcast yet, read without their contents: the loops ask this often. */
import { readBytes, readNullable, readNumber, readText } from '../queue/columns.ts';
import type { Store } from '../queue/index.ts';

export interface UnderWay {
  readonly id: number;
  readonly status: string;
  /** Id of its first intent: it decides the home gate. Null for a batch that pays only ourselves. */
  readonly first: Uint8Array | null;
}

export function batchesUnderWay({ db }: Store): readonly UnderWay[] {
  return db
    .all(
      `SELECT b.id, b.status, i.withdrawal FROM batches b LEFT JOIN batch_intents i ON i.batch = b.id AND i.place = 0
        WHERE b.status IN ('drafted', 'signing', 'signed', 'cleared') ORDER BY b.id`,
    )
    .map((row) => ({
      id: readNumber(row, 'id'),
      status: readText(row, 'status'),
      first: readNullable(row, 'withdrawal', readBytes),
    }));
}
