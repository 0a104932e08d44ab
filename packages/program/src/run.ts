/**
 * Runs a program's main function and ends the process with the documented exit code and, if it failed, one
 * line on stderr: what was wrong, where, what to do. With `--json` the line is one JSON object.
 */
import { basename } from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { escapeJson, escapeText } from './escape.ts';
import type { ExitCode } from './exit.ts';
import { EXIT } from './exit.ts';
import { classify, type Failure } from './failure.ts';

/** Whether the command line asks for JSON; known before it is parsed, so that even a usage error is JSON. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

/** The line for people; every part is escaped, since file names and peers' texts may be hostile. */
export function formatFailure(failure: Failure, program: string): string {
  const code = failure.code === undefined ? '' : `[${failure.code}] `;
  const where = failure.where === undefined ? '' : ` (${failure.where})`;
  return `${program}: ${escapeText(`${code}${failure.what}${where}. ${failure.todo}`)}\n${stackOf(failure)}`;
}

/** The line for programs: `{"error":{exit, code, what, where, todo}}`; absent parts are null. */
export function formatFailureJson(failure: Failure): string {
  const { exit, what, todo } = failure;
  const error = { exit, code: failure.code ?? null, what, where: failure.where ?? null, todo };
  return `${escapeJson(JSON.stringify({ error }))}\n${stackOf(failure)}`;
}

function stackOf(failure: Failure): string {
  if (failure.exit !== EXIT.BUG || !(failure.cause instanceof Error)) return '';
  return `${(failure.cause.stack ?? '').split('\n').map(escapeText).join('\n')}\n`;
}

/** A commander program whose errors are thrown to `runMain` instead of printed and exited on. */
export function defineProgram(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
}

/**
 * Runs `main`. It returns when its work is done; its value, if any, becomes the exit code once the event loop
 * is empty. Whatever it throws, and any error that nobody caught, ends the process at once: `exit` handlers
 * still run, so what must be zeroized there is.
 */
export function runMain(main: () => Promise<ExitCode | undefined> | Promise<void>, program?: string): void {
  const name = program ?? basename(process.argv[1] ?? 'coldwire', '.ts');
  const die = (thrown: unknown): void => {
    const failure = classify(thrown);
    if (failure !== null) {
      const json = wantsJson(process.argv.slice(2));
      process.stderr.write(json ? formatFailureJson(failure) : formatFailure(failure, name));
    }
    process.exit(failure?.exit ?? EXIT.DONE);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  main().then((exit) => {
    process.exitCode = exit ?? EXIT.DONE;
  }, die);
}
