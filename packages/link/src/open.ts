/**
 * Opens a line: a serial port, two FIFOs, or the pipes of a shell. Each refusal is one sentence for an operator.
 * Spec: protocol-spec/2-link.md, "Ports".
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { classify, type DescriptorKind, OPEN_FLAGS, openAgain, openDescriptors } from './descriptor.ts';
import { findOccupant } from './occupant.ts';
import type { Port } from './port.ts';
import { makeRaw } from './stty.ts';
import { isErrno } from './writer.ts';

/** Device numbers of the terminals that this process has open. */
const ours = new Set<number>();

/**
 * A serial port, or a pseudo-terminal, at `baud` bits a second, 8N1, without flow control. `stty` runs here, started by
 * fork(2) and execve(2): between the two the child shares the caller's pages, copied by nobody, and this thread waits.
 * @throws Error if there is none, it is no terminal, another program has it open, or it does not keep its settings
 */
export function openTty(path: string, baud: number): Port {
  return openTerminal(openPath(path, constants.O_RDWR), path, baud);
}

/**
 * Two FIFOs: bytes come from `inPath` and go to `outPath`. Both are opened for reading and writing, so that neither side
 * waits for the other to come, and a peer's reboot is no end.
 * @throws Error if one is missing or is no FIFO
 */
export function openFifo(inPath: string, outPath: string): Port {
  const inFd = openPath(inPath, constants.O_RDWR);
  const outFd = openFifoOut(outPath, inFd);
  try {
    for (const [fd, path] of [
      [inFd, inPath],
      [outFd, outPath],
    ] as const) {
      if (classify(fd, path) !== 'pipe')
        throw new Error(`${path} is no FIFO; make one with: mkfifo -m 600 ${path}`);
    }
    const [one, other] = [fstatSync(inFd), fstatSync(outFd)];
    if (one.dev === other.dev && one.ino === other.ino)
      throw new Error(`${inPath} and ${outPath} are the same FIFO.`);
  } catch (error) {
    closeSync(inFd);
    closeSync(outFd);
    throw error;
  }
  return openDescriptors({ name: `FIFOs ${inPath} and ${outPath}`, kind: 'pipe', inFd, outFd });
}

function openFifoOut(path: string, inFd: number): number {
  try {
    return openPath(path, constants.O_RDWR);
  } catch (error) {
    closeSync(inFd);
    throw error;
  }
}

/**
 * Descriptors that a shell has opened: a pipe in and a pipe out, or one terminal for both. The port works on descriptors of
 * its own; these two stay as they are.
 * @throws Error if one is a socket, a file, or not open
 */
export function openStdio(inFd = 0, outFd = 1): Port {
  const kinds: readonly DescriptorKind[] = [
    classify(inFd, `descriptor ${inFd}`),
    classify(outFd, `descriptor ${outFd}`),
  ];
  const name = `descriptors ${inFd} and ${outFd}`;
  if (kinds[0] !== kinds[1])
    throw new Error(`${name} are a terminal and a pipe; give two pipes or one terminal.`);
  if (kinds[0] === 'pipe') {
    const own = openAgain(inFd, constants.O_RDONLY);
    return openDescriptors({ name, kind: 'pipe', inFd: own, outFd: openAgain(outFd, constants.O_WRONLY) });
  }
  if (fstatSync(inFd).rdev !== fstatSync(outFd).rdev) throw new Error(`${name} are two terminals; give one.`);
  return openTerminal(openAgain(inFd, constants.O_RDWR), name, undefined);
}

/** `baud` undefined: the terminal keeps its speed, and other holders of it are not looked for: a shell is one. */
function openTerminal(fd: number, name: string, baud: number | undefined): Port {
  let outFd: number | undefined;
  try {
    if (!isatty(fd)) throw new Error(`${name} is no serial port or terminal.`);
    const { rdev } = fstatSync(fd);
    if (ours.has(rdev)) throw new Error(`${name} is open in this program already.`);
    if (baud !== undefined) refuseOccupied(fd, name);
    makeRaw(fd, name, baud);
    outFd = openAgain(fd, constants.O_WRONLY);
    const port = openDescriptors({ name, kind: 'tty', inFd: fd, outFd, onClosed: () => ours.delete(rdev) });
    ours.add(rdev);
    return port;
  } catch (error) {
    closeSync(fd);
    if (outFd !== undefined) closeSync(outFd);
    throw error;
  }
}

function refuseOccupied(fd: number, name: string): void {
  const occupant = findOccupant(fd);
  if (occupant === undefined) return;
  const { pid, name: program } = occupant;
  throw new Error(`${name} is in use by ${program} (process ${pid}); stop it, or choose another port.`);
}

function openPath(path: string, flags: number): number {
  try {
    return openSync(path, flags | OPEN_FLAGS);
  } catch (error) {
    if (!isErrno(error)) throw error;
    const hint = HINTS.get(error.code ?? '') ?? error.message;
    throw new Error(`cannot open ${path}: ${hint}.`, { cause: error });
  }
}

const HINTS = new Map([
  ['ENOENT', 'there is no such file; check the path and the cable'],
  ['EACCES', 'no permission; add this user to the group of the device (often dialout)'],
  ['EBUSY', 'another program has claimed it for itself; stop that program'],
  ['ENXIO', 'there is no device behind it; check the adapter'],
  ['EIO', 'the device does not answer; check the adapter'],
  ['EISDIR', 'it is a directory'],
]);
