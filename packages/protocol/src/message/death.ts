/**
 * The bodies by which a gate, which follows no chain, learns that a transaction can never be mined: two signers say so.
 * Spec: protocol-spec/10-policy.md, "Dead transactions"; 13-gate.md, "Dead transactions"; coldwire.cddl.
 */
import { bytes, field, type Infer, list, struct, uint } from '../cbor/index.ts';
import { MessageBytes } from './packed.ts';

/** A signer has taken the proof that a transaction is dead, at this height of its tip. */
export const Death = struct('Death', {
  txid: field(1, bytes(32)),
  height: field(2, uint(0xffffffff)),
});
export type Death = Infer<typeof Death>;

/** To a gate: the DEATH messages of two or three signers, whole. */
export const Bury = struct('Bury', {
  txid: field(1, bytes(32)),
  deaths: field(2, list(MessageBytes, 2, 3)),
});
export type Bury = Infer<typeof Bury>;
