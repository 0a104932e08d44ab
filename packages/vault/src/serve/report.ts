/**
 * What the vault tells the people who run it: one JSON line per event on stderr. An alarm has a code of
 * protocol-spec/codes.json; the same alarm is said once a minute, with how often it came.
 */
import process from 'node:process';
import { type JsonValue, toJsonLine } from '@coldwire/program';

const REPEAT_MS = 60_000;

export interface Fields {
  readonly [name: string]: JsonValue;
}

export class Report {
  readonly #write: (line: string) => void;
  readonly #said = new Map<string, { at: number; count: number }>();

  constructor(write: (line: string) => void = (line) => process.stderr.write(line)) {
    this.#write = write;
  }

  event(event: string, fields: Fields = {}): void {
    this.#write(`${toJsonLine({ event, at: new Date().toISOString(), ...fields })}\n`);
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
    this.event('alarm', { code, about, detail, before: said?.count ?? 0 });
  }
}
