/**
 * `npm run test:vault -- [--seed S] [--steps N] [--worlds W] [--json]`: hostile vaults with the real vault's key, each against
 * three signers and two gates as processes of their own. The steps are shared by W worlds at once, of the seeds S, S + 1 and so
 * on. Ends with one JSON line; exits 1 when a promise was broken, and says where everything is kept that shows how.
 *
 * State lies in TMPDIR: about 4 kB a step and world, so 100 MB for a world of 25,000 steps, which is removed before the next
 * one; 130 MB for the bundle and what Node compiles (without room for it programs start from the sources). Where it gets full
 * the run ends with ENOSPC and exit code 1, and every program is stopped: what they make of a full disk is test:crash's business. On a disk in memory, such as /dev/shm, syncs cost nothing and all else is the same.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { RunResult } from '../test/hostile-vault/run.ts';
import { sumResults } from '../test/hostile-vault/sum.ts';
import { RUN_DIRECTORY } from '../test/world/programs.ts';

const USAGE =
  'usage: npm run test:vault -- [--seed S] [--steps N] [--worlds W] [--json], whole numbers, N and W at least 1, W at most 16\n';
const PROCESS = fileURLToPath(new URL('../test/hostile-vault/world-process.ts', import.meta.url));

interface Options {
  readonly seed: number;
  readonly steps: number;
  readonly worlds: number;
  readonly json: boolean;
}

function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string', default: '1' },
        steps: { type: 'string', default: '5000' },
        worlds: { type: 'string', default: '2' },
        json: { type: 'boolean', default: false },
      },
    });
    const numbers = [values.seed, values.steps, values.worlds].every((text) => /^\d{1,9}$/.test(text));
    const [seed, steps, worlds] = [Number(values.seed), Number(values.steps), Number(values.worlds)];
    const isGood = numbers && steps >= 1 && worlds >= 1 && worlds <= 16;
    return isGood ? { seed, steps, worlds, json: values.json } : undefined;
  } catch {
    return undefined;
  }
}

function isResult(message: unknown): message is RunResult {
  return typeof message === 'object' && message !== null && 'violations' in message && 'answers' in message;
}

interface Share {
  readonly results: readonly RunResult[];
  /** Its process did not come to its end. */
  readonly broken: boolean;
}

/** Plays a share of the steps in a process of its own. */
function playWorlds(
  { worlds }: Options,
  seed: number,
  steps: number,
  directory: string,
  stop: AbortController,
): Promise<Share> {
  const child = fork(PROCESS, [`${seed}`, `${steps}`, `${worlds}`], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // The signer's bundle and what Node compiles are made once: programs start in a seventh of the time.
    env: {
      ...process.env,
      [RUN_DIRECTORY]: directory,
      NODE_COMPILE_CACHE: join(directory, 'compiled'),
    },
  });
  const results: RunResult[] = [];
  child.on('message', (message: unknown) => {
    if (!isResult(message)) return;
    results.push(message);
    if (message.violations.length > 0) stop.abort();
  });
  // A process that has said all is about to end, and must not be ended by a signal.
  const hasEnded = (): boolean =>
    results.some(({ violations }) => violations.length > 0) ||
    results.reduce((sum, one) => sum + one.steps, 0) >= steps;
  stop.signal.addEventListener('abort', () => {
    if (!hasEnded()) child.kill('SIGTERM');
  });
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      // Who waits for the others' results has nothing to wait for.
      if (code !== 0) {
        process.stderr.write(`the worlds of seed ${seed} ended by ${signal ?? code}\n`);
        stop.abort();
      }
      resolve({ results, broken: code !== 0 });
    });
  });
}

async function playAll(options: Options, stop: AbortController): Promise<readonly Share[]> {
  const { seed, steps, worlds } = options;
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-run-'));
  try {
    const share = Math.ceil(steps / worlds);
    return await Promise.all(
      Array.from({ length: worlds }, (_, place) => playWorlds(options, seed + place, share, directory, stop)),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const options = readOptions();
if (options === undefined) {
  process.stderr.write(USAGE);
  process.exit(2);
}
// The first signal ends the run with every program stopped; a second one ends this program at once, and the worlds stop by themselves.
const stop = new AbortController();
let isInterrupted = false;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => {
    isInterrupted = true;
    stop.abort();
  });
}
const shares = await playAll(options, stop);
const results = shares.flatMap((share) => share.results);
const isBroken = shares.some(({ broken }) => broken);
const { steps, left, allowed, violations, ...more } = sumResults(results);
for (const { kind, says } of violations) process.stderr.write(`broken (${kind}): ${says}\n`);
for (const { kept } of results) {
  if (kept !== undefined)
    process.stderr.write(
      `all logs and the last requests are in ${kept}; scripts/coldwire-audit replay ${kept}/world/{signer-A,signer-B,signer-C,gate-1.state,gate-2.state} --charter ${kept}/world/charter.cbor reaches every verdict again\n`,
    );
}
if (results === undefined)
  process.stderr.write('a world broke down: that is a fault of this test, see above\n');
/** So many steps without one payment: nothing was put to the test. */
const isIdle = steps >= 1_000 && (more.cleared === 0 || more.goods === 0);
if (isIdle) process.stderr.write('nothing was paid in the whole run, so it shows nothing\n');
if (isInterrupted) process.stderr.write(`stopped after ${steps} of ${options.steps} steps\n`);
if (!options.json) {
  process.stdout.write(
    `${steps} steps (seed ${options.seed}): ${more.payments} payments, ${more.goods} honest ones amid the attack, ${left} sat left with fees, ${allowed} sat were allowed, ${violations.length} promises broken\n`,
  );
} else {
  const line = {
    steps,
    left: Number(left),
    allowed: Number(allowed),
    violations: violations.length,
    seed: options.seed,
    worlds: options.worlds,
    ...more,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
const isGood = !isBroken && violations.length === 0 && !isIdle && !isInterrupted;
process.exitCode = isGood ? 0 : 1;
