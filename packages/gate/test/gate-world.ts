/** A gate's pure core between real signers: what they sealed goes in, verdicts and changes come out. */
import {
  type Charter,
  Clear,
  Cleared,
  createChain,
  decode,
  draftMessage,
  encode,
  fromHex,
  Header,
  hashRequest,
  type MessageType,
  type Received,
  Refused,
  Signed,
  SignedCharter,
  type SignRequest,
  SignRequest as SignRequestSchema,
  taggedHash,
} from '@coldwire/protocol';
import { sealContext } from '@coldwire/protocol/seal/format.ts';
import { openSealed } from '@coldwire/protocol/seal/index.ts';
import { seeded } from '../../policy/test/world.ts';
import { makeChild } from '../../signer/test/io/key-material.ts';
import {
  gateSecret,
  materials,
  realCharter,
  type SignerName,
  signCharter,
  Treasury,
} from '../../signer/test/signing-world.ts';
import type { GateChange } from '../src/core/change.ts';
import { decodeGateChange, encodeGateChange } from '../src/core/change.ts';
import { type GateCharter, loadGateCharter } from '../src/core/charter.ts';
import { decideMessage, decideStart, type GateDecision, type GateReply } from '../src/core/decide.ts';
import { rebuild } from '../src/core/rebuild.ts';
import { applyGate, createGateState, type GateState } from '../src/core/state.ts';

export const SECOND = 1_000_000;

export function mustLoadGate(bytes: Uint8Array, name: string): GateCharter {
  const signed = decode(SignedCharter, bytes, 131_072);
  if (!signed.ok) throw new Error(signed.fault.detail);
  const loaded = loadGateCharter(signed.value, name);
  if (!loaded.ok) throw new Error(loaded.problem);
  return loaded.value;
}

export class TestGate {
  readonly charter: GateCharter;
  readonly journal: GateChange[] = [];
  state: GateState;
  /** µs since this start. */
  uptime = 0;
  #numbers = 0;

  constructor(charter: GateCharter) {
    this.charter = charter;
    this.state = createGateState(charter);
    this.start();
  }

  /** The program starts again: its state comes from the journal, its running time begins at zero. */
  start(): void {
    const state = this.journal.reduce(applyGate, createGateState(this.charter));
    this.state = state;
    this.uptime = 0;
    this.perform(decideStart(this.state));
  }

  forget(): void {
    this.journal.length = 0;
    this.start();
  }

  decide(type: MessageType, body: Uint8Array, request: Uint8Array | null = this.newId()): GateDecision {
    const received = receive(this.charter, type, body, request);
    return decideMessage(this.state, received, this.uptime, (gate, context, sealed) =>
      openSealed(gateSecret(this.charter.own.name), gate, context, sealed),
    );
  }

  perform({ changes, replies }: GateDecision): readonly GateReply[] {
    for (const change of changes) {
      this.journal.push(decodeGateChange(encodeGateChange(change)));
      this.state = applyGate(this.state, change);
    }
    return replies;
  }

  deliver(type: MessageType, body: Uint8Array, request?: Uint8Array | null): GateReply {
    const [reply, ...more] = this.perform(this.decide(type, body, request));
    if (reply === undefined || more.length > 0) throw new Error('a request has one answer');
    return reply;
  }

  /** CLEAR with this body: the codes, or what it cleared. */
  clear(body: Uint8Array, request?: Uint8Array): { codes: string[]; cleared: Cleared | undefined } {
    const reply = this.deliver('CLEAR', body, request);
    if (reply.type === 'REFUSED')
      return { codes: refusalsOf(reply).map(([code]) => code), cleared: undefined };
    const cleared = decode(Cleared, reply.body, 524_288);
    if (!cleared.ok) throw new Error(cleared.fault.detail);
    return { codes: [], cleared: cleared.value };
  }

  newId(): Uint8Array {
    this.#numbers += 1;
    return seeded(`clear ${this.#numbers}`).slice(0, 16);
  }
}

