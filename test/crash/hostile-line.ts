/**
 * A line in an attacker's hands: two pairs of pseudo-terminals with this process between them, which passes bytes on, damages
 * them, holds them back, repeats what it heard before, or talks itself. It knows frames no better than any cable.
 */
import { openPtyPair, openTty, type Port, type PtyPair } from '@coldwire/link';

const BAUD = 115_200;

/** Which end the bytes go to. */
export type Toward = 'vault' | 'signer';
/** What becomes of bytes on their way: pieces to pass on, in order. */
export type Damage = (bytes: Uint8Array, toward: Toward) => readonly Uint8Array[];

export interface HostileLine extends PtyPair {
  damage: Damage;
  /** Adds bytes of its own, as fast as the line takes them. */
  inject(toward: Toward, bytes: Uint8Array): Promise<void>;
  /** What it has heard so far, the newest `RECORDED` bytes each way. */
  recorded(toward: Toward): Uint8Array;
  /** Bytes that it could not pass on, because the end did not read: an attack of its own, never wanted. */
  lost(): number;
}

export const honest: Damage = (bytes) => [bytes];
const RECORDED = 200_000;
const PIECE = 4_096;

/** Left is for the vault, right for the signer, as with any pair. */
export async function openHostileLine(): Promise<HostileLine> {
  const near = await openPtyPair();
  const far = await openPtyPair();
  const ports: Readonly<Record<Toward, Port>> = {
    vault: openTty(near.right, BAUD),
    signer: openTty(far.left, BAUD),
  };
  const heard: Record<Toward, Uint8Array> = { vault: new Uint8Array(0), signer: new Uint8Array(0) };
  let lost = 0;
  const line: HostileLine = {
    left: near.left,
    right: far.right,
    damage: honest,
    async inject(toward, bytes) {
      for (let at = 0; at < bytes.length; ) {
        const piece = bytes.subarray(at, at + PIECE);
        if (ports[toward].pending() === 0 && ports[toward].write(piece)) at += piece.length;
        else await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    recorded: (toward) => heard[toward],
    lost: () => lost,
    async close() {
      await Promise.all([ports.vault.close(), ports.signer.close()]);
      await Promise.all([near.close(), far.close()]);
    },
  };
  const join = (from: Port, toward: Toward): void => {
    from.onBytes((bytes) => {
      heard[toward] = Buffer.concat([heard[toward], bytes]).subarray(-RECORDED);
      for (const piece of line.damage(bytes, toward)) {
        if (!ports[toward].write(piece)) lost += piece.length;
      }
    });
    from.onEnd(() => undefined);
  };
  join(ports.vault, 'signer');
  join(ports.signer, 'vault');
  return line;
}
