/**
 * Gets a signed batch cleared: its home gate first, another one while that is away or slow. Another gate refuses GATE_HOME
 * until its delay has passed, so it is asked again and again under fresh request ids. A signature that a gate finds faulty
 * costs its signer this batch: a third one is asked.
 */
import { Clear, Cleared, decode, encode, equalBytes, MessageBytes } from '@coldwire/protocol';
import { displayTxid } from '@coldwire/wallet';
import { askPeer, type Batch, getBatch, recordCleared, recordRefused } from '../queue/index.ts';
import type { Reply } from '../session/session.ts';
import { draftOf } from './admit.ts';
import { buryDead } from './dead.ts';
import { findFlaw } from './final.ts';
import { homeGate } from './home.ts';
import { Away, freshId, type Peer, type Refusal, readRefusals } from './peer.ts';
import { ROOMS } from './room.ts';
import { giveUp } from './sign.ts';
import type { Vault } from './vault.ts';
import { endedBy } from './verdicts.ts';

/** A gate's words for "a signer is at fault": another pair can help. */
const BLAMES: readonly string[] = ['GATE_SIGNED', 'GATE_SEAL', 'GATE_SCRIPT', 'SIGHASH'];
/** And for "not now". */
const WAITS: readonly string[] = [
  'GATE_HOME',
  'AMOUNT_WINDOW',
  'COUNT_WINDOW',
  'FEE_WINDOW',
  'FROZEN',
  'INTERNAL',
];

/** A window frees with the blocks, not with the seconds: how much longer than for GATE_HOME a gate is left alone. */
const PATIENCE = 6;

interface Asking {
  since: number;
  busy: boolean;
  /** Not before this moment again. */
  notBefore: number;
}

export type Clearing =
  | { readonly kind: 'ended' }
  /** These signers' signatures are of no use; another's is needed. */
  | { readonly kind: 'blamed'; readonly signers: ReadonlySet<string> };

/** One signed batch on its way through the gates. */
export class Clearance {
  readonly #vault: Vault;
  readonly #id: number;
  readonly #bad: ReadonlySet<string>;
  readonly #asking = new Map<string, Asking>();
  readonly #open: { readonly gate: Peer; readonly request: Uint8Array }[] = [];
  #blamed: ReadonlySet<string> | undefined;
  #over = false;

  /** @param bad signers whose signatures are not to be offered any more */
  constructor(vault: Vault, id: number, bad: ReadonlySet<string>) {
    this.#vault = vault;
    this.#id = id;
    this.#bad = bad;
  }

