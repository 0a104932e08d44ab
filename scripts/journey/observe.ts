/**
 * What the machine lets us observe of the signers: network namespaces, system calls (strace), memory. What it does not is
 * null with its reason, never a guess.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { findProgram } from '../oracles/find.ts';

export interface Means {
  /** Command prefix that puts a program into a network namespace of its own; undefined where not allowed. */
  readonly namespace: string | undefined;
  /** Whether strace can be used. */
  readonly strace: string | undefined;
  /** Whether another process's memory can be read. */
  readonly memory: boolean;
  /** Why something cannot be observed, by its name in the summary. */
  readonly notObserved: { readonly [name: string]: string };
}

function works(command: string): boolean {
  return spawnSync('sh', ['-c', command], { stdio: 'ignore' }).status === 0;
}

export function findMeans(): Means {
  const notObserved: { [name: string]: string } = {};
  const namespace = ['unshare -n --', 'unshare -rn --'].find((prefix) => works(`${prefix} true`));
  if (namespace === undefined) {
    notObserved['networkNamespaces'] = 'this machine does not allow network namespaces (unshare -n)';
  }
  const found = findProgram('strace');
  const strace = found !== undefined && works(`${found} -o /dev/null true`) ? found : undefined;
  if (strace === undefined)
    notObserved['networkSyscalls'] = 'strace is not installed or not allowed to trace';
  const memory = process.geteuid?.() === 0 || readScope() === '0';
  if (!memory) notObserved['memory'] = 'only root may read the memory of another process here (ptrace_scope)';
  return { namespace, strace, memory, notObserved };
}

function readScope(): string {
  try {
    return readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim();
  } catch {
    return '0'; // no Yama: the same user may
  }
}

/** Network system calls in a trace of `strace -f -e trace=%network`. */
export function countNetworkCalls(traces: readonly string[]): number {
  return traces
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((line) => line !== '' && !/ (\+\+\+|---) /.test(line)).length;
}

/** Whether a process is in a network namespace other than ours. */
export function inOwnNamespace(pid: number): boolean {
  const read = (id: number | string): string =>
    spawnSync('readlink', [`/proc/${id}/ns/net`]).stdout.toString();
  return read(pid) !== '' && read(pid) !== read(process.pid);
}
