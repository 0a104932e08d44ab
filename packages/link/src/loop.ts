/**
 * Whether a line carries every byte value: the proof that settings cannot give, for a port with a loop plug or a peer that
 * echoes. Spec: protocol-spec/2-link.md, "Ports".
 */
import type { Port } from './port.ts';

/** `silent`: not all came back in time. `changed`: the first value that came back as another. */
export type LoopResult =
  | { readonly kind: 'clean' }
  | { readonly kind: 'silent'; readonly came: number }
  | { readonly kind: 'changed'; readonly sent: number; readonly came: number };

/** Writes all 256 values once and compares what comes back. Takes the port's `onBytes`; waits `within` ms at most. */
export function measureLoop(port: Port, within: number): Promise<LoopResult> {
  return new Promise((resolve) => {
    let came = 0;
    const timer = setTimeout(() => resolve({ kind: 'silent', came }), within);
    const finish = (result: LoopResult) => {
      clearTimeout(timer);
      resolve(result);
    };
    port.onBytes((bytes) => {
      for (const byte of bytes) {
        if (came > 255) return;
        if (byte !== came) {
          finish({ kind: 'changed', sent: came, came: byte });
          return;
        }
        came += 1;
      }
      if (came === 256) finish({ kind: 'clean' });
    });
    port.write(Uint8Array.from({ length: 256 }, (_, value) => value));
  });
}
