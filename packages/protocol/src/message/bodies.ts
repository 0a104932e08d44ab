/**
 * The bodies of all messages as closed schemas: an unknown or missing key is MALFORMED.
 * Spec: protocol-spec/4-messages.md, "Bodies"; coldwire.cddl.
 */

import { Approvals } from '../approval/approval.ts';
import {
  bool,
  bytes,
  field,
  type Infer,
  list,
  nullable,
  optional,
  sats,
  struct,
  text,
  tuple,
  uint,
} from '../cbor/index.ts';
import { SignedCharter } from '../charter/charter.ts';
import { SignedIntent } from '../intent/intent.ts';
import { Verdict } from '../intent/verdict.ts';
import { SignedOrder } from '../order/order.ts';
import { Bury, Death } from './death.ts';
import { name } from './header.ts';
import { MessageBytes } from './packed.ts';
import { Attest, Restore, Unfreeze, Witness, Witnessed } from './witness.ts';

export const MAX_INPUTS = 1024;
export const MAX_INTENTS = 1024;
export const MAX_CHANGE = 8;
/** A transaction above 400,000 weight units is not relayed (Bitcoin Core, MAX_STANDARD_TX_WEIGHT). */
export const MAX_TRANSACTION_BYTES = 400_000;

const height = () => uint(0xffffffff);
const hash = () => bytes(32);

/** A charter that waits for its delay: epoch, hash, and the milliticks that are left here. */
export const PendingRow = tuple(uint(), hash(), uint());
/** Hash of the charter in force; absent while it is the first. */
const charterInForce = () => hash();
/** Oldest first; absent when none waits. */
const pendingCharters = () => list(PendingRow, 1, 8);

/** First message on each connection: what the sender is and how far its header chain goes. */
export const Hello = struct('Hello', {
  software: field(1, text(1, 32)),
  epoch: field(2, uint()),
  tipHeight: field(3, height()),
  tipHash: field(4, hash()),
  frozen: field(5, bool()),
  /** Of a signer that wants every gate's witness since its start; absent once it has them. */
  nonce: optional(6, bytes(16)),
  charter: optional(7, charterInForce()),
  pending: optional(8, pendingCharters()),
});
export type Hello = Infer<typeof Hello>;

export const Status = struct('Status', {});
export type Status = Infer<typeof Status>;

/** One window of the policy as its enforcer sees it: what is charged, and what this machine allows. */
export const WindowUse = struct('WindowUse', {
  ticks: field(1, uint()),
  amount: field(2, sats()),
  amountLimit: field(3, sats()),
  count: field(4, uint()),
  countLimit: field(5, uint()),
  fee: field(6, sats()),
  feeLimit: field(7, sats()),
});
export const State = struct('State', {
  software: field(1, text(1, 32)),
  epoch: field(2, uint()),
  tipHeight: field(3, height()),
  tipHash: field(4, hash()),
  /** Ticks of the header clock, in thousandths. */
  millitick: field(5, uint()),
  frozen: field(6, bool()),
  coins: field(7, uint()),
  windows: field(8, list(WindowUse, 0, 4)),
  charter: optional(9, charterInForce()),
  pending: optional(10, pendingCharters()),
});
export type State = Infer<typeof State>;

/** Block headers in chain order, 80 bytes each, at most 150. */
export const Headers = struct('Headers', { headers: field(1, bytes(80, 12_000)) });
export type Headers = Infer<typeof Headers>;

/** Where a transaction stands in a block: `path` is the sibling hashes from the leaf up, 32 bytes each. */
export const MerkleProof = struct('MerkleProof', {
  block: field(1, hash()),
  position: field(2, uint(0xffffffff)),
  path: field(3, bytes(0, 32 * 32)),
});
export type MerkleProof = Infer<typeof MerkleProof>;

/** Hands a coin's own transaction over once; `proof` is null for a coin that is not yet mined. */
export const Admit = struct('Admit', {
  /** Serialized without witness. */
  transaction: field(1, bytes(10, MAX_TRANSACTION_BYTES)),
  coins: field(
    2,
    list(
      struct('AdmitCoin', {
        vout: field(1, uint(0xffffffff)),
        wallet: field(2, uint(255)),
        chain: field(3, uint(0xffffffff)),
        index: field(4, uint(0xffffffff)),
      }),
      0,
      512,
    ),
  ),
  proof: field(3, nullable(MerkleProof)),
});
export type Admit = Infer<typeof Admit>;

/** An input: txid (internal byte order), vout, amount in sat, wallet, chain, index. */
export const DraftInput = tuple(
  hash(),
  uint(0xffffffff),
  sats(),
  uint(255),
  uint(0xffffffff),
  uint(0xffffffff),
);
/** A change output: wallet, index on chain 1, amount in sat, position among all outputs. */
export const DraftChange = tuple(uint(255), uint(0xffffffff), sats(), uint(MAX_INTENTS + MAX_CHANGE));

/**
 * A transaction as its signers build it: version 2, every sequence fffffffd, outputs = the intents' in order with the
 * change outputs put in at their positions, ascending. Nothing of these can be said differently on the line.
 */
