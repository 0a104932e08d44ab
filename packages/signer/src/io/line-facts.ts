/**
 * Measures the serial line for preflight: who prints on it, who waits on it, who has it open, and how it is set. Judges nothing.
 * Makes no network system call: stty's output goes to a file, because a Node pipe is a socket.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { listNames, readText } from './proc.ts';

/** A serial line or pseudo-terminal. */
export interface LineFacts {
  readonly path: string;
  /** Console names from /proc/consoles, /sys/class/tty and the kernel's command line: "ttyS0". */
  readonly consoles: readonly string[];
  /** What would start a login prompt on it: units of systemd that are enabled or generated, lines of /etc/inittab. */
  readonly gettys: readonly string[];
  /** Other processes that have it open or as their controlling terminal. */
  readonly holders: readonly { readonly pid: number; readonly name: string }[];
  /** Processes whose descriptors this user may not see. */
  readonly unseen: number;
  /** What `stty -a` says. */
  readonly settings: string;
}

const STTY = '/usr/bin/stty';
/** Where systemd keeps what is to be started; generators write into /run for consoles of the kernel's command line. */
const UNITS = ['/etc/systemd/system', '/run/systemd/system', '/run/systemd/generator', '/lib/systemd/system'];

/** @param scratch where a file may be made and removed at once */
export function measureLine(path: string, scratch: string): LineFacts {
  const real = realpathSync(path);
  return {
    path: real,
    consoles: listConsoles(),
    gettys: listGettys(real.replace('/dev/', ''), '/'),
    ...findHolders(real),
    settings: readSettings(real, scratch),
  };
}

function listConsoles(): string[] {
  const registered = readText('/proc/consoles')
    .split('\n')
    .flatMap((line) => line.split(/\s/)[0] ?? []);
  const active = readText('/sys/class/tty/console/active').split(/\s+/);
  const wanted = [...readText('/proc/cmdline').matchAll(/(?:^|\s)console=([^,\s]+)/g)].map(
    (match) => match[1] ?? '',
  );
  return [...new Set([...registered, ...active, ...wanted])].filter((name) => name !== '');
}

/** @param name of the terminal: "ttyS0" @param root where the system's files lie: "/" */
export function listGettys(name: string, root: string): string[] {
  const unit = new RegExp(`^(serial-getty|getty|console-getty|agetty|mgetty)@${escapeName(name)}\\.service$`);
  const found = UNITS.flatMap((directory) =>
    listNames(join(root, directory))
      .filter((entry) => entry.endsWith('.wants') || entry.endsWith('.requires'))
      .flatMap((entry) =>
        listNames(join(root, directory, entry)).map((file) => join(directory, entry, file)),
      ),
  ).filter((path) => unit.test(basename(path)));
  const respawned = readText(join(root, '/etc/inittab'))
    .split('\n')
    .filter((line) => !line.startsWith('#') && line.split(/[\s:/]+/).includes(name));
  return [...found, ...respawned.map((line) => `/etc/inittab: ${line}`)];
}

function escapeName(name: string): string {
  return name.replaceAll('/', '-').replaceAll(/[.*+?^$()[\]{}|\\]/g, '\\$&');
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
