/** What a rule sees of one intent, and what it answers. Rules are pure: the history is laid out for them beforehand. */
import type { Intent } from '@coldwire/protocol';
import type { Settings } from '../settings.ts';

export interface Subject {
  readonly intent: Intent;
  readonly address: string;
  /** The requester's cleared amounts in sat, at most the newest thousand, in any order; read when a rule needs them. */
  readonly clearedAmounts: () => readonly bigint[];
  /** Other intents of the requester that came within the span of a burst, cleared or not. */
  readonly recent: number;
  /** Whether money went to this very script before. */
  readonly knownDestination: boolean;
  /** Address of a known destination that looks like this one and is another. */
  readonly lookalike: string | undefined;
  /** Whether the deny list names the destination. */
  readonly denied: boolean;
}

export const SCREEN_CODES = ['SCREEN_AMOUNT', 'SCREEN_BURST', 'SCREEN_LOOKALIKE', 'SCREEN_DENY'] as const;
export type ScreenCode = (typeof SCREEN_CODES)[number];

export interface Finding {
  readonly code: ScreenCode;
  /** The address that a look-alike resembles. */
  readonly like?: string;
}

export type Rule = (subject: Subject, settings: Settings) => Finding | undefined;
