/** A header with a partial Merkle tree (BIP-37's `merkleblock`), as `gettxoutproof` gives it. */
import { type Block, serializeHeader } from '../primitives/block.ts';
import { hash256 } from '../primitives/hash.ts';
import { concat, hashBytes, size, u32 } from '../primitives/wire.ts';

interface Node {
  readonly hash: Uint8Array;
  /** Whether a wanted transaction is at or under it. */
  readonly wanted: boolean;
}

/** All levels, leaves first. */
function buildLevels(block: Block, txids: ReadonlySet<string>): Node[][] {
  let level: Node[] = block.transactions.map(({ txid }) => ({
    hash: hashBytes(txid),
    wanted: txids.has(txid),
  }));
  const levels = [level];
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => {
      const left = below[2 * i] ?? { hash: new Uint8Array(), wanted: false };
      const right = below[2 * i + 1] ?? left;
      return { hash: hash256(concat([left.hash, right.hash])), wanted: left.wanted || right.wanted };
    });
    levels.push(level);
  }
  return levels;
}

/** Header ‖ transaction count ‖ hashes ‖ flag bits, in depth-first order. */
export function merkleProof(block: Block, txids: ReadonlySet<string>): Uint8Array {
  const levels = buildLevels(block, txids);
  const hashes: Uint8Array[] = [];
  const bits: boolean[] = [];
  const walk = (depth: number, at: number): void => {
    const node = levels[depth]?.[at];
    if (node === undefined) return;
    bits.push(node.wanted);
    if (depth === 0 || !node.wanted) {
      hashes.push(node.hash);
      return;
    }
    walk(depth - 1, 2 * at);
    walk(depth - 1, 2 * at + 1);
  };
  walk(levels.length - 1, 0);
  const flags = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => {
    if (bit) flags[i >> 3] = (flags[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return concat([
    serializeHeader(block.header),
    u32(block.transactions.length),
    size(hashes.length),
    ...hashes,
    size(flags.length),
    flags,
  ]);
}
