/**
 * Blocks as a node sends them, and the node's JSON. A block that is read has the transactions of its header and is made of its
 * parts without a byte left over; amounts are whole satoshis or nothing. The only error is that the node sent nonsense.
 */
import { concatBytes, equalBytes } from '@coldwire/protocol';
import { readBlock } from '@coldwire/vault/chain/block.ts';
import { ChainError } from '@coldwire/vault/chain/error.ts';
import { parseExact, toInteger, toSat } from '@coldwire/vault/chain/exact-json.ts';
import { parseHeader } from '@coldwire/wallet';
import { hash256 } from '@coldwire/wallet/hash.ts';
import { readSeeds } from '../corpus.ts';
import type { Mutator } from '../mutate/mutator.ts';
import { assertHolds, type Target } from '../target.ts';

const transactions = readSeeds('wallet')
  .filter(({ name, lines }) => name.startsWith('tx-') && lines.get('expect') === 'ok')
  .map(({ bytes }) => bytes);
const header = readSeeds('wallet').find(({ name }) => name === 'header-genesis')?.bytes ?? new Uint8Array(80);

/** The header's Merkle root made that of the one transaction behind it, so that the block holds together. */
function withRoot(input: Uint8Array): Uint8Array {
  if (input.length < 92 || input[80] !== 1) return input;
  const output = Uint8Array.from(input);
  output.set(hash256(input.subarray(81)), 36);
  return output;
}
const rightRoot: Mutator = (input) => withRoot(input);

function checkBlock(input: Uint8Array): void {
  const block = readBlock(input);
  const parsed = parseHeader(input.subarray(0, 80));
  assertHolds(parsed.ok && equalBytes(parsed.value.hash, block.hash), 'the header is the block’s');
  assertHolds(block.transactions.length > 0, 'no block is empty');
  for (const { stripped, txid } of block.transactions) {
    assertHolds(equalBytes(hash256(stripped), txid), 'an id is that of the bytes');
  }
}

function checkJson(text: string): void {
  const value = parseExact(text);
  for (const one of Array.isArray(value) ? value : [value]) {
    const sat = toSat(one);
    const whole = toInteger(one);
    assertHolds(whole === null || sat === BigInt(whole) * 100_000_000n, 'a whole number is as many bitcoins');
  }
}

export const target: Target = {
  seeds: [
    ...transactions.map((tx) => withRoot(concatBytes(header, Uint8Array.of(1), tx))),
    ...['[0.00001000,1e-05,21000000,-0.1]', '1e400', '12345678901234567890'].map(
      (text) => new Uint8Array(Buffer.from(text)),
    ),
  ],
  mutators: [rightRoot],
  maxLength: 8192,
  run(input) {
    try {
      checkBlock(input);
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
    }
    try {
      checkJson(Buffer.from(input).toString());
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  },
};
