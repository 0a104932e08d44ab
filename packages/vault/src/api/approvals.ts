/**
 * Takes approvals in. What no signer would count is refused here at once, so that people hear of it; nothing later trusts
 * that. Spec: protocol-spec/15-approvals.md.
 */
import { type ApprovalCharter, findTier, verifyApproval } from '@coldwire/policy';
import { fromHex, hashIntent, toHex } from '@coldwire/protocol';
import { findWithdrawal, putApproval, type Store, type StoredApproval, tipHeight } from '../queue/index.ts';

/** An approval with the id of its intent, as JSON has it. */
export interface NamedApproval extends StoredApproval {
  readonly intent: Uint8Array;
}

function fieldsOf(value: unknown, ...names: readonly string[]): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fields = new Map(Object.entries(value));
  const whole = fields.size === names.length && names.every((name) => fields.has(name));
  return whole ? Object.fromEntries(fields) : undefined;
}

function bytesOf(value: unknown, length: number): Uint8Array | undefined {
  const form = new RegExp(`^[0-9a-f]{${2 * length}}$`);
  return typeof value === 'string' && form.test(value) ? fromHex(value) : undefined;
}

function numberOf(value: unknown, most: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most
    ? value
    : undefined;
}

/** `{"intent": id, "approver": name, "expires": height, "signature": hex, "touch": null or {"flags", "counter"}}` */
export function readApproval(value: unknown): NamedApproval | undefined {
  const fields = fieldsOf(value, 'intent', 'approver', 'expires', 'signature', 'touch');
  const intent = bytesOf(fields?.['intent'], 16);
  const signature = bytesOf(fields?.['signature'], 64);
  const expires = numberOf(fields?.['expires'], 0xffffffff);
  const approver: unknown = fields?.['approver'];
  if (
    intent === undefined ||
    signature === undefined ||
    expires === undefined ||
    typeof approver !== 'string'
  )
    return undefined;
  if (fields?.['touch'] === null) return { intent, approver, expires, signature, touch: null };
  const touch = fieldsOf(fields?.['touch'], 'flags', 'counter');
  const flags = numberOf(touch?.['flags'], 255);
  const counter = numberOf(touch?.['counter'], 0xffffffff);
  if (flags === undefined || counter === undefined) return undefined;
  return { intent, approver, expires, signature, touch: { flags, counter } };
}

export function approvalJson({ intent, approver, expires, signature, touch }: NamedApproval) {
  return { intent: toHex(intent), approver, expires, signature: toHex(signature), touch };
}

export type Taken =
  | { readonly kind: 'kept' | 'known'; readonly id: Uint8Array }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly detail: string };

export function takeApproval(store: Store, charter: ApprovalCharter, approval: NamedApproval): Taken {
  const withdrawal = findWithdrawal(store, approval.intent);
  if (withdrawal === undefined) return { kind: 'unknown' };
  const { id, intent } = withdrawal;
  const tier = findTier(charter, withdrawal);
  if (tier === undefined) return { kind: 'refused', detail: 'this amount needs no approval' };
  if (!tier.approvers.includes(approval.approver))
    return { kind: 'refused', detail: 'no approver of its tier, or one of the requester’s own people' };
  if (approval.expires < tipHeight(store)) return { kind: 'refused', detail: 'the approval has expired' };
  const subject = { intent: withdrawal, hash: hashIntent(charter.first, intent) };
  if (!verifyApproval(charter, subject, approval))
    return { kind: 'refused', detail: 'the signature is not by this approver over this withdrawal' };
  return { kind: putApproval(store, id, approval) ? 'kept' : 'known', id };
}
