/**
 * What the signer tells people: JSON lines on stderr, one per event, every text of a stranger escaped and bounded, and what the
 * vault can cause said so many times a minute. Never a secret: the key memory is not reachable from here. Alarm lines carry
 * the code and its facts. Remembers what `status` wants to know: since when the line and the lock are as they are.
 */
import type { ApprovedSpend } from '@coldwire/policy';
import { EventLog, type Facts } from '@coldwire/program';
import { BODY_MAX, decode, type MessageType, Refused, toHex } from '@coldwire/protocol';
import { displayTxid } from '@coldwire/wallet';

export interface LastSigned {
  readonly txid: string;
  readonly paid: string;
  readonly at: string;
}

export class Report {
  readonly #log: EventLog;
  readonly started = Date.now();
  #lastSigned: LastSigned | null = null;
  #lastRefused: readonly string[] = [];
  #lockChanged = this.started;
  #lineChanged = this.started;
  #portGone: string | null = null;

  constructor(log = new EventLog()) {
    this.#log = log;
  }

  get lastSigned(): LastSigned | null {
    return this.#lastSigned;
  }

  get lastRefused(): readonly string[] {
    return this.#lastRefused;
  }

  /** ms since 1970. */
  get lockChanged(): number {
    return this.#lockChanged;
  }

  /** ms since 1970. */
  get lineChanged(): number {
    return this.#lineChanged;
  }

  /** Why the port is away; null while it is there. */
  get portGone(): string | null {
    return this.#portGone;
  }

  event(event: string, facts: Facts = {}): void {
    this.#log.event(event, facts);
  }

  alarm(code: string, detail: string): void {
    this.#log.often('alarm', code, { code, detail });
  }

  /** Something at the machine itself that `status` dates. */
  happened(event: string): void {
    if (event === 'lock' || event === 'unlock') this.#lockChanged = Date.now();
  }

  connected(): void {
    this.#lineChanged = Date.now();
    this.#log.often('connected', '');
  }

  disconnected(reason: string): void {
    this.#lineChanged = Date.now();
    this.#log.often('disconnected', '', { reason });
  }

  portLost(reason: string): void {
    this.#portGone = reason;
    this.#lineChanged = Date.now();
    this.#log.often('alarm', 'LINE_GONE', { code: 'LINE_GONE', detail: reason });
  }

  /** It does not open again yet. */
  portRefused(reason: string): void {
    this.#portGone = reason;
    this.#log.often('port-refused', '', { reason });
  }

  portBack(): void {
    this.#portGone = null;
    this.#log.often('port-back', '');
  }

  /** What the line does by itself. */
  line(event: 'receiving' | 'noise', facts: Facts): void {
    this.#log.often(event, '', facts);
  }

  signed(spend: ApprovedSpend): void {
    const { txid, paid, fee } = spend;
    this.#lastSigned = { txid: displayTxid(txid), paid: paid.toString(), at: new Date().toISOString() };
    this.event('signed', { txid: displayTxid(txid), paid, fee, inputs: spend.inputs.length });
  }

  /** A refusal is an alarm with its codes and facts; other messages are not worth a line. */
  sending(type: MessageType, body: Uint8Array): void {
    if (type !== 'REFUSED') return;
    const refused = decode(Refused, body, BODY_MAX);
    if (!refused.ok) throw new Error(`a refusal of our own is damaged: ${toHex(body.subarray(0, 16))}`);
    const rows = refused.value.refusals;
    this.#lastRefused = rows.map(({ code }) => code);
    for (const { code, facts } of rows.slice(0, 16)) {
      this.#log.often('alarm', code, { code, facts: Object.fromEntries(facts) });
    }
  }
}
