/**
 * A program under one plan, tended as an operator does: what has ended is started again, once and without a fault, after its
 * exit code and its last line were judged; what is at a loss and says so is ended and started again.
 */
import { existsSync, readFileSync } from 'node:fs';
import { pause } from '../../world/processes.ts';
import { judgeEnd, KILLS, STOPPED } from './judge.ts';
import { ACCUSED, isDisk, type Plan } from './plan.ts';
import { type Ended, type Process, type Program, startRole } from './role.ts';

/** How long a program may be at a loss after the fault before its operator acts. */
const STALL_MS = 6_000;
/** A node is asked again; the word for `status` is written anew at the next event. */
const HARMLESS = /^rpc |status\.json/;
const PATIENCE_MS = 60_000;

/** Written since it was started again. */
function secondOf(trace: string): string {
  return `${trace}-2`;
}

function readRows(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

function isEffect(row: string): boolean {
  return !row.startsWith(ACCUSED);
}

export class Tended {
  readonly #program: Program;
  readonly #plan: Plan;
  readonly #onRelief: () => void;
  readonly problems: string[] = [];
  #process: Process;
  #starts = 1;
  #served = false;

  /** @param onRelief makes room, or whatever else an operator does before the program starts again */
  constructor(program: Program, plan: Plan, onRelief: () => void = () => undefined) {
    this.#program = program;
    this.#plan = plan;
    this.#onRelief = onRelief;
    this.#process = startRole(program, plan);
  }

  /** One per start. */
  get #traces(): readonly string[] {
    const { trace } = this.#plan;
    return this.#starts === 1 ? [trace] : [trace, secondOf(trace)];
  }

  get process(): Process {
    return this.#process;
  }

  /** Lines `[ !]NTH<TAB>LABEL`, until it first ended. */
  trace(): readonly string[] {
    return readRows(this.#plan.trace).filter(isEffect);
  }

  /** How many effects on disk there were since it was last started. */
  steps(): number {
    const effects = readRows(this.#traces.at(-1) ?? '').filter(isEffect);
    return effects.filter((row) => isDisk(row.slice(row.indexOf('\t') + 1))).length;
  }

  hasFired(): boolean {
    return this.trace().some((row) => row.startsWith('!'));
  }

  /** Until it serves. */
  async serve(): Promise<void> {
    if (await this.#process.ready) this.#served = true;
    else await this.#startAgain(await this.#process.end);
  }

  /** Until `look` finds something; what it throws while the program is away is not said. */
  async until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
    const late = performance.now() + PATIENCE_MS;
    let since: number | undefined;
    for (;;) {
      const found = await Promise.resolve(look()).catch(() => undefined);
      if (found !== undefined) return found;
      const ended = this.#process.ended();
      if (ended !== undefined) {
        this.#judgeStay();
        await this.#startAgain(ended);
      } else if (this.#mayBeAtLoss()) {
        since ??= performance.now();
        if (performance.now() > since + STALL_MS) await this.#relieve();
      }
      if (performance.now() > late) throw new Error(`${what}: not within a minute\n${this.tail()}`);
      await pause(40);
    }
  }

  /** Ended in order; where the fault came in the way, once more. */
  async stop(): Promise<void> {
    for (;;) {
      this.#process.signal('SIGTERM');
      const ended = await this.#process.end;
      if (ended.code === STOPPED[this.#program.role]) break;
      await this.#startAgain(ended);
    }
    const accusations = this.#traces.flatMap(readRows).filter((row) => !isEffect(row));
    this.problems.push(...new Set(accusations.map((row) => row.slice(ACCUSED.length))));
  }

  async kill(): Promise<void> {
    if (this.#process.ended() !== undefined) return;
    this.#process.signal('SIGKILL');
    await this.#process.end;
  }

  tail(): string {
    return this.#process.log().slice(-3_000);
  }

  /** Signers and gates go on through a full disk, once they serve. */
  #judgeStay(): void {
    const isFull = this.#plan.fault?.kind.startsWith('enospc') === true;
    if (isFull && this.#served && this.#starts === 1 && this.#program.role !== 'vault')
      this.problems.push('a full disk has ended it');
  }

  /** Hindered, and not started again yet; who is killed is gone, and the harmless passes by itself. */
  #mayBeAtLoss(): boolean {
    const { fault } = this.#plan;
    const passes = fault === null || KILLS.includes(fault.kind) || HARMLESS.test(fault.label);
    return !passes && this.#starts === 1 && this.hasFired();
  }

  async #relieve(): Promise<void> {
    if (!/"event":"alarm"/.test(this.#process.log()))
      this.problems.push('it is at a loss and raises no alarm');
    this.#process.signal('SIGTERM');
    await this.#startAgain(await this.#process.end);
  }

  async #startAgain(ended: Ended): Promise<void> {
    const { fault, trace } = this.#plan;
    this.problems.push(...judgeEnd(this.#program.role, fault, ended, this.#process.log()));
    if (this.#starts > 1) throw new Error(`it does not stay up after the fault:\n${this.tail()}`);
    this.#starts += 1;
    this.#onRelief();
    this.#process = startRole(this.#program, { ...this.#plan, trace: secondOf(trace), fault: null });
    await this.serve();
  }
}
