/**
 * What a ceremony step gives: a value, or the problem in words for the person at the keyboard. Bad shares and bad files are
 * expected here and therefore values; only bugs and I/O errors are thrown. Spec: protocol-spec/8-custody.md, "Failures".
 */
import { EXIT, Failure } from '@coldwire/program';

/** Codes of protocol-spec/codes.json that custody gives. Where the table has none, a problem carries none. */
export type ProblemCode = 'SHARE_BAD' | 'KDF_WEAK' | 'KEY_BLOCK' | 'MALFORMED';

export type Problem = {
  readonly code?: ProblemCode;
  /** What is wrong, without a final full stop. Holds no secret and no text of the file that it speaks of. */
  readonly what: string;
  /** The file, the prompt or the field. */
  readonly where: string;
  /** What the operator does now. */
  readonly todo: string;
};

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

export function succeed<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function fail(problem: Problem): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem };
}

/** The value, or the end of the program with exit code 4 (bad input) and the problem's text. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Failure(EXIT.BAD_INPUT, outcome.problem);
}
