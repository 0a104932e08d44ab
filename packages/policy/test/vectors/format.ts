/**
 * A policy vector: a charter and requests in order. All but the last are carried out; the last has the expected outcome.
 * Spec: protocol-spec/10-policy.md, "Vectors".
 */
import {
  Admit,
  bytes,
  CharterBody,
  Dead,
  decode,
  encode,
  Freeze,
  field,
  Headers,
  hashRequest,
  list,
  MESSAGE_TYPES,
  messageTypeOf,
  Register,
  type Result,
  type Schema,
  SignRequest,
  struct,
  toHex,
  tuple,
  uint,
} from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import {
  acceptHeaders,
  admit,
  applyChange,
  type Change,
  createPolicyState,
  enactDue,
  evaluate,
  freeze,
  installCharter,
  loadCharter,
  type Malformed,
  markDead,
  type PolicyState,
  type Refusal,
  type Refused,
  register,
} from '../../src/index.ts';
import type { World } from '../world.ts';
import { judgeMemory, type VectorEvent } from './memory.ts';

const MAX_BYTES = 64 * 1024;

export const PolicyVector = struct('PolicyVector', {
  charter: field(1, bytes(1, MAX_BYTES)),
  /** Message type, body, real-time clock in seconds, running time in µs. */
  events: field(2, list(tuple(uint(255), bytes(1, MAX_BYTES), uint(), uint()), 1, 128)),
});

export type Outcome = { readonly kind: 'ok'; readonly changes: readonly Change[] } | Refused | Malformed;

function read<T>(schema: Schema<T>, body: Uint8Array): T {
  const decoded: Result<T> = decode(schema, body, MAX_BYTES);
  if (!decoded.ok) throw new Error(decoded.fault.detail);
  return decoded.value;
}

export function judge(state: PolicyState, { type, body, time, uptime }: VectorEvent): Outcome {
  if (type === 'HEADERS') return acceptHeaders(state, read(Headers, body), uptime);
  if (type === 'ADMIT') return admit(state, read(Admit, body));
  if (type === 'REGISTER') return register(state, read(Register, body), uptime);
  if (type === 'DEAD') return markDead(state, read(Dead, body));
  if (type === 'CHARTER') return installCharter(state, read(CharterBody, body).charter, uptime);
  if (type === 'FREEZE' && read(Freeze, body).order === undefined)
    return freeze(state, state.charter.charter.vaults[0]?.name ?? '', uptime);
  const memory = judgeMemory(state, { type, body, time, uptime });
  if (memory !== undefined) return memory;
  if (type !== 'SIGN') throw new Error(`policy does not judge ${type}`);
  const outcome = evaluate(state, read(SignRequest, body), hashRequest(body), time, uptime);
  return outcome.kind === 'approved' ? { kind: 'ok', changes: outcome.changes } : outcome;
}

/** The outcome of the last event. @throws Error if an earlier one is not carried out */
export function replay(vector: Uint8Array): Outcome {
  const { charter, events } = read(PolicyVector, vector);
  const loaded = loadCharter(charter);
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  const state = createPolicyState(loaded.value, noblePointMath);
  let outcome: Outcome = { kind: 'ok', changes: [] };
  let attested = false;
  for (const [number, body, time, uptime] of events) {
    // What an ATTEST finds changes the state also where it is refused.
    if (outcome.kind !== 'ok' && !attested) throw new Error('an earlier event was not carried out');
    const type = number === 0 ? 'START' : messageTypeOf(number);
    if (type === undefined) throw new Error(`no message type has the number ${number}`);
    for (const change of enactDue(state, uptime)) applyChange(state, change);
    outcome = judge(state, { type, body, time, uptime });
    attested = type === 'ATTEST';
    if (outcome.kind === 'ok') for (const change of outcome.changes) applyChange(state, change);
  }
  return outcome;
}

/** `CODE fact=value fact=value`, one line for each refusal. */
export function describe(refusals: readonly Refusal[]): string {
  return refusals
    .map(({ code, facts }) => [code, ...facts.map((fact) => fact.join('='))].join(' '))
    .join('; ');
}

/** The file of a vector whose events are the world's, with one more at the end. */
export function format(
  world: World & { readonly all?: readonly VectorEvent[] },
  rule: string,
  comment: string,
): string {
  const events = (world.all ?? world.events).map(({ type, body, time, uptime }) => {
    return [type === 'START' ? 0 : MESSAGE_TYPES[type].number, body, time, uptime] as const;
  });
  const vector = encode(PolicyVector, { charter: world.loaded.bytes, events });
  const outcome = replay(vector);
  if (outcome.kind === 'malformed') throw new Error(outcome.fault.detail);
  const expected =
    outcome.kind === 'ok' ? 'ok' : [...new Set(outcome.refusals.map(({ code }) => code))].join(' ');
  const facts = outcome.kind === 'ok' ? [] : [`facts: ${describe(outcome.refusals)}`];
  const hex = toHex(vector).match(/.{1,96}/g) ?? [];
  return [`expect: ${expected}`, `rule: ${rule}`, `comment: ${comment}`, ...facts, '', ...hex, ''].join('\n');
}
