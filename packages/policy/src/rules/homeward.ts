/** What takes one coin home, and nothing else. Spec: protocol-spec/10-policy.md, "Bounded spends". */
import type { SpendFacts } from '../facts.ts';

/** Alone to change index 0 for a power of two: few, and the same for every signer, whatever each was shown before. */
export function isHomeward({ request: { draft }, fee }: SpendFacts): boolean {
  const { inputs, intents, change, locktime } = draft;
  const isPlain = inputs.length === 1 && intents.length === 0 && change.length === 1 && locktime === 0;
  return isPlain && change[0]?.[1] === 0 && fee > 0n && (fee & (fee - 1n)) === 0n;
}
