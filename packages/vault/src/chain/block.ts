/**
 * Reads a raw block: its header, and of each transaction what the vault follows. The node's JSON is not used:
 * bytes are the same from every node, hold exact amounts, and their Merkle root is checked against the header.
 * Refuses bytes left over, sizes not in shortest form, transactions that do not lead to the Merkle root, and a
 * transaction listed twice, which can lead to the same root (CVE-2012-2459).
 */
import { concatBytes, equalBytes, toHex } from '@coldwire/protocol/bytes.ts';
import { type Outpoint, type Output, parseHeader } from '@coldwire/wallet';
import { hash256 } from '@coldwire/wallet/hash.ts';
import { createReader, type Reader } from '@coldwire/wallet/wire-reader.ts';
import { ChainError } from './error.ts';
import { buildLevels } from './merkle.ts';

const MAX_COUNT = 1_000_000;
const COINBASE_VOUT = 0xffffffff;

export interface BlockTransaction {
  /** 32 bytes, internal order. */
  readonly txid: Uint8Array;
  /** Serialized without witness. */
  readonly stripped: Uint8Array;
  readonly spends: readonly Outpoint[];
  readonly outputs: readonly Output[];
  readonly coinbase: boolean;
}

export interface Block {
  /** 80 bytes. */
  readonly header: Uint8Array;
  /** 32 bytes, internal order, as `previous`. */
  readonly hash: Uint8Array;
  readonly previous: Uint8Array;
  /** Unix seconds, as the miner wrote it. */
  readonly time: number;
  readonly transactions: readonly BlockTransaction[];
}

/** Reads one block. Throws `ChainError` of kind 'nonsense'. */
export function readBlock(bytes: Uint8Array): Block {
  const reader = createReader(bytes);
  const header = reader.raw(80, 'the block header');
  const parsed = parseHeader(header);
  const count = reader.compactSize(MAX_COUNT, 'the number of transactions');
  const transactions: BlockTransaction[] = [];
  while (transactions.length < count && !reader.failed()) transactions.push(readTransaction(reader, bytes));
  const fault = reader.end();
  if (fault !== undefined || !parsed.ok)
    throw new ChainError('nonsense', 'the node sent a block that cannot be read');
  const { hash, previous, merkleRoot, time } = parsed.value;
  const distinct = new Set(transactions.map(({ txid }) => toHex(txid))).size;
  const root = buildLevels(transactions.map(({ txid }) => txid)).at(-1)?.[0];
  if (root === undefined || !equalBytes(root, merkleRoot) || distinct < count) {
    throw new ChainError('nonsense', 'the node sent a block whose transactions are not those of its header');
  }
  return { header, hash, previous, time, transactions };
}

function repeat<T>(reader: Reader, what: string, read: () => T): T[] {
  const count = reader.compactSize(MAX_COUNT, what);
  const list: T[] = [];
  while (list.length < count && !reader.failed()) list.push(read());
  return list;
}

function readTransaction(reader: Reader, bytes: Uint8Array): BlockTransaction {
  const start = reader.at();
  reader.u32();
  const segwit = bytes[reader.at()] === 0;
  if (segwit) reader.raw(2, 'the witness marker');
  const bodyStart = reader.at();
  const spends = repeat(reader, 'the number of inputs', () => {
    const outpoint = { txid: reader.raw(32, 'a txid'), vout: reader.u32() };
    reader.prefixed('a scriptSig');
    reader.u32();
    return outpoint;
  });
  const outputs = repeat(reader, 'the number of outputs', () => ({
    amount: reader.u64(),
    script: reader.prefixed('an output script'),
  }));
  const bodyEnd = reader.at();
  if (segwit) {
    for (let i = 0; i < spends.length; i += 1) {
      repeat(reader, 'the number of witness items', () => reader.prefixed('a witness item'));
    }
  }
  const locktime = reader.raw(4, 'the locktime');
  const stripped = concatBytes(
    bytes.subarray(start, start + 4),
    bytes.subarray(bodyStart, bodyEnd),
    locktime,
  );
  const coinbase = spends.length === 1 && spends[0]?.vout === COINBASE_VOUT;
  return { txid: hash256(stripped), stripped, spends, outputs, coinbase };
}
