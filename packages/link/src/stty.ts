/**
 * Terminal settings through `stty`, the only way that Node has. It runs with the port as its standard input and with files
 * for the rest: a pipe to a child would be a socket. Refuses a port that does not keep what was set: one that is not
 * 8-bit clean, echoes, or answers XON and XOFF. Spec: protocol-spec/2-link.md, "Ports".
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Raw, eight bits, one stop bit, no parity, no flow control; nothing sent when a program comes or goes. */
const RAW = [
  'raw',
  'cs8',
  ...['-parenb', '-cstopb', '-crtscts', 'clocal', '-hupcl', 'cread'],
  ...['-echo', '-echoe', '-echok', '-echonl', '-iexten'],
  ...['-ixon', '-ixoff', '-ixany', '-iutf8'],
];

/** What `stty -a` must say of a port that carries all 256 values both ways unchanged. */
const CLEAN = [
  ...['-icanon', '-isig', '-iexten', '-echo', '-echonl', '-opost', 'cs8', '-parenb', '-crtscts'],
  ...['-istrip', '-inlcr', '-igncr', '-icrnl', '-iuclc', '-ixon', '-ixoff', '-ixany', '-parmrk', '-inpck'],
  ...['-ignbrk', '-brkint', 'clocal', 'cread', '-hupcl'],
];

/** @throws Error if `stty` cannot set, or the port does not keep, one of the settings */
export function makeRaw(fd: number, name: string, baud: number | undefined): void {
  const speed = baud === undefined ? [] : [String(baud)];
  const { status, error } = spawnSync('stty', [...speed, ...RAW], { stdio: [fd, 'ignore', 'ignore'] });
  if (error !== undefined)
    throw new Error(`${name}: cannot run stty (Debian package coreutils): ${error.message}`);
  if (status !== 0) {
    throw new Error(
      `${name}: stty cannot set${baud === undefined ? '' : ` ${baud} baud and`} raw mode on it.`,
    );
  }
  const wrong = findUnclean(readSettings(fd, name), baud);
  if (wrong.length > 0)
    throw new Error(`${name} does not keep its settings: ${wrong.join(', ')}. Try another port.`);
}

/** The settings of `CLEAN`, and the speed, that `settings` (words of `stty -a`) lacks. */
export function findUnclean(settings: readonly string[], baud: number | undefined): string[] {
  const wrong = CLEAN.filter((setting) => !settings.includes(setting));
  const at = settings.indexOf('speed');
  if (baud !== undefined && settings[at + 1] !== String(baud)) wrong.push(`speed ${baud}`);
  return wrong;
}

/** The words of `stty -a`. Its output goes through a file without a name, in memory where there is /dev/shm. */
export function readSettings(fd: number, name: string): string[] {
  const file = openNameless(name);
  try {
    const { status } = spawnSync('stty', ['-a'], {
      stdio: [fd, file, 'ignore'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    if (status !== 0) throw new Error(`${name}: stty cannot read its settings.`);
    const text = new Uint8Array(4096);
    const length = readSync(file, text, 0, text.length, 0);
    return new TextDecoder().decode(text.subarray(0, length)).split(/[\s;]+/);
  } finally {
    closeSync(file);
  }
}

/** asm-generic's O_TMPFILE, which Node does not name. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

function openNameless(name: string): number {
  const folders = ['/dev/shm', tmpdir()];
  for (const folder of folders) {
    try {
      return openSync(folder, O_TMPFILE | constants.O_RDWR, 0o600);
    } catch {
      // The next one may be writable.
    }
  }
  throw new Error(
    `${name}: neither ${folders.join(' nor ')} is writable, so its settings cannot be read back.`,
  );
}
