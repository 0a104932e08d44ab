/** SCREENING. Spec: protocol-spec/10-policy.md, "Screening". Fails closed. */
import { hashVerdict, type Verdict, verifyEd25519 } from '@coldwire/protocol';
import type { SpendFacts } from '../facts.ts';
import { refuse } from '../refusal.ts';
import type { PolicyState } from '../state/state.ts';
import type { Rule } from './rule.ts';

function isAscending(places: readonly number[]): boolean {
  return places.every((place, i) => i === 0 || place > (places[i - 1] ?? place));
}

/** Whether a verdict is a screen's of this charter, recent, and over these very intents. */
function holds(verdict: Verdict, { intents, height }: SpendFacts, state: PolicyState): boolean {
  const { intentLife, intentAhead } = state.charter.policy;
  const key = state.charter.screens.get(verdict.screen);
  if (key === undefined || !isAscending(verdict.covers)) return false;
  if (verdict.issued > height + intentAhead || verdict.issued + intentLife < height) return false;
  const hashes = verdict.covers.map((place) => intents[place]?.hash).filter((hash) => hash !== undefined);
  if (hashes.length !== verdict.covers.length) return false;
  return verifyEd25519(key, hashVerdict(state.charter.first, verdict.issued, hashes), verdict.signature);
}

// At first sight an intent is cleared by a screen of the charter.
export const screening: Rule = (facts, state) => {
  const open = new Set<number>();
  for (const [place, { record }] of facts.intents.entries()) if (record === undefined) open.add(place);
  for (const verdict of facts.request.verdicts) {
    if (!verdict.covers.some((place) => open.has(place)) || !holds(verdict, facts, state)) continue;
    for (const place of verdict.covers) open.delete(place);
  }
  return [...open].map((place) => refuse('SCREENING', { intent: facts.intents[place]?.id ?? '' }));
};
