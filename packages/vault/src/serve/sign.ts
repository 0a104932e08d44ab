/**
 * Gets a batch signed by two signers. Pairs take turns (AB, BC, CA); the third is asked when one is away, locked, slow or
 * refuses. Two refusals end the batch: then no pair is left. Where one refuses and the third is away or mute, the one that refuses
 * is asked again after each block. What is asked is stored first, so a restart asks the same.
 * A third signature beside those two is sought for a gate that finds fault with one of them.
 */
import { decode, equalBytes, hashRequest, Signed } from '@coldwire/protocol';
import {
  askPeer,
  type Batch,
  forgetAdmitted,
  getBatch,
  recordRefused,
  recordSigned,
  type Status,
} from '../queue/index.ts';
import type { Reply } from '../session/session.ts';
import { showDead } from './dead.ts';
import { giveUp } from './give-up.ts';
import { pause } from './pause.ts';
import { Away, freshId, type Refusal, readRefusals } from './peer.ts';
import { forgetUnknown } from './register.ts';
import type { Signer } from './signer.ts';
import { tipOf, type Vault } from './vault.ts';
import { isPassing, READMIT } from './verdicts.ts';

const READMISSIONS = 3;

/** Refusals of what one request carries: the same bytes are refused again, and a new draft has other intents, verdicts and approvals. */
const OF_THE_REQUEST: readonly string[] = ['EXPIRED', 'SCREENING', 'APPROVAL_MISSING'];

/** The statuses in which a signer may be asked. */
const ASKING: readonly Status[] = ['drafted', 'signing', 'signed'];

interface Attempt {
  readonly since: number;
  over: boolean;
}

/** One batch on its way through the signers. */
export class Signing {
  readonly #vault: Vault;
  readonly #id: number;
  readonly #wanted: 2 | 3;
  readonly #attempts = new Map<string, Attempt>();
  readonly #refusals = new Map<string, readonly Refusal[]>();
  /** Heights of the tip at the last refusals, and where this began. */
  readonly #refusedAt = new Map<string, number>();
  readonly #begunAt: number;
  #asked: { readonly signer: Signer; readonly request: Uint8Array }[] = [];
  #done = false;

  /** @param wanted signatures; with three of them nothing that a signer says gives the batch up */
  constructor(vault: Vault, id: number, wanted: 2 | 3 = 2) {
    this.#vault = vault;
    this.#id = id;
    this.#wanted = wanted;
    this.#begunAt = tipOf(vault.store).height;
  }

