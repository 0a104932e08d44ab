import { fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { hashes, sign, verify } from '@noble/secp256k1';
import { signECDSA } from '@scure/btc-signer/utils.js';
import { expect, test } from 'vitest';
import {
  BLOCK_LIMITS,
  createScripts,
  createSighash,
  type DerivedScript,
  decodeTransaction,
  derDecode,
  derEncode,
  MAX_WITNESS_LENGTH,
  serializeWithWitness,
  type Witness,
  witnessFor,
  worstCaseVsize,
} from '../src/index.ts';
import { noblePointMath } from '../src/noble.ts';
import {
  childPrivateKey,
  createRandom,
  makeWallet,
  type Random,
  randomTransaction,
} from './known-wallets.ts';

hashes.sha256 = sha256;
hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

const PAIRS = [
  [0, 1],
  [0, 2],
  [1, 2],
  [2, 0],
] as const;

const known = makeWallet('spend');
const scripts = createScripts(known.wallet, noblePointMath);

function signWith(signer: number, script: DerivedScript, hash: Uint8Array): Uint8Array {
  const key = childPrivateKey(known, signer, script.chain, script.index);
  return sign(hash, key, { prehash: false, lowS: true });
}

function signRandom(random: Random, inputs: number, outputs: number): { bytes: Uint8Array; bound: number } {
  const tx = randomTransaction(random, { inputs, outputs });
  const sighash = createSighash(tx);
  const witnesses = tx.inputs.map((_, input): Witness => {
    const script = scripts.at(random.below(2) === 0 ? 0 : 1, random.below(6));
    const hash = sighash.sighashAll(input, script.witnessScript, 50_000n);
    const pair = PAIRS[random.below(PAIRS.length)] ?? [0, 1];
    return witnessFor(
      script,
      pair.map((signer) => ({ signer, signature: signWith(signer, script, hash) })),
    );
  });
  const bound = worstCaseVsize({ inputs, outputs: tx.outputs.map((output) => output.script) });
  return { bytes: serializeWithWitness(tx, witnesses), bound };
}

test('the worst-case size is never below that of 40 really signed transactions, and within 1 vB per input', () => {
  const random = createRandom('vsize');
  for (let i = 0; i < 40; i++) {
    const inputs = 1 + random.below(6);
    const { bytes, bound } = signRandom(random, inputs, 1 + random.below(8));
    const decoded = decodeTransaction(bytes, BLOCK_LIMITS);
    if (!decoded.ok) throw new Error(decoded.fault.detail);
    const real = Math.ceil(decoded.value.weight / 4);
    expect(bound).toBeGreaterThanOrEqual(real);
    expect(bound - real).toBeLessThanOrEqual(inputs);
  }
});

test('the worst-case size is exact when every signature has its greatest length, also around 253 inputs and outputs', () => {
  const random = createRandom('longest');
  const longest = Uint8Array.of(...new Array<number>(32).fill(0xfe), ...new Array<number>(32).fill(0x7e));
  const script = scripts.at(0, 0);
  const witness = witnessFor(script, [
    { signer: 0, signature: longest },
    { signer: 1, signature: longest },
  ]);
  expect(witness.reduce((sum, item) => sum + 1 + item.length, 1)).toBe(MAX_WITNESS_LENGTH);
  for (const [inputs, outputs] of [
    [1, 1],
    [1, 2],
    [252, 252],
    [253, 253],
    [1000, 3],
  ] as const) {
    const tx = randomTransaction(random, { inputs, outputs });
    const decoded = decodeTransaction(
      serializeWithWitness(
        tx,
        tx.inputs.map(() => witness),
      ),
      BLOCK_LIMITS,
    );
    if (!decoded.ok) throw new Error(decoded.fault.detail);
    const bound = worstCaseVsize({ inputs, outputs: tx.outputs.map((output) => output.script) });
    expect(bound).toBe(Math.ceil(decoded.value.weight / 4));
  }
});

test('a witness holds the two signatures in the order of the keys in the script, whoever was named first', () => {
  const hash = sha256(new Uint8Array(1));
  for (let index = 0; index < 6; index++) {
    const script = scripts.at(1, index);
    for (const pair of PAIRS) {
      const signed = pair.map((signer) => ({ signer, signature: signWith(signer, script, hash) }));
      const [empty, first, second, last] = witnessFor(script, signed);
      expect(empty).toEqual(new Uint8Array(0));
      expect(last).toBe(script.witnessScript);
      const keys = [0, 1, 2].map((place) => script.witnessScript.subarray(2 + 34 * place, 35 + 34 * place));
      const holders = [first, second].map((item) => {
        expect(item?.at(-1)).toBe(1);
        const compact = derDecode(item?.subarray(0, -1) ?? new Uint8Array(0));
        if (!compact.ok) throw new Error(compact.fault.detail);
        return keys.findIndex((key) => verify(compact.value, hash, key, { prehash: false }));
      });
      expect(holders).toEqual(pair.map((signer) => script.sortedPosition[signer]).sort());
    }
  }
});

test('a witness takes exactly two signatures of two different signers that exist', () => {
  const script = scripts.at(0, 0);
  const signature = signWith(0, script, new Uint8Array(32));
  const by = (...signers: number[]) => signers.map((signer) => ({ signer, signature }));
  for (const signatures of [by(), by(0), by(0, 0), by(0, 1, 2), by(0, 3), by(0, -1)]) {
    expect(() => witnessFor(script, signatures)).toThrow(RangeError);
  }
  expect(() => witnessFor(script, [...by(0), { signer: 1, signature: new Uint8Array(64) }])).toThrow(
    'r is not',
  );
});

test('DER of 300 signatures equals what @scure/btc-signer makes with the same keys and messages', () => {
  const random = createRandom('der');
  for (let i = 0; i < 300; i++) {
    const key = random.bytes(32);
    const hash = random.bytes(32);
    const compact = sign(hash, key, { prehash: false, lowS: true });
    expect(toHex(derEncode(compact))).toBe(toHex(signECDSA(hash, key)));
  }
});

test('3,000 random numbers r and s, short ones too, read back from DER to the same 64 bytes', () => {
  const random = createRandom('der round trip');
  const lengths = new Set<number>();
  for (let i = 0; i < 3000; i++) {
    const compact = Uint8Array.of(0x80, ...random.bytes(31), 0x0f, ...random.bytes(31));
    if (i % 3 === 1) compact.fill(0, 0, random.below(32));
    if (i % 3 === 2) compact.fill(0, 32, 32 + random.below(32));
    const der = derEncode(compact);
    lengths.add(der.length);
    expect(derDecode(der)).toEqual({ ok: true, value: compact });
  }
  expect(lengths.size).toBeGreaterThan(30);
});

test('every one-byte change of a DER signature is refused or is another strict low-S signature', () => {
  const compact = Uint8Array.of(
    0x80,
    ...new Array<number>(31).fill(7),
    0x00,
    0x90,
    ...new Array<number>(30).fill(9),
  );
  const der = derEncode(compact);
  let refused = 0;
  for (let at = 0; at < der.length; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const changed = Uint8Array.from(der);
      changed[at] = byte;
      const decoded = derDecode(changed);
      if (!decoded.ok) refused++;
      else expect(derEncode(decoded.value)).toEqual(changed);
    }
  }
  expect(refused).toBeGreaterThan(6 * 255);
});

