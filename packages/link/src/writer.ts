/**
 * Writes to a file descriptor that does not block. On EAGAIN it tries again a little later: libuv's own streams either
 * deadlock on a tty or ask for a shutdown, which is a network call. Refuses more than `PENDING_MAX`.
 */
import { writeSync } from 'node:fs';
import { PENDING_MAX } from './port.ts';

/** Pauses between tries, in ms: short first, since a pty has room again at once; a UART needs a few. */
const PAUSE_MIN = 1;
const PAUSE_MAX = 8;
const CLOSE_WAIT = 1_000;

export class Writer {
  readonly #fd: number;
  readonly #onError: (error: Error) => void;
  onDrain: () => void = () => {};
  #queue: Uint8Array[] = [];
  #pending = 0;
  #timer: NodeJS.Timeout | undefined;
  #pause = PAUSE_MIN;
  #stopped = false;

  constructor(fd: number, onError: (error: Error) => void) {
    this.#fd = fd;
    this.#onError = onError;
  }

  get pending(): number {
    return this.#pending;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#stopped || this.#pending + bytes.length > PENDING_MAX) return false;
    // The caller's array is its own again when this returns.
    this.#queue.push(bytes.slice());
    this.#pending += bytes.length;
    if (this.#timer === undefined) this.#flush();
    return true;
  }

  /** Waits until all is written, the line fails, or a second has passed. Nothing is written later. */
  async finish(): Promise<void> {
    const end = performance.now() + CLOSE_WAIT;
    while (this.#pending > 0 && !this.#stopped && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MIN));
    }
    this.stop();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue = [];
    this.#pending = 0;
  }

  #flush(): void {
    this.#timer = undefined;
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const written = this.#try(head);
      if (written === undefined) return;
      if (written > 0) this.#pause = PAUSE_MIN;
      this.#pending -= written;
      if (written === head.length) this.#queue.shift();
      else {
        this.#queue[0] = head.subarray(written);
        this.#timer = setTimeout(() => this.#flush(), this.#pause);
        this.#pause = Math.min(PAUSE_MAX, this.#pause * 2);
        return;
      }
    }
    this.onDrain();
  }

  /** How many bytes the line took, 0 when it takes none now; `undefined` when it is gone. */
  #try(bytes: Uint8Array): number | undefined {
    try {
      return writeSync(this.#fd, bytes);
    } catch (error) {
      if (isErrno(error) && (error.code === 'EAGAIN' || error.code === 'EINTR')) return 0;
      this.stop();
      this.#onError(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }
}

export function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}
