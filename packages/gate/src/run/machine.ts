/**
 * The gate as a running program: joins the pure core, the evidence log and the line. Each CLEAR is decided, journalled and
 * synced with its changes, and only then answered. A full disk ends the connection and not the program, so that it goes on by
 * itself when there is room again: what is due is said first on the next one. Spec: protocol-spec/13-gate.md.
 */
import process from 'node:process';
import type { Channel, ChannelOwner, Reading, Taken } from '@coldwire/channel';
import type { Entry, EvidenceLog } from '@coldwire/evidence';
import {
  concatBytes,
  type Ed25519Signer,
  encode,
  equalBytes,
  type Received,
  Refused,
  taggedHash,
  toHex,
} from '@coldwire/protocol';
import { openSealed } from '@coldwire/protocol/seal/index.ts';
import { encodeGateChange, type GateChange } from '../core/change.ts';
import { startRecord } from '../core/charter.ts';
import { decideGreeting, decideMessage, decideStart, type GateReply } from '../core/decide.ts';
import { applyGate, type GateState } from '../core/state.ts';
import type { OpenSeal } from '../core/unseal.ts';
import type { GateReport } from './report.ts';

/** A bug of ours: the vault learns that there is one, the gate's own log has the details. */
const INTERNAL = encode(Refused, { refusals: [{ code: 'INTERNAL', facts: [] }] });

export class GateMachine implements ChannelOwner {
  readonly charter: Uint8Array;
  readonly #log: EvidenceLog;
  readonly #report: GateReport;
  readonly #identity: Ed25519Signer;
  readonly #open: OpenSeal;
  readonly #started = process.hrtime.bigint();
  #state: GateState;
  #channel: Channel | undefined;
  /** Answers that are decided and not said yet, oldest first: they come before anything else. */
  #due: { readonly reply: GateReply; readonly at: Reading }[] = [];

  constructor(
    state: GateState,
    log: EvidenceLog,
    identity: Ed25519Signer,
    sealKey: Uint8Array,
    report: GateReport,
  ) {
    this.#report = report;
    this.#state = state;
    this.#log = log;
    this.#identity = identity;
    this.#open = (gate, context, sealed) => openSealed(sealKey, gate, context, sealed);
    this.charter = state.charter.first;
  }

  get session(): number {
    return this.#state.session;
  }

  get connected(): boolean {
    return this.#channel?.up === true;
  }

  /** Must come before any message: running time counts from here. @param program SHA-256 of the file that runs */
  start(program: Uint8Array): void {
    const at = this.read();
    const { changes } = decideStart(this.#state);
    const record = concatBytes(startRecord(this.#state.charter), program);
    this.#log.append([{ kind: 'local', ...at, bytes: record }, ...records(changes, at)]);
    this.#apply(changes);
    this.#report.listed(this.#state.charter.place >= 0);
  }

  attach(channel: Channel): void {
    this.#channel = channel;
  }

  read(): Reading {
    const uptime = Number((process.hrtime.bigint() - this.#started) / 1000n);
    return { uptime, time: Math.floor(Date.now() / 1000) };
  }

  sign(hash: Uint8Array): Uint8Array {
    return this.#identity.sign(hash);
  }

  /** Deterministic, so that a gate has no randomness to hide anything in: Ed25519 signatures are (RFC 8032). */
  salt(binding: Uint8Array): Uint8Array {
    return taggedHash('body', this.#identity.sign(taggedHash('body', binding))).slice(0, 16);
  }

  onMessage(received: Received, at: Reading): Taken {
    try {
      const { changes, replies } = decideMessage(this.#state, received, at.uptime, this.#open);
      return {
        entries: records(changes, at),
        after: () => {
          this.#apply(changes);
          this.#follow(replies, at);
        },
      };
    } catch (error) {
      this.onAlarm('INTERNAL', error instanceof Error ? (error.stack ?? error.message) : 'unknown');
      const { request } = received.header;
      const apology: GateReply = { type: 'REFUSED', request, body: INTERNAL };
      return { entries: [], after: () => this.#follow(request === null ? [] : [apology], at) };
    }
  }

  onUp(): void {
    this.#report.connected();
    this.#heedRoster();
    this.#orHangUp(() => {
      this.#sayDue();
      if (this.#channel?.greets !== true) return;
      const at = this.read();
      for (const reply of decideGreeting(this.#state, at.uptime).replies) this.#reply(reply, at);
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

  /** Nobody is spoken with whom the charter in force does not list with this key; a gate that it drops clears nothing more. */
  #heedRoster(): void {
    const line = this.#channel?.line;
    const { charter, place } = this.#state.charter;
    const isListed = charter.vaults.some(
      ({ name, key }) => line !== undefined && name === line.peer && equalBytes(key, line.peerKey),
    );
    this.#report.listed(place >= 0);
    if (isListed || line === undefined) return;
    this.onAlarm('WRONG_PEER', `the charter in force has no vault ${line.peer} with this key`);
    this.#channel?.hangUp('WRONG_PEER');
  }

  #apply(changes: readonly GateChange[]): void {
    for (const change of changes) {
      this.#state = applyGate(this.#state, change);
      if (change.kind === 'enacted') {
        const { charter, hash } = this.#state.charter;
        this.#report.event('charter', {
          epoch: charter.epoch,
          hash: toHex(hash),
          listed: this.#state.charter.place >= 0,
        });
        this.#heedRoster();
      }
      if (change.kind === 'cleared') {
        const { txid, fee, intents } = change.value;
        this.#report.cleared(txid, fee, intents.length);
      }
    }
  }

  #follow(replies: readonly GateReply[], at: Reading): void {
    for (const reply of replies) this.#due.push({ reply, at });
    this.#orHangUp(() => this.#sayDue());
  }

  /** @throws Error (I/O): the rest stays due */
  #sayDue(): void {
    for (let next = this.#due[0]; next !== undefined; next = this.#due[0]) {
      this.#reply(next.reply, next.at);
      this.#due.shift();
    }
  }

  /** Any other failure ends the program: it holds no keys that only people can bring back, and a start reads the disk anew. */
  #orHangUp(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!isFull(error)) throw error;
      this.onAlarm('INTERNAL', error.message);
      this.#channel?.hangUp('INTERNAL');
    }
  }

  #reply(reply: GateReply, at: Reading): void {
    if (reply.type === 'REFUSED') this.#report.refused(reply.body);
    if (this.#channel === undefined) throw new Error('there is no line');
    this.#channel.send(reply, [], at);
  }
}

function isFull(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

function records(changes: readonly GateChange[], at: Reading): Entry[] {
  return changes.map((change) => ({ kind: 'change', ...at, bytes: encodeGateChange(change) }));
}
