/**
 * A screen's decision over the intents of one question. Pure but for the history, which it reads and extends; the
 * caller makes that durable before the verdict leaves.
 * An intent that was decided before keeps its decision and is not counted again; an operator's release clears it.
 */
import {
  decodeIntent,
  type Ed25519Signer,
  equalBytes,
  hashIntent,
  hashVerdict,
  type Intent,
  type SignedIntent,
  toHex,
  verifyEd25519,
} from '@coldwire/protocol';
import { addressOf, lookOf } from './address.ts';
import type { Answer, Held, Question } from './question.ts';
import type { Roster } from './roster.ts';
import { applyRules, type ScreenCode } from './rules/index.ts';
import type { Settings } from './settings.ts';

/** A decision that stands. `released`: an operator cleared what had been held. */
export interface Decision {
  readonly hash: Uint8Array;
  readonly codes: readonly string[];
  readonly released: boolean;
}

export interface NewDecision {
  readonly intent: Intent;
  readonly hash: Uint8Array;
  readonly address: string;
  readonly look: string;
  readonly codes: readonly ScreenCode[];
}

/** What the screen remembers. Every answer includes what was recorded a moment ago. */
export interface History {
  find(id: Uint8Array): Decision | undefined;
  clearedAmounts(requester: string, most: number): readonly bigint[];
  /** Intents of the requester recorded within the last `seconds`. */
  countRecent(requester: string, seconds: number): number;
  isKnown(script: Uint8Array): boolean;
  /** The address of a cleared destination with this look and another script. */
  findLookalike(look: string, script: Uint8Array): string | undefined;
  record(decision: NewDecision): void;
}

export interface Judge {
  readonly roster: Roster;
  readonly settings: Settings;
  readonly history: History;
  isDenied(address: string, script: Uint8Array): boolean;
}

const BASELINE = 1000;

/** The codes that hold the intent; none when it is cleared. */
function decideOne(
  judge: Judge,
  [bytes, signature]: SignedIntent,
): { codes: readonly string[]; hash: Uint8Array } {
  const { roster, history } = judge;
  const hash = hashIntent(roster.first, bytes);
  const decoded = decodeIntent(bytes);
  if (!decoded.ok) return { hash, codes: [decoded.fault.code] };
  const intent = decoded.value;
  const keys = roster.requesters.get(intent.requester) ?? [];
  // Unsigned intents leave no trace: nobody but a requester can fill its history.
  if (!keys.some((key) => verifyEd25519(key, hash, signature))) return { hash, codes: ['INTENT_SIGNATURE'] };
  const before = history.find(intent.id);
  if (before !== undefined) {
    if (!equalBytes(before.hash, hash)) return { hash, codes: ['INTENT_REUSED'] };
    return { hash, codes: before.released ? [] : before.codes };
  }
  return { hash, codes: judgeAnew(judge, intent, hash) };
}

function judgeAnew(judge: Judge, intent: Intent, hash: Uint8Array): readonly ScreenCode[] {
  const { roster, settings, history } = judge;
  const address = addressOf(intent.script, roster.network);
  const look = lookOf(address);
  const findings = applyRules(
    {
      intent,
      address,
      clearedAmounts: () => history.clearedAmounts(intent.requester, BASELINE),
      recent: history.countRecent(intent.requester, settings.burstSeconds),
      knownDestination: history.isKnown(intent.script),
      lookalike: history.findLookalike(look, intent.script),
      denied: judge.isDenied(address, intent.script),
    },
    settings,
  );
  const codes = findings.map(({ code }) => code);
  history.record({ intent, hash, address, look, codes });
  return codes;
}

/** Decides every intent of the question in its order; one that comes twice in it is held as DUP_INTENT. */
export function decideAll(
  judge: Judge,
  { intents }: Question,
): { cleared: Uint8Array[]; covers: number[]; held: Held[] } {
  const cleared: Uint8Array[] = [];
  const covers: number[] = [];
  const held: Held[] = [];
  const seen = new Set<string>();
  for (const [index, signed] of intents.entries()) {
    const { hash, codes } = decideOne(judge, signed);
    const again = seen.has(toHex(hash));
    seen.add(toHex(hash));
    if (codes.length > 0 || again) {
      held.push({ index, codes: codes.length > 0 ? codes : ['DUP_INTENT'] });
    } else {
      cleared.push(hash);
      covers.push(index);
    }
  }
  return { cleared, covers, held };
}

/** Signs the verdict over what was cleared. Only after the decisions are on disk. */
export function answerWith(
  { roster }: Judge,
  { cleared, covers, held }: ReturnType<typeof decideAll>,
  issued: number,
  signer: Ed25519Signer,
): Answer {
  if (covers.length === 0) return { cleared: [], held, verdict: null };
  const signature = signer.sign(hashVerdict(roster.first, issued, cleared));
  return { cleared: covers, held, verdict: { screen: roster.screen, covers, issued, signature } };
}
