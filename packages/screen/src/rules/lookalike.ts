/** SCREEN_LOOKALIKE. Spec: protocol-spec/12-screen.md, "Look-alike". Precedent: address poisoning. */
import type { Rule } from './rule.ts';

// A destination that was never paid does not begin and end like one that was.
export const lookalike: Rule = (subject) =>
  !subject.knownDestination && subject.lookalike !== undefined
    ? { code: 'SCREEN_LOOKALIKE', like: subject.lookalike }
    : undefined;
