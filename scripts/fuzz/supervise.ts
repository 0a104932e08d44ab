/**
 * Runs one campaign in a thread and watches it: a thread whose input does not come back is stopped and that input is the
 * crash, and so is one that runs out of memory. Both end the campaign of this target; the others go on.
 */
import { Worker } from 'node:worker_threads';
import { type CampaignOrder, type CampaignReport, RunningInput } from './channel.ts';
import type { Campaign, FoundCrash } from './engine.ts';

export type Order = Omit<CampaignOrder, 'memory'>;

export interface Watcher {
  /** An input that has worked for so long (ms of its thread's processor time) never comes back; the thread times slow ones. */
  readonly hangMs: number;
  onProgress(campaign: Campaign): void;
  onCrash(crash: FoundCrash): void;
}

const LOOK_MS = 500;
/** One that does not work either, but waits, gets so many times as long by the clock. */
const PATIENCE = 20;
const HEAP_MB = 1024;

async function cpuMs(worker: Worker): Promise<number> {
  const { user, system } = await worker.cpuUsage();
  return (user + system) / 1000;
}

/** Watches one thread to its end. */
class Supervisor {
  readonly #worker: Worker;
  readonly #running: RunningInput;
  readonly #watcher: Watcher;
  readonly #ended = Promise.withResolvers<Campaign>();
  #last: Campaign = { execs: 0, corpus: 0, edges: 0, crashes: 0 };
  #beat = 0;
  #since = { cpu: 0, at: Date.now() };
  #over = false;

  constructor(worker: Worker, running: RunningInput, watcher: Watcher) {
    this.#worker = worker;
    this.#running = running;
    this.#watcher = watcher;
  }

  async watch(): Promise<Campaign> {
    this.#worker.on('message', (report: CampaignReport) => this.#take(report));
    this.#worker.on('error', (error: Error & { readonly code?: string }) => {
      const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      if (outOfMemory) this.#endWith('memory', `needs more than ${HEAP_MB} MiB`);
      else this.#ended.reject(error);
    });
    this.#worker.on('exit', () => this.#ended.reject(new Error('the thread ended without a report')));
    const look = setInterval(() => void this.#look(), LOOK_MS);
    try {
      return await this.#ended.promise;
    } finally {
      this.#over = true;
      clearInterval(look);
      await this.#worker.terminate();
    }
  }

  #take(report: CampaignReport): void {
    if (this.#over) return;
    if (report.kind === 'crash') {
      this.#last = { ...this.#last, crashes: this.#last.crashes + 1 };
      this.#watcher.onCrash(report.crash);
      return;
    }
    this.#last = report.campaign;
    if (report.kind === 'done') this.#ended.resolve(report.campaign);
    else this.#watcher.onProgress(report.campaign);
  }

  async #look(): Promise<void> {
    const cpu = await cpuMs(this.#worker).catch(() => 0);
    const { hangMs } = this.#watcher;
    const beat = this.#running.beat();
    const stands = beat > 0 && beat === this.#beat;
    if (!stands) this.#since = { cpu, at: Date.now() };
    this.#beat = beat;
    const { cpu: before, at } = this.#since;
    if (stands && (cpu - before > hangMs || Date.now() - at > PATIENCE * hangMs))
      this.#endWith('hang', 'does not come back');
  }

  #endWith(kind: 'hang' | 'memory', what: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#watcher.onCrash({ kind, key: kind, what, input: this.#running.get() });
    const { execs, crashes } = this.#last;
    this.#ended.resolve({
      ...this.#last,
      execs: Math.max(execs, this.#running.beat()),
      crashes: crashes + 1,
    });
  }
}

export function supervise(order: Order, watcher: Watcher): Promise<Campaign> {
  const memory = RunningInput.memory();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { ...order, memory },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  return new Supervisor(worker, new RunningInput(memory), watcher).watch();
}
