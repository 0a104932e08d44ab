/** The thread of one campaign: loads its target instrumented, runs it, reports. An endless loop is ended from outside. */
import { parentPort, workerData } from 'node:worker_threads';
import { type CampaignOrder, type CampaignReport, RunningInput } from './channel.ts';
import { type Campaign, Engine } from './engine.ts';
import { loadInstrumented } from './hooks.ts';
import { judgeInput } from './judge.ts';
import type { Target } from './target.ts';

const order: CampaignOrder = workerData;
const port = parentPort;
if (port === null) throw new Error('this module runs as a thread of scripts/fuzz.ts');
const report = (message: CampaignReport): void => port.postMessage(message);
const running = new RunningInput(order.memory);
const literals = loadInstrumented((url) => order.instrumented.some((prefix) => url.startsWith(prefix)));
const { target }: { target: Target } = await import(order.module);

const PROGRESS_MS = 1000;
/** Between two looks at the clock. */
const RUNS_PER_LOOK = 16;

async function replay(input: Uint8Array): Promise<Campaign> {
  running.put(input);
  const crash = await judgeInput(target, input);
  if (crash !== undefined) report({ kind: 'crash', crash: { ...crash, input } });
  return { execs: 1, corpus: 0, edges: 0, crashes: crash === undefined ? 0 : 1 };
}

function campaign(): Promise<Campaign> {
  let said = Date.now();
  const engine = new Engine(target, {
    seed: order.seed,
    guided: order.guided,
    literals,
    mayRun: (execs) =>
      execs < order.mostExecs && (execs % RUNS_PER_LOOK !== 0 || Date.now() < order.deadline),
    beforeRun: (input) => running.put(input),
    onCrash: (crash) => report({ kind: 'crash', crash }),
    onProgress(so) {
      if (Date.now() - said < PROGRESS_MS) return;
      said = Date.now();
      report({ kind: 'progress', campaign: so });
    },
  });
  return engine.run();
}

report({
  kind: 'done',
  campaign: order.replay === undefined ? await campaign() : await replay(order.replay),
});
