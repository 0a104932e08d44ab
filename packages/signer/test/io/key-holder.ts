/** Starts the key holder program and waits for its steps. Its descriptors are files: Node's own pipes are sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SignJob } from '../../src/io/key-memory.ts';
import type { KeyMaterial } from './key-material.ts';

const PROGRAM = join(import.meta.dirname, 'fixtures', 'key-holder.ts');

export interface HolderWork {
  readonly jobs: readonly SignJob[];
  readonly message: Uint8Array;
  readonly context: Uint8Array;
  readonly plaintext: Uint8Array;
  readonly gates: readonly Uint8Array[];
}

export class KeyHolder {
  readonly directory = mkdtempSync(join(tmpdir(), 'coldwire-holder-'));
  readonly child: ChildProcess;
  readonly ended: Promise<number | string>;

  /** @param wrapper a command that is given the program to run as its arguments */
  constructor(material: KeyMaterial, work: HolderWork, wrapper: readonly string[] = []) {
    writeFileSync(join(this.directory, 'work.json'), describeWork(material, work));
    writeFileSync(join(this.directory, 'block'), material.block, { mode: 0o600 });
    const block = openSync(join(this.directory, 'block'), 'r');
    const output = openSync(join(this.directory, 'output'), 'w');
    const command = [...wrapper, process.execPath, '--disable-sigusr1', PROGRAM, this.directory];
    this.child = spawn(command[0] ?? '', command.slice(1), {
      stdio: [block, output, output],
      env: { PATH: process.env['PATH'] },
    });
    this.ended = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
    closeSync(block);
    closeSync(output);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the key holder did not start');
    return this.child.pid;
  }

  /** Waits until the program has come to `step`. */
  async reach(step: string): Promise<void> {
    for (let i = 0; i < 6_000; i++) {
      if (existsSync(join(this.directory, step))) return;
      if (this.child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`the key holder did not reach "${step}": ${this.output()}`);
  }

  /** Written under another name first: the program must never read half a word. */
  command(word: string): void {
    writeFileSync(join(this.directory, word === 'gone' ? 'gone' : 'command'), word);
  }

  output(): string {
    return readFileSync(join(this.directory, 'output'), 'utf8');
  }

  signatures(): string[] {
    return JSON.parse(readFileSync(join(this.directory, 'results.json'), 'utf8')).signatures;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await this.ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function describeWork(material: KeyMaterial, work: HolderWork): string {
  return JSON.stringify({ ...work, expected: material.expected }, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );
}
