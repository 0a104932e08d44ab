/**
 * Frames out of a byte stream that anything may have damaged. Each frame brings a delimiter of its own on either side,
 * so garbage costs at most the one frame that it touches. What is not a frame is counted by its code and dropped; nothing
 * throws, and at most `MAX_ENCODED` bytes are held. Spec: protocol-spec/2-link.md, "Frames".
 */
import { type Frame, type FrameFaultCode, MAX_ENCODED, parseFrame } from './frame.ts';

/** How often each fault was met since the decoder was made. */
export type FaultCounts = { [code in FrameFaultCode]: number };

export class FrameDecoder {
  readonly faults: FaultCounts = {
    FRAME_CRC: 0,
    MALFORMED: 0,
    NONCANONICAL: 0,
    TOO_LARGE: 0,
    VERSION: 0,
    UNKNOWN_TYPE: 0,
  };
  readonly #held = new Uint8Array(MAX_ENCODED);
  /** Bytes since the last delimiter; more than `MAX_ENCODED` means that they are being dropped. */
  #length = 0;

  /** The frames that these bytes complete, in order. */
  push(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let start = 0;
    while (start < bytes.length) {
      const delimiter = bytes.indexOf(0, start);
      const end = delimiter < 0 ? bytes.length : delimiter;
      this.#hold(bytes, start, end);
      if (delimiter >= 0) this.#finish(frames);
      start = end + 1;
    }
    return frames;
  }

  /** Forgets a half frame. */
  clear(): void {
    this.#length = 0;
  }

  #hold(bytes: Uint8Array, start: number, end: number): void {
    const fits = this.#length + (end - start) <= MAX_ENCODED;
    if (fits) this.#held.set(bytes.subarray(start, end), this.#length);
    this.#length = fits ? this.#length + (end - start) : MAX_ENCODED + 1;
  }

  #finish(frames: Frame[]): void {
    const length = this.#length;
    this.#length = 0;
    if (length === 0) return;
    if (length > MAX_ENCODED) {
      this.faults.TOO_LARGE += 1;
      return;
    }
    const result = parseFrame(this.#held, 0, length);
    if (result.ok) frames.push(result.value);
    else this.faults[result.fault.code] += 1;
  }
}
