/**
 * Loaded into the real program by Node's `--import`: numbers each of its effects on disk, line and chain node, writes them to
 * a trace, and injects one fault at one of them. Everything else is the program's own and the system's: calls go through to
 * the real ones. Errors of single calls look as libuv makes them; those inside of SQLite are the kernel's own.
 */
import fs from 'node:fs';
import { enableCompileCache, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { ACCUSED, type Fault, isDisk, type Plan, takesSpace } from './plan.ts';

const plan: Plan = JSON.parse(new URL(import.meta.url).searchParams.get('plan') ?? '');
enableCompileCache(join(plan.programs, 'compiled'));
const { watchFiles } = await import('./preload-files.ts');
const { watchDatabase } = await import('./preload-database.ts');
const { watchNode } = await import('./preload-node.ts');

const { openSync, writeSync } = fs;
const traceFile = openSync(plan.trace, 'a');
const counts = new Map<string, number>();
const quietSince = new Map<string, number>();
let diskEffects = 0;
/** What is refused until the program is started again. */
let stays: 'enospc-stays' | 'eio-stays' | undefined;

/** Counts an effect. @returns the fault that is due at it */
function meet(label: string): Fault | undefined {
  if (isDisk(label)) diskEffects += 1;
  // A poll that finds everything as it was is the same effect again.
  else if (label.startsWith('rpc ')) {
    if (quietSince.get(label) === diskEffects) return undefined;
    quietSince.set(label, diskEffects);
  }
  const nth = (counts.get(label) ?? 0) + 1;
  counts.set(label, nth);
  const { fault } = plan;
  const due = fault?.label === label && fault.nth === nth ? fault.kind : undefined;
  writeSync(traceFile, `${due === undefined ? ' ' : '!'}${nth}\t${label}\n`);
  if (due === 'enospc-stays' || due === 'eio-stays') stays = due;
  if (due !== undefined) return due;
  if (stays === 'eio-stays') return isDisk(label) ? stays : undefined;
  return stays !== undefined && takesSpace(label) ? stays : undefined;
}

/** In the trace too: who is killed a moment later has still been seen. */
function accuse(what: string): void {
  writeSync(traceFile, `${ACCUSED}${what}\n`);
}

/** −9, and nothing after it. */
function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('alive after SIGKILL');
}

const watch = { plan, meet, accuse, die };
watchFiles(watch);
if (plan.node !== null) {
  await watchDatabase(watch);
  watchNode(watch, plan.node);
}
syncBuiltinESMExports();
