/**
 * Two pseudo-terminals joined by a relay process, for demos and tests: the code path of a serial port without one. Needs
 * perl-base, which every Debian has. Not for signers: it starts a child with pipes, which Node makes of sockets.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const RELAY = fileURLToPath(new URL('./relay.pl', import.meta.url));

export type PtyPair = {
  /** What one end writes the other reads. */
  readonly left: string;
  readonly right: string;
  /** Ends the relay; both terminals then hang up. It also ends with its parent. */
  close(): Promise<void>;
};

/** @param baud 0: as fast as it goes; else the relay passes that many bits a second each way, ten to a byte */
export async function openPtyPair(options: { readonly baud?: number } = {}): Promise<PtyPair> {
  const relay = spawn('perl', [RELAY, String(options.baud ?? 0)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [left, right] = (await readLine(relay)).split(' ');
  if (left === undefined || right === undefined)
    throw new Error('the pty relay (perl) did not name two terminals.');
  return { left, right, close: () => end(relay) };
}

function readLine(relay: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    relay.once('error', (error) => reject(new Error(`cannot start the pty relay (perl): ${error.message}`)));
    relay.once('exit', (code) => reject(new Error(`the pty relay (perl) ended with code ${code}.`)));
    relay.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('\n')) resolve(text.trim());
    });
  });
}

function end(relay: ChildProcess): Promise<void> {
  if (relay.exitCode !== null || relay.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    relay.once('exit', () => resolve());
    relay.stdin?.end();
  });
}
