/** Checks where a whole request cannot show the difference: called with one value replaced. */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { RawTx } from '@scure/btc-signer';
import { describe, expect, test } from 'vitest';
import { seeded } from '../../policy/test/world.ts';
import { combine, verifyAll } from '../src/core/combine.ts';
import { homeOf } from '../src/core/conflict.ts';
import { checkFees, worstVsize } from '../src/core/limits.ts';
import { rebuild } from '../src/core/rebuild.ts';
import { hashInputs } from '../src/core/sighash.ts';
import { type OpenSeal, type PartialSignatures, unsealAnswer } from '../src/core/unseal.ts';
import { GateWorld } from './gate-world.ts';

const { gate, world } = new GateWorld();

describe('The home of an intent', () => {
  test('is told by all of its first four bytes, however many gates there are', () => {
    const { charter } = gate.state.charter;
    const [first] = charter.gates;
    if (first === undefined) throw new Error('no gate');
    const three = { ...gate.state.charter, charter: { ...charter, gates: [first, first, first] } };
    const state = { ...gate.state, charter: three };
    const homes = ['10000000', '00000002', '0000000a', 'ffffffff'].map((id) =>
      homeOf(state, `${id}ffffffff`),
    );
    expect(homes).toEqual([1, 2, 1, 0]);
  });
});

describe('The hash that is signed', () => {
  test('is made of scripts whose length is one byte; a longer one is a bug and is told as one', () => {
    const coins = world.fund([20_000_000n]);
    const built = rebuild(gate.charter, world.request({ coins, change: [{ amount: 19_990_000n }] }));
    if (!built.ok) throw new Error('cannot be built');
    const { value } = built;
    const hashWith = (length: number) => {
      const long = { witnessScript: new Uint8Array(length) };
      return hashInputs({
        ...value,
        inputs: value.inputs.map((one) => ({ ...one, script: { ...one.script, ...long } })),
      });
    };
    expect(hashWith(252)).toHaveLength(1);
    expect(() => hashWith(253)).toThrow('a script of more than 252 bytes');
  });
});

describe('A signature of an input', () => {
  const secrets = ['first', 'second', 'third'].map(seeded);
  const coins = world.fund([20_000_000n]);
  const built = rebuild(gate.charter, world.request({ coins, change: [{ amount: 19_990_000n }] }));
  if (!built.ok) throw new Error('cannot be built');
  const publicKeys = secrets.map((secret) => secp256k1.getPublicKey(secret));
  const rebuilt = {
    ...built.value,
    inputs: built.value.inputs.map((one) => ({ ...one, script: { ...one.script, publicKeys } })),
  };
  const [hash = new Uint8Array()] = hashInputs(rebuilt);
  const partial = (place: number, signature: Uint8Array): PartialSignatures => {
    const nothing = new Uint8Array();
    const sealed = { ephemeral: nothing, wraps: [], ciphertext: nothing };
    const signed = { requestHash: nothing, txid: nothing, commitment: nothing, sealed };
    return {
      answer: { signer: 'ABC'[place] ?? '', place, signed },
      contentKey: nothing,
      signatures: [signature],
    };
  };
  /** The first signature of the key at `place`, of those with different nonces, whose r begins as it should. */
  const signAt = (place: number, isWanted: (r: Uint8Array) => boolean): Uint8Array => {
    for (let i = 0; ; i++) {
      const signature = secp256k1.sign(hash, secrets[place] ?? new Uint8Array(), {
        prehash: false,
        extraEntropy: seeded(`nonce ${i}`),
      });
      if (isWanted(signature)) return signature;
    }
  };

  test('that is not 64 bytes long is refused as a bad one', () => {
    const good = signAt(0, () => true);
    expect(verifyAll(rebuilt, [partial(0, good)])).toEqual([]);
    for (const bad of [good.subarray(1), Uint8Array.from([...good, 0])])
      expect(verifyAll(rebuilt, [partial(0, bad)])).toMatchObject([{ code: 'GATE_SCRIPT' }]);
  });

  test.each([
    ['0x80 and gets a zero before it', (r: Uint8Array) => r[0] === 0x80, [0x02, 0x21, 0x00, 0x80]],
    ['0x7f and gets none', (r: Uint8Array) => r[0] === 0x7f, [0x02, 0x20, 0x7f]],
    ['zero and loses it', (r: Uint8Array) => r[0] === 0 && (r[1] ?? 0) < 0x80, [0x02, 0x1f]],
  ])('is strict DER (BIP-66) where its r begins with %s', (_, isWanted, begin) => {
    const signatures = [signAt(0, isWanted), signAt(1, () => true)];
    const combined = combine(
      rebuilt,
      signatures.map((signature, place) => partial(place, signature)),
    );
    if (!combined.ok) throw new Error('not combined');
    const stack = RawTx.decode(combined.spend.raw).witnesses?.[0] ?? [];
    expect(stack.map((one) => [...one.subarray(2, 2 + begin.length)])).toContainEqual(begin);
  });

  describe('lets nothing out but what', () => {
    const [one, two, three] = [0, 1, 2].map((place) =>
      partial(
        place,
        signAt(place, () => true),
      ),
    );
    if (one === undefined || two === undefined || three === undefined) throw new Error('three keys');

    test('has two of them at every input, neither fewer nor more', () => {
      expect(combine(rebuilt, [one, two])).toMatchObject({ ok: true });
      for (const signatures of [[], [one], [one, two, three]])
        expect(combine(rebuilt, signatures)).toEqual({
          ok: false,
          refusals: [{ code: 'SIGHASH', facts: [['input', '0']] }],
        });
    });

    test('is the transaction that was checked: another one is a bug and is told as one', () => {
      const other = { ...rebuilt, txid: '00'.repeat(32) };
      expect(() => combine(other, [one, two])).toThrow(
        'the combined transaction is not the one that was checked',
      );
    });
  });
});

