/**
 * The charter: network, wallets, every role's public keys, policy, custody and clock, as canonical CBOR.
 * Its hash is what people compare at each machine. Spec: protocol-spec/5-charter.md.
 */
import {
  bytes,
  decode,
  field,
  type Infer,
  list,
  literal,
  nullable,
  type Result,
  sats,
  struct,
  text,
  tuple,
  uint,
} from '../cbor/index.ts';
import { taggedHash } from '../hash.ts';

const name = () => text(1, 16);
const key = () => bytes(32);
const u32 = () => uint(0xffffffff);

export const NETWORKS = ['mainnet', 'testnet4', 'signet', 'regtest'] as const;
export type NetworkName = (typeof NETWORKS)[number];

/** An extended public key of a BIP-48 account, with its origin. */
export const AccountKeyRow = struct('AccountKey', {
  signer: field(1, name()),
  fingerprint: field(2, bytes(4)),
  path: field(3, list(u32(), 1, 8)),
  publicKey: field(4, bytes(33)),
  chainCode: field(5, bytes(32)),
});
export const WalletRow = struct('Wallet', {
  threshold: field(1, literal(2)),
  /** One per signer, in the order of the charter's signers. */
  keys: field(2, list(AccountKeyRow, 3, 3)),
});
export const Member = struct('Member', { name: field(1, name()), key: field(2, key()) });
export type Member = Infer<typeof Member>;
export const GateMember = struct('Gate', {
  name: field(1, name()),
  key: field(2, key()),
  /** X25519: what signers seal to. */
  sealKey: field(3, key()),
});
export type GateMember = Infer<typeof GateMember>;
export const Requester = struct('Requester', {
  name: field(1, name()),
  keys: field(2, list(key(), 1, 4)),
  /** Approvers who can use these keys: their approvals do not count for its intents. */
  people: field(3, list(name(), 0, 16)),
});
export const APPROVER_KEYS = ['ssh-ed25519', 'sk-ssh-ed25519@openssh.com'] as const;
export const ApproverKey = struct('ApproverKey', {
  /** As OpenSSH names it: a key in a file, or one in a security key that asks for a touch. */
  kind: field(1, literal(...APPROVER_KEYS)),
  key: field(2, key()),
  /** What the security key was told to make the key for, such as "ssh:"; empty for a key in a file. */
  application: field(3, text(0, 64)),
});
export type ApproverKey = Infer<typeof ApproverKey>;
export const Approver = struct('Approver', {
  name: field(1, name()),
  keys: field(2, list(ApproverKey, 1, 4)),
});
export type Approver = Infer<typeof Approver>;
export const Custodian = struct('Custodian', {
  name: field(1, text(1, 32)),
  group: field(2, text(1, 32)),
  /** Ed25519, for charters and check-ins. */
  key: field(3, key()),
  /** age recipient of the custodian's share. */
  recipient: field(4, text(1, 128)),
});
export type Custodian = Infer<typeof Custodian>;

export const WindowRow = struct('Window', {
  /** Length in ticks of the header clock, about ten minutes each. */
  ticks: field(1, uint(1_000_000)),
  amount: field(2, sats()),
  count: field(3, uint(1_000_000)),
  fee: field(4, sats()),
});
/** What may go to one destination, or be asked for by one requester, in so many ticks. */
export const VelocityRow = struct('Velocity', {
  per: field(1, literal('destination', 'requester')),
  ticks: field(2, uint(1_000_000)),
  amount: field(3, sats()),
  count: field(4, uint(1_000_000)),
});
/** An intent of more than `above` sat needs so many approvals of these people; the last tier that fits decides. */
export const TierRow = struct('Tier', {
  above: field(1, sats()),
  approvals: field(2, uint(16)),
  approvers: field(3, list(name(), 1, 64)),
});
/** Where money may go: anywhere; where a requester registered it and the delay is over; only to the allow list. */
export const DESTINATIONS = ['any', 'registered', 'listed'] as const;
const destination = () => bytes(1, 42);

export const SCRIPT_TYPES = ['p2pkh', 'p2sh', 'p2wpkh', 'p2wsh', 'p2tr'] as const;

/** Blocks that a requester may be ahead of a signer, under whatever charter. */
export const INTENT_AHEAD_MAX = 100;

