/**
 * Gets a signed batch cleared: its home gate first, and the others as well once that is away, slow or has refused. Another gate
 * refuses GATE_HOME until its delay has passed, so it is asked again and again under fresh request ids, always for the same
 * transaction, but not much oftener than blocks come. For a gate that finds a signature faulty a third signer is asked, while the
 * other gates go on with what there is. What one gate says ends nothing by itself: each that was asked may have a transaction that it can broadcast.
 */
import { Cleared, decode, equalBytes } from '@coldwire/protocol';
import { displayTxid } from '@coldwire/wallet';
import { askPeer, type Batch, getBatch, recordCleared, recordRefused } from '../queue/index.ts';
import type { Reply } from '../session/session.ts';
import { draftOf } from './admit.ts';
import { clearBody, signersOf } from './clear-body.ts';
import { longestWait, pauseAfter } from './clear-patience.ts';
import { namedTxid, realConflicts } from './conflict.ts';
import { buryDead, forgetBurials } from './dead.ts';
import { findFlaw } from './final.ts';
import { type GateWord, isBlame, wordOf } from './gate-word.ts';
import { giveUp } from './give-up.ts';
import { homeGate } from './home.ts';
import { Away, freshId, type Peer, type Refusal, readRefusals } from './peer.ts';
import { Signing } from './sign.ts';
import { tipOf, type Vault } from './vault.ts';

interface Asking {
  since: number;
  busy: boolean;
  /** Not before this moment again. */
  notBefore: number;
  /** What it said last. */
  word: GateWord | undefined;
  /** How often it refused. */
  times: number;
  /** The tip's height when it was first seen to wait beside a gate that says no. */
  tiesSince: number | undefined;
  refusals: readonly Refusal[];
  /** Signers whose signatures it finds faulty: it is given the others'. */
  bad: ReadonlySet<string>;
  /** Before this moment its blame is no final word: another signature is sought, or on its way to it. */
  hopesUntil: number;
}

const UNASKED = {
  ...{ word: undefined, times: 0, tiesSince: undefined, refusals: [], hopesUntil: 0 },
  bad: new Set<string>(),
};

interface Objections {
  readonly codes: readonly string[];
  /** GATE_CONFLICT that may be of a second payment. */
  readonly conflicts: readonly Refusal[];
}

/** One signed batch on its way through the gates. */
export class Clearance {
  readonly #vault: Vault;
  readonly #id: number;
  readonly #asking = new Map<string, Asking>();
  readonly #open: { readonly gate: Peer; readonly request: Uint8Array }[] = [];
  #third: Signing | undefined;
  #over = false;

  constructor(vault: Vault, id: number) {
    this.#vault = vault;
    this.#id = id;
  }

  /** Returns when the batch is cleared, given up or dead. */
  async run(): Promise<void> {
    const { bells, store, tuning, stopping } = this.#vault;
    try {
      while (!stopping.aborted) {
        const seen = bells.peers.rings;
        const batch = getBatch(store, this.#id);
        if (batch.status !== 'signed') return;
        if (this.#isRefused(batch)) {
          this.#giveUp(batch);
          return;
        }
        for (const gate of this.#eligible(batch)) this.#start(gate, batch);
        await bells.peers.after(seen, Math.min(tuning.deadlineMs, tuning.gateRetryMs));
      }
    } finally {
      this.#over = true;
      this.#third?.stop();
      for (const { gate, request } of this.#open) gate.forget(request);
    }
  }

  #listed(): readonly Peer[] {
    const { charter, charters } = this.#vault;
    const listed = new Set(charter.charter.gates.map(({ name }) => name));
    return this.#vault.gates.filter((gate) => listed.has(gate.name) && charters.lists(gate));
  }

  /** A batch without intents pays only ourselves: any gate is its home. */
  #home(batch: Batch): Peer | undefined {
    const { charter } = this.#vault.charter;
    const [first] = batch.intents;
    const name = first === undefined ? undefined : charter.gates[homeGate(charter, first)]?.name;
    const gates = this.#listed();
    return gates.find((gate) => gate.name === name) ?? gates.find(({ ready }) => ready);
  }

  #isSlow(gate: Peer): boolean {
    const asking = this.#asking.get(gate.name);
    return asking?.busy === true && performance.now() - asking.since >= this.#vault.tuning.deadlineMs;
  }

