/**
 * A treasury under attack: three signers with real keys, two gates, a vault that says whatever it likes. What every row of
 * the catalogue asks for is here once: exactly these codes, no signature, nothing changed but the record of the refusal;
 * and the next good request goes through two signers and the gate to a final transaction.
 */
import { digestState } from '@coldwire/policy';
import {
  type Charter,
  encode,
  type MessageType,
  type SignedIntent,
  type SignRequest,
  SignRequest as SignRequestSchema,
  toHex,
} from '@coldwire/protocol';
import { expect } from 'vitest';
import type { TestGate } from '../../packages/gate/test/gate-world.ts';
import { GateWorld, idAtHome, refusalsOf } from '../../packages/gate/test/gate-world.ts';
import { type Coin, type DraftPlan, type IntentPlan, SIGNERS } from '../../packages/policy/test/world.ts';
import {
  codesOf,
  destination,
  realCharter,
  type SignerName,
  type TestSigner,
} from '../../packages/signer/test/signing-world.ts';

export const COIN = 20_000_000n;
const PAID = 1_000_000n;
const FEE = 10_000n;

export class Siege extends GateWorld {
  coins: readonly Coin[];
  #good = 0;

  constructor(adjust?: (charter: Charter) => Charter, coins = 3) {
    super(realCharter(adjust));
    this.coins = this.world.fund(Array.from({ length: coins }, () => COIN));
  }

  /** By `desk`, at home at gate-1, of a million sat unless the plan says otherwise. */
  order(label: string, plan: IntentPlan = {}): SignedIntent {
    const script = destination(label);
    return this.world.intent({ id: idAtHome(0, label), requester: 'desk', amount: PAID, script, ...plan });
  }

  /** Pays one intent of a million from all coins, the rest is change. */
  plan(more: Partial<DraftPlan> = {}, fee = FEE): SignRequest {
    const coins = more.coins ?? this.coins;
    const intents = more.intents ?? [this.order('good')];
    const total = coins.reduce((sum, { amount }) => sum + amount, 0n);
    const left = total - BigInt(intents.length) * PAID - fee;
    return this.world.request({ coins, intents, change: left > 0n ? [{ amount: left }] : [], ...more });
  }

  withDraft(draft: Partial<SignRequest['draft']>, base = this.plan()): SignRequest {
    return { ...base, draft: { ...base.draft, ...draft } };
  }

  /** Every signer refuses with exactly these codes. */
  signersRefuse(request: SignRequest, ...codes: string[]): void {
    for (const name of SIGNERS) this.signerRefuses(name, request, ...codes);
  }

  signerRefuses(name: SignerName, request: SignRequest, ...codes: string[]): void {
    const signer = this.signers[name];
    signer.catchUp();
    const before = recall(signer);
    expect(signer.ask(request).codes).toEqual(codes);
    expect(signer.journal.at(-1)?.kind).toBe('result');
    expect(recall(signer)).toEqual({ ...before, results: before.results + 1, journal: before.journal + 1 });
  }

  /** A message that is no SIGN: refused with these codes, and not even that is recorded as a change. */
  messageRefused(name: SignerName, type: MessageType, body: Uint8Array, ...codes: string[]): void {
    const signer = this.signers[name];
    signer.catchUp();
    const before = recall(signer);
    const [answer, ...more] = signer.deliver(type, body);
    expect([answer?.type, more.length]).toEqual(['REFUSED', 0]);
    expect(codesOf(answer?.body ?? new Uint8Array())).toEqual(codes);
    expect(recall(signer)).toEqual(before);
  }

  /** The gate refuses though two signers signed whatever they were given. */
  gateRefuses(request: SignRequest, ...codes: string[]): void {
    this.#unharmed(() => this.force(request).map(([code]) => code), codes);
  }

  /** The gate refuses this body of CLEAR. */
  clearRefused(body: Uint8Array, ...codes: string[]): void {
    this.#unharmed(() => {
      const reply = this.gate.deliver('CLEAR', body);
      return reply.type === 'REFUSED' ? refusalsOf(reply).map(([code]) => code) : [reply.type];
    }, codes);
  }

  /** A message to the gate that is no CLEAR: refused with these codes, and nothing is written down. */
  gateMessageRefused(type: MessageType, body: Uint8Array, ...codes: string[]): void {
    const before = { ...remember(this.gate), journal: this.gate.journal.length };
    const reply = this.gate.deliver(type, body);
    expect(reply.type).toBe('REFUSED');
    expect(refusalsOf(reply).map(([code]) => code)).toEqual(codes);
    expect({ ...remember(this.gate), journal: this.gate.journal.length }).toEqual(before);
  }

  everyoneRefuses(request: SignRequest, ...codes: string[]): void {
    this.signersRefuse(request, ...codes);
    this.gateRefuses(request, ...codes);
  }

  /** A new intent, or this request, is signed by two and cleared. */
  goesThrough(request?: SignRequest, names: readonly SignerName[] = ['A', 'B']): void {
    this.#good += 1;
    const good = request ?? this.plan({ intents: [this.order(`good ${this.#good}`)] });
    const before = names.map((name) => this.signers[name].signatures);
    expect(this.pass(good, names).codes).toEqual([]);
    const inputs = good.draft.inputs.length;
    expect(names.map((name) => this.signers[name].signatures)).toEqual(before.map((count) => count + inputs));
  }

  #unharmed(attack: () => string[], codes: readonly string[]): void {
    const before = remember(this.gate);
    const records = this.gate.journal.length;
    expect(attack()).toEqual(codes);
    expect(remember(this.gate)).toEqual(before);
    // What a refusal leaves: itself, and which SIGNED were shown.
    const kinds = this.gate.journal.slice(records).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind !== 'head')).toEqual(['result']);
  }
}

export const bodyOf = (request: SignRequest): Uint8Array => encode(SignRequestSchema, request);

/** Everything that an attack on a signer could spoil. */
export function recall({ state, signatures, journal }: TestSigner) {
  return {
    policy: toHex(digestState(state.policy)),
    charter: toHex(state.policy.charter.hash),
    notices: structuredClone(state.notices),
    session: state.session,
    results: state.results.size,
    journal: journal.length,
    signatures,
  };
}

/** Everything that an attack on a gate could spoil. */
export function remember({ state }: TestGate) {
  const { cleared, feesCharged, spenders, intents, dead, seen, charges, payments, former, session } = state;
  const charters = [...state.charters.keys(), ...state.waiting.map(({ charter }) => toHex(charter.hash))];
  const kept = { cleared, feesCharged, spenders, intents, dead, seen, charges, payments, former, session };
  return { ...structuredClone(kept), charters, charter: toHex(state.charter.hash) };
}
