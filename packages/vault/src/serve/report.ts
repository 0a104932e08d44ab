/**
 * What the vault tells the people who run it: one JSON line per event on stderr. An alarm has a code of
 * protocol-spec/codes.json; the same alarm is said once a minute, with how often it came. What peers can cause is said so
 * many times a minute (packages/program/src/event-log.ts).
 */
import { EventLog, type Facts } from '@coldwire/program';

const REPEAT_MS = 60_000;

export class Report {
  readonly #log: EventLog;
  readonly #said = new Map<string, { at: number; count: number }>();

  constructor(write?: (line: string) => void) {
    this.#log = new EventLog(write === undefined ? {} : { write });
  }

  event(event: string, facts: Facts = {}): void {
    this.#log.event(event, { at: new Date().toISOString(), ...facts });
  }

  /** What a peer can cause. */
  often(event: string, peer: string, facts: Facts = {}): void {
    this.#log.often(event, peer, { at: new Date().toISOString(), peer, ...facts });
  }

  /** @param about the peer, batch or withdrawal that it concerns: alarms are counted by code and this */
  alarm(code: string, about: string, detail: string): void {
    const key = `${code} ${about} ${detail}`;
    const said = this.#said.get(key);
    const now = Date.now();
    if (said !== undefined && now - said.at < REPEAT_MS) {
      said.count += 1;
      return;
    }
    if (this.#said.size > 1000) this.#said.clear();
    this.#said.set(key, { at: now, count: 0 });
    const at = new Date().toISOString();
    this.#log.often('alarm', code, { at, code, about, detail, before: said?.count ?? 0 });
  }
}
