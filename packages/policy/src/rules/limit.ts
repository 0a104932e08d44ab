/**
 * LIMIT: numbers and size, before anything costly (a draft over a cap is refused by that alone), and how many transactions are
 * remembered for one coin and one intent, so that a hostile vault cannot fill memory.
 * Spec: protocol-spec/10-policy.md, "Rules" and "Bounded spends".
 */
import type { Policy, SignRequest } from '@coldwire/protocol';
import type { SpendFacts } from '../facts.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { PolicyState } from '../state/state.ts';
import { countUnproven, UNPROVEN_MAX } from '../state/unproven.ts';
import { type Deaths, isDead, isInVain } from '../state/view.ts';
import { isHomeward } from './homeward.ts';
import type { Rule } from './rule.ts';

type Cap = readonly [what: string, got: number, limit: number];

/** Signed transactions that are not dead, of one coin and of one intent: a further one costs more, or brings the coin home. */
export const SPENDS_MAX = 64;
/** A further one costs at least this part of the charter's highest fee more than each before: there are not many such steps. */
const STEPS = 64n;

function overCaps(caps: readonly Cap[]): readonly Refusal[] {
  return caps
    .filter(([, got, limit]) => got > limit)
    .map(([what, got, limit]) => refuse('LIMIT', { what, got, limit }));
}

// A draft has no more inputs, intents and outputs than the charter allows.
export function checkCounts({ draft }: SignRequest, policy: Policy): readonly Refusal[] {
  return overCaps([
    ['inputs', draft.inputs.length, policy.maxInputs],
    ['intents', draft.intents.length, policy.maxIntents],
    ['outputs', draft.intents.length + draft.change.length, policy.maxOutputs],
  ]);
}

// The transaction, at its worst-case size, is no larger than the charter allows.
export function checkSize(vsize: number, policy: Policy): readonly Refusal[] {
  return overCaps([['vsize', vsize, policy.maxVsize]]);
}

/**
 * A list of transactions is full for this one: it is not among them, and costs no step more than the dearest that lives. What could
 * never be mined itself is held against the dead as well: nothing would bound how many such there are.
 */
function createCrowd(
  { txid, fee, inputs }: SpendFacts,
  state: PolicyState,
): (txids: readonly string[]) => number {
  const known: Deaths = new Map();
  const step = (state.charter.policy.feeAbsolute + STEPS - 1n) / STEPS;
  const coins = inputs.flatMap(({ coin }) => coin ?? []);
  let inVain: boolean | undefined;
  return (txids) => {
    if (txids.length < SPENDS_MAX || (txid !== undefined && txids.includes(txid))) return 0;
    inVain ??= isInVain(state, txid ?? '', coins, known);
    const counted = inVain ? txids : txids.filter((other) => !isDead(state, other, undefined, known));
    const isDearest = counted.every((other) => fee >= (state.transactions.get(other)?.fee ?? 0n) + step);
    return counted.length >= SPENDS_MAX && !isDearest ? counted.length : 0;
  };
}

function checkSpends(facts: SpendFacts, state: PolicyState): readonly Refusal[] {
  if (isHomeward(facts)) return [];
  const crowd = createCrowd(facts, state);
  const most = (lists: readonly (readonly string[])[]): number => Math.max(0, ...lists.map(crowd));
  const spends = most(facts.inputs.map(({ coin }) => coin?.spenders ?? []));
  const carriers = most(facts.intents.map(({ record }) => record?.carriers ?? []));
  return [
    ...(spends === 0 ? [] : overCaps([['spends', spends + 1, SPENDS_MAX]])),
    ...(carriers === 0 ? [] : overCaps([['carriers', carriers + 1, SPENDS_MAX]])),
  ];
}

/** Coins without a proof cost nothing to make up, so what spends them counts with them. */
function checkUnproven({ inputs, txid }: SpendFacts, state: PolicyState): readonly Refusal[] {
  const fresh = inputs.filter(
    ({ coin }) => coin?.blocks.length === 0 && (txid === undefined || !coin.spenders.includes(txid)),
  );
  return fresh.length === 0
    ? []
    : overCaps([['unproven', countUnproven(state) + fresh.length, UNPROVEN_MAX]]);
}

// What is remembered of one coin, one intent and of all coins without a proof stays bounded.
export const limit: Rule = (facts, state) => [...checkSpends(facts, state), ...checkUnproven(facts, state)];