export const Draft = struct('Draft', {
  locktime: field(1, uint(0xffffffff)),
  inputs: field(2, list(DraftInput, 1, MAX_INPUTS)),
  intents: field(3, list(SignedIntent, 0, MAX_INTENTS)),
  change: field(4, list(DraftChange, 0, MAX_CHANGE)),
});
export type Draft = Infer<typeof Draft>;

export const SignRequest = struct('SignRequest', {
  draft: field(1, Draft),
  verdicts: field(2, list(Verdict, 0, 16)),
  /** Absent when there are none. */
  approvals: optional(3, Approvals),
});
export type SignRequest = Infer<typeof SignRequest>;

/** Partial signatures under one content key, wrapped for each gate. protocol-spec/6-sealing.md */
export const Sealed = struct('Sealed', {
  ephemeral: field(1, bytes(32)),
  wraps: field(2, list(tuple(name(), bytes(48)), 1, 8)),
  ciphertext: field(3, bytes(16 + 64, 16 + 64 * MAX_INPUTS)),
});
export type Sealed = Infer<typeof Sealed>;

export const Signed = struct('Signed', {
  /** Tagged hash of the request's canonical body. */
  requestHash: field(1, hash()),
  txid: field(2, hash()),
  /** Tagged hash of the 64-byte signatures in input order: checked against the witness once it is public. */
  commitment: field(3, hash()),
  sealed: field(4, Sealed),
});
export type Signed = Infer<typeof Signed>;

/** A fact of a refusal: its name in codes.json, and its value as plain text. */
export const RefusalFact = tuple(text(1, 16), text(0, 160));
export const RefusalRow = struct('Refusal', {
  code: field(1, text(1, 32)),
  facts: field(2, list(RefusalFact, 0, 8)),
});
export const Refused = struct('Refused', { refusals: field(1, list(RefusalRow, 1, 256)) });
export type Refused = Infer<typeof Refused>;

/** Shows that our transaction `txid` can never be mined: a proven transaction spends one of its inputs. */
export const Dead = struct('Dead', {
  txid: field(1, hash()),
  spender: field(2, bytes(10, MAX_TRANSACTION_BYTES)),
  proof: field(3, MerkleProof),
});
export type Dead = Infer<typeof Dead>;

/** Stops signing; lapses after the charter's ticks. With custodians' orders it is theirs and not the sender's. */
export const Freeze = struct('Freeze', { reason: field(1, text(1, 64)), order: optional(2, SignedOrder) });
export type Freeze = Infer<typeof Freeze>;

/** Hands over a charter that follows the newest one: exactly the file charter.cbor. */
export const CharterBody = struct('CharterBody', { charter: field(1, SignedCharter) });
export type CharterBody = Infer<typeof CharterBody>;

/** Shows a destination that a requester will pay; the charter's delay runs from here. */
export const Register = struct('Register', {
  registration: field(1, bytes(1, 80)),
  signature: field(2, bytes(64)),
});
export type Register = Infer<typeof Register>;

/** A request without a result of its own was carried out. */
export const Done = struct('Done', {});
export type Done = Infer<typeof Done>;

/** What a local event can hold: a signed order, base64url. */
export const DETAIL_MAX = 12_288;

/** Something that happened at the sender's own machine and decides later verdicts. */
export const Notice = struct('Notice', {
  event: field(1, text(1, 16)),
  detail: field(2, text(0, DETAIL_MAX)),
});
export type Notice = Infer<typeof Notice>;

/** A draft with the complete SIGNED messages of two signers, for the final check. */
export const Clear = struct('Clear', {
  /** The canonical body of the SIGN request. */
  request: field(1, bytes(1, 512 * 1024)),
  signed: field(2, list(MessageBytes, 2, 3)),
});
export type Clear = Infer<typeof Clear>;

export const Cleared = struct('Cleared', {
  txid: field(1, hash()),
  /** The final transaction, with witness: ready to broadcast. */
  transaction: field(2, bytes(10, MAX_TRANSACTION_BYTES)),
  /** The content key of each SIGNED used, by signer, so that an auditor can rebuild the sealed bytes. */
  keys: field(3, list(tuple(name(), bytes(32)), 2, 2)),
});
export type Cleared = Infer<typeof Cleared>;

/** The body schema of each message type. */
export const BODIES = {
  HELLO: Hello,
  STATUS: Status,
  STATE: State,
  HEADERS: Headers,
  ADMIT: Admit,
  SIGN: SignRequest,
  SIGNED: Signed,
  REFUSED: Refused,
  DEAD: Dead,
  FREEZE: Freeze,
  UNFREEZE: Unfreeze,
  REGISTER: Register,
  DONE: Done,
  NOTICE: Notice,
  CLEAR: Clear,
  CLEARED: Cleared,
  CHARTER: CharterBody,
  WITNESS: Witness,
  WITNESSED: Witnessed,
  ATTEST: Attest,
  RESTORE: Restore,
  DEATH: Death,
  BURY: Bury,
} as const;
