/**
 * One process of a run: plays worlds of its own, one after the other, and sends each one's result to the process that forked it.
 * Ends after the move that is under way, with every program stopped, on a signal or when that process is gone.
 */
import { runHostileVault } from './run.ts';

/** A world is left after so many steps: logs and what starts read of them grow with it, and so do the chain and its pruning. */
const WORLD_STEPS = 25_000;

const [, , seedText, stepsText, everyText] = process.argv;
const [seed, steps, every] = [Number(seedText), Number(stepsText), Number(everyText)];
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
process.on('disconnect', () => stop.abort());

for (let round = 0, left = steps; left > 0 && !stop.signal.aborted; round += 1) {
  const own = seed + round * every;
  const result = await runHostileVault({
    seed: own,
    steps: Math.min(left, WORLD_STEPS),
    signal: stop.signal,
    tell: (line) => process.stderr.write(`seed ${own}: ${line}\n`),
  });
  left -= result.steps;
  process.send?.(result);
  if (result.violations.length > 0) break;
}
process.disconnect();
