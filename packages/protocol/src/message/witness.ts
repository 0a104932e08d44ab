/**
 * The bodies by which a signer learns whether its own memory is whole: what gates have seen of it, and the orders of people
 * when it is not. Spec: protocol-spec/14-memory.md; coldwire.cddl.
 */
import { bytes, field, type Infer, list, struct, tuple } from '../cbor/index.ts';
import { SignedOrder } from '../order/order.ts';
import { name } from './header.ts';
import { MessageBytes } from './packed.ts';

/** 16 bytes that a signer makes at each start. */
const nonce = () => bytes(16);

/** To a gate: what has it seen of this signer? */
export const Witness = struct('Witness', { signer: field(1, name()), nonce: field(2, nonce()) });
export type Witness = Infer<typeof Witness>;

/** Header and signature of a SIGNED: the signer's own word, so that no gate can make one up. */
export const SeenHead = tuple(bytes(1, 1024), bytes(64));
export type SeenHead = Infer<typeof SeenHead>;

export const Witnessed = struct('Witnessed', {
  signer: field(1, name()),
  nonce: field(2, nonce()),
  /** The newest that the gate has seen, one for each vault. */
  heads: field(3, list(SeenHead, 0, 8)),
});
export type Witnessed = Infer<typeof Witnessed>;

/** To the signer: the WITNESSED messages of gates, whole. */
export const Attest = struct('Attest', { witnessed: field(1, list(MessageBytes, 1, 8)) });
export type Attest = Infer<typeof Attest>;

/** Ends every freeze: a quorum's order. */
export const Unfreeze = struct('Unfreeze', { order: field(1, SignedOrder) });
export type Unfreeze = Infer<typeof Unfreeze>;

/** Takes a signer back that lost its memory: a quorum's order. */
export const Restore = struct('Restore', { order: field(1, SignedOrder) });
export type Restore = Infer<typeof Restore>;
