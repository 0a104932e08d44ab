/**
 * A batch: one transaction on its way, with everything that was sent and answered about it. Reading only.
 *
 *   drafted → signing → signed → cleared → broadcast → confirmed
 * refused: given up, and no signer can have signed it. abandoned: given up, but a signer may have; its inputs stay
 * held, and whatever pays its intents next must spend one of them. replaced: a mined transaction spends an input of it.
 */
import type { Outpoint } from '@coldwire/wallet';
import {
  type Row,
  readBytes,
  readCodes,
  readNullable,
  readNumber,
  readSats,
  readText,
  readWord,
} from './columns.ts';
import type { Store } from './withdrawals.ts';

export const STATUSES = [
  'drafted',
  'signing',
  'signed',
  'cleared',
  'broadcast',
  'confirmed',
  'refused',
  'abandoned',
  'replaced',
] as const;
export type Status = (typeof STATUSES)[number];

/** Why a batch exists. bump and cancel replace a batch in flight; regroup pays intents of one that was given up. */
export const PURPOSES = ['payment', 'regroup', 'bump', 'cancel'] as const;
export type Purpose = (typeof PURPOSES)[number];

export type Role = 'signer' | 'gate';

export interface Peer {
  readonly role: Role;
  readonly name: string;
  readonly requestId: Uint8Array;
  /** null while no answer has come. */
  readonly answer: 'done' | 'refused' | null;
  /** The whole SIGNED or CLEARED message, exactly as it came. */
  readonly message: Uint8Array | null;
  readonly codes: readonly string[];
}

export interface ChangeOutput {
  readonly vout: number;
  readonly wallet: number;
  readonly index: number;
  readonly amount: bigint;
}

export interface Batch {
  readonly id: number;
  readonly purpose: Purpose;
  readonly replaces: number | null;
  /** Canonical body of the SIGN request. */
  readonly request: Uint8Array;
  readonly txid: Uint8Array;
  readonly fee: bigint;
  /** Worst case, vB. */
  readonly vsize: number;
  readonly status: Status;
  /** Whether a signer may hold a signature of it although it refused, or the batch was given up. */
  readonly exposed: boolean;
  /** Whether a gate was given two signers' answers for it: then it can be broadcast, whatever the gate says. */
  readonly offered: boolean;
  /** With witness, once a gate has cleared it. */
  readonly transaction: Uint8Array | null;
  readonly height: number | null;
  /** Height of the transaction that made this one impossible. */
  readonly deadHeight: number | null;
  readonly createdAt: number;
  readonly inputs: readonly Outpoint[];
  /** Ids of the withdrawals, in the draft's order. */
  readonly intents: readonly Uint8Array[];
  readonly change: readonly ChangeOutput[];
  readonly peers: readonly Peer[];
}

function readPeer(row: Row): Peer {
  return {
    role: readWord(row, 'role', ['signer', 'gate']),
    name: readText(row, 'name'),
    requestId: readBytes(row, 'request_id'),
    answer: readNullable(row, 'answer', (r, c) => readWord(r, c, ['done', 'refused'])),
    message: readNullable(row, 'message', readBytes),
    codes: readCodes(row, 'codes'),
  };
}

function readChange(row: Row): ChangeOutput {
  return {
    vout: readNumber(row, 'vout'),
    wallet: readNumber(row, 'wallet'),
    index: readNumber(row, 'address_index'),
    amount: readSats(row, 'amount'),
  };
}

function readBatch({ db }: Store, row: Row): Batch {
  const id = readNumber(row, 'id');
  const inputs = db.all('SELECT txid, vout FROM batch_inputs WHERE batch = ? ORDER BY txid, vout', id);
  const intents = db.all('SELECT withdrawal FROM batch_intents WHERE batch = ? ORDER BY place', id);
  return {
    id,
    purpose: readWord(row, 'purpose', PURPOSES),
    replaces: readNullable(row, 'replaces', readNumber),
    request: readBytes(row, 'request'),
    txid: readBytes(row, 'txid'),
    fee: readSats(row, 'fee'),
    vsize: readNumber(row, 'vsize'),
    status: readWord(row, 'status', STATUSES),
    exposed: readNumber(row, 'exposed') === 1,
    offered: readNumber(row, 'offered') === 1,
    transaction: readNullable(row, 'transaction_bytes', readBytes),
    height: readNullable(row, 'height', readNumber),
    deadHeight: readNullable(row, 'dead_height', readNumber),
    createdAt: readNumber(row, 'created_at'),
    inputs: inputs.map((input) => ({ txid: readBytes(input, 'txid'), vout: readNumber(input, 'vout') })),
    intents: intents.map((intent) => readBytes(intent, 'withdrawal')),
    change: db.all('SELECT * FROM batch_change WHERE batch = ? ORDER BY vout', id).map(readChange),
    peers: db.all('SELECT * FROM batch_peers WHERE batch = ? ORDER BY asked_at, name', id).map(readPeer),
  };
}

export function findBatch(store: Store, id: number): Batch | undefined {
  const row = store.db.get('SELECT * FROM batches WHERE id = ?', id);
  return row === undefined ? undefined : readBatch(store, row);
}

export function getBatch(store: Store, id: number): Batch {
  const batch = findBatch(store, id);
  if (batch === undefined) throw new Error(`there is no batch ${id}`);
  return batch;
}

export function findBatchByTxid(store: Store, txid: Uint8Array): Batch | undefined {
  const row = store.db.get('SELECT * FROM batches WHERE txid = ?', txid);
  return row === undefined ? undefined : readBatch(store, row);
}

/** What a restarted vault goes on with, oldest first. */
export function openBatches(store: Store): readonly Batch[] {
  return store.db
    .all(
      `SELECT * FROM batches WHERE status IN ('drafted', 'signing', 'signed', 'cleared', 'broadcast') ORDER BY id`,
    )
    .map((row) => readBatch(store, row));
}

/** Every batch that spends this coin. */
export function batchesSpending(store: Store, { txid, vout }: Outpoint): readonly Batch[] {
  return store.db
    .all(
      'SELECT b.* FROM batches b JOIN batch_inputs i ON i.batch = b.id WHERE i.txid = ? AND i.vout = ? ORDER BY b.id',
      ...[txid, vout],
    )
    .map((row) => readBatch(store, row));
}

/** Whether another transaction over its coins is under way, not yet broadcast. One replacement is made at a time. */
export function isBeingReplaced(store: Store, batch: Batch): boolean {
  const underWay: readonly Status[] = ['drafted', 'signing', 'signed', 'cleared'];
  const rivals = batch.inputs.flatMap((input) => batchesSpending(store, input));
  return rivals.some(({ id, status }) => id !== batch.id && underWay.includes(status));
}

/** Every batch that carries this withdrawal and that a signer may have signed. */
export function carriersOf(store: Store, withdrawal: Uint8Array): readonly Batch[] {
  return store.db
    .all(
      `SELECT b.* FROM batches b JOIN batch_intents i ON i.batch = b.id
        WHERE i.withdrawal = ? AND b.status != 'refused' ORDER BY b.id`,
      withdrawal,
    )
    .map((row) => readBatch(store, row));
}
