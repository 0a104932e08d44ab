/**
 * What a signer was asked whose verdict hangs on the charter: SIGN, REGISTER, and orders of custodians, by message or at the console;
 * and the verdict that its rules give in a state. Spec: protocol-spec/5-charter.md, "Rehearsal".
 */
import {
  type Accepted,
  evaluate,
  type Malformed,
  type PolicyState,
  type Refusal,
  type Refused,
  register,
  takeOrder,
} from '@coldwire/policy';
import {
  BODY_MAX,
  decode,
  Freeze,
  hashRequest,
  type OrderKind,
  Register,
  Restore,
  SIGNED_ORDER_MAX,
  SignedOrder,
  SignRequest,
  Unfreeze,
} from '@coldwire/protocol';
import { requestOf } from '../log/message.ts';
import type { Item } from '../log/transcript.ts';

/** Approved, or every broken rule: `CODE fact=value …`. */
export interface Verdict {
  readonly approved: boolean;
  readonly codes: readonly string[];
  readonly why: readonly string[];
}

/** `request` is empty, and `vault` undefined, for an order at the console. Readings are those that decided. */
export interface Question {
  readonly type: 'SIGN' | 'REGISTER' | 'FREEZE' | 'UNFREEZE' | 'RESTORE' | 'order';
  readonly request: string;
  readonly vault: string | undefined;
  readonly body: Uint8Array;
  readonly time: number;
  readonly uptime: number;
}

/** undefined for what no charter changes the answer of. */
export function readQuestion(item: Item): Question | undefined {
  if (item.kind === 'local' && item.local.event === 'order') {
    const body = new Uint8Array(Buffer.from(item.local.detail, 'base64url'));
    const { time, uptime } = item.entry;
    return { type: 'order', request: '', vault: undefined, body, time, uptime };
  }
  if (item.kind !== 'message' || item.message.way !== 'received') return undefined;
  const { type, header, body, time, uptime } = item.message;
  const request = requestOf(item.message);
  if (request === undefined) return undefined;
  switch (type) {
    case 'SIGN':
    case 'REGISTER':
    case 'FREEZE':
    case 'UNFREEZE':
    case 'RESTORE':
      return { type, request, vault: header.sender, body, time, uptime };
    default:
      return undefined;
  }
}

/** undefined for what is no request that rules could judge. @param self name of the signer */
export function judgeQuestion(policy: PolicyState, self: string, question: Question): Verdict | undefined {
  const { vault } = question;
  if (vault !== undefined && !policy.charter.charter.vaults.some(({ name }) => name === vault))
    return { approved: false, codes: ['WRONG_PEER'], why: [`WRONG_PEER vault=${vault}`] };
  const outcome = decideQuestion(policy, self, question);
  if (outcome === undefined || outcome.kind === 'malformed') return undefined;
  const refusals = outcome.kind === 'refused' ? outcome.refusals : [];
  return {
    approved: refusals.length === 0,
    codes: [...new Set(refusals.map(({ code }) => code))],
    why: [...new Set(refusals.map(describe))],
  };
}

type Outcome = Accepted | { readonly kind: 'approved' } | Refused | Malformed | undefined;

function decideQuestion(policy: PolicyState, self: string, question: Question): Outcome {
  const { type, body, time, uptime } = question;
  const order = (signed: SignedOrder | undefined, kind: OrderKind | undefined): Outcome =>
    signed && takeOrder(policy, self, signed, kind, { time, uptime });
  switch (type) {
    case 'SIGN': {
      const request = decode(SignRequest, body, BODY_MAX);
      return request.ok ? evaluate(policy, request.value, hashRequest(body), time, uptime) : undefined;
    }
    case 'REGISTER': {
      const registration = decode(Register, body, BODY_MAX);
      return registration.ok ? register(policy, registration.value, uptime) : undefined;
    }
    case 'FREEZE': {
      // Without an order it is the vault's own, which every charter allows.
      const freeze = decode(Freeze, body, BODY_MAX);
      return freeze.ok ? order(freeze.value.order, 'freeze') : undefined;
    }
    case 'UNFREEZE': {
      const unfreeze = decode(Unfreeze, body, BODY_MAX);
      return unfreeze.ok ? order(unfreeze.value.order, 'unfreeze') : undefined;
    }
    case 'RESTORE': {
      const restore = decode(Restore, body, BODY_MAX);
      return restore.ok ? order(restore.value.order, 'restore') : undefined;
    }
    case 'order': {
      const signed = decode(SignedOrder, body, SIGNED_ORDER_MAX);
      return signed.ok ? order(signed.value, undefined) : undefined;
    }
  }
}

function describe({ code, facts }: Refusal): string {
  return [code, ...facts.map((fact) => fact.join('='))].join(' ');
}
