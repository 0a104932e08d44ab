import { concatBytes, fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { expect, test } from 'vitest';
import { hash256 } from '../src/hash.ts';
import {
  AMBIGUOUS_LENGTH,
  displayTxid,
  HEADER_LENGTH,
  MAX_MERKLE_DEPTH,
  merkleRootFromPath,
  parseHeader,
  reverseBytes,
} from '../src/index.ts';
import { createRandom } from './known-wallets.ts';

type Tree = { readonly root: Uint8Array; pathOf(position: number): Uint8Array[] };

/** Bitcoin's Merkle tree: an odd level repeats its last hash. */
function buildTree(leaves: readonly Uint8Array[]): Tree {
  const levels = [leaves];
  for (let level = leaves; level.length > 1; ) {
    const even = level.length % 2 === 0 ? level : [...level, ...level.slice(-1)];
    level = Array.from({ length: even.length / 2 }, (_, i) =>
      hash256(concatBytes(...even.slice(2 * i, 2 * i + 2))),
    );
    levels.push(level);
  }
  return {
    root: levels.at(-1)?.[0] ?? new Uint8Array(0),
    pathOf: (position) =>
      levels.slice(0, -1).map((level, depth) => {
        const sibling = (position >> depth) ^ 1;
        return level[sibling] ?? level[level.length - 1] ?? new Uint8Array(0);
      }),
  };
}

const LENGTH = 200;

test('in blocks of 1 to 20 transactions every one is proven at its own position and at no other', () => {
  const random = createRandom('merkle');
  for (let count = 1; count <= 20; count++) {
    const leaves = Array.from({ length: count }, () => random.bytes(32));
    const tree = buildTree(leaves);
    for (const [position, txid] of leaves.entries()) {
      const path = tree.pathOf(position);
      expect(merkleRootFromPath(txid, LENGTH, position, path)).toEqual({ ok: true, value: tree.root });
      for (let other = 0; other < 2 ** path.length; other++) {
        if (other === position) continue;
        const result = merkleRootFromPath(txid, LENGTH, other, path);
        if (result.ok) expect(toHex(result.value)).not.toBe(toHex(tree.root));
      }
    }
  }
});

test('the transactions of block 170 lead to the root in its header', () => {
  const coinbase = reverseBytes(fromHex('b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082'));
  const payment = reverseBytes(fromHex('f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16'));
  const root = merkleRootFromPath(payment, 275, 1, [coinbase]);
  if (!root.ok) throw new Error(root.fault.detail);
  expect(displayTxid(root.value)).toBe('7dac2c5666815c17a3b36427de37bb9d2e2c5ccec3f8633eb91a4205cb4c10ff');
});

test('the copy of the last hash of an odd level is no second position (CVE-2012-2459)', () => {
  const random = createRandom('duplicate');
  const leaves = [random.bytes(32), random.bytes(32), random.bytes(32)];
  const [, , last] = leaves;
  const tree = buildTree(leaves);
  const path = tree.pathOf(2);
  expect(last).toEqual(path[0]);
  expect(merkleRootFromPath(last ?? new Uint8Array(), LENGTH, 2, path)).toEqual({
    ok: true,
    value: tree.root,
  });
  const copied = merkleRootFromPath(last ?? new Uint8Array(), LENGTH, 3, path);
  expect(copied).toMatchObject({
    ok: false,
    fault: { code: 'MALFORMED', detail: expect.stringContaining('copy') },
  });
});

test('a 64-byte transaction is refused as proof and as proven (CVE-2017-12842)', () => {
  const random = createRandom('64 bytes');
  const txid = random.bytes(32);
  expect(merkleRootFromPath(txid, AMBIGUOUS_LENGTH, 0, [random.bytes(32)])).toMatchObject({ ok: false });
  expect(merkleRootFromPath(txid, AMBIGUOUS_LENGTH, 0, [])).toMatchObject({ ok: false });
  expect(merkleRootFromPath(txid, 63, 0, [random.bytes(32)]).ok).toBe(true);
  expect(merkleRootFromPath(txid, 65, 0, [random.bytes(32)]).ok).toBe(true);
});

test('a transaction hidden in the second half of a 64-byte one is not proven by it (CVE-2017-12842)', () => {
  const random = createRandom('hidden');
  // A mined transaction of 64 bytes: one input, four bytes of scriptSig and script in all, one output. Its last
  // 32 bytes are the id of a transaction that nobody mined: such ids are found by search, here they are just chosen.
  const script = 2;
  const mined = concatBytes(
    fromHex('0200000001'),
    random.bytes(36),
    Uint8Array.of(2, ...random.bytes(2)),
    random.bytes(4),
    fromHex('01'),
    fromHex('0010000000000000'),
    Uint8Array.of(script, ...random.bytes(script)),
    random.bytes(4),
  );
  expect(mined).toHaveLength(AMBIGUOUS_LENGTH);
  const hidden = mined.subarray(32);
  const sibling = random.bytes(32);
  const { root } = buildTree([sibling, hash256(mined)]);
  const path = [mined.subarray(0, 32), sibling];
  const believed = path.reduce((node, left) => hash256(concatBytes(left, node)), hidden);
  expect(toHex(believed), 'hashing alone leads to the root of the block').toBe(toHex(root));
  expect(merkleRootFromPath(hidden, 500, 0b11, path)).toMatchObject({
    ok: false,
    fault: { code: 'MALFORMED', detail: expect.stringContaining('reads as a transaction') },
  });
});

test('100,000 random inner nodes are not mistaken for transactions', () => {
  const random = createRandom('inner nodes');
  const path = Array.from({ length: MAX_MERKLE_DEPTH }, () => random.bytes(32));
  for (let i = 0; i < 6250; i++) {
    path[0] = random.bytes(32);
    expect(merkleRootFromPath(path[1] ?? new Uint8Array(), LENGTH, random.below(2 ** 16), path).ok).toBe(
      true,
    );
  }
}, 60_000);

test('a position outside the tree, a wrong length and a path that is too deep are refused', () => {
  const random = createRandom('bounds');
  const txid = random.bytes(32);
  const path = [random.bytes(32), random.bytes(32)];
  for (const position of [4, -1, 0.5, Number.NaN, 2 ** 32]) {
    expect(merkleRootFromPath(txid, LENGTH, position, path)).toMatchObject({
      ok: false,
      fault: { code: 'MALFORMED' },
    });
  }
  expect(merkleRootFromPath(txid, LENGTH, 1, [])).toMatchObject({ ok: false });
  expect(merkleRootFromPath(txid, LENGTH, 0, [])).toEqual({ ok: true, value: txid });
  expect(merkleRootFromPath(txid, LENGTH, 0, [random.bytes(31)])).toMatchObject({ ok: false });
  expect(merkleRootFromPath(txid.subarray(1), LENGTH, 0, [])).toMatchObject({ ok: false });
  const deep = Array.from({ length: MAX_MERKLE_DEPTH + 1 }, () => random.bytes(32));
  expect(merkleRootFromPath(txid, LENGTH, 0, deep)).toMatchObject({
    ok: false,
    fault: { code: 'TOO_LARGE' },
  });
});

test('the header of block 0 is read as everybody knows it', () => {
  const genesis =
    '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c';
  const parsed = parseHeader(fromHex(genesis));
  if (!parsed.ok) throw new Error(parsed.fault.detail);
  const { version, previous, merkleRoot, time, bits, nonce, hash } = parsed.value;
  expect({ version, time, bits, nonce }).toEqual({
    version: 1,
    time: 1_231_006_505,
    bits: 0x1d00ffff,
    nonce: 2_083_236_893,
  });
  expect(previous).toEqual(new Uint8Array(32));
  expect(displayTxid(merkleRoot)).toBe('4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b');
  expect(displayTxid(hash)).toBe('000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f');
});

test('a header of any other length is refused', () => {
  for (const length of [0, 1, HEADER_LENGTH - 1, HEADER_LENGTH + 1, 2 * HEADER_LENGTH]) {
    expect(parseHeader(new Uint8Array(length))).toMatchObject({ ok: false, fault: { code: 'MALFORMED' } });
  }
});
