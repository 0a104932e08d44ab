/**
 * Who else has a port open. Two programs on one line take each other's bytes, and Node has neither flock nor TIOCEXCL.
 * So a port is opened first and then every process is looked at: of two that open at once, at least one sees the other.
 * Limit: processes of other users are seen by root only, and none outside of this PID namespace.
 */
import { fstatSync, readdirSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs';

export type Occupant = { readonly pid: number; readonly name: string };

/** The first other process that has the terminal behind `fd` open. */
export function findOccupant(fd: number): Occupant | undefined {
  const port = fstatSync(fd);
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    if (hasOpen(entry, port)) return { pid: Number(entry), name: readName(entry) };
  }
  return undefined;
}

function hasOpen(pid: string, port: Stats): boolean {
  for (const fd of list(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${fd}`;
    if (read(() => readlinkSync(path))?.startsWith('/dev/') !== true) continue;
    const stats = read(() => statSync(path));
    if (stats?.isCharacterDevice() === true && isSame(stats, port)) return !isMaker(pid, port);
  }
  return false;
}

/** Whether a process has the other side of a pseudo-terminal open: socat keeps both, and reads only that one. */
function isMaker(pid: string, port: Stats): boolean {
  if (!isPseudo(port)) return false;
  const minor = (port.rdev & 0xff) | ((port.rdev >> 12) & 0xfff00);
  const index = new RegExp(`^tty-index:\\s+${minor}$`, 'm');
  return list(`/proc/${pid}/fdinfo`).some((fd) => {
    return index.test(read(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')) ?? '');
  });
}

function isPseudo(terminal: Stats): boolean {
  const major = (terminal.rdev >> 8) & 0xfff;
  return major >= 136 && major <= 143;
}

/** Device numbers name a device everywhere, but those of pseudo-terminals only within one mount of /dev/pts. */
function isSame(one: Stats, other: Stats): boolean {
  return one.rdev === other.rdev && (!isPseudo(one) || one.dev === other.dev);
}

function readName(pid: string): string {
  const link = read(() => readlinkSync(`/proc/${pid}/exe`));
  return link?.split('/').at(-1) ?? 'unknown program';
}

function list(folder: string): string[] {
  return read(() => readdirSync(folder)) ?? [];
}

/** `undefined` for what is gone by now or not ours to see. */
function read<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
