/**
 * Measures the machine for preflight: reads /proc and the process itself, tries locked memory, and asks stty about the
 * line. Judges nothing (preflight.ts does). Makes no network system call: stty's output goes to a file, because a Node
 * pipe is a socket.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { url } from 'node:inspector';
import { join } from 'node:path';
import process from 'node:process';
import type { Natives } from './native.ts';
import { SecureMemory } from './secure-memory.ts';

export interface MachineFacts {
  /** /proc/self/limits "Max core file size": soft and hard, in bytes, or "unlimited". */
  readonly coreLimit: { readonly soft: string; readonly hard: string };
  readonly corePattern: string;
  /** /proc/self/coredump_filter; 0 keeps all memory out of core files. */
  readonly coreFilter: string;
  /** Names of swap areas. */
  readonly swaps: readonly string[];
  /** KiB by which VmLck rose when `wanted` KiB were allocated. */
  readonly locked: { readonly wanted: number; readonly got: number };
  readonly inspectorUrl: string | undefined;
  readonly nodeFlags: readonly string[];
  /** Names only. */
  readonly environment: readonly string[];
  /** Contents of /etc/ld.so.preload. */
  readonly preload: string;
  readonly interfaces: readonly string[];
  /** 0 when nobody traces this process. */
  readonly tracer: number;
  readonly descriptors: readonly Descriptor[];
  readonly line: LineFacts | null;
}

export type DescriptorKind = 'file' | 'fifo' | 'terminal' | 'null' | 'socket' | 'other';

export interface Descriptor {
  readonly fd: number;
  readonly kind: DescriptorKind;
  readonly target: string;
}

/** A serial line or pseudo-terminal. */
export interface LineFacts {
  readonly path: string;
  /** Console names from /proc/consoles and the kernel's command line: "ttyS0". */
  readonly consoles: readonly string[];
  /** Other processes that have it open or as their controlling terminal. */
  readonly holders: readonly { readonly pid: number; readonly name: string }[];
  /** Processes whose descriptors this user may not see. */
  readonly unseen: number;
  /** What `stty -a` says. */
  readonly settings: string;
}

export interface MeasureOptions {
  /** Path of the tty; null for FIFOs and pipes. */
  readonly line: string | null;
  /** Where a file may be made and removed at once. */
  readonly scratch: string;
}

const PROBE_SIZE = 64 * 1024;
const KIB = 1024;
const STTY = '/usr/bin/stty';

export function measureMachine(natives: Natives, options: MeasureOptions): MachineFacts {
  return {
    coreLimit: readLimit('Max core file size'),
    corePattern: readText('/proc/sys/kernel/core_pattern').trim(),
    coreFilter: readText('/proc/self/coredump_filter').trim(),
    swaps: readText('/proc/swaps').split('\n').slice(1).flatMap(firstWord),
    locked: probeLockedMemory(natives),
    inspectorUrl: url(),
    nodeFlags: process.execArgv,
    environment: readEnvironment(),
    preload: readText('/etc/ld.so.preload').trim(),
    interfaces: readText('/proc/self/net/dev')
      .split('\n')
      .flatMap((line) => /^\s*([^:\s]+):/.exec(line)?.[1] ?? []),
    tracer: readStatus('TracerPid'),
    descriptors: listDescriptors(),
    line: options.line === null ? null : measureLine(options.line, options.scratch),
  };
}

/** A missing file is an empty one: /etc/ld.so.preload usually is, and a kernel may lack a feature. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function firstWord(line: string): string[] {
  const word = line.split(/\s/)[0] ?? '';
  return word === '' ? [] : [word];
}

function readLimit(name: string): { soft: string; hard: string } {
  const line = readText('/proc/self/limits')
    .split('\n')
    .find((one) => one.startsWith(name));
  const [soft = 'unknown', hard = 'unknown'] = line?.slice(name.length).trim().split(/\s+/) ?? [];
  return { soft, hard };
}

/** A number from /proc/self/status; NaN when it is not there. */
function readStatus(name: string): number {
  const match = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(readText('/proc/self/status'));
  return Number(match?.[1] ?? Number.NaN);
}

/** sodium_malloc succeeds even where mlock is refused, so what counts is what the kernel says it locked. */
function probeLockedMemory(natives: Natives): { wanted: number; got: number } {
  const memory = new SecureMemory(natives.sodium);
  const before = readStatus('VmLck');
  memory.allocate(PROBE_SIZE);
  const got = readStatus('VmLck') - before;
  memory.zeroize();
  return { wanted: PROBE_SIZE / KIB, got };
}

/** Both what the process was started with and what it has now: a preloaded library can hide itself from either. */
function readEnvironment(): string[] {
  const atStart = readText('/proc/self/environ')
    .split('\0')
    .map((entry) => entry.split('=')[0] ?? '');
  return [...new Set([...atStart, ...Object.keys(process.env)])].filter((name) => name !== '').sort();
}

function listDescriptors(): Descriptor[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    const fd = Number(name);
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      return [{ fd, kind: kindOf(fd, target), target }];
    } catch {
      return []; // the descriptor by which the directory itself was read
    }
  });
}

function kindOf(fd: number, target: string): DescriptorKind {
  const stat = fstatSync(fd);
  if (stat.isSocket()) return 'socket';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isFile() && !target.startsWith('anon_inode:')) return 'file';
  if (!stat.isCharacterDevice()) return 'other';
  if (target === '/dev/null') return 'null';
  return /^\/dev\/(tty|pts\/|console|hvc)/.test(target) ? 'terminal' : 'other';
}

function measureLine(path: string, scratch: string): LineFacts {
  const real = realpathSync(path);
  return {
    path: real,
    consoles: listConsoles(),
    ...findHolders(real),
    settings: readSettings(real, scratch),
  };
}

function listConsoles(): string[] {
  const active = readText('/proc/consoles').split('\n').flatMap(firstWord);
  const wanted = [...readText('/proc/cmdline').matchAll(/(?:^|\s)console=([^,\s]+)/g)].map(
    (match) => match[1] ?? '',
  );
  return [...new Set([...active, ...wanted])];
}

function findHolders(path: string): Pick<LineFacts, 'holders' | 'unseen'> {
  const device = statSync(path).rdev;
  const holders: { pid: number; name: string }[] = [];
  let unseen = 0;
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const found = inspectProcess(pid, path, device);
    if (found === 'unseen') unseen++;
    else if (found !== null) holders.push({ pid, name: found });
  }
  return { holders, unseen };
}

/** The process's name if it holds the line; null if not or if it has ended meanwhile. */
function inspectProcess(pid: number, path: string, device: number): string | null | 'unseen' {
  const stat = readProcess(pid, 'stat');
  if (stat === null) return null;
  const close = stat.lastIndexOf(')');
  const name = stat.slice(stat.indexOf('(') + 1, close);
  // After the name: state, parent, group, session, controlling terminal (proc_pid_stat(5)).
  if (Number(stat.slice(close + 2).split(' ')[4]) === device) return name;
  try {
    const targets = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    return targets.includes(path) ? name : null;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES' ? 'unseen' : null;
  }
}

function readProcess(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return null; // it has ended
  }
}

function readSettings(path: string, scratch: string): string {
  const file = join(scratch, `stty-${process.pid}`);
  const fd = openSync(file, 'wx+', 0o600);
  rmSync(file);
  try {
    spawnSync(STTY, ['-a', '-F', path], { stdio: ['ignore', fd, fd], env: { LC_ALL: 'C' } });
    return readFileSync(`/proc/self/fd/${fd}`, 'latin1');
  } finally {
    closeSync(fd);
  }
}
