/** What a campaign's thread and its supervisor share: a heartbeat, and the input that runs now, in memory that both see. */
import type { Campaign, FoundCrash } from './engine.ts';

const HEAD = 2 * Int32Array.BYTES_PER_ELEMENT;
export const MOST_INPUT = 1024 * 1024;

export class RunningInput {
  readonly #head: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#head = new Int32Array(memory, 0, 2);
    this.#bytes = new Uint8Array(memory, HEAD);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(HEAD + MOST_INPUT);
  }

  put(input: Uint8Array): void {
    this.#bytes.set(input.subarray(0, MOST_INPUT));
    Atomics.store(this.#head, 1, input.length);
    Atomics.add(this.#head, 0, 1);
  }

  beat(): number {
    return Atomics.load(this.#head, 0);
  }

  get(): Uint8Array {
    return this.#bytes.slice(0, Atomics.load(this.#head, 1));
  }
}

export interface CampaignOrder {
  /** URL of the target's module. */
  readonly module: string;
  /** Modules below these URLs are instrumented. */
  readonly instrumented: readonly string[];
  readonly seed: string;
  readonly guided: boolean;
  /** Date.now() at which to stop. */
  readonly deadline: number;
  readonly mostExecs: number;
  readonly memory: SharedArrayBuffer;
  /** A directory for targets that read files; empty at first, removed at the end. */
  readonly scratch: string;
  /** Runs this one input instead of a campaign. */
  readonly replay: Uint8Array | undefined;
}

export type CampaignReport =
  | { readonly kind: 'progress' | 'done'; readonly campaign: Campaign }
  | { readonly kind: 'crash'; readonly crash: FoundCrash };
