/**
 * Runs one input and says what is wrong with it: an error that nobody declared, more than a second of this thread's processor
 * time, or more memory than the target's bound. Both are measured again before they count: compiling and collecting garbage
 * take their share of a first run.
 */
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import type { Target } from './target.ts';

export interface Crash {
  readonly kind: 'error' | 'slow' | 'memory' | 'hang';
  /** Equal for crashes of one cause: kind, first line of the sources, text without numbers. */
  readonly key: string;
  /** For people. */
  readonly what: string;
}

export const SLOW_MS = 1000;
const ALLOCATION = 64 * 1024 * 1024;

/** Bytes on the heap and outside of it that belong to this thread. */
function allocated(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

/** ms of processor time that this thread has used: what others do on the machine does not count. */
function worked(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

interface Measured {
  readonly ms: number;
  readonly bytes: number;
  readonly crash: Crash | undefined;
}

async function measure(target: Target, input: Uint8Array): Promise<Measured> {
  // A copy, so that a target which writes into its input, or keeps it, is found out by the next run and not hidden.
  const own = Uint8Array.from(input);
  const before = allocated();
  const start = worked();
  let crash: Crash | undefined;
  try {
    const running = target.run(own);
    if (running !== undefined) await running;
  } catch (error) {
    crash = describeError(error);
  }
  return { ms: worked() - start, bytes: allocated() - before, crash };
}

export async function judgeInput(target: Target, input: Uint8Array): Promise<Crash | undefined> {
  const bound = target.allocation ?? ALLOCATION;
  const first = await measure(target, input);
  if (first.crash !== undefined) return first.crash;
  if (first.ms <= SLOW_MS && first.bytes <= bound) return undefined;
  const again = [await measure(target, input), await measure(target, input)];
  const ms = Math.min(first.ms, ...again.map((run) => run.ms));
  if (ms > SLOW_MS) return { kind: 'slow', key: 'slow', what: `takes ${Math.round(ms)} ms` };
  const bytes = Math.min(first.bytes, ...again.map((run) => run.bytes));
  if (bytes <= bound) return undefined;
  return { kind: 'memory', key: 'memory', what: `allocates ${bytes} bytes, the bound is ${bound}` };
}

function describeError(error: unknown): Crash {
  if (!(error instanceof Error))
    return { kind: 'error', key: 'thrown value', what: `throws ${typeof error}` };
  const places = (error.stack ?? '').match(/\b(?:packages|test|scripts)\/[^\s()]+:\d+/g) ?? [];
  const place = places.find((one) => !one.includes('fuzz/target.ts')) ?? 'outside';
  const text = error.message.slice(0, 200);
  return {
    kind: 'error',
    key: `${error.name} ${place} ${text.replaceAll(/[0-9a-f]{8,}|\d+/g, '#')}`,
    what: `${error.name}: ${text} (${place})`,
  };
}
