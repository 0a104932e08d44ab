/**
 * What a replay needs of a machine's pure core, the same for signers and gates: what it decides, as bytes, and how changes
 * are applied. The cores are the machines' own on purpose: `verify` is the part that shares nothing with them.
 */
import type { MessageType, Received } from '@coldwire/protocol';
import type { Happening } from '../log/local.ts';
import type { LoggedMessage } from '../log/message.ts';

/** The exact readings that a decision was given. */
export interface Reading {
  /** µs since the program started. */
  readonly uptime: number;
  /** Seconds since 1970. */
  readonly time: number;
}

/** A message that a decision asks for. */
export interface Saying {
  readonly kind: 'say';
  readonly type: MessageType;
  readonly request: Uint8Array | null;
  /** Canonical CBOR. */
  readonly body: Uint8Array;
}

/** A decision to sign: what was sealed is not the auditor's to make, so it is taken from SIGNED and held against it. */
export interface Signing {
  readonly kind: 'sign';
  readonly request: Uint8Array;
  /** @param signed body of SIGNED @returns what follows from these signatures, or why they are not of this decision */
  finish(signed: Uint8Array): Decided | string;
}

/** What was answered, and the reading that decided it. */
export interface Answer {
  readonly type: MessageType;
  readonly body: Uint8Array;
  readonly at: Reading;
}

export type Effect = Saying | Signing;

/** Changes are the records that a machine journals. */
export interface Decided {
  readonly changes: readonly Uint8Array[];
  readonly effects: readonly Effect[];
}

/** Cannot be reached again from the logs, for this reason; no finding. */
export class NotReplayable extends Error {}

export interface Core {
  readonly session: number;
  /** @throws NotReplayable; any other error is one that the machine must have met too */
  decideMessage(received: Received, at: Reading): Decided;
  decideLocal(local: Happening, at: Reading): Decided;
  /** What it says first on a connection; undefined if a local event asks for it. */
  decideGreeting(at: Reading): Decided | undefined;
  /** @throws Error if the bytes are no change, or do not fit the state */
  apply(change: Uint8Array): void;
  /** A message that the machine has said: its hash and number are not the rules' to make. */
  noteSaid(message: LoggedMessage): void;
  /** Takes over a verdict that cannot be reached again. */
  adopt(received: Received, answer: Answer): void;
  /** Milliticks as STATE tells them at a reading. */
  tickAt(at: Reading): number;
  /** Sets the tick at which a party's freeze began, where the reading that decided it was not known. */
  moveFreeze(by: string, since: number): void;
  /** Credits running time of which the logs do not tell. @returns whether so much can have been credited */
  advance(milliticks: number): boolean;
  /** Whether everything that is remembered is the same. */
  equals(other: Core): boolean;
}
