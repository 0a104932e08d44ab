/**
 * What ends a program: `Failure`, an error written for the person who reads it (what was wrong, where, what
 * to do), and `classify`, which turns anything thrown into one.
 *
 * An operating system's error is not a bug: it becomes ENVIRONMENT or IO with advice. A commander error is
 * USAGE. Everything else thrown is a bug of ours and keeps its stack.
 */
import { CommanderError } from 'commander';
import { EXIT, type ExitCode } from './exit.ts';

export interface FailureText {
  /** What was wrong, without a final full stop: "the charter is not signed by a quorum". */
  readonly what: string;
  /** File, field, port or step. */
  readonly where?: string;
  /** What the person should do now. */
  readonly todo: string;
  /** A code of protocol-spec/codes.json, when there is one. */
  readonly code?: string;
  readonly cause?: unknown;
}

export class Failure extends Error {
  readonly exit: ExitCode;
  readonly what: string;
  readonly where: string | undefined;
  readonly todo: string;
  readonly code: string | undefined;

  constructor(exit: ExitCode, text: FailureText) {
    super(text.what, text.cause === undefined ? {} : { cause: text.cause });
    this.name = 'Failure';
    this.exit = exit;
    this.what = text.what;
    this.where = text.where;
    this.todo = text.todo;
    this.code = text.code;
  }
}

/** A clean end that commander announces by throwing: help or version was printed. */
const PRINTED = new Set(['commander.helpDisplayed', 'commander.version']);

interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string;
  readonly address?: string;
  readonly port?: number;
}

const ADVICE: Readonly<Record<string, readonly [ExitCode, string, string]>> = {
  EACCES: [
    EXIT.ENVIRONMENT,
    'permission denied',
    'Give this user access to it, or run as the user who has it.',
  ],
  EPERM: [
    EXIT.ENVIRONMENT,
    'not permitted',
    'Give this user the right to do it, or run as the user who has it.',
  ],
  EADDRINUSE: [
    EXIT.ENVIRONMENT,
    'the port is in use',
    'Stop the program that listens there, or choose another port.',
  ],
  ENOENT: [EXIT.IO, 'there is no such file or directory', 'Check the path.'],
  EEXIST: [EXIT.BAD_INPUT, 'it exists already, and nothing is ever overwritten', 'Name a new file.'],
  ENOTDIR: [EXIT.IO, 'a part of the path is not a directory', 'Check the path.'],
  EISDIR: [EXIT.IO, 'it is a directory', 'Name a file.'],
  ENOSPC: [EXIT.IO, 'the disk is full', 'Free some space and start again; what was acknowledged is on disk.'],
  EDQUOT: [
    EXIT.IO,
    'the disk quota is used up',
    'Free some space and start again; what was acknowledged is on disk.',
  ],
  EROFS: [EXIT.IO, 'the file system is read-only', 'Mount it writable, or choose another directory.'],
  EPIPE: [EXIT.IO, 'the reader of this output is gone', 'Keep the reading program running.'],
  ECONNREFUSED: [EXIT.IO, 'nothing listens there', 'Start the other program, or check address and port.'],
};

function isSystemError(thrown: unknown): thrown is SystemError {
  return (
    thrown instanceof Error && 'syscall' in thrown && 'code' in thrown && typeof thrown.code === 'string'
  );
}

function fromSystemError(error: SystemError): Failure {
  const [exit, what, todo] = ADVICE[error.code] ?? [
    EXIT.IO,
    error.message,
    'Check the device or file and start again.',
  ];
  const address = error.port === undefined ? error.address : `${error.address ?? ''}:${error.port}`;
  const where = [error.syscall, error.path ?? address].filter((part) => part !== undefined).join(' ');
  return new Failure(exit, { what: `${what} (${error.code})`, where, todo, cause: error });
}

/** Makes a `Failure` of anything thrown; null when nothing failed (help or version was asked for). */
export function classify(thrown: unknown): Failure | null {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof CommanderError) {
    if (PRINTED.has(thrown.code)) return null;
    const what =
      thrown.code === 'commander.help' ? 'a command is missing' : thrown.message.replace(/^error: /, '');
    return new Failure(EXIT.USAGE, { what, todo: 'Run it with --help to see what it takes.' });
  }
  if (isSystemError(thrown)) return fromSystemError(thrown);
  return new Failure(EXIT.BUG, {
    what: thrown instanceof Error ? thrown.message : String(thrown),
    todo: 'This is a bug. Report it with the lines below.',
    cause: thrown,
  });
}
