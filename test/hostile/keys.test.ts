// Rows 8, 19, 20, 21, 47 and 49 of the catalogue: what is signed, by which code, and what a signature may not carry.
import {
  Clear,
  encode,
  fromHex,
  hashRequest,
  MESSAGE_TYPES,
  type MessageType,
  Signed,
  type SignRequest,
  taggedHash,
} from '@coldwire/protocol';
import { sealContext } from '@coldwire/protocol/seal/format.ts';
import { openSealed } from '@coldwire/protocol/seal/index.ts';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import * as noble from '@noble/secp256k1';
import type * as scure from '@scure/btc-signer';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rebuild } from '../../packages/gate/src/core/rebuild.ts';
import { seeded } from '../../packages/policy/test/world.ts';
import { openKeyMemory } from '../../packages/signer/src/io/key-memory.ts';
import { loadNatives } from '../../packages/signer/src/io/native.ts';
import type { Secp256k1 } from '../../packages/signer/src/io/native-interface.ts';
import { hashOf, makeChild, withDescriptor } from '../../packages/signer/test/io/key-material.ts';
import { gateSecret, materials, type SignerName } from '../../packages/signer/test/signing-world.ts';
import { createRandom } from '../../packages/wallet/test/known-wallets.ts';
import { GateProgram } from './gate-program.ts';
import { bodyOf, recall, remember, Siege } from './siege.ts';

noble.hashes.sha256 = sha256;
noble.hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

type Tx = Parameters<typeof scure.RawTx.encode>[0];
/** What a poisoned library of the gate does to the transaction that it writes. */
const library = vi.hoisted(() => ({ spoil: (tx: Tx): Tx => tx }));
vi.mock('@scure/btc-signer', async (original) => {
  const real = await original<typeof scure>();
  const encode = (tx: Tx): Uint8Array => real.RawTx.encode(library.spoil(tx));
  return { ...real, RawTx: { ...real.RawTx, encode } };
});

let siege: Siege;
beforeEach(() => {
  siege = new Siege();
});
afterEach(() => {
  library.spoil = (tx) => tx;
});

function rebuilt(request: SignRequest) {
  const built = rebuild(siege.gate.charter, request);
  if (!built.ok) throw new Error('cannot be built');
  return built.value;
}

/** CLEAR with the answers of A and B, whose signatures over each input are these. */
function clearWith(request: SignRequest, sign: (name: SignerName, input: number) => Uint8Array): Uint8Array {
  const { txid, inputs } = rebuilt(request);
  const { charter, hash } = siege.world.loaded;
  const requestHash = hashRequest(bodyOf(request));
  const internal = fromHex(txid).reverse();
  const signed = (['A', 'B'] as const).map((name) => {
    const plaintext = Uint8Array.from(inputs.flatMap((_, input) => [...sign(name, input)]));
    const { keys } = siege.signers[name];
    const sealed = keys.seal(
      sealContext(hash, requestHash, internal),
      plaintext,
      charter.gates.map(({ sealKey }) => sealKey),
    );
    const wraps = sealed.wraps.map(({ gate, bytes }) => [charter.gates[gate]?.name ?? '', bytes] as const);
    const commitment = taggedHash('commitment', plaintext);
    const body = encode(Signed, { requestHash, txid: internal, commitment, sealed: { ...sealed, wraps } });
    const message = siege.signers[name].seal('SIGNED', body, siege.signers[name].newId());
    return [message.header, message.body, message.signature] as const;
  });
  return encode(Clear, { request: bodyOf(request), signed });
}

/** A signature of this signer's own key over the hash that `hashOf` gives for the input. */
function signerOver(request: SignRequest, hash: (input: number) => Uint8Array) {
  return (name: SignerName, input: number): Uint8Array => {
    const [, , , , chain = 0, index = 0] = request.draft.inputs[input] ?? [];
    const child = makeChild(materials[name], chain, index, hash(input));
    return noble.sign(child.job.hash32, child.privateKey, { prehash: false });
  };
}

/** Puts SINGLE | ANYONECANPAY behind the first signature of these inputs. */
const spoilType = (inputs: readonly number[]) => (stack: Uint8Array[], input: number) =>
  stack.map((item, at) =>
    inputs.includes(input) && at === 1 ? Uint8Array.of(...item.subarray(0, -1), 0x83) : item,
  );

