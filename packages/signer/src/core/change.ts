/**
 * What the signer's decisions do to its state: the records of kind `change` in its evidence log. Folding them in order is
 * the state; nothing else is. Spec: protocol-spec/10-policy.md, "Changes".
 */
import { applyChange, Change as PolicyChange } from '@coldwire/policy';
import {
  BODY_MAX,
  bytes,
  DETAIL_MAX,
  decode,
  encode,
  field,
  type Infer,
  literal,
  type MessageType,
  RECORD_MAX,
  struct,
  text,
  uint,
  variant,
} from '@coldwire/protocol';
import { rememberResult, type SignerState } from './state.ts';

const RESULT_TYPES = [
  'SIGNED',
  'REFUSED',
  'DONE',
  'STATE',
  'DEATH',
] as const satisfies readonly MessageType[];
export type ResultType = (typeof RESULT_TYPES)[number];

/** The result of a request, kept so that the request asked again gives the same body. */
export const Result = struct('Result', {
  request: field(1, bytes(16)),
  requestHash: field(2, bytes(32)),
  type: field(3, literal(...RESULT_TYPES)),
  body: field(4, bytes(0, BODY_MAX)),
});
export type Result = Infer<typeof Result>;

export const NoticeChange = struct('Notice', {
  event: field(1, text(1, 16)),
  detail: field(2, text(0, DETAIL_MAX)),
});

export const SignerChange = variant({
  policy: [0, PolicyChange],
  result: [1, Result],
  /** The program started with this identity once more. */
  session: [2, uint()],
  /** Waits to be told to the vault, and: the oldest that many were told. */
  notice: [3, NoticeChange],
  noticed: [4, uint(1024)],
  /** A link key that the first charter does not give this signer: a later one does, or will. */
  joined: [5, bytes(32)],
});
export type SignerChange = Infer<typeof SignerChange>;

export function encodeChange(change: SignerChange): Uint8Array {
  return encode(SignerChange, change);
}

/** @throws Error if the bytes are not a change: the log is damaged or of another version */
export function decodeChange(record: Uint8Array): SignerChange {
  const change = decode(SignerChange, record, RECORD_MAX);
  if (!change.ok) throw new Error(`a change record of the evidence log is damaged: ${change.fault.detail}`);
  return change.value;
}

/** Performs one change. Mutates `state` and returns it: callers go on with what is returned. */
export function apply(state: SignerState, change: SignerChange): SignerState {
  switch (change.kind) {
    case 'policy':
      applyChange(state.policy, change.value);
      return state;
    case 'result':
      rememberResult(state.results, change.value);
      return state;
    case 'session':
      state.session = change.value;
      return state;
    case 'notice':
      state.notices.push(change.value);
      return state;
    case 'noticed':
      state.notices.splice(0, change.value);
      return state;
    case 'joined':
      state.joined = change.value;
      return state;
  }
}
