/** What a mutation gets to work with. */
import type { Random } from '../random.ts';

export interface Pool {
  readonly random: Random;
  /** Another input of the corpus. */
  other(): Uint8Array;
  /** A text or number of the code under test, as bytes. */
  word(): Uint8Array;
}

/** Makes another input of one. Must not write into what it is given. */
export type Mutator = (input: Uint8Array, pool: Pool) => Uint8Array;
