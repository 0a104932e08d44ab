/**
 * The home gate of an intent: only that one clears it, unless it is silent for the charter's delay.
 * Spec: protocol-spec/13-gate.md, "Home".
 */
import type { Charter } from '@coldwire/protocol';

/** @param id the intent's, 16 bytes @returns the gate's place in the charter */
export function homeGate(charter: Pick<Charter, 'gates'>, id: Uint8Array): number {
  const number = new DataView(id.buffer, id.byteOffset, id.length).getUint32(0);
  return number % charter.gates.length;
}