export const PolicyRow = struct('Policy', {
  maxInputs: field(1, uint(1024)),
  maxOutputs: field(2, uint(1032)),
  maxIntents: field(3, uint(1024)),
  /** vB, worst case */
  maxVsize: field(4, uint(1_000_000)),
  /** sat paid to intents by one transaction */
  amountPerTransaction: field(5, sats()),
  windows: field(6, list(WindowRow, 1, 4)),
  /** sat */
  feeAbsolute: field(7, sats()),
  /** sat per 1,000 vB of worst-case size */
  feeRate: field(8, uint(1_000_000_000)),
  /** thousandths of what is paid; does not apply to fees up to feeShareFloor (sat) */
  feeShare: field(9, uint(1000)),
  feeShareFloor: field(10, sats()),
  scripts: field(11, list(literal(...SCRIPT_TYPES), 1, 5)),
  /** Change indexes may run this far ahead of the highest one proven mined. */
  changeGap: field(12, uint(10_000)),
  /** Receiving indexes of chain 0 that may be admitted. */
  receiveLimit: field(13, u32()),
  /** blocks */
  intentLife: field(14, uint(100_000)),
  intentAhead: field(15, uint(INTENT_AHEAD_MAX)),
  freezeTicks: field(16, uint(10_000)),
  /** Seconds that an intent's home gate must be silent before another gate clears it. */
  gateDelay: field(17, uint(10_000_000)),
  velocity: field(18, list(VelocityRow, 0, 8)),
  destinations: field(19, literal(...DESTINATIONS)),
  /** Ticks from a destination's registration until it may be paid. */
  destinationTicks: field(20, uint(100_000)),
  /** scriptPubKeys that need no registration, and such as are never paid. */
  allow: field(21, list(destination(), 0, 512)),
  deny: field(22, list(destination(), 0, 512)),
  /** By ascending amount. */
  tiers: field(23, list(TierRow, 0, 8)),
  /** Ticks until a charter that loosens anything is in force. */
  loosenTicks: field(24, uint(100_000)),
});
export type Policy = Infer<typeof PolicyRow>;

export const ClockRow = struct('Clock', {
  /** A block that people compared: on networks with retargeting the first of a period (height divisible by 2,016). */
  checkpointHeight: field(1, u32()),
  checkpoint: field(2, bytes(80)),
  /** Aimed seconds between blocks: 600; test networks may differ. */
  spacing: field(3, uint(600)),
  /** Confirmations after which a transaction counts as buried. */
  burial: field(4, uint(10_000)),
  /** Seconds that the newest header may lag behind the machine's clock. */
  fresh: field(5, uint(10_000_000)),
});

export const CustodyRow = struct('Custody', {
  /** Per signer: the epoch of its key file, how many shares open it, and the hash of each share by custodian. */
  shares: field(
    1,
    list(
      struct('Shares', {
        signer: field(1, name()),
        epoch: field(2, uint()),
        threshold: field(3, uint(16)),
        holders: field(4, list(tuple(text(1, 32), bytes(32)), 2, 16)),
      }),
      3,
      3,
    ),
  ),
});

export const Charter = struct('Charter', {
  version: field(1, literal(1)),
  network: field(2, literal(...NETWORKS)),
  title: field(3, text(1, 64)),
  epoch: field(4, uint()),
  /** Hash of the first charter; null in the first itself. */
  first: field(5, nullable(bytes(32))),
  /** Hash of the charter before; null in the first. */
  previous: field(6, nullable(bytes(32))),
  wallets: field(7, list(WalletRow, 1, 8)),
  vaults: field(8, list(Member, 1, 8)),
  signers: field(9, list(Member, 3, 3)),
  gates: field(10, list(GateMember, 1, 8)),
  screens: field(11, list(Member, 1, 8)),
  requesters: field(12, list(Requester, 1, 32)),
  custodians: field(13, list(Custodian, 2, 64)),
  policy: field(14, PolicyRow),
  custody: field(15, CustodyRow),
  clock: field(16, ClockRow),
  approvers: field(17, list(Approver, 0, 64)),
  /** Custodians who must sign a later charter, the end of a freeze, the return of a machine that lost its memory. */
  quorum: field(18, uint(64)),
});
export type Charter = Infer<typeof Charter>;

/** A charter's exact bytes with the signatures of its custodians, by name. This is the file charter.cbor. */
export const SignedCharter = tuple(bytes(1, 65_536), list(tuple(text(1, 32), bytes(64)), 0, 64));
export type SignedCharter = Infer<typeof SignedCharter>;

export function hashCharter(charter: Uint8Array): Uint8Array {
  return taggedHash('charter', charter);
}

export function decodeCharter(charter: Uint8Array): Result<Charter> {
  return decode(Charter, charter, 65_536);
}
