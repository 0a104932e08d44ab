/**
 * The signer as a running program: joins the pure core, the key memory, the evidence log and the line. For each event:
 * decide, journal and sync, then apply, sign, verify, journal and sync again, send. What failed before its sync has not
 * happened. A disk that does not write ends the connection and not the program, which would cost a ceremony: what is due is
 * done first on the next one. Spec: protocol-spec/4-messages.md and 9-evidence.md.
 */
import type { Channel, ChannelOwner, Taken } from '@coldwire/channel';
import { type Entry, type EvidenceLog, writeSnapshot } from '@coldwire/evidence';
import { type CharterInForce, dueCharter, witnessNonce } from '@coldwire/policy';
import { Failure } from '@coldwire/program';
import {
  type Chain,
  encode,
  equalBytes,
  isReturn,
  type Line,
  type Positions,
  type Received,
  Refused,
  toHex,
} from '@coldwire/protocol';
import { apply, encodeChange, type SignerChange } from '../core/change.ts';
import { decide } from '../core/decide.ts';
import { type Decision, type Effect, encodeLocal, type LocalEvent, type Reading } from '../core/event.ts';
import { noteSent, ownHeads } from '../core/heads.ts';
import { judgeOrder } from '../core/local.ts';
import { planSignatures, sealSignatures } from '../core/signatures.ts';
import { writeRows } from '../core/snapshot.ts';
import { isListed, ownKey, type SignerState } from '../core/state.ts';
import type { KeyMemory } from '../io/key-memory.ts';
import { makeNonce, realignsUpTo, writePositions } from './lost.ts';
import type { Report } from './report.ts';

/** A bug of ours: the vault learns that there is one, the machine's own log has the details. */
const INTERNAL = encode(Refused, { refusals: [{ code: 'INTERNAL', facts: [] }] });

/** Of the log, between two snapshots: what a start folds at most, beside its last one. */
export const SNAPSHOT_BYTES = 8 * 1024 * 1024;

type Sign = Extract<Effect, { kind: 'sign' }>;

export class Machine implements ChannelOwner {
  readonly charter: Uint8Array;
  readonly #log: EvidenceLog;
  readonly #report: Report;
  readonly #started = process.hrtime.bigint();
  #state: SignerState;
  #keys: KeyMemory | undefined;
  #channel: Channel | undefined;
  /** What follows from messages that were taken and is not said yet, oldest first: it comes before anything else. */
  #due: { readonly effect: Effect; readonly at: Reading }[] = [];
  /** Bytes of the log at the last snapshot. */
  #kept = 0;
  #realigned = 0;

  constructor(state: SignerState, log: EvidenceLog, report: Report) {
    this.#state = state;
    this.#log = log;
    this.#report = report;
    this.charter = state.policy.charter.first;
  }

  get state(): SignerState {
    return this.#state;
  }

  get session(): number {
    return this.#state.session;
  }

  get unlocked(): boolean {
    return this.#keys !== undefined;
  }

  get connected(): boolean {
    return this.#channel?.up === true;
  }