test('row 8: a signature with SIGHASH NONE, SINGLE or ANYONECANPAY passes no gate', () => {
  const request = siege.plan();
  const { transaction, inputs } = rebuilt(request);
  const hashWith = (type: number) => (input: number) => {
    const { script, amount } = inputs[input] ?? {};
    if (script === undefined || amount === undefined) throw new Error('no input');
    return transaction.preimageWitnessV0(input, script.witnessScript, type, amount);
  };
  for (const type of [2, 3, 0x81, 0x82, 0x83]) {
    const refusals = request.draft.inputs.flatMap(() => ['GATE_SCRIPT', 'GATE_SCRIPT']);
    siege.clearRefused(clearWith(request, signerOver(request, hashWith(type))), ...refusals);
  }
  // A library that writes another type behind good signatures, or does so for one input only.
  for (const spoiled of [[0], [0, 1, 2]]) {
    library.spoil = (tx) => ({ ...tx, witnesses: tx.witnesses?.map(spoilType(spoiled)) });
    siege.clearRefused(siege.clear(request), ...spoiled.map(() => 'SIGHASH'));
  }
  library.spoil = (tx) => tx;
  siege.goesThrough(request);
});

const TYPES = Object.keys(MESSAGE_TYPES).filter((name): name is MessageType => name in MESSAGE_TYPES);

test('row 19: no message type with any body brings a signature but SIGN with an approved draft', () => {
  const random = createRandom('oracle');
  const signer = siege.signers.A;
  signer.catchUp();
  const honest = bodyOf(siege.plan());
  const bodies = [
    new Uint8Array(0),
    seeded('a hash to sign'),
    Uint8Array.from([0x58, 32, ...seeded('a hash to sign')]),
    Uint8Array.from([0xa1, 0x01, 0x58, 32, ...seeded('a hash to sign')]),
    new TextEncoder().encode('sign this message'),
    ...Array.from({ length: 12 }, () => random.bytes(1 + random.below(200))),
    // A good draft with one bit flipped.
    ...Array.from({ length: 12 }, () => {
      const at = random.below(honest.length);
      return Uint8Array.from(honest, (byte, i) => (i === at ? byte ^ (1 << random.below(8)) : byte));
    }),
  ];
  const before = recall(signer);
  for (const type of TYPES)
    for (const body of type === 'SIGN' ? bodies : [...bodies, honest]) {
      const sent = signer.deliver(type, body);
      expect(sent.filter((answer) => answer.type === 'SIGNED')).toEqual([]);
    }
  const after = recall(signer);
  expect([after.signatures, after.policy, after.charter]).toEqual([0, before.policy, before.charter]);
  // Only refused SIGN is written down.
  expect(after.journal - before.journal).toBe(after.results - before.results);
  siege.goesThrough();
});

test('row 20: a processor or library that flips a bit of a signature: nothing leaves, and the keys are gone', () => {
  const natives = loadNatives();
  const { block, expected } = materials.A;
  const { secp256k1 } = natives;
  let faults = 0;
  const flipping: Secp256k1 = {
    contextRandomize: (seed) => secp256k1.contextRandomize(seed),
    privateKeyVerify: (key) => secp256k1.privateKeyVerify(key),
    privateKeyTweakAdd: (key, tweak) => secp256k1.privateKeyTweakAdd(key, tweak),
    publicKeyCreate: (out, key) => secp256k1.publicKeyCreate(out, key),
    publicKeyTweakAdd: (out, key, tweak) => secp256k1.publicKeyTweakAdd(out, key, tweak),
    ecdsaVerify: (signature, hash, key) => secp256k1.ecdsaVerify(signature, hash, key),
    ecdsaSign: (out, ...args) => {
      const done = secp256k1.ecdsaSign(out, ...args);
      faults += 1;
      if (faults === 3) out.signature[faults] = (out.signature[faults] ?? 0) ^ 4;
      return done;
    },
  };
  const signer = siege.signers.A;
  const unseal = (by: typeof natives): void => {
    Object.assign(signer, { keys: withDescriptor(block, (fd) => openKeyMemory(by, fd, expected)) });
  };
  unseal({ ...natives, secp256k1: flipping });
  const request = siege.plan();
  signer.catchUp();
  const records = signer.journal.length;
  expect(() => signer.ask(request)).toThrow(
    expect.objectContaining({ code: 'SELF_VERIFY', where: 'input 2' }),
  );
  // What was approved stays charged; no answer was made.
  expect(signer.journal.slice(records).map(({ kind }) => kind)).toEqual(['policy']);
  expect([signer.signatures, signer.state.results.size]).toEqual([0, 0]);
  const after = recall(signer);
  const jobs = [0, 1, 2, 3].map((index) => makeChild(materials.A, 0, index, hashOf(`${index}`)).job);
  expect(signer.keys.open).toBe(false);
  expect(() => signer.keys.signInputs(jobs)).toThrow(expect.objectContaining({ code: 'LOCKED' }));
  expect(() => signer.keys.signIdentity(hashOf('header'))).toThrow(
    expect.objectContaining({ code: 'LOCKED' }),
  );
  expect(recall(signer)).toEqual(after);
  // Unsealed again on a sound machine, the same signer signs the same request, and a new one.
  unseal(natives);
  siege.goesThrough(request);
  siege.goesThrough();
});

