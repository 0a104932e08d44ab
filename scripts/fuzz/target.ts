/** What the engine wants of a part under test. Each file of targets/ exports one as `target`; its name is the file's. */
import type { Mutator } from './mutate/mutator.ts';

export interface Target {
  /** What to begin with: vectors, and whatever else leads inside. */
  readonly seeds: readonly Uint8Array[];
  /** Mutations that know the form, beside those of plain bytes. */
  readonly mutators?: readonly Mutator[];
  /** Bytes; inputs are never longer. */
  readonly maxLength: number;
  /** Bytes that one run may allocate before it counts as a crash; 64 MiB if absent. */
  readonly allocation?: number;
  /** Judges one input. Whatever it throws is a crash, so broken properties throw; it catches what is declared itself. */
  run(input: Uint8Array): void | Promise<void>;
}

/** @throws Error saying which property does not hold */
export function assertHolds(holds: boolean, property: string): asserts holds {
  if (!holds) throw new Error(`broken property: ${property}`);
}