  #word(gate: Peer): GateWord | undefined {
    return this.#asking.get(gate.name)?.word;
  }

  #hopes(gate: Peer): boolean {
    return performance.now() < (this.#asking.get(gate.name)?.hopesUntil ?? 0);
  }

  /** The home gate; the others too while it is not there, does not answer or has said no. */
  #eligible(batch: Batch): readonly Peer[] {
    const now = performance.now();
    const home = this.#home(batch);
    const isFree = (gate: Peer): boolean => {
      const asking = this.#asking.get(gate.name);
      return gate.ready && asking?.busy !== true && now >= (asking?.notBefore ?? 0);
    };
    const isItsTurn = home?.ready === true && !this.#isSlow(home) && this.#word(home) === undefined;
    return (isItsTurn ? [home] : this.#listed()).filter(isFree);
  }

  /** Whether every gate that is there was heard, and none of them will clear it as it is. */
  #isRefused(batch: Batch): boolean {
    const there = this.#listed().filter((gate) => gate.ready && !this.#isSlow(gate));
    const words = there.map((gate) => (this.#hopes(gate) ? undefined : this.#word(gate)));
    if (words.includes('twice')) return true;
    if (words.length === 0 || words.includes(undefined)) return false;
    // Another gate's delay has begun with the question, and counts for the next batch that carries the intent.
    if (words.includes('room') && batch.intents.length > 0) return true;
    return words.includes('no') && !this.#isTied(there);
  }

  /** Whether a gate that only waits may go on with that, although another one says no. */
  #isTied(there: readonly Peer[]): boolean {
    const { height } = tipOf(this.#vault.store);
    const waits = there
      .map((gate) => this.#asking.get(gate.name))
      .filter((asking) => asking !== undefined)
      .filter(({ word }) => word !== 'no');
    for (const asking of waits) asking.tiesSince ??= height;
    return waits.some(({ tiesSince = height }) => height - tiesSince < longestWait(this.#vault));
  }

  #giveUp(batch: Batch): void {
    const refusals = new Map(
      [...this.#asking]
        .filter(([, { word }]) => word !== undefined && word !== 'wait')
        .map(([name, asking]) => [name, asking.refusals] as const),
    );
    giveUp(this.#vault, batch, { by: 'gate', refusals });
  }

  #start(gate: Peer, batch: Batch): void {
    const { bells } = this.#vault;
    const before = this.#asking.get(gate.name) ?? UNASKED;
    const asking: Asking = { ...before, since: performance.now(), busy: true, notBefore: 0 };
    this.#asking.set(gate.name, asking);
    this.#ask(gate, asking, batch, clearBody(batch, asking.bad)).then(
      () => bells.peers.ring(),
      (error: unknown) => this.#vault.fail(error),
    );
  }

  async #ask(gate: Peer, asking: Asking, batch: Batch, body: Uint8Array): Promise<void> {
    try {
      await buryDead(this.#vault, gate, batch);
      // A block, or another gate, may have ended it meanwhile.
      if (this.#over || getBatch(this.#vault.store, batch.id).status !== 'signed') return;
      const request = askPeer(this.#vault.store, batch.id, 'gate', gate.name, freshId());
      this.#open.push({ gate, request });
      const reply = await gate.ask('CLEAR', request, body);
      if (!this.#over) this.#take(gate, asking, reply);
    } catch (error) {
      if (error instanceof Away) return;
      // The node's trouble passes: the gate is asked again once there was time for that.
      asking.notBefore = performance.now() + this.#vault.tuning.pollMs;
      throw error;
    } finally {
      asking.busy = false;
    }
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
    const unreadable = [{ code: 'MALFORMED', facts: new Map<string, string>() }];
    this.#refuse(gate, asking, batch, cleared === undefined ? readRefusals(reply.body) : unreadable);
  }

  #judge(batch: Batch, reply: Reply): Cleared | string {
    const cleared = decode(Cleared, reply.body, reply.body.length);
    if (!cleared.ok) return cleared.fault.detail;
    if (!equalBytes(cleared.value.txid, batch.txid)) return 'it is another transaction';
    return findFlaw(cleared.value.transaction, draftOf(batch), this.#vault.scripts) ?? cleared.value;
  }

  #refuse(gate: Peer, asking: Asking, batch: Batch, refusals: readonly Refusal[]): void {
    const { store, report } = this.#vault;
    const codes = [...new Set(refusals.map(({ code }) => code))];
    recordRefused(store, batch.id, 'gate', gate.name, codes);
    report.event('refused', { batch: batch.id, peer: gate.name, codes });
    asking.times += 1;
    asking.refusals = refusals;
    asking.notBefore = performance.now() + pauseAfter(this.#vault, asking);
    asking.hopesUntil = 0;
    const conflicts = realConflicts(this.#vault, batch, refusals);
    asking.word = wordOf(codes, conflicts.length > 0 ? [] : ['GATE_CONFLICT']);
    // It is told again what is dead: what it did not know of when it was told first, it may have cleared since.
    if (codes.includes('GATE_CONFLICT')) forgetBurials(this.#vault, gate, batch);
    if (isBlame(codes)) this.#blame(gate, asking, refusals);
    else this.#alarm(gate, asking.word, batch, { codes, conflicts });
  }

  /** Two signers and this gate disagree, or it keeps the batch waiting: people should know, and the other gates are asked. */
  #alarm(gate: Peer, word: GateWord, batch: Batch, { codes, conflicts }: Objections): void {
    const { report } = this.#vault;
    const what = codes.join(', ');
    const code = codes[0] ?? 'INTERNAL';
    if (word === 'no') report.alarm(code, gate.name, `it does not clear batch ${batch.id}: ${what}`);
    if (word === 'twice') {
      const why = `it says that batch ${batch.id} would pay twice: ${what}`;
      report.alarm(code, gate.name, `${why}; ${adviceOn(conflicts)}`);
    }
    // A full window of one destination or requester is nobody's fault, nor is a delay at a gate that is not the home.
    const isElsewhere = codes.every((code) => code === 'GATE_HOME') && this.#home(batch) !== gate;
    if (word === 'wait' && !isElsewhere)
      report.alarm('GATE_WAITS', gate.name, `it keeps batches waiting: ${what}; other gates are asked`);
  }

  /** Another pair is tried if there is one; whom a gate blames beyond that, or without a name, it blames alone. */
  #blame(gate: Peer, asking: Asking, refusals: readonly Refusal[]): void {
    const { report, charter, signers, charters, store, tuning } = this.#vault;
    const named = refusals.flatMap(({ facts }) => facts.get('signer') ?? []);
    const code = refusals[0]?.code ?? 'GATE_SIGNED';
    report.alarm(code, gate.name, `it finds fault with ${named.join(', ') || 'a signer'}`);
    const names = charter.charter.signers.map(({ name }) => name);
    const bad = new Set([...asking.bad, ...named.filter((name) => names.includes(name))]);
    const batch = getBatch(store, this.#id);
    const good = names.filter((name) => {
      if (bad.has(name)) return false;
      const peer = batch.peers.find((one) => one.role === 'signer' && one.name === name);
      if (peer?.answer === 'done') return true;
      return (
        peer?.answer !== 'refused' &&
        signers.some((signer) => signer.name === name && signer.ready && charters.lists(signer))
      );
    });
    if (bad.size === asking.bad.size || good.length < 2) return;
    asking.bad = bad;
    asking.hopesUntil = performance.now() + tuning.deadlineMs;
    const signed = signersOf(batch).filter((name) => !bad.has(name));
    asking.notBefore = signed.length >= 2 ? 0 : Number.POSITIVE_INFINITY;
    if (signed.length < 2) this.#seekThird();
  }

  /** Beside the gates: whom one of them blames keeps no other from clearing with the signatures that there are. */
  #seekThird(): void {
    if (this.#third !== undefined) return;
    this.#third = new Signing(this.#vault, this.#id, 3);
    this.#third.run().then(
      () => this.#endThird(),
      (error: unknown) => this.#vault.fail(error),
    );
  }

  /** The gates that waited for it are asked again, with the third signature if there is one. */
  #endThird(): void {
    const { store, tuning, bells } = this.#vault;
    if (this.#over) return;
    const now = performance.now();
    const isSigned = signersOf(getBatch(store, this.#id)).length > 2;
    for (const asking of this.#asking.values()) {
      if (asking.notBefore !== Number.POSITIVE_INFINITY) continue;
      asking.notBefore = isSigned ? 0 : now + pauseAfter(this.#vault, asking);
      asking.hopesUntil = isSigned ? now + tuning.deadlineMs : 0;
    }
    bells.peers.ring();
  }
}

/** What people can find out about a payment that a gate says it knows of. */
function adviceOn(conflicts: readonly Refusal[]): string {
  const txid = conflicts.map(namedTxid).find((named) => named !== undefined);
  const look = txid === undefined ? "look the intent up in the gate's log" : `look ${txid} up at a node`;
  return `no other gate is asked. Have its log audited and ${look}: if there was no such payment, the gate is faulty or hostile; a charter without it ends this`;
}