export function receive(
  charter: GateCharter,
  type: MessageType,
  body: Uint8Array,
  request: Uint8Array | null,
): Received {
  const vault = charter.charter.vaults[0];
  if (vault === undefined) throw new Error('no vault');
  const line = {
    self: vault.name,
    peer: charter.own.name,
    peerKey: vault.key,
    incoming: 'up',
    receiver: 'gate',
  } as const;
  const salt = new Uint8Array(16);
  const out = { type, charter: charter.hash, session: 1, request, body, salt, time: 0, uptime: 0 };
  const header = decode(Header, draftMessage(createChain(line), out).header);
  if (!header.ok) throw new Error(header.fault.detail);
  return { type, header: header.value, body };
}

export function refusalsOf(reply: GateReply): [string, Record<string, string>][] {
  const refused = decode(Refused, reply.body);
  if (!refused.ok) throw new Error(refused.fault.detail);
  return refused.value.refusals.map(({ code, facts }) => [code, Object.fromEntries(facts)]);
}

/** An intent id whose home is the gate at this place. */
export function idAtHome(place: number, label: string): string {
  for (let i = 0; ; i++) {
    const name = `${label} ${i}`;
    const id = seeded(name).slice(0, 16);
    if (new DataView(id.buffer, id.byteOffset).getUint32(0) % 2 === place) return name;
  }
}

export class GateWorld extends Treasury {
  readonly gate: TestGate;
  readonly other: TestGate;

  constructor(charter: Charter = realCharter()) {
    super(charter);
    const bytes = signCharter(this.world);
    this.gate = new TestGate(mustLoadGate(bytes, 'gate-1'));
    this.other = new TestGate(mustLoadGate(bytes, 'gate-2'));
  }

  /** An intent at home at gate-1. */
  intent(label: string, amount = 1_000_000n, place = 0) {
    return this.world.intent({ id: idAtHome(place, label), amount });
  }

  /** A SIGNED that its signer’s policy would never have allowed: real signatures over what the gate itself builds. */
  forced(name: SignerName, request: SignRequest): Clear['signed'][number] {
    const built = rebuild(this.gate.charter, request);
    if (!built.ok) throw new Error(`cannot be built: ${built.refusals.map(({ code }) => code).join()}`);
    const { transaction, inputs, txid } = built.value;
    const signer = this.signers[name];
    const signatures = signer.keys.signInputs(
      inputs.map(({ script, amount }, i) => {
        const hash = transaction.preimageWitnessV0(i, script.witnessScript, 1, amount);
        const [, , , , chain = 0, index = 0] = request.draft.inputs[i] ?? [];
        return makeChild(materials[name], chain, index, hash).job;
      }),
    );
    const plaintext = Uint8Array.from(signatures.flatMap((one) => [...one]));
    const requestHash = hashRequest(encode(SignRequestSchema, request));
    const internal = fromHex(txid).reverse();
    const { charter, hash } = this.world.loaded;
    const sealed = signer.keys.seal(
      sealContext(hash, requestHash, internal),
      plaintext,
      charter.gates.map(({ sealKey }) => sealKey),
    );
    const wraps = sealed.wraps.map(({ gate, bytes }) => [charter.gates[gate]?.name ?? '', bytes] as const);
    const commitment = taggedHash('commitment', plaintext);
    const signed = { requestHash, txid: internal, commitment, sealed: { ...sealed, wraps } };
    const { header, body, signature } = signer.seal('SIGNED', encode(Signed, signed), signer.newId());
    return [header, body, signature];
  }

  /** What gate-1 says when A and B sign whatever they are given; drafts that cannot be built come with any SIGNED. */
  force(request: SignRequest, gate: TestGate = this.gate): [string, Record<string, string>][] {
    const buildable = rebuild(gate.charter, request).ok ? request : this.#harmless;
    const signed = [this.forced('A', buildable), this.forced('B', buildable)];
    const reply = gate.deliver(
      'CLEAR',
      encode(Clear, { request: encode(SignRequestSchema, request), signed }),
    );
    return reply.type === 'CLEARED' ? [] : refusalsOf(reply);
  }

  get #harmless(): SignRequest {
    const coin = { txid: seeded('harmless'), vout: 0, amount: 1000n, wallet: 0, chain: 0, index: 0 } as const;
    return this.world.request({ coins: [coin], change: [{ amount: 500n }] });
  }

  /** What A and B sign for the request, cleared by gate-1. */
  pass(request: SignRequest, names: readonly SignerName[] = ['A', 'B']) {
    return this.gate.clear(this.clear(request, names));
  }
}