  attach(channel: Channel): void {
    this.#channel = channel;
    channel.setLocked(this.#keys === undefined);
  }

  read(): Reading {
    const uptime = Number((process.hrtime.bigint() - this.#started) / 1000n);
    return { uptime, time: Math.floor(Date.now() / 1000) };
  }

  sign(hash: Uint8Array): Uint8Array {
    return this.#open().signIdentity(hash);
  }

  salt(binding: Uint8Array): Uint8Array {
    return this.#open().deriveSalt(binding);
  }

  /** Takes keys over and tells the vault; whose key block may come was judged before. @throws Error (I/O) if that cannot be written down; the keys are gone then */
  unlock(keys: KeyMemory, detail: string): void {
    // First, so that nothing tries to speak with keys that are no longer there.
    this.zeroize();
    try {
      const key = keys.identityPublicKey;
      if (!equalBytes(key, ownKey(this.#state))) this.happen({ event: 'join', detail: toHex(key) });
      this.happen({ event: 'unlock', detail });
    } catch (error) {
      keys.zeroize();
      this.#channel?.setLocked(true);
      throw error;
    }
    this.#keys = keys;
    this.#channel?.setLocked(false);
    if (this.#isHeard) this.happen({ event: 'greet', detail: '' });
  }

  /** Zeroizes first and writes it down after: a full disk must not keep keys in memory. */
  lock(detail: string): void {
    if (this.#keys === undefined) return;
    this.zeroize();
    this.#channel?.setLocked(true);
    this.happen({ event: 'lock', detail });
  }

  /** Synchronous, may be called on any way out, again and again. */
  zeroize(): void {
    this.#keys?.zeroize();
    this.#keys = undefined;
    this.#due = [];
  }

  /**
   * Writes a snapshot when the log has grown enough since the last one. A disk that refuses costs a later start its time.
   * @param others the lines to other vaults, on which nothing is said in this start
   */
  keep(directory: string, others: readonly Chain[]): void {
    if (this.#due.length > 0 || this.#channel === undefined) return;
    if (this.#log.grown - this.#kept < SNAPSHOT_BYTES) return;
    this.#kept = this.#log.grown;
    try {
      const rows = writeRows(this.#state, [this.#channel.chain, ...others]);
      writeSnapshot(directory, this.#state.name, this.#log.head, rows);
      this.#report.event('snapshot', { record: this.#log.head.index });
    } catch (error) {
      this.onAlarm(
        'INTERNAL',
        `no snapshot: ${error instanceof Error ? error.message : 'it cannot be written'}`,
      );
    }
  }

  /** Puts the charter in force whose time has come, without waiting for a message. */
  tend(): void {
    this.#orHangUp(() => this.#enactDue(this.read()));
  }

  /** Once at each start: what gates say from now on is about the memory that was just read. */
  ask(): void {
    const { name, session } = this.#state;
    const at = this.read();
    const nonce = makeNonce(name, session, at.time, process.hrtime.bigint());
    this.happen({ event: 'ask', detail: toHex(nonce) }, at);
  }

  /** An order that people bring to the machine itself. @param signed a signed order, base64url @returns codes of a refusal */
  order(signed: string): readonly string[] {
    const at = this.read();
    const judged = judgeOrder(this.#state, signed, at);
    if (judged.kind === 'malformed') return [judged.fault.code];
    if (judged.kind === 'refused') return judged.refusals.map(({ code }) => code);
    this.happen({ event: 'order', detail: signed }, at);
    return [];
  }

  /** Something that is no message: journalled with what follows from it, and told to the vault when there is a line. */
  happen(local: LocalEvent, at: Reading = this.read()): void {
    this.#performDue();
    this.#report.happened(local.event);
    const { changes, effects } = decide(this.#state, { kind: 'local', local, ...at });
    const record: Entry = { kind: 'local', ...at, bytes: encodeLocal(local) };
    const [first, ...rest] = effects;
    if (first === undefined) {
      this.#log.append([record, ...records(changes, at)]);
      this.#apply(changes);
    } else {
      // The first message shares its sync with the record and the changes: then it has happened, and a disk that takes no more
      // only delays what is still to be said of it. A crash loses no more than later notices.
      this.#send(first, [record, ...records(changes, at)], at);
      this.#apply(changes);
      this.#follow(rest, at);
    }
    if (local.event !== 'greet' && this.#isHeard && this.unlocked)
      this.happen({ event: 'greet', detail: '' }, at);
  }

  onMessage(received: Received, at: Reading): Taken {
    const taken = this.#judge(received, at);
    if (!this.#isClaimed) return taken;
    const after = (): void => {
      taken.after();
      // It has proved the place: what was not said on coming up is said now.
      this.#orHangUp(() => {
        if (this.#isHeard) this.happen({ event: 'greet', detail: '' });
      });
    };
    return { ...taken, after };
  }

  #judge(received: Received, at: Reading): Taken {
    try {
      this.#enactDue(at);
      const { changes, effects } = decide(this.#state, { kind: 'message', received, ...at });
      return {
        entries: records(changes, at),
        after: () => {
          this.#apply(changes);
          this.#follow(effects, at);
        },
      };
    } catch (error) {
      this.onAlarm('INTERNAL', error instanceof Error ? (error.stack ?? error.message) : 'unknown');
      const { request } = received.header;
      return { entries: [], after: () => this.#follow(request === null ? [] : [apologize(request)], at) };
    }
  }

  realign(positions: Positions): boolean {
    const chain = this.#channel?.chain;
    if (chain === undefined) return false;
    const { peer } = chain.line;
    const isClaim = !isReturn(chain, positions);
    if (isClaim) {
      if (!this.#mayClaim(peer, positions)) return false;
      this.onAlarm('STATE_ROLLBACK', `${peer} has seen message ${positions.mine.seq} of this signer`);
    }
    // What was about to be said would be said at a place of the line that is gone.
    const due = this.#due;
    this.#due = [];
    try {
      this.happen({ event: 'realign', detail: writePositions(peer, positions) });
      if (isClaim) this.#realigned += 1;
      return true;
    } catch (error) {
      // Nothing has happened, and the line is where it was.
      this.#due = due;
      this.onAlarm('INTERNAL', error instanceof Error ? error.message : 'the evidence log does not write');
      return false;
    }
  }

  onUp(): void {
    this.#report.connected();
    this.#heedRoster();
    this.#orHangUp(() => {
      this.#performDue();
      if (this.#channel?.greets === true && !this.#isClaimed) this.happen({ event: 'greet', detail: '' });
    });
  }

  onDown(reason: string): void {
    this.#report.disconnected(reason);
  }

  onLocked(): void {
    // Only a responder can be locked, and the vault never is.
  }

  onProgress(have: number, total: number): void {
    this.#report.line('receiving', { have, total });
  }

  onNoise(code: string, frames: number): void {
    this.#report.line('noise', { code, frames });
  }

  onEnd(error: Error | undefined): void {
    this.#report.portLost(error?.message ?? 'closed by the other side');
  }

  onAlarm(code: string, detail: string): void {
    this.#report.alarm(code, detail);
  }

  /** The line stands where only a hello has put it. */
  get #isClaimed(): boolean {
    return this.#channel?.chain.proven !== undefined;
  }

  /** Nothing is said at a place that is only claimed: its numbers may be those of other messages. */
  get #isHeard(): boolean {
    return this.connected && !this.#isClaimed;
  }

  /** A hello is nobody's word. Gates keep the highest number: a number that is used again would hide what a later copy lost. */
  #mayClaim(peer: string, { mine }: Positions): boolean {
    if (witnessNonce(this.#state.policy) === undefined) return false;
    if (mine.seq < ownHeads(this.#state.heads, peer).newest) return false;
    return this.#realigned < realignsUpTo(this.read().uptime);
  }

  #open(): KeyMemory {
    if (this.#keys === undefined) throw new Error('LOCKED: the signer holds no keys');
    return this.#keys;
  }

  #apply(changes: readonly SignerChange[]): void {
    const before = this.#state.policy.charter;
    for (const change of changes) this.#state = apply(this.#state, change);
    if (this.#state.policy.charter !== before) this.#heedCharter(before);
  }

  #enactDue(at: Reading): void {
    const due = dueCharter(this.#state.policy, at.uptime);
    if (due !== undefined) this.happen({ event: 'enact', detail: toHex(due.charter.hash) }, at);
  }

  /** Another charter is in force. A signer to which it gives another key says nothing more with the one that it has. */
  #heedCharter(before: CharterInForce): void {
    const { charter, hash } = this.#state.policy.charter;
    this.#report.event('charter', { epoch: charter.epoch, hash: toHex(hash) });
    if (isListed(this.#state, before) && !isListed(this.#state))
      this.lock('the charter in force gives this signer another key');
    this.#heedRoster();
  }

  /** Nobody is spoken with whom the charter in force does not list with this key. */
  #heedRoster(): void {
    const line = this.#channel?.line;
    if (line === undefined || hasVault(this.#state.policy.charter, line)) return;
    this.onAlarm('WRONG_PEER', `the charter in force has no vault ${line.peer} with this key`);
    this.#channel?.hangUp('WRONG_PEER');
  }

  #follow(effects: readonly Effect[], at: Reading): void {
    for (const effect of effects) this.#due.push({ effect, at });
    this.#orHangUp(() => this.#performDue());
  }

  /** @throws Error (I/O): the rest stays due */
  #performDue(): void {
    for (let next = this.#due[0]; next !== undefined; next = this.#due[0]) {
      this.#perform(next.effect, next.at);
      this.#due.shift();
    }
  }

  #orHangUp(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.onAlarm('INTERNAL', error instanceof Error ? error.message : 'the evidence log does not write');
      this.#channel?.hangUp('INTERNAL');
    }
  }

  #perform(effect: Effect, at: Reading): void {
    if (effect.kind === 'sign') this.#signSpend(effect, at);
    else this.#send(effect, [], at);
  }

  /** Signs, verifies (in the key memory), journals the result, sends: in this order, or says that it cannot. */
  #signSpend({ request, spend }: Sign, at: Reading): void {
    const decided = this.#makeSigned(request, spend, at);
    if (decided === undefined) {
      // Not as the result: whoever asks again has it tried again.
      if (this.unlocked) this.#send(apologize(request), [], at);
      return;
    }
    for (const effect of decided.effects) this.#send(effect, records(decided.changes, at), at);
    this.#apply(decided.changes);
    this.#report.signed(spend);
  }

  /** Undefined when there are no signatures, and people were told why. */
  #makeSigned(request: Uint8Array, spend: Sign['spend'], at: Reading): Decision | undefined {
    const keys = this.#open();
    try {
      const signatures = keys.signInputs(planSignatures(this.#state, spend));
      const signed = sealSignatures(this.#state, spend, signatures, (...args) => keys.seal(...args));
      return decide(this.#state, { kind: 'signed', request, signed, ...at });
    } catch (error) {
      // A fault of memory or processor has zeroized the keys already; the line must say so too.
      if (!keys.open) this.lock('a fresh signature did not verify');
      const code = error instanceof Failure ? (error.code ?? 'INTERNAL') : 'INTERNAL';
      this.onAlarm(code, error instanceof Error ? error.message : 'signing failed');
      return undefined;
    }
  }

  #send(effect: Effect, entries: readonly Entry[], at: Reading): void {
    if (effect.kind !== 'send') throw new Error(`a ${effect.kind} effect where a message was due`);
    this.#report.sending(effect.type, effect.body);
    if (this.#channel === undefined) throw new Error('there is no line');
    const { header } = this.#channel.send(effect, entries, at);
    noteSent(this.#state.heads, header);
  }
}

/** What a request is answered where this program fails, and not the request. */
function apologize(request: Uint8Array): Effect {
  return { kind: 'send', type: 'REFUSED', request, body: INTERNAL };
}

function hasVault({ charter }: CharterInForce, { peer, peerKey }: Line): boolean {
  return charter.vaults.some(({ name, key }) => name === peer && equalBytes(key, peerKey));
}

function records(changes: readonly SignerChange[], at: Reading): Entry[] {
  return changes.map((change) => ({ kind: 'change', ...at, bytes: encodeChange(change) }));
}
