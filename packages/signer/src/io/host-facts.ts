/**
 * Measures the host for preflight: kernel switches that let memory out, the clock, and the disk under the state directory.
 * Judges nothing.
 */
import { lstatSync, statfsSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { listNames, readIfAllowed, readNumber, readText } from './proc.ts';

export interface KernelFacts {
  /** kernel.yama.ptrace_scope; null where the kernel has no Yama. */
  readonly ptraceScope: number | null;
  /** Whether other processes of this user may look into this one (prctl(2), PR_GET_DUMPABLE). */
  readonly dumpable: boolean;
  /** kernel.sysrq; null where the kernel has no SysRq. */
  readonly sysrq: number | null;
  /** A crash kernel is loaded: a panic writes all memory to a disk. */
  readonly crashKernel: boolean;
  /** init_on_free: freed pages are wiped; null where that cannot be found out. */
  readonly initOnFree: boolean | null;
  /** Effective user. */
  readonly user: number;
}

/** Seconds since 1970. */
export interface ClockFacts {
  readonly now: number;
  /** The battery-backed clock; null where there is none or it may not be read. */
  readonly rtc: number | null;
  /** When this machine last wrote to its evidence log; null before the first start. */
  readonly lastRecord: number | null;
}

export interface StateFacts {
  readonly path: string;
  /** Name of the file system, or its number in hexadecimal. */
  readonly fileSystem: string;
  readonly owner: number;
  readonly mode: number;
  /** Bytes. */
  readonly free: number;
}

/** f_type of statfs(2). */
const FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0xf2f52010, 'f2fs'],
  [0x2fc12fc1, 'zfs'],
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0x794c7630, 'overlay'],
  [0x6969, 'nfs'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x01021997, '9p'],
  [0x65735546, 'fuse'],
  [0x4d44, 'vfat'],
  [0x2011bab0, 'exfat'],
]);

export function measureKernel(): KernelFacts {
  return {
    ptraceScope: readNumber('/proc/sys/kernel/yama/ptrace_scope'),
    // The kernel gives the files of a process that is not dumpable to root (proc(5)).
    dumpable: statSync('/proc/self/stat').uid === process.geteuid?.(),
    sysrq: readNumber('/proc/sys/kernel/sysrq'),
    crashKernel: readNumber('/sys/kernel/kexec_crash_loaded') === 1,
    initOnFree: findInitOnFree(readText('/proc/cmdline'), readIfAllowed(`/boot/config-${release()}`)),
    user: process.geteuid?.() ?? -1,
  };
}

/** The kernel's command line counts before how it was built. */
export function findInitOnFree(commandLine: string, config: string): boolean | null {
  const asked = /(?:^|\s)init_on_free=(\d|on|off|y|n)/.exec(commandLine)?.[1];
  if (asked !== undefined) return ['1', 'on', 'y'].includes(asked);
  if (config === '') return null;
  return config.includes('\nCONFIG_INIT_ON_FREE_DEFAULT_ON=y');
}

export function measureClock(state: string): ClockFacts {
  const segments = listNames(state).filter((name) => name.startsWith('evidence-'));
  const last = segments.sort().at(-1);
  return {
    now: Math.floor(Date.now() / 1000),
    rtc: readNumber('/sys/class/rtc/rtc0/since_epoch'),
    lastRecord: last === undefined ? null : Math.floor(statSync(join(state, last)).mtimeMs / 1000),
  };
}

export function measureState(path: string): StateFacts {
  const { uid, mode } = lstatSync(path);
  const { type, bavail, bsize } = statfsSync(join(path, '.'));
  return {
    path,
    fileSystem: FILE_SYSTEMS.get(type) ?? `0x${type.toString(16)}`,
    owner: uid,
    mode: mode & 0o7777,
    free: bavail * bsize,
  };
}
