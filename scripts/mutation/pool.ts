/** One worker process: asked one thing at a time, ended when it says nothing for too long, started again when needed. */
import { type ChildProcess, fork } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { FromWorker, ToWorker, WorkerSetup } from './protocol.ts';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
const MEMORY_MIB = 1200;

export type Answer = FromWorker | { readonly kind: 'dead'; readonly why: string };

const living = new Set<ChildProcess>();
// A worker in a loop does not hear that its program has ended.
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

export class WorkerProcess {
  readonly #setup: WorkerSetup;
  #child: ChildProcess | undefined;

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
  }

  /**
   * The worker's answer to this message; `dead` if it ended or was ended.
   * @param patience ms of silence that are too many, from the start of this test, or of the job if there is none yet
   */
  ask(message: ToWorker, patience: (test: number | undefined) => number): Promise<Answer> {
    const child = this.#child ?? this.#start();
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const finish = (answer: Answer): void => {
        clearTimeout(timer);
        child.off('message', hear);
        child.off('exit', end);
        resolve(answer);
      };
      const wait = (test: number | undefined): void => {
        clearTimeout(timer);
        timer = setTimeout(() => child.kill('SIGKILL'), patience(test));
      };
      const end = (code: number | null, signal: string | null): void => {
        this.#child = undefined;
        finish({ kind: 'dead', why: signal === 'SIGKILL' ? 'time' : `the process ended: ${signal ?? code}` });
      };
      const hear = (answer: FromWorker): void => {
        if (answer.kind === 'step') wait(answer.test);
        else if (answer.kind !== 'ready') finish(answer);
      };
      child.on('message', hear);
      child.on('exit', end);
      wait(undefined);
      child.send(message);
    });
  }

  stop(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #start(): ChildProcess {
    const child = fork(WORKER, [], {
      execArgv: [
        `--max-old-space-size=${MEMORY_MIB}`,
        '--expose-gc',
        '--disable-warning=ExperimentalWarning',
      ],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    living.add(child);
    child.on('exit', () => living.delete(child));
    child.send(this.#setup);
    this.#child = child;
    return child;
  }
}
