/**
 * The approvals of an intent, counted by the auditor's own code: the tier of a charter, the text that approvers read written anew
 * (addresses by @scure/btc-signer), signatures verified on the auditor's curve. Heights are left to the replay: an auditor's
 * `verify` follows no chain. Spec: protocol-spec/15-approvals.md.
 */
import {
  APPROVAL_NAMESPACE,
  type Approval,
  type Charter,
  type Intent,
  signedBytes,
  toHex,
} from '@coldwire/protocol';
import { Address, NETWORK, OutScript, TEST_NETWORK } from '@scure/btc-signer';
import { verifyStrictly } from '../ed25519.ts';

export interface Approvable {
  readonly intent: Intent;
  /** What its requester signed. */
  readonly hash: Uint8Array;
}

/** How many different people approved, and how many the charter asks for; undefined if it asks for none. */
export interface Count {
  readonly got: number;
  readonly want: number;
}

/**
 * @param first hash of the first charter
 * @param approvals of this intent
 */
export function countApprovals(
  charter: Charter,
  first: Uint8Array,
  subject: Approvable,
  approvals: readonly Approval[],
): Count | undefined {
  const { amount, requester } = subject.intent;
  const [tier] = charter.policy.tiers.filter(({ above }) => above < amount).slice(-1);
  if (tier === undefined) return undefined;
  const own = new Set(charter.requesters.find(({ name }) => name === requester)?.people);
  const people = new Set<string>();
  for (const approval of approvals) {
    const { approver } = approval;
    if (!tier.approvers.includes(approver) || own.has(approver) || people.has(approver)) continue;
    if (holds(charter, first, subject, approval)) people.add(approver);
  }
  return { got: people.size, want: tier.approvals };
}

function holds(charter: Charter, first: Uint8Array, subject: Approvable, approval: Approval): boolean {
  const message = new TextEncoder().encode(textOf(charter, first, subject, approval));
  const keys = charter.approvers.find(({ name }) => name === approval.approver)?.keys ?? [];
  return keys.some((key) => {
    const bytes = signedBytes(APPROVAL_NAMESPACE, message, key, approval.touch);
    return bytes !== undefined && verifyStrictly(key.key, bytes, approval.signature);
  });
}

function textOf(
  { network }: Charter,
  first: Uint8Array,
  { intent, hash }: Approvable,
  { approver, expires }: Approval,
): string {
  const digits = `${intent.amount}`.padStart(9, '0');
  return `coldwire approval v1
network: ${network}
charter: ${toHex(first)}
pay: ${digits.slice(0, -8)}.${digits.slice(-8)} BTC
to: ${addressOf(intent.script, network)}
script: ${toHex(intent.script)}
requester: ${intent.requester}
id: ${toHex(intent.id)}
intent: ${toHex(hash)}
approver: ${approver}
until height: ${expires}
`;
}

const PREFIXES = {
  mainnet: NETWORK,
  testnet4: TEST_NETWORK,
  signet: TEST_NETWORK,
  regtest: { ...TEST_NETWORK, bech32: 'bcrt' },
} as const;

function addressOf(script: Uint8Array, network: Charter['network']): string {
  try {
    return Address(PREFIXES[network]).encode(OutScript.decode(script));
  } catch {
    return 'no address';
  }
}
