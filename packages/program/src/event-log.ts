/**
 * What a program that runs for months tells people: one line of JSON per event on stderr. A stranger can make it speak (bad
 * requests, a line that comes and goes), so no text of his moves, hides or reorders anything, none is longer than `TEXT_MAX`,
 * and what he can cause is said at most `BURST` times a minute, with the number of lines left out after that.
 */
import process from 'node:process';
import { type JsonValue, toJsonLine } from './output.ts';

export interface Facts {
  readonly [name: string]: JsonValue;
}

/** Longest text of a field, in UTF-16 units; of a longer one the beginning is kept. */
export const TEXT_MAX = 1_000;
/** Lines of one kind within a minute. */
export const BURST = 30;
const MINUTE = 60_000;
/** Kinds that are told apart; codes of a peer's own making must not fill the memory. */
const KINDS_MAX = 256;

export interface EventLogOptions {
  readonly write?: (line: string) => void;
  /** ms of running time. */
  readonly now?: () => number;
}

interface Count {
  readonly since: number;
  said: number;
  left: number;
}

export class EventLog {
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  readonly #counts = new Map<string, Count>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ write, now }: EventLogOptions = {}) {
    this.#write = write ?? writeToStderr();
    this.#now = now ?? (() => performance.now());
  }

  /** For what the machine or its people do. */
  event(event: string, facts: Facts = {}): void {
    this.#write(`${toJsonLine(boundText({ event, ...facts }))}\n`);
  }

  /** For what a peer can cause. @param kind what is counted together, such as the code of an alarm */
  often(event: string, kind: string, facts: Facts = {}): void {
    const count = this.#count(`${event} ${kind}`);
    if (count.said < BURST) {
      count.said += 1;
      this.event(event, facts);
      return;
    }
    count.left += 1;
    this.#timer ??= setTimeout(() => this.#sum(), MINUTE).unref();
  }

  /** Says what was left out and is not said yet. */
  flush(): void {
    for (const [kind, { left }] of this.#counts) {
      if (left > 0) this.event('left-out', { what: kind, lines: left });
    }
    this.#counts.clear();
  }

  #sum(): void {
    this.#timer = undefined;
    this.flush();
  }

  #count(wanted: string): Count {
    const full = this.#counts.size >= KINDS_MAX && !this.#counts.has(wanted);
    const kind = full ? 'anything else' : wanted;
    const now = this.#now();
    const known = this.#counts.get(kind);
    if (known !== undefined && now - known.since < MINUTE) return known;
    if (known !== undefined && known.left > 0) this.event('left-out', { what: kind, lines: known.left });
    const count = { since: now, said: 0, left: 0 };
    this.#counts.set(kind, count);
    return count;
  }
}

/** A log file on a full disk, or a reader that has gone, must not end the program. */
function writeToStderr(): (line: string) => void {
  process.stderr.on('error', () => undefined);
  return (line) => process.stderr.write(line);
}

/** Cuts texts, names of fields too, at any depth. */
export function boundText(value: JsonValue): JsonValue {
  if (typeof value === 'string') return cut(value);
  if (Array.isArray(value)) return value.map(boundText);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [cut(name), boundText(item)]));
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}… (${text.length} characters)`;
}
