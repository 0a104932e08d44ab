/**
 * A signer inside this process: the real core, the real native key memory and, where asked, the real evidence log. Only line
 * and program are missing; serial.ts measures with both.
 */
import type { Entry, EvidenceLog } from '@coldwire/evidence';
import {
  Admit,
  createChain,
  draftMessage,
  encode,
  Headers,
  type MessageType,
  messageHash,
  PROTOCOL_VERSION,
  type Received,
} from '@coldwire/protocol';
import { apply, encodeChange, type SignerChange } from '@coldwire/signer/core/change.ts';
import { decide } from '@coldwire/signer/core/decide.ts';
import type { Decision, Reading } from '@coldwire/signer/core/event.ts';
import { planSignatures, sealSignatures } from '@coldwire/signer/core/signatures.ts';
import { createState, type SignerState } from '@coldwire/signer/core/state.ts';
import { type KeyMemory, openKeyMemory } from '@coldwire/signer/io/key-memory.ts';
import type { Natives } from '@coldwire/signer/io/native.ts';
import { nativePointMath } from '@coldwire/signer/io/public-math.ts';
import { lineTo } from '@coldwire/signer/run/identify.ts';
import { withDescriptor } from '../../packages/signer/test/io/key-material.ts';
import { digest, type SignerName, type Site } from './site.ts';

const ZERO32 = new Uint8Array(32);
const EMPTY = new Uint8Array(0);

/** A message that the chain below has judged good. */
export function receivedAs(type: MessageType, label: string, body: Uint8Array): Received {
  const request = digest(`request ${label}`).slice(0, 16);
  const names = { version: PROTOCOL_VERSION, type: 0, charter: ZERO32, sender: 'vault-1', recipient: 'A' };
  const numbers = { seq: 1, receiptSeq: 0, session: 1, bodyLength: body.length, time: 0, uptime: 0 };
  const hashes = { previous: ZERO32, receipt: ZERO32, bodyHash: ZERO32 };
  return { type, body, header: { ...names, ...numbers, ...hashes, request } };
}

/** As CLEAR carries it. */
export type SignedMessage = readonly [header: Uint8Array, body: Uint8Array, signature: Uint8Array];

export class SignerDesk {
  readonly #natives: Natives;
  readonly #site: Site;
  readonly #name: SignerName;
  readonly #keys: KeyMemory;
  readonly #now: Reading;
  /** What brings an empty state to one that knows every coin of the site. */
  readonly #admitted: readonly SignerChange[];

  constructor(natives: Natives, site: Site, name: SignerName, now: Reading) {
    this.#natives = natives;
    this.#site = site;
    this.#name = name;
    this.#now = now;
    this.#keys = withDescriptor(site.keys[name].block, (fd) =>
      openKeyMemory(natives, fd, site.keys[name].expected),
    );
    this.#admitted = this.#admit();
  }

  /**
   * A state that knows every coin and has signed nothing.
   * @param scripts 'derived': as after ADMIT, which derives each coin's script; 'cold': as after a restart
   */
  makeState(scripts: 'derived' | 'cold'): SignerState {
    let state = this.#emptyState();
    for (const change of this.#admitted) state = apply(state, change);
    if (scripts === 'derived') {
      for (const { index } of this.#site.coins) state.policy.scripts[0]?.at(0, index);
      state.policy.scripts[0]?.at(1, 0);
    }
    return state;
  }

  /** From the bytes of a SIGN body to the bytes of its SIGNED body. @throws Error with the refusals */
  sign(state: SignerState, label: string, body: Uint8Array): Uint8Array {
    const { request, decision } = this.#judge(state, label, body);
    return this.#release(state, request, decision).body;
  }

  /** The same as a running signer does it: each step's changes synced to disk before the next one. */
  signJournalled(state: SignerState, label: string, body: Uint8Array, log: EvidenceLog): Uint8Array {
    const { request, decision } = this.#judge(state, label, body);
    log.append([this.#entry('received', body), ...this.#records(decision.changes)]);
    for (const change of decision.changes) apply(state, change);
    const released = this.#release(state, request, decision);
    log.append([...this.#records(released.changes), this.#entry('sent', released.body)]);
    for (const change of released.changes) apply(state, change);
    return released.body;
  }

  /** The same, as the message that carries it: header, body and signature by the identity key. */
  answer(state: SignerState, label: string, body: Uint8Array, log: EvidenceLog): SignedMessage {
    const signed = this.signJournalled(state, label, body, log);
    const draft = draftMessage(createChain(lineTo(this.#site.charter, this.#name, undefined)), {
      type: 'SIGNED',
      charter: this.#site.charter.hash,
      session: 1,
      request: digest(`request ${label}`).slice(0, 16),
      body: signed,
      salt: this.#keys.deriveSalt(signed),
      ...this.#now,
    });
    return [draft.header, draft.body, this.#keys.signIdentity(messageHash(draft.header))];
  }

  #judge(state: SignerState, label: string, body: Uint8Array) {
    const received = receivedAs('SIGN', label, body);
    const { request } = received.header;
    if (request === null) throw new Error('a request has an id');
    return { request, decision: decide(state, { kind: 'message', received, ...this.#now }) };
  }

  #release(state: SignerState, request: Uint8Array, decision: Decision) {
    const [effect] = decision.effects;
    if (effect?.kind !== 'sign') throw new Error(`the bench's request was refused: ${describe(decision)}`);
    const { spend } = effect;
    const signatures = this.#keys.signInputs(planSignatures(state, spend));
    const signed = sealSignatures(state, spend, signatures, (...args) => this.#keys.seal(...args));
    const { changes, effects } = decide(state, { kind: 'signed', request, signed, ...this.#now });
    const [send] = effects;
    if (send?.kind !== 'send') throw new Error('a signed request is answered');
    return { changes, body: send.body };
  }

  #emptyState(): SignerState {
    return createState(this.#site.charter, this.#name, nativePointMath(this.#natives));
  }

  #admit(): SignerChange[] {
    const { headers, admits } = this.#site;
    const bodies: [MessageType, Uint8Array][] = [];
    const step = 150 * 80;
    for (let at = 0; at < headers.length; at += step) {
      bodies.push(['HEADERS', encode(Headers, { headers: headers.slice(at, at + step) })]);
    }
    for (const admit of admits) bodies.push(['ADMIT', encode(Admit, admit)]);
    let state = this.#emptyState();
    const all: SignerChange[] = [];
    for (const [place, [type, body]] of bodies.entries()) {
      const received = receivedAs(type, `fund ${place}`, body);
      const decision = decide(state, { kind: 'message', received, ...this.#now });
      if (decision.changes.length === 0) throw new Error(`${type} was refused: ${describe(decision)}`);
      for (const change of decision.changes) state = apply(state, change);
      all.push(...decision.changes);
    }
    return all;
  }

  #entry(kind: Entry['kind'], bytes: Uint8Array): Entry {
    return { kind, ...this.#now, bytes };
  }

  #records(changes: readonly SignerChange[]): Entry[] {
    return changes.map((change) => this.#entry('change', encodeChange(change)));
  }
}

function describe({ effects }: Decision): string {
  const body = effects.find((effect) => effect.kind === 'send')?.body ?? EMPTY;
  return new TextDecoder().decode(body).replace(/[^ -~]+/g, ' ');
}
