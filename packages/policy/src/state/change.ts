/**
 * Changes of the policy state, as the signer journals them: the truth on disk. A closed schema, so that a journal of
 * another version is refused and not misread.
 * Spec: protocol-spec/10-policy.md, "Changes".
 */
import {
  bool,
  bytes,
  decode,
  encode,
  field,
  type Infer,
  list,
  MAX_INPUTS,
  MAX_INTENTS,
  nullable,
  optional,
  type Result,
  SignedCharter,
  sats,
  struct,
  text,
  tuple,
  uint,
  variant,
} from '@coldwire/protocol';
import {
  AskedChange,
  AttestedChange,
  BornChange,
  LatchedChange,
  OrderedChange,
  RestoredChange,
  UnfrozenChange,
} from '../memory/change.ts';

const hash = () => bytes(32);
const u32 = () => uint(0xffffffff);
/** µs of the machine's monotonic running time at which it was decided. */
const uptime = () => uint();

/** txid (internal byte order), vout. */
const OutpointRow = tuple(hash(), u32());

/** Charters that wait at the same time. */
export const PENDING_MAX = 8;

/** A transaction of 400,000 bytes, the most that ADMIT carries, has fewer inputs: each takes 41 bytes. */
const MAX_SPENT = 10_000;

/** The program starts: its running time begins at zero. */
const Boot = struct('Boot', {});

/** New headers, 80 bytes each, in the order in which they join the tree. */
const HeadersChange = struct('HeadersChange', {
  uptime: field(1, uptime()),
  headers: field(2, bytes(80, 12_000)),
});

const AdmittedChange = struct('AdmittedChange', {
  txid: field(1, hash()),
  coinbase: field(2, bool()),
  /** The block of the proof, or null. */
  block: field(3, nullable(hash())),
  /** vout, amount, wallet, chain, index. */
  coins: field(4, list(tuple(u32(), sats(), uint(255), uint(1), u32()), 0, 512)),
  /** Inputs of an unconfirmed transaction; empty with a proof. */
  parents: field(5, list(OutpointRow, 0, MAX_SPENT)),
});

/** A proven transaction spends coins. */
const SpentChange = struct('SpentChange', {
  txid: field(1, hash()),
  block: field(2, hash()),
  outpoints: field(3, list(OutpointRow, 1, MAX_SPENT)),
});

const ApprovedChange = struct('ApprovedChange', {
  uptime: field(1, uptime()),
  txid: field(2, hash()),
  inputs: field(3, list(OutpointRow, 1, MAX_INPUTS)),
  /** Id and hash of each intent seen for the first time. */
  intents: field(4, list(tuple(bytes(16), hash()), 0, MAX_INTENTS)),
  /** Ids of intents that earlier transactions carry too. */
  again: field(5, list(bytes(16), 0, MAX_INTENTS)),
  paid: field(6, sats()),
  /** What the windows are charged. */
  amount: field(7, sats()),
  count: field(8, uint(MAX_INTENTS)),
  fee: field(9, sats()),
  /** Destination, requester and amount of each intent that is charged; absent where no velocity is asked for. */
  charged: optional(10, list(tuple(bytes(1, 42), text(1, 16), sats()), 1, MAX_INTENTS)),
  /** The transaction's whole fee, whatever of it was covered. */
  whole: field(11, sats()),
});

const FrozenChange = struct('FrozenChange', {
  uptime: field(1, uptime()),
  by: field(2, text(1, 32)),
});

/** A charter that follows the newest installed one: exactly as it came, to come in force after so many ticks. */
const InstalledChange = struct('InstalledChange', {
  uptime: field(1, uptime()),
  charter: field(2, SignedCharter),
  ticks: field(3, uint(100_000)),
  /** Hashes of pending charters that it takes back, oldest first. */
  revoked: field(4, list(hash(), 0, PENDING_MAX)),
});

const EnactedChange = struct('EnactedChange', {
  uptime: field(1, uptime()),
  charter: field(2, hash()),
});

/** A requester's destination: its delay runs from here. */
const RegisteredChange = struct('RegisteredChange', {
  uptime: field(1, uptime()),
  requester: field(2, text(1, 16)),
  script: field(3, bytes(1, 42)),
});

/** A tag is never reused. */
export const Change = variant({
  boot: [0, Boot],
  headers: [1, HeadersChange],
  admitted: [2, AdmittedChange],
  spent: [3, SpentChange],
  approved: [4, ApprovedChange],
  frozen: [5, FrozenChange],
  installed: [6, InstalledChange],
  enacted: [7, EnactedChange],
  registered: [16, RegisteredChange],
  asked: [32, AskedChange],
  attested: [33, AttestedChange],
  born: [34, BornChange],
  latched: [35, LatchedChange],
  ordered: [36, OrderedChange],
  unfrozen: [37, UnfrozenChange],
  restored: [38, RestoredChange],
});
export type Change = Infer<typeof Change>;

/** The longest is an admission with as many parents as can be. */
const MAX_CHANGE_BYTES = 1_000_000;

export function encodeChange(change: Change): Uint8Array {
  return encode(Change, change);
}

/** Faults: NONCANONICAL, MALFORMED, TOO_LARGE. */
export function decodeChange(change: Uint8Array): Result<Change> {
  return decode(Change, change, MAX_CHANGE_BYTES);
}
