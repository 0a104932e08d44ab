/**
 * A port: bytes in, bytes out, over a serial line, FIFOs or pipes. It never blocks, never makes a socket, and holds at most
 * `PENDING_MAX` bytes that the line does not take yet: a write beyond them is dropped whole, as a noisy line would, and the
 * link sends it again. Spec: protocol-spec/2-link.md, "Ports".
 */

/** Most bytes that a port holds for a line that does not take them. */
export const PENDING_MAX = 64 * 1024;

export interface Port {
  /** What people know the port by, for error texts and logs: kind and path. */
  describe(): string;
  /** The one reader. The array is its own to keep. */
  onBytes(take: (bytes: Uint8Array) => void): void;
  /** Called once when the line is gone, with the reason if it is not an orderly end. Not called by `close`. */
  onEnd(take: (error: Error | undefined) => void): void;
  /** Called whenever `pending` has come back to 0. */
  onDrain(take: () => void): void;
  /** `false`: dropped, since too much is pending or the line is gone. */
  write(bytes: Uint8Array): boolean;
  /** Bytes taken by `write` and not yet by the line. */
  pending(): number;
  /** Gives the line up to a second for what is pending, then lets go of it. The second call waits for the first. */
  close(): Promise<void>;
}