  async run(): Promise<Clearing> {
    const { bells, store, tuning, stopping } = this.#vault;
    try {
      while (!stopping.aborted) {
        const seen = bells.peers.rings;
        const batch = getBatch(store, this.#id);
        if (batch.status !== 'signed') return { kind: 'ended' };
        if (this.#blamed !== undefined) return { kind: 'blamed', signers: this.#blamed };
        for (const gate of this.#eligible(batch)) this.#start(gate, batch);
        await bells.peers.after(seen, Math.min(tuning.deadlineMs, tuning.gateRetryMs));
      }
      return { kind: 'ended' };
    } finally {
      this.#over = true;
      for (const { gate, request } of this.#open) gate.forget(request);
    }
  }

  /** The home gate; the others only while it is not there, does not answer or has said no. */
  #eligible(batch: Batch): readonly Peer[] {
    const { tuning, charter, charters } = this.#vault;
    const listed = new Set(charter.charter.gates.map(({ name }) => name));
    const gates = this.#vault.gates.filter((gate) => listed.has(gate.name) && charters.lists(gate));
    const now = performance.now();
    const [first] = batch.intents;
    // A batch without intents pays only ourselves: any gate is its home.
    const home =
      first === undefined ? undefined : charter.charter.gates[homeGate(charter.charter, first)]?.name;
    const free = (gate: Peer): boolean => {
      const asking = this.#asking.get(gate.name);
      return gate.ready && asking?.busy !== true && now >= (asking?.notBefore ?? 0);
    };
    const atHome = gates.find(({ name }) => name === home) ?? gates.find(({ ready }) => ready);
    const asking = this.#asking.get(atHome?.name ?? '');
    const isSlow = asking?.busy === true && now - asking.since >= tuning.deadlineMs;
    if (atHome?.ready === true && !isSlow) return free(atHome) ? [atHome] : [];
    return gates.filter((gate) => gate !== atHome && free(gate));
  }

  #start(gate: Peer, batch: Batch): void {
    const { bells } = this.#vault;
    const asking: Asking = { since: performance.now(), busy: true, notBefore: 0 };
    this.#asking.set(gate.name, asking);
    const body = clearBody(batch, this.#bad);
    if (body === undefined) {
      this.#blamed = this.#bad;
      bells.peers.ring();
      return;
    }
    this.#ask(gate, asking, batch, body).then(
      () => bells.peers.ring(),
      (error: unknown) => this.#vault.fail(error),
    );
  }

  async #ask(gate: Peer, asking: Asking, batch: Batch, body: Uint8Array): Promise<void> {
    try {
      await buryDead(this.#vault, gate, batch);
    } catch (error) {
      if (!(error instanceof Away)) throw error;
      asking.busy = false;
      return;
    }
    if (this.#over) return;
    const request = askPeer(this.#vault.store, batch.id, 'gate', gate.name, freshId());
    this.#open.push({ gate, request });
    const reply = await gate.ask('CLEAR', request, body);
    asking.busy = false;
    if (!this.#over) this.#take(gate, asking, reply);
  }

  #take(gate: Peer, asking: Asking, reply: Reply): void {
    const { store, report } = this.#vault;
    const batch = getBatch(store, this.#id);
    if (batch.status !== 'signed') return;
    const cleared = reply.type === 'CLEARED' ? this.#judge(batch, reply) : undefined;
    if (cleared !== undefined && typeof cleared !== 'string') {
      const { txid, transaction } = cleared;
      recordCleared(store, batch.id, gate.name, { message: reply.message, txid, transaction });
      report.event('cleared', { batch: batch.id, peer: gate.name, txid: displayTxid(txid) });
      return;
    }
    if (cleared !== undefined)
      report.alarm('GATE_SCRIPT', gate.name, `what it cleared for batch ${batch.id}: ${cleared}`);
    const refusals = cleared === undefined ? readRefusals(reply.body) : [];
    this.#refuse(gate, asking, batch, refusals);
  }

  #judge(batch: Batch, reply: Reply): Cleared | string {
    const cleared = decode(Cleared, reply.body, reply.body.length);
    if (!cleared.ok) return cleared.fault.detail;
    if (!equalBytes(cleared.value.txid, batch.txid)) return 'it is another transaction';
    return findFlaw(cleared.value.transaction, draftOf(batch), this.#vault.scripts) ?? cleared.value;
  }

  #refuse(gate: Peer, asking: Asking, batch: Batch, refusals: readonly Refusal[]): void {
    const { store, report, tuning } = this.#vault;
    const codes = [...new Set(refusals.map(({ code }) => code))];
    recordRefused(store, batch.id, 'gate', gate.name, codes);
    report.event('refused', { batch: batch.id, peer: gate.name, codes });
    const homeOnly = codes.length === 1 && codes[0] === 'GATE_HOME';
    asking.notBefore = performance.now() + tuning.gateRetryMs * (homeOnly ? 1 : PATIENCE);
    if (codes.length > 0 && codes.every((code) => BLAMES.includes(code))) {
      const named = refusals.flatMap(({ facts }) => facts.get('signer') ?? []);
      this.#blamed = new Set([...this.#bad, ...named]);
      report.alarm(
        codes[0] ?? 'GATE_SIGNED',
        gate.name,
        `it finds fault with ${named.join(', ') || 'a signer'}`,
      );
      return;
    }
    const hopeless = endedBy(draftOf(batch), refusals).size > 0;
    if (!hopeless && codes.every((code) => WAITS.includes(code))) return;
    // Two signers and the gate disagree. Both words together end a withdrawal; otherwise it waits for people. A full window
    // of one destination or requester is nobody's fault, and holds up the others only while they share a batch.
    if (!codes.every((code) => ROOMS.includes(code)))
      report.alarm(
        codes[0] ?? 'MALFORMED',
        gate.name,
        `it does not clear batch ${batch.id}: ${codes.join(', ')}`,
      );
    if (codes.length > 0)
      giveUp(
        this.#vault,
        batch,
        new Map([
          [gate.name, refusals],
          [`${gate.name}'`, refusals],
        ]),
      );
  }
}

/** The first two signatures that are not known to be bad. */
function clearBody(batch: Batch, bad: ReadonlySet<string>): Uint8Array | undefined {
  const signed = batch.peers
    .filter(({ role, name, answer }) => role === 'signer' && answer === 'done' && !bad.has(name))
    .flatMap(({ message }) => (message === null ? [] : [readMessage(message)]));
  return signed.length < 2
    ? undefined
    : encode(Clear, { request: batch.request, signed: signed.slice(0, 2) });
}

function readMessage(message: Uint8Array) {
  const decoded = decode(MessageBytes, message, message.length);
  if (!decoded.ok) throw new Error(`a stored SIGNED is none: ${decoded.fault.detail}`);
  return decoded.value;
}