  /** Returns when there are as many signatures as wanted, or cannot be. */
  async run(): Promise<void> {
    const { bells, tuning, stopping } = this.#vault;
    try {
      while (!stopping.aborted && !this.#done) {
        const seen = bells.peers.rings;
        const batch = getBatch(this.#vault.store, this.#id);
        if (this.#isFinished(batch)) return;
        const missing = this.#startAttempts(batch);
        if (missing > 0 && !this.#askAgain(batch, missing)) return;
        await bells.peers.after(seen, tuning.deadlineMs / 4);
      }
    } finally {
      this.#done = true;
      for (const { signer, request } of this.#asked) signer.forget(request);
    }
  }

  /** Lets go of whom it has asked. */
  stop(): void {
    this.#done = true;
    this.#vault.bells.peers.ring();
  }

  #isFinished(batch: Batch): boolean {
    const signers = batch.peers.filter(({ role }) => role === 'signer');
    const signed = signers.filter(({ answer }) => answer === 'done');
    if (!ASKING.includes(batch.status) || signed.length >= this.#wanted) return true;
    // Whoever is being asked once more after a refusal has not said its last word.
    const refused = signers.filter(
      ({ name, answer }) => answer === 'refused' && this.#attempts.get(name)?.over !== false,
    );
    if (this.#vault.charter.charter.signers.length - refused.length >= this.#wanted) return false;
    // What two have signed already is for the gates to end.
    if (batch.status !== 'signed') giveUp(this.#vault, batch, { by: 'signer', refusals: this.#refusals });
    return true;
  }

  /** As many as are still needed, without those that are slow or gone. @returns how many of them there is nobody for */
  #startAttempts(batch: Batch): number {
    const answers = new Map(
      batch.peers.filter(({ role }) => role === 'signer').map((peer) => [peer.name, peer]),
    );
    let needed = this.#wanted - [...answers.values()].filter(({ answer }) => answer === 'done').length;
    const active = this.#vault.signers.filter(
      (signer) => signer.ready && this.#attempts.get(signer.name)?.over === false && !this.#isSlow(signer),
    );
    needed -= active.length;
    // Where one refuses the other mostly does too: the third is not asked before that is known, since whoever is asked
    // may have signed, and coins of a batch that may be signed are not free.
    const refused = [...answers.values()].some(({ answer }) => answer === 'refused');
    if (refused && active.length > 0) return 0;
    const { charters } = this.#vault;
    const spare = this.#countSure(answers) >= this.#wanted;
    for (const signer of this.#preferred(batch)) {
      if (needed <= 0) break;
      if (spare && signer.isUnwitnessed(this.#vault)) continue;
      const answer = answers.get(signer.name)?.answer ?? null;
      if (!signer.ready || !charters.lists(signer) || answer !== null) continue;
      const before = this.#attempts.get(signer.name);
      if (before !== undefined && !before.over) continue;
      this.#start(signer);
      needed -= 1;
    }
    return needed;
  }

  /**
   * Nobody else is left. A signer whose refusal may pass is asked again when a block has come since: always for the same
   * transaction, so that whoever has signed it has no more to remember.
   * @returns false when what it refuses stays so in this request: it is given up, and drafted anew
   */
  #askAgain(batch: Batch, missing: number): boolean {
    const { height } = tipOf(this.#vault.store);
    const due = batch.peers.filter(
      ({ role, name, answer }) =>
        role === 'signer' &&
        answer === 'refused' &&
        this.#attempts.get(name)?.over !== false &&
        height > (this.#refusedAt.get(name) ?? this.#begunAt),
    );
    if (due.some(({ codes }) => codes.some(staysSo))) {
      giveUp(this.#vault, batch, { by: 'signer', refusals: this.#refusals });
      return false;
    }
    const names = due.filter(({ codes }) => codes.every(mayPass)).map(({ name }) => name);
    const again = this.#vault.signers.filter(
      (signer) => names.includes(signer.name) && signer.ready && this.#vault.charters.lists(signer),
    );
    for (const signer of again.slice(0, missing)) this.#start(signer);
    return true;
  }

  /** Signers that have signed, or can be asked, answer in time and have the witness of every gate. */
  #countSure(answers: ReadonlyMap<string, { readonly answer: string | null }>): number {
    return this.#vault.signers.filter((signer) => {
      const answer = answers.get(signer.name)?.answer ?? null;
      if (answer === 'refused') return false;
      const isThere = signer.ready && this.#vault.charters.lists(signer);
      return answer === 'done' || (isThere && !this.#isSlow(signer) && !signer.isUnwitnessed(this.#vault));
    }).length;
  }

  /** Whoever was asked before a restart first, then the pair whose turn it is. */
  #preferred(batch: Batch): readonly Signer[] {
    const { signers } = this.#vault;
    const turn = batch.id % Math.max(1, signers.length);
    const inTurn = [...signers.slice(turn), ...signers.slice(0, turn)];
    const asked = (signer: Signer): boolean =>
      batch.peers.some(
        ({ role, name, answer }) => role === 'signer' && name === signer.name && answer === null,
      );
    return [...inTurn.filter(asked), ...inTurn.filter((signer) => !asked(signer))];
  }

  #start(signer: Signer): void {
    const attempt: Attempt = { since: performance.now(), over: false };
    this.#attempts.set(signer.name, attempt);
    this.#refusals.delete(signer.name);
    this.#attempt(signer)
      .catch((error: unknown) => this.#endure(error))
      .then(
        () => this.#end(attempt),
        (error: unknown) => this.#vault.fail(error),
      );
  }

  /** Whoever is away rings when it is back. The node's trouble passes, and is not asked about again before there was time for that. */
  async #endure(error: unknown): Promise<void> {
    if (error instanceof Away) return;
    this.#vault.fail(error);
    await pause(this.#vault, this.#vault.tuning.pollMs);
  }

  #end(attempt: Attempt): void {
    attempt.over = true;
    this.#vault.bells.peers.ring();
  }

  #isSlow(signer: Signer): boolean {
    const attempt = this.#attempts.get(signer.name);
    return attempt?.over === false && performance.now() - attempt.since >= this.#vault.tuning.deadlineMs;
  }

  /** Ends with the signer's answer stored. @throws Away */
  async #attempt(signer: Signer): Promise<void> {
    const { store } = this.#vault;
    for (let round = 0; ; round += 1) {
      await signer.settle(this.#vault);
      await showDead(this.#vault, signer, getBatch(store, this.#id));
      // A block may have ended it meanwhile.
      if (this.#done || !ASKING.includes(getBatch(store, this.#id).status)) return;
      const request = askPeer(store, this.#id, 'signer', signer.name, freshId());
      this.#asked.push({ signer, request });
      const batch = getBatch(store, this.#id);
      const reply = await signer.ask('SIGN', request, batch.request);
      if (this.#done) return;
      const again = this.#take(signer, batch, reply, round < READMISSIONS);
      if (again === undefined) return;
      if (!again.some(({ code }) => code === 'UNWITNESSED') || (await this.#isWitnessed(signer))) continue;
      this.#refusals.set(signer.name, again);
      return;
    }
  }

  /** Until the last gate's witness has come, or the deadline: before that the signer says the same again. @throws Away */
  async #isWitnessed(signer: Signer): Promise<boolean> {
    const { bells, tuning, stopping } = this.#vault;
    const until = performance.now() + tuning.deadlineMs;
    for (;;) {
      const seen = bells.peers.rings;
      if (!signer.ready) throw new Away(signer.name);
      if (!signer.isUnwitnessed(this.#vault)) return true;
      const left = until - performance.now();
      if (!(left > 0) || this.#done || stopping.aborted) return false;
      await bells.peers.after(seen, left);
    }
  }

  /** Stores an answer. @returns the refusals after which the same signer is asked once more */
  #take(signer: Signer, batch: Batch, reply: Reply, mayAgain: boolean): readonly Refusal[] | undefined {
    const { store, report } = this.#vault;
    const problem = reply.type === 'SIGNED' ? findProblem(batch, reply) : undefined;
    if (reply.type === 'SIGNED' && problem === undefined) {
      recordSigned(store, batch.id, signer.name, reply.message);
      report.event('signed', { batch: batch.id, peer: signer.name });
      return undefined;
    }
    const refusals =
      problem === undefined ? readRefusals(reply.body) : [{ code: 'GATE_SIGNED', facts: new Map() }];
    if (problem !== undefined) report.alarm('GATE_SIGNED', signer.name, problem);
    const codes = [...new Set(refusals.map(({ code }) => code))];
    recordRefused(store, batch.id, 'signer', signer.name, codes);
    this.#refusedAt.set(signer.name, tipOf(store).height);
    report.event('refused', { batch: batch.id, peer: signer.name, codes });
    if (mayAgain && codes.every((code) => READMIT.includes(code))) {
      const outpoints = batch.inputs;
      if (codes.includes('UNKNOWN_OUTPOINT')) forgetAdmitted(store, signer.name, outpoints);
      forgetUnknown(this.#vault, signer, batch, refusals);
      return refusals;
    }
    this.#refusals.set(signer.name, refusals);
    return undefined;
  }
}

/** Whether the same question may be answered otherwise later: the signer failed, lacked something, or time helps it. */
function mayPass(code: string): boolean {
  return code === 'INTERNAL' || READMIT.includes(code) || isPassing({ code, facts: new Map() });
}

/** Whether the same bytes will be refused again, as far as the vault can know. */
function staysSo(code: string): boolean {
  return OF_THE_REQUEST.includes(code) || !mayPass(code);
}

/** What is wrong with a SIGNED as far as the vault can see: the signatures themselves are sealed to the gates. */
function findProblem(batch: Batch, reply: Reply): string | undefined {
  const signed = decode(Signed, reply.body, reply.body.length);
  if (!signed.ok) return `its SIGNED is malformed: ${signed.fault.detail}`;
  if (!equalBytes(signed.value.requestHash, hashRequest(batch.request)))
    return 'its SIGNED is for another request';
  return equalBytes(signed.value.txid, batch.txid) ? undefined : 'its SIGNED is for another transaction';
}
