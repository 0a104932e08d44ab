/** The signer's pure core under replay. Spec: protocol-spec/4-messages.md, 10-policy.md. */
import { isDeepStrictEqual } from 'node:util';
import { type CharterInForce, describeState, digestState } from '@coldwire/policy';
import { BODY_MAX, decode, equalBytes, type Received, Signed } from '@coldwire/protocol';
import { apply, decodeChange, encodeChange } from '@coldwire/signer/core/change.ts';
import { decide } from '@coldwire/signer/core/decide.ts';
import { type Decision, LOCAL_EVENTS, type SignerEvent } from '@coldwire/signer/core/event.ts';
import { noteSigned } from '@coldwire/signer/core/heads.ts';
import { planSignatures } from '@coldwire/signer/core/signatures.ts';
import { createState, type SignerState } from '@coldwire/signer/core/state.ts';
import { displayTxid } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { verify } from '@noble/secp256k1';
import type { Happening } from '../log/local.ts';
import type { LoggedMessage } from '../log/message.ts';
import type { ClearedSpend } from '../verify/cleared.ts';
import type { Core, Decided, Effect, Reading, Signing } from './core.ts';

type SignEffect = Extract<Decision['effects'][number], { kind: 'sign' }>;

export class SignerCore implements Core {
  state: SignerState;
  readonly #cleared: ReadonlyMap<string, ClearedSpend>;

  /** @param cleared by txid as people see it: their witnesses show what was signed */
  constructor(charter: CharterInForce, name: string, cleared: ReadonlyMap<string, ClearedSpend>) {
    this.state = createState(charter, name, noblePointMath);
    this.#cleared = cleared;
  }

  get session(): number {
    return this.state.session;
  }

  decideMessage(received: Received, at: Reading): Decided {
    return this.#decide({ kind: 'message', received, ...at });
  }

  decideLocal({ event, detail }: Happening, at: Reading): Decided {
    const known = LOCAL_EVENTS.find((name) => name === event);
    if (known === undefined) throw new Error(`no signer has the local event "${event}"`);
    return this.#decide({ kind: 'local', local: { event: known, detail }, ...at });
  }

  decideGreeting(): undefined {
    return undefined;
  }

  apply(change: Uint8Array): void {
    this.state = apply(this.state, decodeChange(change));
  }

  noteSaid({ type, header, hash }: LoggedMessage): void {
    if (type === 'SIGNED') noteSigned(this.state.heads, header.recipient, { seq: header.seq, hash });
  }

  adopt(): void {
    // Whatever a signer says without a verdict (INTERNAL) changes nothing.
  }

  tickAt({ uptime }: Reading): number {
    return describeState(this.state.policy, uptime).millitick;
  }

  moveFreeze(by: string, since: number): void {
    const { freezes, charter } = this.state.policy;
    freezes.set(by, { by, since, until: since + charter.policy.freezeTicks * 1000 });
  }

  advance(milliticks: number): boolean {
    const { policy } = this.state;
    const credited = policy.ticks.credited + milliticks;
    if (milliticks <= 0 || credited > policy.ticks.earned) return false;
    policy.ticks = { ...policy.ticks, credited };
    return true;
  }

  equals(other: Core): boolean {
    if (!(other instanceof SignerCore)) return false;
    const { policy, results, notices, session, joined } = this.state;
    const theirs = other.state;
    return (
      equalBytes(digestState(policy), digestState(theirs.policy)) &&
      isDeepStrictEqual(
        [results, notices, session, joined],
        [theirs.results, theirs.notices, theirs.session, theirs.joined],
      )
    );
  }

  #decide(event: SignerEvent): Decided {
    const { changes, effects } = decide(this.state, event);
    const wanted = effects.map((effect): Effect => {
      if (effect.kind === 'sign') return this.#sign(effect, event);
      return { kind: 'say', type: effect.type, request: effect.request, body: effect.body };
    });
    return { changes: changes.map(encodeChange), effects: wanted };
  }

  #sign({ request, spend }: SignEffect, { uptime, time }: Reading): Signing {
    return {
      kind: 'sign',
      request,
      finish: (body) => {
        const signed = decode(Signed, body, BODY_MAX);
        if (!signed.ok) return `SIGNED has not its form: ${signed.fault.detail}`;
        const { requestHash, txid } = signed.value;
        if (!equalBytes(requestHash, spend.requestHash)) return 'it signed another request';
        if (!equalBytes(txid, spend.txid)) return 'it signed another transaction than the one it approved';
        const wrong = this.#checkWitness(spend);
        if (wrong !== undefined) return wrong;
        return this.#decide({ kind: 'signed', request, signed: signed.value, uptime, time });
      },
    };
  }

  /** Once the transaction is public: what this signer signed is what its own plan says. */
  #checkWitness(spend: SignEffect['spend']): string | undefined {
    const signatures = this.#cleared.get(displayTxid(spend.txid))?.signatures.get(this.state.name);
    if (signatures === undefined) return undefined;
    const jobs = planSignatures(this.state, spend);
    const isPlanned = jobs.every(({ hash32, publicKey33 }, input) => {
      const signature = signatures[input];
      return signature !== undefined && verify(signature, hash32, publicKey33, { prehash: false });
    });
    return isPlanned && jobs.length === signatures.length
      ? undefined
      : 'the witness of the cleared transaction does not hold the signatures that it planned';
  }
}