describe('What is sealed to a list of gates without this one', () => {
  test('is not even opened, though the list is one that was in force', () => {
    const bytes = new Uint8Array();
    const wraps = ['gate-8', 'gate-9'].map((name) => [name, bytes] as const);
    const sealed = { ephemeral: bytes, wraps, ciphertext: bytes };
    const signed = { requestHash: bytes, txid: bytes, commitment: bytes, sealed };
    const asked: number[] = [];
    const open: OpenSeal = (place) => {
      asked.push(place);
      return null;
    };
    const answer = { signer: 'A', place: 0, signed };
    expect(unsealAnswer(gate.charter, new Set(['gate-8,gate-9']), answer, 1, open)).toEqual({
      code: 'GATE_SEAL',
      facts: [['signer', 'A']],
    });
    expect(asked).toEqual([]);
  });
});

describe('The feerate', () => {
  const coins = world.fund([20_000_000n]);
  const built = rebuild(gate.charter, world.request({ coins, change: [{ amount: 19_990_000n }] }));
  if (!built.ok) throw new Error('cannot be built');
  // With a script of four bytes more the size is odd: then each remainder occurs.
  const value = {
    ...built.value,
    inputs: built.value.inputs.map((one) => {
      const witnessScript = Uint8Array.from([...one.script.witnessScript, 0, 0, 0, 0]);
      return { ...one, script: { ...one.script, witnessScript } };
    }),
  };
  const vsize = BigInt(worstVsize(value));
  const { charter } = gate.state.charter;
  const policy = { ...charter.policy, feeRate: 100_000 };
  const state = { ...gate.state, charter: { ...gate.state.charter, charter: { ...charter, policy } } };
  /** sat per 1,000 vB that a refusal tells; nothing if there is none. */
  const toldOf = (fee: bigint) =>
    checkFees(state, { ...value, fee })
      .filter(({ code }) => code === 'FEE_RATE')
      .map(({ facts }) => Object.fromEntries(facts));

  test('may be exactly that of the charter, and not a satoshi more', () => {
    expect(toldOf(100n * vsize)).toEqual([]);
    const above = 100_000n + 1_000n / vsize + 1n;
    expect(toldOf(100n * vsize + 1n)).toEqual([{ feerate: `${above}`, limit: '100000' }]);
  });

  test('is told rounded up to whole satoshis, whatever is left', () => {
    for (let fee = 100n * vsize + 1n; fee <= 101n * vsize; fee += 1n) {
      const whole = (fee * 1_000n) / vsize;
      const feerate = (fee * 1_000n) % vsize === 0n ? whole : whole + 1n;
      expect(toldOf(fee)).toEqual([{ feerate: `${feerate}`, limit: '100000' }]);
    }
    // One left over is among them, which needs the rounding most.
    expect([vsize % 2n, vsize % 5n]).not.toContain(0n);
  });
});
