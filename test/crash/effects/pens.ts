/**
 * The recorded world's signers without their policy: real keys in the signer's own key memory, which sign whatever they are
 * given. A gate must not need honest signers, so its script ends with what honest ones would never sign.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { type GateCharter, loadGateCharter } from '@coldwire/gate/core/charter.ts';
import { type Rebuilt, rebuild } from '@coldwire/gate/core/rebuild.ts';
import {
  type Clear,
  concatBytes,
  createChain,
  Death,
  decode,
  draftMessage,
  encode,
  fromHex,
  hashRequest,
  type MessageType,
  messageHash,
  SALT_LENGTH,
  Signed,
  SignedCharter,
  SignRequest,
  taggedHash,
} from '@coldwire/protocol';
import { sealContext } from '@coldwire/protocol/seal/format.ts';
import { type KeyMemory, openKeyMemory } from '@coldwire/signer/io/key-memory.ts';
import { loadNatives } from '@coldwire/signer/io/native.ts';
import { lineTo } from '@coldwire/signer/run/identify.ts';
import { type GateName, SIGNERS, type SignerName } from '../../world/charter.ts';
import type { World } from '../../world/world.ts';
import { keyBlockOf } from './record.ts';

/** Header, body and signature. */
type MessageRow = Clear['signed'][number];

/** The charter as this gate reads it. */
export function gateCharter({ deployment }: World, gate: GateName): GateCharter {
  const bytes = readFileSync(deployment.charterFile);
  const signed = decode(SignedCharter, bytes, bytes.length);
  const loaded = signed.ok ? loadGateCharter(signed.value, gate) : signed;
  if (!loaded.ok) throw new Error('the charter of this world is none');
  return loaded.value;
}

/** The transaction of a draft, as a gate builds it. */
export function build(charter: GateCharter, request: SignRequest): Rebuilt {
  const built = rebuild(charter, request);
  if (!built.ok) throw new Error(`cannot be built: ${built.refusals.map(({ code }) => code).join()}`);
  return built.value;
}

/** The body of SIGNED that this signer gives whenever it signs this request: nothing in it is chance. */
export function signBy(world: World, name: SignerName, request: SignRequest): Uint8Array {
  return withKeys(world, name, (keys) => signWith(world, keys, name, request));
}

/** SIGNED as it travels and as CLEAR shows it. */
export function messageBy(world: World, name: SignerName, request: SignRequest): MessageRow {
  return withKeys(world, name, (keys) =>
    sayWith(world, keys, name, {
      type: 'SIGNED',
      request: hashRequest(encode(SignRequest, request)).slice(0, 16),
      body: signWith(world, keys, name, request),
    }),
  );
}

/** DEATH as it travels and as BURY shows it, whatever became of the transaction. @param txid internal byte order */
export function deathBy(world: World, name: SignerName, txid: Uint8Array): MessageRow {
  const body = encode(Death, { txid, height: world.chain.node.chain.tip.height });
  return withKeys(world, name, (keys) =>
    sayWith(world, keys, name, { type: 'DEATH', request: txid.slice(0, 16), body }),
  );
}

function sayWith(
  { deployment: { charter } }: World,
  keys: KeyMemory,
  name: SignerName,
  result: { readonly type: MessageType; readonly request: Uint8Array; readonly body: Uint8Array },
): MessageRow {
  const { header, body } = draftMessage(createChain(lineTo(charter, name, undefined)), {
    ...result,
    charter: charter.first,
    session: 1,
    salt: new Uint8Array(SALT_LENGTH),
    time: 0,
    uptime: 0,
  });
  return [header, body, keys.signIdentity(messageHash(header))];
}

function signWith(world: World, keys: KeyMemory, name: SignerName, request: SignRequest): Uint8Array {
  const { first, charter } = world.deployment.charter;
  const { transaction, inputs, txid } = build(gateCharter(world, 'gate-1'), request);
  const place = SIGNERS.indexOf(name);
  const jobs = inputs.map(({ script, amount }, input) => {
    const [, , , , chain = 0, index = 0] = request.draft.inputs[input] ?? [];
    const { tweaks, publicKeys } = world.scripts.at(chain === 0 ? 0 : 1, index);
    const [own, publicKey33] = [tweaks[place], publicKeys[place]];
    if (own === undefined || publicKey33 === undefined) throw new Error(`${name} has no key there`);
    const hash32 = transaction.preimageWitnessV0(input, script.witnessScript, 1, amount);
    return { tweaks: [own.chain, own.index] as const, hash32, publicKey33 };
  });
  const plaintext = concatBytes(...keys.signInputs(jobs));
  const requestHash = hashRequest(encode(SignRequest, request));
  const internal = Uint8Array.from(fromHex(txid)).reverse();
  const gates = charter.gates.map(({ sealKey }) => sealKey);
  const sealed = keys.seal(sealContext(first, requestHash, internal), plaintext, gates);
  const wraps = sealed.wraps.map(({ gate, bytes }) => [charter.gates[gate]?.name ?? '', bytes] as const);
  const commitment = taggedHash('commitment', plaintext);
  return encode(Signed, { requestHash, txid: internal, commitment, sealed: { ...sealed, wraps } });
}

function withKeys<T>(world: World, name: SignerName, work: (keys: KeyMemory) => T): T {
  const { charter } = world.deployment.charter;
  const key = charter.wallets[0]?.keys.find(({ signer }) => signer === name);
  const identity = charter.signers.find((signer) => signer.name === name);
  if (key === undefined || identity === undefined) throw new Error(`there is no signer ${name}`);
  const fd = openSync(keyBlockOf(world, name), 'r');
  try {
    const keys = openKeyMemory(loadNatives(), fd, {
      coinType: 1,
      account: 0,
      masterFingerprint: key.fingerprint,
      accountPublicKey: key.publicKey,
      accountChainCode: key.chainCode,
      identityPublicKey: identity.key,
    });
    try {
      return work(keys);
    } finally {
      keys.zeroize();
    }
  } finally {
    closeSync(fd);
  }
}
