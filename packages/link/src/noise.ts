/**
 * Tells how many frames were dropped, by their code: the first at once, then what has come since, once in a while. A line full
 * of noise must be seen by people, and must not fill their disk.
 */
import type { FaultCounts, FrameFaultCode } from '@coldwire/protocol/frame/index.ts';

export type TellNoise = (code: FrameFaultCode, frames: number) => void;

/** ms between two lines about the same noise. */
const EVERY = 10_000;

export class Noise {
  readonly #read: () => FaultCounts;
  readonly #tell: TellNoise;
  #told = 0;
  #before: FaultCounts;
  #timer: NodeJS.Timeout | undefined;

  constructor(read: () => FaultCounts, tell: TellNoise) {
    this.#read = read;
    this.#tell = tell;
    this.#before = read();
  }

  /** Called after bytes have come. */
  look(): void {
    if (this.#timer !== undefined) return;
    const now = this.#read();
    const total = Object.values(now).reduce((sum, count) => sum + count, 0);
    if (total === this.#told) return;
    this.#told = total;
    const before = this.#before;
    this.#before = now;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.look();
    }, EVERY);
    for (const code of CODES) if (now[code] > before[code]) this.#tell(code, now[code] - before[code]);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

const CODES: readonly FrameFaultCode[] = [
  'FRAME_CRC',
  'MALFORMED',
  'NONCANONICAL',
  'TOO_LARGE',
  'VERSION',
  'UNKNOWN_TYPE',
];
