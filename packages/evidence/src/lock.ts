/**
 * One process at a time in a state directory: a file `lock` that names the holder's process id. A lock whose holder is
 * gone (crash, power cut) is taken over. Refuses while the holder lives.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { EXIT, Failure } from '@coldwire/program';

/** Takes the lock of `directory` and returns what releases it. */
export function takeLock(directory: string): () => void {
  const path = join(directory, 'lock');
  // Written apart and linked in: no other process ever sees a lock that does not name its holder yet.
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, `${process.pid} ${startOf(process.pid) ?? ''}\n`, { mode: 0o600 });
  try {
    if (!linkNew(mine, path)) {
      clearStale(directory, path);
      if (!linkNew(mine, path)) refuse(directory, readHolder(path));
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(path, { force: true });
}

/** False: there is one already. */
function linkNew(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isExisting(error)) return false;
    throw error;
  }
}

/** Takes a lock without a living holder away; of several processes that do so, none takes the lock of another. */
function clearStale(directory: string, path: string): void {
  const holder = readHolder(path);
  if (holder !== undefined) refuse(directory, holder);
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return; // another process was faster
  }
  const moved = readHolder(aside);
  // Between the look and the move somebody took it over: it is put back.
  if (moved !== undefined) linkNew(aside, path);
  rmSync(aside, { force: true });
  if (moved !== undefined) refuse(directory, moved);
}

function refuse(directory: string, holder: number | undefined): never {
  throw new Failure(EXIT.ENVIRONMENT, {
    what: `another process${holder === undefined ? '' : ` (${holder})`} works in this state directory`,
    where: directory,
    todo: `Stop ${holder === undefined ? 'it' : `process ${holder}`} first, or name another directory.`,
  });
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

/** The living holder's process id. A recycled id is told by its start time. */
function readHolder(path: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const [pid, start] = text.trim().split(' ');
  const id = Number(pid);
  return Number.isSafeInteger(id) && id > 0 && startOf(id) !== undefined && startOf(id) === start
    ? id
    : undefined;
}

/**
 * Start time of a living process in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)). One that is dead and only
 * waits for its parent to notice (state Z or X) writes no more: in a container without an init it would wait for ever.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
