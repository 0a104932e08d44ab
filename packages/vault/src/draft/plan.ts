/**
 * Plans drafts: a payment, and the three that replace one which is stuck.
 *
 *   payment   new intents, any free coins
 *   regroup   intents of given-up transactions; spends a coin of each of those, so that only one can be mined
 *   bump      the same intents, at least the same coins, a higher fee (BIP-125)
 *   cancel    pays only ourselves, with a coin of the transaction that it makes impossible
 *
 * A draft of these is always possible while a coin of the earlier transaction is unspent, so no intent gets stuck.
 */
import { concatBytes, type Draft, type Policy } from '@coldwire/protocol';
import type { Coin, WalletScripts } from '@coldwire/wallet';
import { feeFor, type Selection } from '../coins/costs.ts';
import { createDraw } from '../coins/draw.ts';
import { type Capped, type Shortfall, selectCoins } from '../coins/select.ts';
import { buildDraft, type Payable, readPayee } from './build.ts';

export interface DraftContext {
  readonly policy: Policy;
  /** In the order of the charter's wallets; change goes to the last. */
  readonly scripts: readonly WalletScripts[];
  /** Coins that are free; without those that must be spent anyway. */
  readonly coins: readonly Coin[];
  /** Index of the change output, if there is one. */
  readonly changeIndex: number;
  /** sat per 1,000 vB */
  readonly feerate: bigint;
  readonly longTermFeerate: bigint;
  readonly tipHeight: number;
  /** 16 random bytes: the draw of coins and the place of the change. */
  readonly seed: Uint8Array;
}

export interface Plan {
  readonly kind: 'planned';
  readonly draft: Draft;
  readonly selection: Selection;
}

export type PlanResult = Plan | Shortfall | Capped;

/** What a replacement replaces: the draft that was sent, and its fee (sat) and worst-case size (vB). */
export interface Predecessor {
  readonly draft: Draft;
  readonly fee: bigint;
  readonly vsize: number;
}

interface Wanted {
  readonly payees: readonly Payable[];
  readonly required: readonly Coin[];
  readonly minimumFee: bigint;
  readonly changeIndex: number;
}

/** Nodes want a replacement to pay for its own relay on top: 1 sat/vB (BIP-125 rule 4). */
const INCREMENTAL_FEERATE = 1000n;

export function planPayment(context: DraftContext, payees: readonly Payable[]): PlanResult {
  return planRegroup(context, payees, []);
}

/** @param required one coin of every earlier transaction that carries one of the intents */
export function planRegroup(
  context: DraftContext,
  payees: readonly Payable[],
  required: readonly Coin[],
): PlanResult {
  if (payees.length === 0) throw new Error('a payment without payees');
  return plan(context, { payees, required, minimumFee: 0n, changeIndex: context.changeIndex });
}

/** Spends new coins only when the old ones do not carry the higher fee. Its change keeps the old index: only one of the two is ever mined. New coins must be confirmed (BIP-125 rule 2). */
export function planBump(context: DraftContext, before: Predecessor): PlanResult {
  const [change] = before.draft.change;
  const payees = before.draft.intents.map(([intent, signature]) => ({ intent, signature }));
  return planReplacement(context, before, {
    payees,
    required: coinsOf(before.draft),
    changeIndex: change?.[1] ?? context.changeIndex,
  });
}

/** Spends the largest coin of the transaction to cancel, and others only if that cannot pay the fee. */
export function planCancel(context: DraftContext, before: Predecessor): PlanResult {
  const [largest, ...others] = coinsOf(before.draft).sort((a, b) => Number(b.amount - a.amount));
  if (largest === undefined) throw new Error('a draft without inputs');
  const coins = [...others, ...context.coins];
  const wanted = { payees: [], required: [largest], changeIndex: context.changeIndex };
  return planReplacement({ ...context, coins }, before, wanted);
}

export function coinsOf(draft: Draft): Coin[] {
  return draft.inputs.map(([txid, vout, amount, wallet, chain, index]) => {
    if (chain !== 0 && chain !== 1) throw new Error(`an input on chain ${chain}`);
    return { txid, vout, amount, wallet, chain, index };
  });
}

function planReplacement(
  context: DraftContext,
  before: Predecessor,
  wanted: Omit<Wanted, 'minimumFee'>,
): PlanResult {
  const least = (before.fee * 1000n) / BigInt(before.vsize) + INCREMENTAL_FEERATE;
  const raised = { ...context, feerate: context.feerate > least ? context.feerate : least };
  let vsize = before.vsize;
  for (;;) {
    const minimumFee = before.fee + feeFor(vsize, INCREMENTAL_FEERATE);
    const alone = plan({ ...raised, coins: [] }, { ...wanted, minimumFee });
    const found = alone.kind === 'planned' ? alone : plan(raised, { ...wanted, minimumFee });
    // A larger replacement owes more; its size only grows from round to round, so this ends.
    if (found.kind !== 'planned' || found.selection.vsize <= vsize) return found;
    vsize = found.selection.vsize;
  }
}

function plan(context: DraftContext, { payees, required, minimumFee, changeIndex }: Wanted): PlanResult {
  const wallet = context.scripts.length - 1;
  const changeScript = context.scripts[wallet]?.at(1, changeIndex).scriptPubKey;
  if (changeScript === undefined) throw new Error('there is no wallet');
  const selection = selectCoins({
    coins: context.coins,
    required,
    payees: payees.map(({ intent, signature }) => readPayee([intent, signature])),
    changeScript,
    feerate: context.feerate,
    longTermFeerate: context.longTermFeerate,
    minimumFee,
    caps: context.policy,
    seed: context.seed,
  });
  if (selection.kind !== 'selected') return selection;
  const position = createDraw(concatBytes(context.seed, Uint8Array.of(0xff))).below(payees.length + 1);
  const { coins, change } = selection;
  const draft = buildDraft({
    coins,
    payees,
    change: change === null ? null : { wallet, index: changeIndex, amount: change, position },
    locktime: context.tipHeight,
  });
  return { kind: 'planned', draft, selection };
}
