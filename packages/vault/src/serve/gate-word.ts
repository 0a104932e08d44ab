/** What a gate's refusal of a signed batch means for the other gates. Spec: protocol-spec/13-gate.md, "What the vault asks". */
import { ROOMS } from './room.ts';

/** A gate's words for "a signer is at fault": another pair can help. */
const BLAMES: readonly string[] = ['GATE_SIGNED', 'GATE_SEAL', 'GATE_SCRIPT', 'SIGHASH'];
/** For "not now". */
const WAITS: readonly string[] = [
  'GATE_HOME',
  'AMOUNT_WINDOW',
  'COUNT_WINDOW',
  'FEE_WINDOW',
  'FROZEN',
  'INTERNAL',
];
/** For "this would pay something a second time". */
const TWICE: readonly string[] = ['GATE_CONFLICT', 'INTENT_REUSED'];

/**
 * wait: it may clear the batch later. room: a window of one destination or requester is full, and the others need not wait for it.
 * no: it will not. twice: it will not, and no other gate is asked to, because it may know of a payment that we forgot.
 */
export type GateWord = 'wait' | 'room' | 'no' | 'twice';

/** @param harmless codes of TWICE that are none here: what they name can never be mined beside the batch (conflict.ts) */
export function wordOf(codes: readonly string[], harmless: readonly string[] = []): GateWord {
  if (codes.some((code) => TWICE.includes(code) && !harmless.includes(code))) return 'twice';
  const others = codes.filter((code) => !WAITS.includes(code));
  if (codes.length > 0 && others.length === 0) return 'wait';
  return others.length > 0 && others.every((code) => ROOMS.includes(code)) ? 'room' : 'no';
}

/** Whether a gate means by it no more than "not now". */
export function isNotNow(code: string): boolean {
  return WAITS.includes(code);
}

/** Whether the refusal is about signers and nothing else. */
export function isBlame(codes: readonly string[]): boolean {
  return codes.length > 0 && codes.every((code) => BLAMES.includes(code));
}