test('row 21: an independent RFC 6979 gives the bytes that signers seal, so a nonce carries nothing', () => {
  const request = siege.plan();
  const { transaction, inputs, txid } = rebuilt(request);
  const hash = (input: number): Uint8Array => {
    const { script, amount } = inputs[input] ?? {};
    if (script === undefined || amount === undefined) throw new Error('no input');
    return transaction.preimageWitnessV0(input, script.witnessScript, 1, amount);
  };
  for (const name of ['A', 'B', 'C'] as const) {
    const { signed } = siege.signers[name].ask(request);
    if (signed === undefined) throw new Error('refused');
    const context = sealContext(siege.world.loaded.hash, signed.requestHash, fromHex(txid).reverse());
    const wraps = signed.sealed.wraps.map(([, bytes], gate) => ({ gate, bytes }));
    const opened = openSealed(gateSecret('gate-1'), 0, context, { ...signed.sealed, wraps });
    const again = request.draft.inputs.flatMap((_, input) => [...signerOver(request, hash)(name, input)]);
    expect(opened?.plaintext).toEqual(Uint8Array.from(again));
  }
  // Signatures that verify as well, made with other nonces: the gate takes them, and the auditor finds them.
  siege.goesThrough(request);
});

test('row 47: a signer’s library that alters an output makes signatures that no gate clears', async () => {
  const request = siege.plan();
  const poisoned = siege.plan({
    intents: [siege.order('good', { script: Uint8Array.from([0, 20, ...seeded('thief').slice(0, 20)]) })],
  });
  const { transaction, inputs } = rebuilt(poisoned);
  const hash = (input: number): Uint8Array => {
    const { script, amount } = inputs[input] ?? {};
    if (script === undefined || amount === undefined) throw new Error('no input');
    return transaction.preimageWitnessV0(input, script.witnessScript, 1, amount);
  };
  const refusals = request.draft.inputs.flatMap(() => ['GATE_SCRIPT', 'GATE_SCRIPT']);
  siege.clearRefused(clearWith(request, signerOver(request, hash)), ...refusals);
  // The gate's own library, writing another transaction at the end: an error, and nothing is cleared.
  library.spoil = (tx) => ({
    ...tx,
    outputs: tx.outputs.map((output, at) => (at === 0 ? { ...output, amount: 1n } : output)),
  });
  const clear = siege.clear(request);
  const before = { ...remember(siege.gate), journal: siege.gate.journal.length };
  expect(() => siege.gate.deliver('CLEAR', clear)).toThrow('not the one that was checked');
  expect({ ...remember(siege.gate), journal: siege.gate.journal.length }).toEqual(before);
  // Its program raises an alarm, says INTERNAL and writes nothing else down; with a sound library it clears the same.
  const program = new GateProgram(siege.gate.charter);
  try {
    const spoilt = program.clear(clear, 'poisoned');
    expect(spoilt).toEqual({ changes: 0, codes: ['INTERNAL'], alarms: ['INTERNAL'] });
    library.spoil = (tx) => tx;
    const sound = program.clear(clear, 'sound');
    expect(sound).toMatchObject({ codes: [], alarms: [] });
    expect(sound.changes).toBeGreaterThan(0);
  } finally {
    await program.close();
  }
  siege.goesThrough(request);
});

test('row 49: two signers with one past answer with the same bytes, whatever else differs', () => {
  const other = new Siege();
  const request = siege.plan();
  const id = seeded('one id').slice(0, 16);
  for (const name of ['A', 'B', 'C'] as const) {
    const [one, two] = [siege.signers[name], other.signers[name]];
    one.catchUp();
    two.catchUp();
    two.happen('lock', 'SIGUSR2');
    two.happen('start', 'x');
    expect(two.deliver('SIGN', bodyOf(request), id)).toEqual(one.deliver('SIGN', bodyOf(request), id));
  }
  const clear = siege.clear(request);
  expect(siege.gate.deliver('CLEAR', clear, id)).toEqual(other.gate.deliver('CLEAR', clear, id));
  siege.goesThrough();
});
