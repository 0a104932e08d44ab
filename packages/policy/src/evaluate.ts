/**
 * SIGN: from a request to an approved spend, or to every rule that it breaks. `SignRequest → SpendFacts → ApprovedSpend`.
 * Nothing but this file makes an ApprovedSpend, and what it holds is what was judged: the signer signs that transaction.
 * Spec: protocol-spec/10-policy.md, "Evaluation".
 */
import type { SignRequest } from '@coldwire/protocol';
import { type DerivedScript, txidOf, type UnsignedTransaction } from '@coldwire/wallet';
import { buildFacts, decodeIntents, draftVsize, type SpendFacts } from './facts.ts';
import { type Malformed, type Refused, refused } from './refusal.ts';
import { RULES } from './rules/index.ts';
import { checkCounts, checkSize } from './rules/limit.ts';
import type { Change } from './state/change.ts';
import type { CoinRecord, PolicyState } from './state/state.ts';
import { chargedIntents } from './velocity.ts';

const approved: unique symbol = Symbol('ApprovedSpend');

/** One input to sign: what it is worth (sat) and the script that holds it. */
export type ApprovedInput = {
  readonly txid: Uint8Array;
  readonly vout: number;
  readonly amount: bigint;
  readonly wallet: number;
  readonly script: DerivedScript;
};

/** A spend that broke no rule. Immutable; made by {@link evaluate} only. */
export type ApprovedSpend = {
  readonly [approved]: true;
  /** Tagged hash of the request's canonical body. */
  readonly requestHash: Uint8Array;
  readonly transaction: UnsignedTransaction;
  /** 32 bytes, internal order. */
  readonly txid: Uint8Array;
  /** In the order of the transaction's inputs. */
  readonly inputs: readonly ApprovedInput[];
  /** sat */
  readonly fee: bigint;
  readonly paid: bigint;
};

export type Approved = {
  readonly kind: 'approved';
  readonly spend: ApprovedSpend;
  /** To be applied and journalled before anything is released; empty when the same transaction was approved before. */
  readonly changes: readonly Change[];
};

function scriptOf(state: PolicyState, coin: CoinRecord): DerivedScript {
  const scripts = state.scripts[coin.wallet];
  if (scripts === undefined)
    throw new Error(`coin ${coin.key} is of wallet ${coin.wallet}, which does not exist`);
  return scripts.at(coin.chain, coin.index);
}

/** The final deny: a spend that no rule refused, but that is not complete, is a bug and never approved. */
function approve(facts: SpendFacts, state: PolicyState, requestHash: Uint8Array): ApprovedSpend {
  const { transaction, fee, paid } = facts;
  if (transaction === undefined || fee < 0n)
    throw new Error('no rule refused a transaction that cannot be built');
  const inputs = facts.inputs.map(({ key, coin }) => {
    if (coin === undefined) throw new Error(`no rule refused the unknown coin ${key}`);
    const { txid, vout, amount, wallet } = coin;
    return Object.freeze({ txid, vout, amount, wallet, script: scriptOf(state, coin) });
  });
  const spend: ApprovedSpend = {
    [approved]: true,
    requestHash,
    transaction: Object.freeze(transaction),
    txid: txidOf(transaction),
    inputs: Object.freeze(inputs),
    fee,
    paid,
  };
  return Object.freeze(spend);
}

/** What the velocity windows are charged, where the charter has any. */
function chargedOf(facts: SpendFacts, state: PolicyState) {
  const charged = state.charter.policy.velocity.length === 0 ? [] : chargedIntents(facts);
  return charged.length === 0 ? {} : { charged };
}

function recordOf(facts: SpendFacts, state: PolicyState, spend: ApprovedSpend, uptime: number): Change {
  const { charge, intents } = facts;
  const fresh = intents.filter(({ record }) => record === undefined);
  const known = intents.filter(({ record }) => record !== undefined);
  return {
    kind: 'approved',
    value: {
      uptime,
      txid: spend.txid,
      inputs: spend.inputs.map(({ txid, vout }) => [txid, vout] as const),
      intents: fresh.map(({ intent, hash }) => [intent.id, hash] as const),
      again: known.map(({ intent }) => intent.id),
      paid: spend.paid,
      amount: charge.amount,
      count: charge.count,
      fee: charge.fee,
      ...chargedOf(facts, state),
      whole: spend.fee,
    },
  };
}

/**
 * Approved before, for the same intents. Two intents of equal amount and destination make equal transactions: one that was
 * approved for the first is recorded and charged again when it comes for the second.
 */
function isKnown({ txid, intents }: SpendFacts, state: PolicyState): boolean {
  if (txid === undefined || !state.transactions.has(txid)) return false;
  return intents.every(({ record }) => record?.carriers.includes(txid) === true);
}

/**
 * Judges a SIGN request; changes nothing.
 * @param requestHash tagged hash of the canonical body
 * @param time the machine's real-time clock, seconds since 1970
 * @param uptime µs of the machine's monotonic running time
 */
export function evaluate(
  state: PolicyState,
  request: SignRequest,
  requestHash: Uint8Array,
  time: number,
  uptime: number,
): Approved | Refused | Malformed {
  const { policy } = state.charter;
  const counts = checkCounts(request, policy);
  if (counts.length > 0) return refused(counts);
  const intents = decodeIntents(request.draft.intents);
  if (!intents.ok) return { kind: 'malformed', fault: intents.fault };
  const size = checkSize(draftVsize(request, intents.value), policy);
  if (size.length > 0) return refused(size);
  const facts = buildFacts(state, request, intents.value, time, uptime);
  const refusals = RULES.flatMap((rule) => rule(facts, state));
  if (refusals.length > 0) return refused(refusals);
  const spend = approve(facts, state, requestHash);
  return {
    kind: 'approved',
    spend,
    changes: isKnown(facts, state) ? [] : [recordOf(facts, state, spend, uptime)],
  };
}
