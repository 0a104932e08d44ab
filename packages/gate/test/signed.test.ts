import {
  Clear,
  createEd25519Signer,
  decode,
  encode,
  fromHex,
  Header,
  hashBody,
  MESSAGE_TYPES,
  messageHash,
  type Signed,
  Signed as SignedSchema,
  type SignRequest,
  SignRequest as SignRequestSchema,
  taggedHash,
} from '@coldwire/protocol';
import { sealContext } from '@coldwire/protocol/seal/format.ts';
import { Signature } from '@noble/secp256k1';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Coin, seeded } from '../../policy/test/world.ts';
import { planSignatures } from '../../signer/src/core/signatures.ts';
import { materials, type SignerName } from '../../signer/test/signing-world.ts';
import { GateWorld, refusalsOf } from './gate-world.ts';

type Row = Clear['signed'][number];

let world: GateWorld;
let coins: readonly Coin[];
let request: SignRequest;

beforeEach(() => {
  world = new GateWorld();
  coins = world.world.fund([20_000_000n, 20_000_000n]);
  request = payment('one');
});

function payment(label: string): SignRequest {
  const intents = [world.intent(label)];
  return world.world.request({ coins, intents, change: [{ amount: 38_990_000n }] });
}

function rowOf(name: SignerName, of: SignRequest = request): Row {
  const { header, body, signature } = world.signed(name, of);
  return [header, body, signature];
}

function offer(signed: readonly Row[], of: SignRequest = request) {
  return refusalsOf(
    world.gate.deliver('CLEAR', encode(Clear, { request: encode(SignRequestSchema, of), signed })),
  );
}

/** A message whose header is changed, signed again by its signer or by somebody else. */
function forge(row: Row, change: (header: Header) => Header, by: SignerName = 'A'): Row {
  const header = decode(Header, row[0], 1024);
  if (!header.ok) throw new Error(header.fault.detail);
  const bytes = encode(Header, change(header.value));
  return [bytes, row[1], createEd25519Signer(materials[by].identitySeed).sign(messageHash(bytes))];
}

/** A's SIGNED with another body, signed by A. */
function withBody(row: Row, change: (signed: Signed) => Signed): Row {
  const signed = decode(SignedSchema, row[1].subarray(16));
  if (!signed.ok) throw new Error(signed.fault.detail);
  const body = Uint8Array.from([...row[1].subarray(0, 16), ...encode(SignedSchema, change(signed.value))]);
  const [header, , signature] = forge([row[0], body, row[2]], (old) => ({
    ...old,
    bodyHash: hashBody(body),
    bodyLength: body.length,
  }));
  return [header, body, signature];
}

/** What A would answer if its signatures were altered after the key memory made them. */
function withSignatures(row: Row, change: (signatures: Uint8Array[]) => Uint8Array[]): Row {
  const { state, keys } = world.signers.A;
  const outcome = world.world.evaluate(request);
  if (outcome.kind !== 'approved') throw new Error('not approved');
  const signatures = change(keys.signInputs(planSignatures(state, outcome.spend)));
  return withPlaintext(row, Uint8Array.from(signatures.flatMap((one) => [...one])));
}

function withPlaintext(row: Row, plaintext: Uint8Array): Row {
  const { charter, hash } = world.world.loaded;
  return withBody(row, ({ requestHash, txid }) => {
    const sealed = world.signers.A.keys.seal(
      sealContext(hash, requestHash, txid),
      plaintext,
      charter.gates.map(({ sealKey }) => sealKey),
    );
    const wraps = sealed.wraps.map(({ gate, bytes }) => [charter.gates[gate]?.name ?? '', bytes] as const);
    const commitment = taggedHash('commitment', plaintext);
    return { requestHash, txid, commitment, sealed: { ...sealed, wraps } };
  });
}

const flip = (bytes: Uint8Array, at = 0): Uint8Array =>
  Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));

/** Nothing was remembered but the refusal, and the honest answers to the same request still pass. */
function expectUnharmed(): void {
  const { cleared, intents, charges } = world.gate.state;
  expect([cleared.size, intents.size, charges.length]).toEqual([0, 0, 0]);
  expect(offerHonest()).toBe('CLEARED');
}

function offerHonest(): string {
  const body = encode(Clear, {
    request: encode(SignRequestSchema, request),
    signed: [rowOf('A'), rowOf('B')],
  });
  return world.gate.deliver('CLEAR', body).type;
}

