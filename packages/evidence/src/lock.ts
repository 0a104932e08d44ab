/**
 * One process at a time in a state directory: a file `lock` that names the holder's process id. A lock whose holder is
 * gone (crash, power cut) is taken over. Refuses while the holder lives.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { EXIT, Failure } from '@coldwire/program';

/** Takes the lock of `directory` and returns what releases it. */
export function takeLock(directory: string): () => void {
  const path = join(directory, 'lock');
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const fd = openSync(path, 'wx', 0o600);
      writeSync(fd, `${process.pid} ${startOf(process.pid) ?? ''}\n`);
      closeSync(fd);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (!isExisting(error)) throw error;
      const holder = readHolder(path);
      if (holder !== undefined) {
        throw new Failure(EXIT.ENVIRONMENT, {
          what: `another process (${holder}) works in this state directory`,
          where: directory,
          todo: `Stop process ${holder} first, or name another directory.`,
        });
      }
      rmSync(path, { force: true });
    }
  }
  throw new Failure(EXIT.ENVIRONMENT, {
    what: 'two processes compete for this state directory',
    where: directory,
    todo: 'Start only one of them.',
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

/** Start time of a process in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)). */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