const SMALL = '020101';
const HALF_ORDER = '02207fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0';
const BAD_DER = [
  ['nothing', '', '0 bytes'],
  ['a bare SEQUENCE', '3000', '2 bytes'],
  ['another tag', `3106${SMALL}${SMALL}`, 'SEQUENCE'],
  ['a length of the SEQUENCE that is too large', `3007${SMALL}${SMALL}`, 'SEQUENCE'],
  ['a length of the SEQUENCE in the long form', `308106${SMALL}${SMALL}`, 'SEQUENCE'],
  ['bytes after s', `3007${SMALL}${SMALL}00`, 'follow'],
  ['r with another tag', `3006030101${SMALL}`, 'r is not an INTEGER'],
  ['an empty r', `30050200${SMALL}`, '7 bytes'],
  ['an r that is empty beside a long s', `30080200020400800000`, 'r is not an INTEGER'],
  ['an r with needless padding', `300702020001${SMALL}`, 'r is not an INTEGER'],
  ['a negative r', `3006020181${SMALL}`, 'r is not an INTEGER'],
  ['an r of 33 bytes that needs no padding', `3026022101${'11'.repeat(32)}${SMALL}`, 'r is not an INTEGER'],
  ['an r of 34 bytes', `302702220001${'11'.repeat(32)}${SMALL}`, 'r is not an INTEGER'],
  ['an r of 34 bytes with padding', `302702220080${'11'.repeat(32)}${SMALL}`, 'r is not an INTEGER'],
  ['an r beyond the end', `3006020701${SMALL}`, 'r is not an INTEGER'],
  ['an s with needless padding', `3007${SMALL}02020001`, 's is not an INTEGER'],
  ['r zero', `3006020100${SMALL}`, 'r is not in'],
  ['s zero', `3006${SMALL}020100`, 's is zero'],
  [
    'r equal to the order',
    `3026022100fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141${SMALL}`,
    'r is not in',
  ],
  ['s above half the order', `3025${SMALL}${HALF_ORDER.slice(0, -1)}1`, 'upper half'],
] as const;

for (const [name, hex, reason] of BAD_DER) {
  test(`DER with ${name} is refused`, () => {
    const decoded = derDecode(fromHex(hex));
    expect(decoded.ok).toBe(false);
    if (!decoded.ok) expect(decoded.fault.detail).toContain(reason);
  });
}

test('s at exactly half the order is the highest one accepted, both ways', () => {
  const der = fromHex(`3025${SMALL}${HALF_ORDER}`);
  const decoded = derDecode(der);
  if (!decoded.ok) throw new Error(decoded.fault.detail);
  expect(derEncode(decoded.value)).toEqual(der);
  const above = Uint8Array.from(decoded.value);
  above[63] = 0xa1;
  expect(() => derEncode(above)).toThrow('upper half');
  expect(() => derEncode(above.subarray(1))).toThrow('63 bytes');
});
