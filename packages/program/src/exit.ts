/**
 * The exit codes of every Coldwire program: one table, so that a script can tell a policy's "no" from a
 * mistake in the call, from bad bytes, from a machine that is not set up, and from a failing disk.
 */
export const EXIT = {
  /** The program did what it was asked to. */
  DONE: 0,
  /** A bug of ours; the stack is on stderr. */
  BUG: 1,
  /** The command line is wrong. */
  USAGE: 2,
  /** Policy said no; the codes say which rule. */
  REFUSED: 3,
  /** A file or message given to the program is not what it must be. */
  BAD_INPUT: 4,
  /** The machine, its settings or another program must change first. */
  ENVIRONMENT: 5,
  /** A disk, a line or a connection failed. */
  IO: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
