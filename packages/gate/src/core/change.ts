/** What a gate's decisions do to its state: the `change` records of its evidence log. A tag is never reused. */
import {
  BODY_MAX,
  bytes,
  decode,
  encode,
  field,
  type Infer,
  list,
  literal,
  MAX_INPUTS,
  MAX_INTENTS,
  name,
  optional,
  RECORD_MAX,
  SignedCharter,
  sats,
  struct,
  text,
  tuple,
  uint,
  variant,
} from '@coldwire/protocol';

const hash = () => bytes(32);

export const GateResult = struct('GateResult', {
  request: field(1, bytes(16)),
  requestHash: field(2, hash()),
  type: field(3, literal('CLEARED', 'REFUSED')),
  body: field(4, bytes(0, BODY_MAX)),
  /** µs of running time. */
  at: field(5, uint()),
});
export type GateResult = Infer<typeof GateResult>;

const Cleared = struct('GateCleared', {
  txid: field(1, hash()),
  inputs: field(2, list(tuple(hash(), uint(0xffffffff)), 1, MAX_INPUTS)),
  fee: field(3, sats()),
  /** Id and hash of each intent. */
  intents: field(4, list(tuple(bytes(16), hash()), 0, MAX_INTENTS)),
  /** What the windows are charged: amount, count, fee. */
  charge: field(5, tuple(sats(), uint(MAX_INTENTS), sats())),
  /** µs of running time. */
  at: field(6, uint()),
  /** sat to intents. */
  paid: field(7, sats()),
  /** Destination, requester and amount of each intent that is charged; absent where no velocity is asked for. */
  payments: optional(8, list(tuple(bytes(1, 42), text(1, 16), sats()), 1, MAX_INTENTS)),
});

export const GateChange = variant({
  start: [0, uint()],
  result: [1, GateResult],
  seen: [2, struct('GateSeen', { intents: field(1, list(bytes(16), 1, MAX_INTENTS)), at: field(2, uint()) })],
  cleared: [3, Cleared],
  /** Can never be mined, by the word of two signers. */
  dead: [4, hash()],
  /** A charter that follows the newest one, exactly as it came; installed and due at these running times. */
  installed: [
    5,
    struct('GateInstalled', {
      charter: field(1, SignedCharter),
      at: field(2, uint()),
      due: field(3, uint()),
      /** Hashes of waiting charters that it takes back. */
      revoked: field(4, list(hash(), 0, 8)),
    }),
  ],
  /** An installed charter is in force. */
  enacted: [6, struct('GateEnacted', { hash: field(1, hash()), at: field(2, uint()) })],
  /** The newest SIGNED of a signer to a vault that was shown. */
  head: [
    16,
    struct('GateHead', {
      signer: field(1, name()),
      vault: field(2, name()),
      seq: field(3, uint()),
      header: field(4, bytes(1, 1024)),
      signature: field(5, bytes(64)),
    }),
  ],
});
export type GateChange = Infer<typeof GateChange>;

export function encodeGateChange(change: GateChange): Uint8Array {
  return encode(GateChange, change);
}

/** @throws Error if the bytes are not a change: the log is damaged or of another version */
export function decodeGateChange(record: Uint8Array): GateChange {
  const change = decode(GateChange, record, RECORD_MAX);
  if (!change.ok) throw new Error(`a change record of the evidence log is damaged: ${change.fault.detail}`);
  return change.value;
}
