/** What can happen to a signer, and what it wants done: the two sides of `decide`. All values, no input or output. */
import type { ApprovedSpend } from '@coldwire/policy';
import {
  DETAIL_MAX,
  decode,
  encode,
  field,
  type Infer,
  literal,
  type MessageType,
  RECORD_MAX,
  type Received,
  type Signed,
  struct,
  text,
} from '@coldwire/protocol';
import type { SignerChange } from './change.ts';

/** µs since the program started, and seconds since 1970 by the machine's clock: read once per event. */
export interface Reading {
  readonly uptime: number;
  readonly time: number;
}

export const LOCAL_EVENTS = [
  'start',
  'program',
  'unlock',
  'lock',
  'waive',
  'disk',
  'freeze',
  'greet',
  'enact',
  'ask',
  'order',
  'realign',
  'join',
] as const;
/** An input that is no message; stands in the evidence log as a `local` record. */
export const LocalEvent = struct('LocalEvent', {
  event: field(1, literal(...LOCAL_EVENTS)),
  /** Of an order: the signed order, base64url. Of a join: the link key, hexadecimal. */
  detail: field(2, text(0, DETAIL_MAX)),
});
export type LocalEvent = Infer<typeof LocalEvent>;

export function encodeLocal(event: LocalEvent): Uint8Array {
  return encode(LocalEvent, event);
}

/** @throws Error if the bytes are not a local event: the log is damaged or of another version */
export function decodeLocal(record: Uint8Array): LocalEvent {
  const event = decode(LocalEvent, record, RECORD_MAX);
  if (!event.ok) throw new Error(`a local record of the evidence log is damaged: ${event.fault.detail}`);
  return event.value;
}

export type SignerEvent =
  | ({ readonly kind: 'message'; readonly received: Received } & Reading)
  /** The signatures that a `sign` effect asked for exist, verified and sealed. */
  | ({ readonly kind: 'signed'; readonly request: Uint8Array; readonly signed: Signed } & Reading)
  | ({ readonly kind: 'local'; readonly local: LocalEvent } & Reading);

/** In this order: journal the changes, then perform the effects. */
export interface Decision {
  readonly changes: readonly SignerChange[];
  readonly effects: readonly Effect[];
}

export type Effect =
  | { readonly kind: 'sign'; readonly request: Uint8Array; readonly spend: ApprovedSpend }
  | {
      readonly kind: 'send';
      readonly type: MessageType;
      readonly request: Uint8Array | null;
      /** Canonical CBOR. */
      readonly body: Uint8Array;
    };
