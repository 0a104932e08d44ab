/**
 * An order: what custodians tell signers over the vault's head or at the machine: freeze, end a freeze, take a signer back
 * that lost its memory. It is bytes that any number of custodians sign; who carries it makes no difference.
 * Spec: protocol-spec/14-memory.md, "Orders".
 */
import {
  bytes,
  field,
  type Infer,
  list,
  literal,
  nullable,
  optional,
  struct,
  text,
  tuple,
  uint,
} from '../cbor/index.ts';
import { taggedHash } from '../hash.ts';
import { name } from '../message/header.ts';

export const ORDER_KINDS = ['freeze', 'unfreeze', 'restore'] as const;
export type OrderKind = (typeof ORDER_KINDS)[number];

export const Order = struct('Order', {
  kind: field(1, literal(...ORDER_KINDS)),
  /** Hash of the first charter. */
  first: field(2, bytes(32)),
  /** The signer that it is for; null: each of them. */
  signer: field(3, nullable(name())),
  /** Drawn for each order; of a restore: the nonce that the signer asked for witnesses with since its start. */
  id: field(4, bytes(16)),
  /** Height of the chain after which nobody takes it any more. */
  expires: field(5, uint(0xffffffff)),
  /** Of a restore only: height of the chain now. Intents that were created before are not for this signer any more. */
  height: optional(6, uint(0xffffffff)),
});
export type Order = Infer<typeof Order>;

/** The exact bytes that were signed, and each custodian's Ed25519 signature over their hash. */
export const SignedOrder = tuple(bytes(1, 160), list(tuple(text(1, 32), bytes(64)), 1, 64));
export type SignedOrder = Infer<typeof SignedOrder>;

/** A signed order of as many custodians as a charter can have. */
export const SIGNED_ORDER_MAX = 8_192;

export function hashOrder(order: Uint8Array): Uint8Array {
  return taggedHash('order', order);
}
