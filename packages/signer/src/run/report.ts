/**
 * What the signer tells people: JSON lines on stderr, one per event, every text of a stranger escaped. Never a secret: the
 * key memory is not reachable from here. Alarm lines carry the code and its facts.
 */
import process from 'node:process';
import type { ApprovedSpend } from '@coldwire/policy';
import { type JsonValue, toJsonLine } from '@coldwire/program';
import { BODY_MAX, decode, type MessageType, Refused, toHex } from '@coldwire/protocol';
import { displayTxid } from '@coldwire/wallet';

export interface LastSigned {
  readonly txid: string;
  readonly paid: string;
  readonly at: string;
}

export class Report {
  #lastSigned: LastSigned | null = null;
  #lastRefused: readonly string[] = [];

  constructor() {
    // A log file on a full disk, or a reader that has gone, must not cost the keys.
    process.stderr.on('error', () => undefined);
  }

  get lastSigned(): LastSigned | null {
    return this.#lastSigned;
  }

  get lastRefused(): readonly string[] {
    return this.#lastRefused;
  }

  event(event: string, facts: { readonly [name: string]: JsonValue } = {}): void {
    process.stderr.write(`${toJsonLine({ event, ...facts })}\n`);
  }

  alarm(code: string, detail: string): void {
    this.event('alarm', { code, detail });
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
      this.event('alarm', { code, facts: Object.fromEntries(facts) });
    }
  }
}
