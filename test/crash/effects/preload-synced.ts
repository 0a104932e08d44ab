/**
 * What the evidence logs of a program hold that their disk was not told to keep: an answer must not leave on a line before it
 * (protocol-spec/9-evidence.md: on disk before its first byte leaves). Whoever no longer syncs has no effect that a fault could
 * come to, so this is looked at in every run, with a fault and without.
 */
import fs from 'node:fs';
import { dirname, join } from 'node:path';

const LOG = /\.cborseq$/;

export class Unsynced {
  readonly #state: string;
  /** Logs that were written, and directories in which one was made, since they were last synced. */
  readonly #dirty = new Set<string>();

  constructor(state: string) {
    this.#state = state;
  }

  onWrite(path: string): void {
    if (LOG.test(path)) this.#dirty.add(path);
  }

  onCreate(path: string): void {
    if (LOG.test(path)) this.#dirty.add(dirname(path));
  }

  onSync(path: string): void {
    this.#dirty.delete(path);
  }

  /** @returns what the log behind this line has unsynced, by its place below the state directory */
  behind(line: string): readonly string[] {
    const own = join(this.#state, 'lines', line);
    const directory = fs.existsSync(own) ? own : this.#state;
    const held = [...this.#dirty].filter((path) => path === directory || dirname(path) === directory);
    return held.map((path) => (path === directory ? 'directory' : path.slice(directory.length + 1)));
  }
}