describe('GATE_SIGNED refuses', () => {
  const cases: readonly (readonly [string, (a: Row, b: Row) => readonly Row[], string])[] = [
    [
      'a message by nobody of the charter',
      (a, b) => [forge(a, (h) => ({ ...h, sender: 'mallory' })), b],
      'no signer of the charter',
    ],
    [
      'a vault’s message',
      (a, b) => [forge(a, (h) => ({ ...h, sender: 'vault-1' })), b],
      'no signer of the charter',
    ],
    ['a wrong signature', ([h, body, s], b) => [[h, body, flip(s)], b], 'A'],
    ['one signer’s message signed by another', (a, b) => [forge(a, (h) => h, 'C'), b], 'A'],
    [
      'one signer’s answer under another’s name',
      (a, b) => [forge(a, (h) => ({ ...h, sender: 'C' })), b],
      'C',
    ],
    ['an altered body', ([h, body, s], b) => [[h, flip(body, 40), s], b], 'A'],
    [
      'another length than the body has',
      (a, b) => [forge(a, (h) => ({ ...h, bodyLength: h.bodyLength - 1 })), b],
      'A',
    ],
    ['a body that was cut', ([h, body, s], b) => [[h, body.subarray(0, -1), s], b], 'A'],
    [
      'a message under another charter',
      (a, b) => [forge(a, (h) => ({ ...h, charter: seeded('other') })), b],
      'A',
    ],
    ['another version', (a, b) => [forge(a, (h) => ({ ...h, version: 2 })), b], 'A'],
    ['another type', (a, b) => [forge(a, (h) => ({ ...h, type: MESSAGE_TYPES.STATE.number })), b], 'A'],
    ['the same signer twice', (a) => [a, a], 'the same signer twice'],
    ['the same signer twice among three', (a, b) => [a, b, a], 'the same signer twice'],
    ['bytes that are no header', ([, body, s], b) => [[Uint8Array.of(0xa0), body, s], b], 'not a message'],
    [
      'a third answer that is bad',
      (a, b) => [a, b, forge(a, (h) => ({ ...h, sender: 'mallory' }))],
      'no signer of the charter',
    ],
    [
      'an answer that names another transaction',
      (a, b) => [withBody(a, (s) => ({ ...s, txid: seeded('tx') })), b],
      'A',
    ],
    [
      'an answer that names another request',
      (a, b) => [withBody(a, (s) => ({ ...s, requestHash: seeded('rq') })), b],
      'A',
    ],
  ];
  test.each(cases)('%s', (_, alter, signer) => {
    expect(offer(alter(rowOf('A'), rowOf('B')))).toEqual([['GATE_SIGNED', { signer }]]);
    expectUnharmed();
  });

  test('answers to another request, even one that was good', () => {
    const other = payment('two');
    expect(offer([rowOf('A', other), rowOf('B')])).toEqual([['GATE_SIGNED', { signer: 'A' }]]);
    expectUnharmed();
  });
});

describe('GATE_SEAL refuses', () => {
  const cases: readonly (readonly [string, (a: Row) => Row])[] = [
    [
      'a ciphertext that was altered',
      (a) =>
        withBody(a, (s) => ({ ...s, sealed: { ...s.sealed, ciphertext: flip(s.sealed.ciphertext, 5) } })),
    ],
    [
      'another ephemeral key',
      (a) => withBody(a, (s) => ({ ...s, sealed: { ...s.sealed, ephemeral: seeded('ephemeral') } })),
    ],
    [
      'an ephemeral key of small order',
      (a) => withBody(a, (s) => ({ ...s, sealed: { ...s.sealed, ephemeral: new Uint8Array(32) } })),
    ],
    [
      'a commitment to other signatures',
      (a) => withBody(a, (s) => ({ ...s, commitment: seeded('commitment') })),
    ],
    [
      'a wrap for one gate only',
      (a) => withBody(a, (s) => ({ ...s, sealed: { ...s.sealed, wraps: s.sealed.wraps.slice(0, 1) } })),
    ],
    [
      'wraps in another order',
      (a) => withBody(a, (s) => ({ ...s, sealed: { ...s.sealed, wraps: [...s.sealed.wraps].reverse() } })),
    ],
    [
      'the other gate’s wrap under this gate’s name',
      (a) =>
        withBody(a, (s) => ({
          ...s,
          sealed: {
            ...s.sealed,
            wraps: s.sealed.wraps.map(
              ([name], i) => [name, s.sealed.wraps[1 - i]?.[1] ?? new Uint8Array()] as const,
            ),
          },
        })),
    ],
    ['a signature too few', (a) => withSignatures(a, (all) => all.slice(1))],
    ['a signature too many', (a) => withSignatures(a, (all) => [...all, ...all.slice(0, 1)])],
  ];
  test.each(cases)('%s', (_, alter) => {
    expect(offer([alter(rowOf('A')), rowOf('B')])).toEqual([['GATE_SEAL', { signer: 'A' }]]);
    expectUnharmed();
  });

  test('what was sealed for another request', () => {
    const other = payment('two');
    const [, otherBody] = rowOf('A', other);
    const signed = decode(SignedSchema, otherBody.subarray(16));
    if (!signed.ok) throw new Error(signed.fault.detail);
    const { commitment, sealed } = signed.value;
    const moved = withBody(rowOf('A'), (own) => ({ ...own, commitment, sealed }));
    expect(offer([moved, rowOf('B')])).toEqual([['GATE_SEAL', { signer: 'A' }]]);
    expectUnharmed();
  });
});

