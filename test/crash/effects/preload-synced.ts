/**
 * What the evidence logs of a program hold that their disk was not told to keep: none of it may leave on a line before
 * (protocol-spec/9-evidence.md: a message is on disk before its first byte leaves). Whoever no longer syncs has no effect that a
 * fault could come to, so this is looked at in every run, with a fault and without. What was synced before a sync that failed may
 * be sent again.
 */
import fs from 'node:fs';
import { dirname, join } from 'node:path';

export function isLog(path: string): boolean {
  return path.endsWith('.cborseq');
}

/** Shorter than a header, and longer than what the headers of two messages can have in common: those of two first ones, 81. */
const STRETCH = 128;

export class Unsynced {
  readonly #state: string;
  /** Per log what was written since it was last synced. */
  readonly #written = new Map<string, Uint8Array[]>();
  /** Directories in which a log was made since they were last synced: what is synced in it may still be lost with its name. */
  readonly #made = new Set<string>();

  constructor(state: string) {
    this.#state = state;
  }

  onWrite(path: string, bytes: Uint8Array): void {
    const before = this.#written.get(path) ?? [];
    this.#written.set(path, [...before, bytes.slice()]);
  }

  onCreate(path: string): void {
    if (isLog(path)) this.#made.add(dirname(path));
  }

  onSync(path: string): void {
    this.#made.delete(path);
    if (!this.#made.has(dirname(path))) this.#written.delete(path);
  }

  /** @param payload what leaves on this line @returns names of the line's logs that hold some of it, and not safely */
  behind(line: string, payload: Uint8Array): readonly string[] {
    const own = join(this.#state, 'lines', line);
    const directory = fs.existsSync(own) ? own : this.#state;
    return [...this.#written].flatMap(([path, parts]) =>
      dirname(path) === directory && share(Buffer.concat(parts), payload)
        ? [path.slice(directory.length + 1)]
        : [],
    );
  }
}

function share(held: Buffer, payload: Uint8Array): boolean {
  for (let at = 0; at + STRETCH <= payload.length; at += 1)
    if (held.includes(Buffer.from(payload.subarray(at, at + STRETCH)))) return true;
  return false;
}
