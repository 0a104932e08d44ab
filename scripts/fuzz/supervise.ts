/**
 * Runs one campaign in a thread and watches it: a thread whose input does not come back is stopped and that input is the
 * crash, and so is one that runs out of memory. Both end the campaign of this target; the others go on.
 */
import { Worker } from 'node:worker_threads';
import { type CampaignOrder, type CampaignReport, RunningInput } from './channel.ts';
import type { Campaign, FoundCrash } from './engine.ts';

export type Order = Omit<CampaignOrder, 'memory'>;

export interface Watcher {
  /** An input that has not come back after this (ms) never will; slower ones are timed by the thread itself. */
  readonly hangMs: number;
  onProgress(campaign: Campaign): void;
  onCrash(crash: FoundCrash): void;
}

const LOOK_MS = 500;
const HEAP_MB = 1024;

export function supervise(order: Order, watcher: Watcher): Promise<Campaign> {
  const memory = RunningInput.memory();
  const running = new RunningInput(memory);
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { ...order, memory },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  return new Promise((resolve, reject) => {
    let last: Campaign = { execs: 0, corpus: 0, edges: 0, crashes: 0 };
    let beat = running.beat();
    let beatAt = Date.now();
    const look = setInterval(() => {
      if (running.beat() !== beat) {
        beat = running.beat();
        beatAt = Date.now();
      } else if (beat > 0 && Date.now() - beatAt > watcher.hangMs) {
        endWith({ kind: 'hang', key: 'hang', what: `does not come back within ${watcher.hangMs} ms` });
      }
    }, LOOK_MS);
    const finish = (campaign: Campaign): void => {
      clearInterval(look);
      void worker.terminate();
      resolve(campaign);
    };
    const endWith = (crash: Omit<FoundCrash, 'input'>): void => {
      watcher.onCrash({ ...crash, input: running.get() });
      finish({ ...last, execs: Math.max(last.execs, running.beat()), crashes: last.crashes + 1 });
    };
    worker.on('message', (report: CampaignReport) => {
      if (report.kind === 'crash') {
        last = { ...last, crashes: last.crashes + 1 };
        watcher.onCrash(report.crash);
        return;
      }
      last = report.campaign;
      if (report.kind === 'progress') watcher.onProgress(report.campaign);
      else finish(report.campaign);
    });
    worker.on('error', (error: Error & { readonly code?: string }) => {
      const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      if (outOfMemory) {
        endWith({ kind: 'memory', key: 'out of memory', what: `needs more than ${HEAP_MB} MiB` });
        return;
      }
      clearInterval(look);
      reject(error);
    });
  });
}
