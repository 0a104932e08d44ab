import { equalBytes, fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { RawTx } from '@scure/btc-signer';
import { expect, test } from 'vitest';
import {
  BLOCK_LIMITS,
  bodyOf,
  type DecodedTransaction,
  type DecodeLimits,
  decodeTransaction,
  displayTxid,
  equalOutpoints,
  isCoinbase,
  MAX_MONEY,
  outpointKey,
  parseTxid,
  serializeStripped,
  serializeWithWitness,
  txidOf,
  type UnsignedTransaction,
} from '../src/index.ts';
import { createRandom, randomTransaction } from './known-wallets.ts';

function decode(bytes: Uint8Array, limits: DecodeLimits = BLOCK_LIMITS): DecodedTransaction {
  const decoded = decodeTransaction(bytes, limits);
  if (!decoded.ok) throw new Error(decoded.fault.detail);
  return decoded.value;
}

/** The first transaction between two people, of block 170; its id is known to everybody. */
const BLOCK_170 =
  '0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004847304402204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd12909d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a3b00000000434104ae1a62fe09c5f51b13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b7303b8a0626f1baded5c72a704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000';

test('serialization and txid of 300 random transactions equal those of @scure/btc-signer', () => {
  const random = createRandom('serialize');
  for (let i = 0; i < 300; i++) {
    const tx = randomTransaction(random, { inputs: 1 + random.below(6), outputs: 1 + random.below(6) });
    const bytes = serializeStripped(tx);
    const scure = RawTx.encode({
      version: tx.version,
      segwitFlag: false,
      inputs: tx.inputs.map(({ outpoint, sequence }) => ({
        txid: fromHex(displayTxid(outpoint.txid)),
        index: outpoint.vout,
        finalScriptSig: new Uint8Array(0),
        sequence,
      })),
      outputs: [...tx.outputs],
      witnesses: undefined,
      lockTime: tx.locktime,
    });
    expect(toHex(bytes)).toBe(toHex(scure));
    const decoded = decode(bytes);
    expect(decoded.txid).toEqual(txidOf(tx));
    expect(bodyOf(decoded)).toEqual(tx);
    expect(decoded.weight).toBe(bytes.length * 4);
  }
});

test('a transaction with witnesses decodes to what it was made of, and its id ignores them', () => {
  const random = createRandom('witness form');
  for (let i = 0; i < 100; i++) {
    const tx = randomTransaction(random, { inputs: 1 + random.below(4), outputs: 1 + random.below(4) });
    const witnesses = tx.inputs.map((_, input) =>
      Array.from({ length: input === 0 ? 4 : random.below(4) }, () => random.bytes(random.below(300))),
    );
    const bytes = serializeWithWitness(tx, witnesses);
    const decoded = decode(bytes);
    expect(decoded.form).toBe('witness');
    expect(decoded.inputs.map((input) => input.witness)).toEqual(witnesses);
    expect(bodyOf(decoded)).toEqual(tx);
    expect(decoded.txid).toEqual(txidOf(tx));
    expect(decoded.strippedLength).toBe(serializeStripped(tx).length);
    expect(decoded.weight).toBe(decoded.strippedLength * 3 + bytes.length);
  }
});

test('a real transaction of 2009 has its known id, its scriptSig and no body of ours', () => {
  const decoded = decode(fromHex(BLOCK_170));
  expect(displayTxid(decoded.txid)).toBe('f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16');
  expect(decoded.inputs[0]?.scriptSig).toHaveLength(72);
  expect(decoded.outputs.map((output) => output.amount)).toEqual([1_000_000_000n, 4_000_000_000n]);
  expect(isCoinbase(decoded)).toBe(false);
  expect(bodyOf(decoded)).toBeUndefined();
});

test('the coinbase transaction of block 0 is told by its null outpoint', () => {
  const genesis =
    '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000';
  const decoded = decode(fromHex(genesis));
  expect(displayTxid(decoded.txid)).toBe('4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b');
  expect(isCoinbase(decoded)).toBe(true);
});

test('20,000 mutations never throw, and what is accepted is read the same way again', () => {
  const random = createRandom('mutation');
  const tx = randomTransaction(random, { inputs: 3, outputs: 3 });
  const witnesses = tx.inputs.map(() => [new Uint8Array(0), random.bytes(72), random.bytes(105)]);
  const originals = [serializeStripped(tx), serializeWithWitness(tx, witnesses), fromHex(BLOCK_170)];
  let accepted = 0;
  for (let i = 0; i < 20_000; i++) {
    const original = originals[i % 3] ?? new Uint8Array(0);
    const bytes = Uint8Array.from(original);
    for (let flips = random.below(3); flips >= 0; flips--)
      bytes[random.below(bytes.length)] = random.below(256);
    const cut = random.below(4) === 0 ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
    const decoded = decodeTransaction(cut, BLOCK_LIMITS);
    if (!decoded.ok) continue;
    accepted++;
    const body = bodyOf(decoded.value);
    if (body === undefined) continue;
    const again = body.inputs.map((_, input) => decoded.value.inputs[input]?.witness ?? []);
    const rebuilt =
      decoded.value.form === 'witness' ? serializeWithWitness(body, again) : serializeStripped(body);
    expect(equalBytes(rebuilt, cut)).toBe(true);
  }
  expect(accepted, 'most single changes hit hashes and amounts and stay well-formed').toBeGreaterThan(1000);
}, 60_000);

test('random bytes never throw', () => {
  const random = createRandom('noise');
  for (let i = 0; i < 5000; i++) {
    const head = i % 2 === 0 ? [2, 0, 0, 0] : [2, 0, 0, 0, 0, 1];
    decodeTransaction(Uint8Array.of(...head, ...random.bytes(random.below(80))), BLOCK_LIMITS);
  }
});

test('claims of huge counts and lengths are refused before anything is allocated', () => {
  const head = '02000000';
  const claims = ['feffffffff', 'ffffffffffffffffff', 'fdffff'].map((claim) => fromHex(`${head}${claim}`));
  const scripts = ['feffffff7f', 'ffffffffffffffff7f'].map((claim) =>
    fromHex(`${head}01${'00'.repeat(36)}${claim}`),
  );
  const before = process.memoryUsage().arrayBuffers;
  for (const bytes of [...claims, ...scripts]) expect(decodeTransaction(bytes, BLOCK_LIMITS).ok).toBe(false);
  // The claims are of gigabytes; others in this process may allocate meanwhile.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
});

test('every limit of the caller holds, at its edge and one beyond', () => {
  const random = createRandom('limits');
  const tx = randomTransaction(random, { inputs: 2, outputs: 3 });
  const bytes = serializeWithWitness(tx, [[random.bytes(3), random.bytes(4)], [random.bytes(5)]]);
  const edge: DecodeLimits = { bytes: bytes.length, inputs: 2, outputs: 3, witnessItems: 3 };
  expect(decodeTransaction(bytes, edge).ok).toBe(true);
  for (const name of ['bytes', 'inputs', 'outputs', 'witnessItems'] as const) {
    const refused = decodeTransaction(bytes, { ...edge, [name]: edge[name] - 1 });
    expect(refused).toMatchObject({ ok: false, fault: { code: 'TOO_LARGE' } });
  }
});

test('a txid is read and written in display order, and only 64 lower-case hex digits are one', () => {
  const txid = createRandom('txid').bytes(32);
  expect(parseTxid(displayTxid(txid))).toEqual(txid);
  expect(displayTxid(txid).slice(0, 2)).toBe(toHex(txid.subarray(31)));
  for (const text of [
    '',
    'ab',
    `0x${displayTxid(txid).slice(2)}`,
    displayTxid(txid).toUpperCase(),
    `${'g'.repeat(64)}`,
  ]) {
    expect(parseTxid(text)).toBeUndefined();
  }
  expect(outpointKey({ txid, vout: 7 })).toBe(`${displayTxid(txid)}:7`);
  expect(equalOutpoints({ txid, vout: 1 }, { txid: Uint8Array.from(txid), vout: 1 })).toBe(true);
  expect(equalOutpoints({ txid, vout: 1 }, { txid, vout: 2 })).toBe(false);
});

test('a transaction of ours with an impossible value throws instead of being written', () => {
  const good = randomTransaction(createRandom('throws'), { inputs: 1, outputs: 1 });
  const [input] = good.inputs;
  if (input === undefined) throw new Error('one input');
  const script = new Uint8Array(22);
  const bad: readonly UnsignedTransaction[] = [
    { ...good, inputs: [] },
    { ...good, outputs: [] },
    { ...good, locktime: -1 },
    { ...good, locktime: 2 ** 32 },
    { ...good, inputs: [{ ...input, sequence: 1.5 }] },
    { ...good, inputs: [{ ...input, outpoint: { txid: new Uint8Array(31), vout: 0 } }] },
    { ...good, outputs: [{ amount: -1n, script }] },
    { ...good, outputs: [{ amount: MAX_MONEY + 1n, script }] },
  ];
  for (const tx of bad) expect(() => serializeStripped(tx)).toThrow(RangeError);
  expect(() => serializeWithWitness(good, [])).toThrow(RangeError);
  expect(() => serializeWithWitness(good, [[]])).toThrow(RangeError);
  expect(serializeStripped({ ...good, outputs: [{ amount: MAX_MONEY, script }] })).toHaveLength(
    4 + 42 + 32 + 4,
  );
});
