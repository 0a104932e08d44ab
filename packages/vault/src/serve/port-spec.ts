/**
 * A line as people name it: NAME=TTY[@BAUD], or NAME=fifo:IN,OUT. The name is the one in the charter: a message is made for
 * one recipient, so the vault must know who is at the other end before it says anything.
 */
import { openFifo, openTty, type Port } from '@coldwire/link';
import { EXIT, Failure } from '@coldwire/program';

export interface PortSpec {
  readonly name: string;
  /** Bits a second; 0 for FIFOs. */
  readonly baud: number;
  /** @throws Error while it cannot be opened */
  readonly open: () => Port;
}

const DEFAULT_BAUD = 115_200;

/** @param where the flag, for the error text @throws Failure */
export function parsePort(text: string, where: string): PortSpec {
  const [, name, rest] = /^([^=/]{1,16})=(.+)$/.exec(text) ?? [];
  if (name === undefined || rest === undefined) {
    throw new Failure(EXIT.USAGE, {
      what: `${where} ${text} names no line`,
      todo: 'Give NAME=TTY[@BAUD], such as A=/dev/ttyUSB0@115200, or NAME=fifo:IN,OUT.',
    });
  }
  return { name, ...parsePath(rest, where) };
}

/** The part after the name. @throws Failure */
export function parsePath(text: string, where: string): Omit<PortSpec, 'name'> {
  const [, input, output] = /^fifo:([^,]+),([^,]+)$/.exec(text) ?? [];
  if (input !== undefined && output !== undefined) return { baud: 0, open: () => openFifo(input, output) };
  const [, path, speed] = /^(.+?)(?:@(\d{1,8}))?$/.exec(text) ?? [];
  const baud = speed === undefined ? DEFAULT_BAUD : Number(speed);
  if (path === undefined || text.startsWith('fifo:')) {
    throw new Failure(EXIT.USAGE, {
      what: `${where} ${text} names no port`,
      todo: 'Give TTY[@BAUD] or fifo:IN,OUT.',
    });
  }
  return { baud, open: () => openTty(path, baud) };
}
