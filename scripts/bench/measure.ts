/** Medians of wall and CPU time. Nothing here asserts: machines differ, ratios within one run do not. */
import { readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import process from 'node:process';

/** µs: as long as people wait, and as long as processors worked (user and kernel, all threads). */
export interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? high) + high) / 2;
}

export function medianCost(costs: readonly Cost[]): Cost {
  return { wall: median(costs.map(({ wall }) => wall)), cpu: median(costs.map(({ cpu }) => cpu)) };
}

export function measureOnce(work: () => void): Cost {
  const cpu = process.cpuUsage();
  const start = performance.now();
  work();
  const wall = (performance.now() - start) * 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: user + system };
}

/** Median cost of `work`; what `prepare` does before each run is not counted. */
export function measureRuns<T>(runs: number, prepare: () => T, work: (prepared: T) => void): Cost {
  const costs: Cost[] = [];
  for (let run = 0; run < runs; run++) {
    const prepared = prepare();
    costs.push(measureOnce(() => work(prepared)));
  }
  return medianCost(costs);
}

export function perItem({ wall, cpu }: Cost, items: number): Cost {
  return { wall: wall / items, cpu: cpu / items };
}

/** µs of processor time that all threads of a process have had (/proc/PID/task/TID/schedstat counts nanoseconds). */
export function processorTime(pid: number | undefined): number {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000;
}
