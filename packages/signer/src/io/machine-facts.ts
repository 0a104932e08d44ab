/**
 * Measures the machine for preflight: reads /proc and the process itself, and tries locked memory; host-facts.ts and
 * line-facts.ts measure the rest. Judges nothing (judge-*.ts do).
 */
import { fstatSync, readdirSync, readlinkSync } from 'node:fs';
import { url } from 'node:inspector';
import process from 'node:process';
import { describeProgram } from '@coldwire/program/program-file.ts';
import {
  type ClockFacts,
  type KernelFacts,
  measureClock,
  measureKernel,
  measureState,
  type StateFacts,
} from './host-facts.ts';
import { type LineFacts, measureLine } from './line-facts.ts';
import type { NativeFile, Natives } from './native.ts';
import { readIfAllowed, readText } from './proc.ts';
import { SecureMemory } from './secure-memory.ts';

export type { ClockFacts, KernelFacts, LineFacts, StateFacts };

export interface MachineFacts {
  /** SHA-256 and path of the file that runs, as sha256sum prints them. */
  readonly program: string;
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
  /** The native files as they were compared and loaded. */
  readonly natives: readonly Omit<NativeFile, 'path'>[];
  readonly kernel: KernelFacts;
  readonly clock: ClockFacts;
  readonly state: StateFacts;
}

export type DescriptorKind = 'file' | 'fifo' | 'terminal' | 'null' | 'socket' | 'other';

export interface Descriptor {
  readonly fd: number;
  readonly kind: DescriptorKind;
  readonly target: string;
}

export interface MeasureOptions {
  /** Path of the tty; null for FIFOs and pipes. */
  readonly line: string | null;
  /** The state directory: judged itself, and files are made and removed at once in it. */
  readonly state: string;
}

const PROBE_SIZE = 64 * 1024;
const KIB = 1024;

export function measureMachine(natives: Natives, options: MeasureOptions): MachineFacts {
  return {
    program: describeProgram(),
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
    line: options.line === null ? null : measureLine(options.line, options.state),
    natives: natives.files.map(({ name, version, sha256 }) => ({ name, version, sha256 })),
    kernel: measureKernel(),
    clock: measureClock(options.state),
    state: measureState(options.state),
  };
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
  // Root's alone where the process is not dumpable; process.env shows the same unless it was changed.
  const atStart = readIfAllowed('/proc/self/environ')
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
