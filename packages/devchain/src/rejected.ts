/**
 * Why a block, a transaction or a script is not accepted. Thrown deep inside a check and caught once, where the
 * verdict is given; `reason` is Bitcoin Core's own word for it wherever Core has one.
 */
export class Rejected extends Error {
  readonly reason: string;
  readonly detail: string | undefined;

  constructor(reason: string, detail?: string) {
    super(detail === undefined ? reason : `${reason}, ${detail}`);
    this.name = 'Rejected';
    this.reason = reason;
    this.detail = detail;
  }
}

/** Runs a check; what it was rejected for, or null when it passed. Other errors are bugs and go on. */
export function judge(check: () => void): Rejected | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof Rejected) return error;
    throw error;
  }
}
