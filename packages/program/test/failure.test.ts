import { spawnSync } from 'node:child_process';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../src/exit.ts';
import { classify, Failure } from '../src/failure.ts';
import { formatFailure, formatFailureJson, wantsJson } from '../src/run.ts';

function runProgram(body: string, args: readonly string[] = []) {
  const source = `
    import '@coldwire/program/runtime.ts';
    import { defineProgram, EXIT, Failure, runMain } from '@coldwire/program';
    ${body}`;
  const done = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '-e', source, '--', 'coldwire-test', ...args],
    { encoding: 'utf8', cwd: import.meta.dirname },
  );
  return { exit: done.status, stdout: done.stdout, stderr: done.stderr };
}

const COMMAND = `
  runMain(async () => {
    const program = defineProgram('coldwire-test', 'tests').option('--json').option('--port <n>');
    program.command('go').action(() => undefined);
    await program.parseAsync(process.argv);
  }, 'coldwire-test');`;

describe('a program that fails', () => {
  it('prints one line that says what, where and what to do, and exits with its code', () => {
    const done = runProgram(`runMain(async () => {
      throw new Failure(EXIT.BAD_INPUT, { what: 'the charter is cut short', where: 'charter.cbor', todo: 'Copy it again.' });
    }, 'coldwire-test');`);
    expect(done).toEqual({
      exit: 4,
      stdout: '',
      stderr: 'coldwire-test: the charter is cut short (charter.cbor). Copy it again.\n',
    });
  });

  it('prints one JSON line when asked for JSON', () => {
    const done = runProgram(
      `runMain(async () => { throw new Failure(EXIT.REFUSED, { what: 'w', todo: 't', code: 'FROZEN' }); });`,
      ['--json'],
    );
    expect(done.exit).toBe(3);
    expect(JSON.parse(done.stderr)).toEqual({
      error: { exit: 3, code: 'FROZEN', what: 'w', where: null, todo: 't' },
    });
  });

  it('reports an unknown error as a bug, with its stack', () => {
    const done = runProgram(`runMain(async () => { throw new RangeError('off by one'); }, 'coldwire-test');`);
    expect(done.exit).toBe(1);
    expect(done.stderr).toMatch(
      /^coldwire-test: off by one\. This is a bug\..*\nRangeError: off by one\n +at /,
    );
  });

  it('ends on an error that nobody awaited and on one thrown in a timer', () => {
    const forgotten = runProgram(`runMain(async () => {
      void Promise.reject(new Failure(EXIT.IO, { what: 'w', todo: 't' }));
      await new Promise((done) => setTimeout(done, 60_000));
    });`);
    expect(forgotten.exit).toBe(6);
    const timer = runProgram(`runMain(async () => {
      setTimeout(() => { throw new Error('late'); }, 1);
      await new Promise((done) => setTimeout(done, 60_000));
    });`);
    expect(timer.exit).toBe(1);
  });

  it('runs the exit handlers, where keys are zeroized', () => {
    const done = runProgram(
      `process.on('exit', () => console.log('zeroized')); runMain(async () => { throw new Error('x'); });`,
    );
    expect(done.stdout).toBe('zeroized\n');
  });

  it('names an operating system error by file and gives advice', () => {
    const done = runProgram(`import { readFileSync } from 'node:fs';
      runMain(async () => { readFileSync('/nonexistent/charter.toml'); }, 'coldwire-test');`);
    expect(done.exit).toBe(6);
    expect(done.stderr).toBe(
      'coldwire-test: there is no such file or directory (ENOENT) (open /nonexistent/charter.toml). Check the path.\n',
    );
  });
});

describe('the command line', () => {
  it('makes a wrong option a usage error in one line', () => {
    const done = runProgram(COMMAND, ['--prot', '1']);
    expect(done.exit).toBe(2);
    expect(done.stderr).toMatch(/^coldwire-test: unknown option '--prot'/);
  });

  it('makes a wrong option a usage error in JSON as well', () => {
    const done = runProgram(COMMAND, ['--json', '--prot']);
    expect(done.exit).toBe(2);
    expect(JSON.parse(done.stderr)).toMatchObject({ error: { exit: 2 } });
  });

  it('prints the help and a usage error when the command is missing', () => {
    const done = runProgram(COMMAND);
    expect(done.exit).toBe(2);
    expect(done.stderr).toContain('Usage: coldwire-test');
  });

  it('exits 0 after --help', () => {
    const done = runProgram(COMMAND, ['--help']);
    expect(done.exit).toBe(0);
    expect(done.stdout).toContain('Usage: coldwire-test');
    expect(done.stderr).toBe('');
  });

  it('does not take --json after a double dash for the option', () => {
    expect(wantsJson(['run', '--json'])).toBe(true);
    expect(wantsJson(['run', '--', '--json'])).toBe(false);
  });
});

describe('classify', () => {
  it('keeps a Failure and takes help and version for success', () => {
    const failure = new Failure(EXIT.IO, { what: 'w', todo: 't' });
    expect(classify(failure)).toBe(failure);
    expect(classify(new CommanderError(0, 'commander.version', '1'))).toBeNull();
  });

  it('makes a full disk an I/O failure and an occupied port one of the environment', () => {
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write', path: '/d/journal' });
    expect(classify(full)).toMatchObject({ exit: EXIT.IO, where: 'write /d/journal' });
    const port = { code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port: 18443 };
    expect(classify(Object.assign(new Error('x'), port))).toMatchObject({
      exit: EXIT.ENVIRONMENT,
      where: 'listen 127.0.0.1:18443',
    });
  });

  it('takes a thrown value that is no error for a bug', () => {
    expect(classify('oops')).toMatchObject({ exit: EXIT.BUG, what: 'oops' });
  });
});

describe('an error line', () => {
  it('never carries a terminal escape or a second line from an untrusted text', () => {
    const hostile = new Failure(EXIT.BAD_INPUT, { what: 'a\u001b[2Jb\nc\u202ed', where: 'x\ry', todo: 't' });
    expect(formatFailure(hostile, 'p').trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    const json = formatFailureJson(hostile);
    expect(json.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(JSON.parse(json).error.what).toBe(hostile.what);
  });
});
