/**
 * A treasury with real keys for the tests of signer and gate: the chain, coins and intents of policy's test world, three
 * signers with their key memory and their pure core, two gates with sealing keys. What a vault would send goes through
 * `deliver`. Nothing stands in for a real part but the disk and the line between them.
 */
import {
  type Charter,
  Clear,
  concatBytes,
  createChain,
  createEd25519Signer,
  decode,
  draftMessage,
  type Ed25519Signer,
  encode,
  Header,
  type Message,
  type MessageType,
  messageHash,
  type Received,
  Refused,
  recordSent,
  Signed,
  SignedCharter,
  SignRequest,
  toHex,
} from '@coldwire/protocol';
import { gatePublicKey } from '@coldwire/protocol/seal/index.ts';
import { accountPath } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { identity, SIGNERS, sampleCharter, seeded, World } from '../../policy/test/world.ts';
import { apply, type SignerChange } from '../src/core/change.ts';
import { decide } from '../src/core/decide.ts';
import type { Decision, Effect, LocalEvent, SignerEvent } from '../src/core/event.ts';
import { planSignatures, sealSignatures } from '../src/core/signatures.ts';
import { createState, type SignerState } from '../src/core/state.ts';
import { type KeyMemory, openKeyMemory } from '../src/io/key-memory.ts';
import { loadNatives } from '../src/io/native.ts';
import { type KeyMaterial, makeKeyMaterial, withDescriptor } from './io/key-material.ts';

export type SignerName = (typeof SIGNERS)[number];
export const GATES = ['gate-1', 'gate-2'] as const;

export const materials: Readonly<Record<SignerName, KeyMaterial>> = {
  A: makeKeyMaterial('signer A'),
  B: makeKeyMaterial('signer B'),
  C: makeKeyMaterial('signer C'),
};

/** X25519, 32 bytes. */
export const gateSecret = (gate: string): Uint8Array => seeded(`gate secret ${gate}`);

/** Policy's sample charter with keys that somebody holds. */
export function realCharter(adjust: (charter: Charter) => Charter = (same) => same): Charter {
  const sample = sampleCharter();
  return adjust({
    ...sample,
    wallets: [
      {
        threshold: 2,
        keys: SIGNERS.map((signer) => {
          const { masterFingerprint, accountPublicKey, accountChainCode } = materials[signer].expected;
          return {
            signer,
            fingerprint: masterFingerprint,
            path: accountPath('regtest'),
            publicKey: accountPublicKey,
            chainCode: accountChainCode,
          };
        }),
      },
    ],
    signers: SIGNERS.map((name) => ({ name, key: materials[name].expected.identityPublicKey })),
    gates: GATES.map((name) => ({
      name,
      key: identity(name).publicKey,
      sealKey: gatePublicKey(gateSecret(name)),
    })),
  });
}

/** charter.cbor, with the signature of every custodian. */
export function signCharter({ loaded }: World): Uint8Array {
  const { charter, bytes, hash } = loaded;
  const rows = charter.custodians.map(({ name }) => [name, identity(name).sign(hash)] as const);
  return encode(SignedCharter, [bytes, rows]);
}

const natives = loadNatives();

export function openKeys(name: SignerName): KeyMemory {
  const { block, expected } = materials[name];
  return withDescriptor(block, (fd) => openKeyMemory(natives, fd, expected));
}

export type Sent = Extract<Effect, { kind: 'send' }>;

/** One signer without its disk and line: decides, signs with real key memory, applies, answers. */
export class TestSigner {
  readonly name: SignerName;
  readonly keys: KeyMemory;
  readonly #world: World;
  readonly identity: Ed25519Signer;
  state: SignerState;
  /** Everything that would have been journalled. */
  readonly journal: SignerChange[] = [];
  /** How many inputs were signed. */
  signatures = 0;
  #numbers = 0;
  /** How many of the world's events it was told. */
  #told = 0;
  #chain;