describe('GATE_SCRIPT refuses', () => {
  const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const highS = (signature: Uint8Array): Uint8Array => {
    const { s } = Signature.fromBytes(signature, 'compact');
    const high = fromHex((ORDER - s).toString(16).padStart(64, '0'));
    return Uint8Array.from([...signature.subarray(0, 32), ...high]);
  };
  const cases: readonly (readonly [string, (all: Uint8Array[]) => Uint8Array[], readonly number[]])[] = [
    ['signatures swapped between inputs', (all) => [...all].reverse(), [0, 1]],
    [
      'one signature with a flipped bit',
      ([a, b]) => [a ?? new Uint8Array(), flip(b ?? new Uint8Array(), 40)],
      [1],
    ],
    ['a signature with high s', ([a, b]) => [highS(a ?? new Uint8Array()), b ?? new Uint8Array()], [0]],
    ['zeros', (all) => all.map(() => new Uint8Array(64)), [0, 1]],
    ['the group order', (all) => all.map(() => fromHex(ORDER.toString(16).repeat(2))), [0, 1]],
  ];
  test.each(cases)('%s', (_, alter, inputs) => {
    const refusals = offer([withSignatures(rowOf('A'), alter), rowOf('B')]);
    expect(refusals).toEqual(inputs.map((input) => ['GATE_SCRIPT', { signer: 'A', input: `${input}` }]));
    expectUnharmed();
  });

  test('signatures of another signer', () => {
    const outcome = world.world.evaluate(request);
    if (outcome.kind !== 'approved') throw new Error('not approved');
    const { state, keys } = world.signers.B;
    const foreign = keys.signInputs(planSignatures(state, outcome.spend));
    const refusals = offer([withSignatures(rowOf('A'), () => foreign), rowOf('B')]);
    expect(refusals.map(([code]) => code)).toEqual(['GATE_SCRIPT', 'GATE_SCRIPT']);
    expectUnharmed();
  });

  test('signatures made over other amounts than the draft claims: the amount lie', () => {
    const [first, second] = request.draft.inputs;
    if (first === undefined || second === undefined) throw new Error('two inputs');
    const [txid, vout, amount, ...place] = second;
    const inputs = [first, [txid, vout, amount + 1n, ...place] as const];
    const lie = { ...request, draft: { ...request.draft, inputs } };
    const hash = taggedHash('request', encode(SignRequestSchema, lie));
    // Signers that believe the lie: what they sign is bound to this request, but signed over the real amounts.
    const rows = (['A', 'B'] as const).map((name): Row => {
      const signer = world.signers[name];
      const outcome = world.world.evaluate(request);
      if (outcome.kind !== 'approved') throw new Error('not approved');
      const plaintext = signer.keys
        .signInputs(planSignatures(signer.state, outcome.spend))
        .flatMap((one) => [...one]);
      const { charter, hash: charterHash } = world.world.loaded;
      const context = sealContext(charterHash, hash, outcome.spend.txid);
      const sealed = signer.keys.seal(
        context,
        Uint8Array.from(plaintext),
        charter.gates.map((gate) => gate.sealKey),
      );
      const wraps = sealed.wraps.map(({ gate, bytes }) => [charter.gates[gate]?.name ?? '', bytes] as const);
      const commitment = taggedHash('commitment', Uint8Array.from(plaintext));
      const body = { requestHash: hash, txid: outcome.spend.txid, commitment, sealed: { ...sealed, wraps } };
      const {
        header,
        body: bytes,
        signature,
      } = signer.seal('SIGNED', encode(SignedSchema, body), signer.newId());
      return [header, bytes, signature];
    });
    expect(offer(rows, lie)).toEqual([
      ['GATE_SCRIPT', { signer: 'A', input: '1' }],
      ['GATE_SCRIPT', { signer: 'B', input: '1' }],
    ]);
    expectUnharmed();
  });

  test('and names every bad signature of both signers', () => {
    const bad = withSignatures(rowOf('A'), (all) => all.map((one) => flip(one, 10)));
    expect(offer([bad, rowOf('B')])).toHaveLength(2);
  });
});