  constructor(name: SignerName, world: World) {
    this.name = name;
    this.keys = openKeys(name);
    this.identity = createEd25519Signer(materials[name].identitySeed);
    this.#world = world;
    this.state = createState(world.loaded, name, noblePointMath);
    const vault = world.loaded.charter.vaults[0];
    if (vault === undefined) throw new Error('no vault');
    this.#chain = createChain({
      self: name,
      peer: vault.name,
      peerKey: vault.key,
      incoming: 'down',
      receiver: 'signer',
    });
    this.happen('start', toHex(world.loaded.hash));
  }

  receive(type: MessageType, body: Uint8Array, request: Uint8Array | null, sender = 'vault-1'): Received {
    const header = decode(Header, draftMessage(this.#chain, this.#outgoing(type, body, request)).header);
    if (!header.ok) throw new Error(header.fault.detail);
    return { type, header: { ...header.value, sender }, body };
  }

  decide(event: SignerEvent): Decision {
    return decide(this.state, event);
  }

  /** As the running program does it: changes first, then each effect, a `sign` by the key memory. */
  perform({ changes, effects }: Decision): Sent[] {
    this.#apply(changes);
    return effects.flatMap((effect): Sent[] => {
      if (effect.kind === 'send') return [effect];
      const jobs = planSignatures(this.state, effect.spend);
      const made = this.keys.signInputs(jobs);
      this.signatures += made.length;
      const signed = sealSignatures(this.state, effect.spend, made, (...args) => this.keys.seal(...args));
      return this.perform(this.decide({ kind: 'signed', request: effect.request, signed, ...this.clock() }));
    });
  }

  deliver(
    type: MessageType,
    body: Uint8Array,
    request: Uint8Array | null = this.newId(),
    sender?: string,
  ): Sent[] {
    const received = this.receive(type, body, request, sender);
    return this.perform(this.decide({ kind: 'message', received, ...this.clock() }));
  }

  happen(event: LocalEvent['event'], detail = ''): Sent[] {
    return this.perform(this.decide({ kind: 'local', local: { event, detail }, ...this.clock() }));
  }

  clock(): { time: number; uptime: number } {
    return { time: this.#world.now, uptime: this.#world.uptime };
  }

  newId(): Uint8Array {
    this.#numbers += 1;
    return seeded(`request ${this.name} ${this.#numbers}`).slice(0, 16);
  }

  /** Is told what the world has seen since: headers and coins. */
  catchUp(): void {
    for (const { type, body, time, uptime } of this.#world.events.slice(this.#told)) {
      if (type === 'SIGN') continue;
      const received = this.receive(type, body, this.newId());
      const [answer] = this.perform(this.decide({ kind: 'message', received, time, uptime }));
      if (answer?.type !== 'DONE') throw new Error(`${this.name} refuses ${type}`);
    }
    this.#told = this.#world.events.length;
  }

  /** The answer's codes; none if it signed. */
  ask(request: SignRequest, id: Uint8Array = this.newId()): { codes: string[]; signed: Signed | undefined } {
    this.catchUp();
    const [answer, ...more] = this.deliver('SIGN', encode(SignRequest, request), id);
    if (answer === undefined || more.length > 0) throw new Error('a request has one answer');
    if (answer.type === 'REFUSED') return { codes: codesOf(answer.body), signed: undefined };
    const signed = decode(Signed, answer.body);
    if (!signed.ok) throw new Error(signed.fault.detail);
    return { codes: [], signed: signed.value };
  }

  /** A message of this signer as it travels, signed and chained. */
  seal(type: MessageType, body: Uint8Array, request: Uint8Array | null): Message {
    const draft = draftMessage(this.#chain, this.#outgoing(type, body, request));
    const message = { ...draft, signature: this.identity.sign(messageHash(draft.header)) };
    this.#chain = recordSent(this.#chain, message);
    return message;
  }

  #outgoing(type: MessageType, body: Uint8Array, request: Uint8Array | null) {
    const { hash } = this.#world.loaded;
    const salt = new Uint8Array(16);
    return { type, charter: hash, session: 1, request, body, salt, ...this.clock() };
  }

  #apply(changes: readonly SignerChange[]): void {
    for (const change of changes) {
      this.journal.push(change);
      this.state = apply(this.state, change);
    }
  }
}

export function codesOf(body: Uint8Array): string[] {
  const refused = decode(Refused, body);
  if (!refused.ok) throw new Error(refused.fault.detail);
  return refused.value.refusals.map(({ code }) => code);
}

export class Treasury {
  readonly world: World;
  readonly signers: Readonly<Record<SignerName, TestSigner>>;

  constructor(charter: Charter = realCharter()) {
    this.world = new World(charter);
    this.signers = {
      A: new TestSigner('A', this.world),
      B: new TestSigner('B', this.world),
      C: new TestSigner('C', this.world),
    };
  }

  /** SIGNED of `name` for the request, as a message of its chain. */
  signed(name: SignerName, request: SignRequest): Message {
    const signer = this.signers[name];
    const { codes, signed } = signer.ask(request);
    if (signed === undefined) throw new Error(`${name} refuses: ${codes.join()}`);
    return signer.seal('SIGNED', encode(Signed, signed), signer.newId());
  }

  /** The body of CLEAR with what these signers answer to the request. */
  clear(request: SignRequest, names: readonly SignerName[] = ['A', 'B']): Uint8Array {
    return encode(Clear, {
      request: encode(SignRequest, request),
      signed: names.map((name) => {
        const { header, body, signature } = this.signed(name, request);
        return [header, body, signature] as const;
      }),
    });
  }
}

/** P2WPKH of a label. */
export const destination = (label: string): Uint8Array =>
  concatBytes(Uint8Array.of(0, 20), seeded(`destination ${label}`).slice(0, 20));
