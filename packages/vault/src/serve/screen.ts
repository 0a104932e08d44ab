/**
 * Screening: every new intent once, as many as there are in one question; held ones again now and then, since an operator
 * may have released them; and the intents of a draft, in its order, for the verdict that goes to the signers. Fails closed.
 */
import type { SignedIntent, Verdict } from '@coldwire/protocol';
import { toHex } from '@coldwire/protocol';
import { MAX_QUESTION } from '@coldwire/screen';
import {
  type Decision,
  listWithdrawals,
  nextToScreen,
  recordVerdict,
  type Withdrawal,
} from '../queue/index.ts';
import { askScreens } from '../screening/index.ts';
import { isApproved } from './approvals.ts';
import { tipOf, type Vault } from './vault.ts';

const TIMEOUT_MS = 10_000;

async function ask(vault: Vault, withdrawals: readonly Withdrawal[]) {
  const intents = withdrawals.map(({ intent, signature }): SignedIntent => [intent, signature]);
  const question = { intents, tipHeight: tipOf(vault.store).height };
  const options = { first: vault.charter.first, timeout: TIMEOUT_MS };
  const result = await askScreens(vault.screens, question, options);
  if (result.kind === 'answered') return result;
  for (const { screen, what } of result.problems) vault.report.alarm('SCREENING', screen, what);
  if (result.problems.length === 0)
    vault.report.alarm('SCREENING', 'screens', 'the vault was given no screen to ask');
  return undefined;
}

/** @returns whether there may be more to do */
export async function screenReceived(vault: Vault): Promise<boolean> {
  return screenThese(vault, nextToScreen(vault.store, MAX_QUESTION));
}

/** All of them, page by page: those that wait for people must not hide those that came after them. */
export async function screenHeld(vault: Vault): Promise<void> {
  let after: Uint8Array | null = null;
  for (;;) {
    const page = listWithdrawals(vault.store, { state: 'held', after, limit: MAX_QUESTION });
    await screenThese(vault, page);
    const last = page.at(-1);
    if (last === undefined || page.length < MAX_QUESTION || vault.stopping.aborted) return;
    after = last.id;
  }
}

async function screenThese(vault: Vault, withdrawals: readonly Withdrawal[]): Promise<boolean> {
  if (withdrawals.length === 0) return false;
  const result = await ask(vault, withdrawals);
  if (result === undefined) return false;
  const { screen, answer } = result;
  const tip = tipOf(vault.store).height;
  const decisions = [
    ...answer.cleared.map((index) => ({ kind: 'cleared', index, codes: [] }) as const),
    ...answer.held.map(({ index, codes }) => ({ kind: 'held', index, codes }) as const),
  ].flatMap(({ kind, index, codes }): Decision[] => {
    const withdrawal = withdrawals[index];
    if (withdrawal === undefined) return [];
    if (kind === 'held') return [{ kind, id: withdrawal.id, codes }];
    if (isApproved(vault.charter, vault.store, withdrawal, tip)) return [{ kind, id: withdrawal.id }];
    return [{ kind: 'held', id: withdrawal.id, codes: ['APPROVAL_MISSING'] }];
  });
  recordVerdict(vault.store, {
    screen,
    issued: answer.verdict?.issued ?? tip,
    decisions,
  });
  const known = new Set(withdrawals.filter(({ state }) => state === 'held').map(({ id }) => toHex(id)));
  const news = decisions.filter(({ kind, id }) => kind === 'cleared' || !known.has(toHex(id)));
  if (news.length === 0) return true;
  vault.report.event('screened', { screen, cleared: answer.cleared.length, held: answer.held.length });
  for (const decision of news) {
    if (decision.kind === 'held')
      vault.report.event('held', { withdrawal: toHex(decision.id), codes: decision.codes });
  }
  vault.bells.work.ring();
  return true;
}

export type DraftVerdict =
  | { readonly kind: 'cleared'; readonly verdict: Verdict }
  /** These are held by now; the rest can be asked for again. */
  | { readonly kind: 'held'; readonly ids: readonly string[] }
  | { readonly kind: 'unavailable' };

/** A verdict over exactly these withdrawals, in this order: what a draft of them carries. */
export async function askVerdict(vault: Vault, withdrawals: readonly Withdrawal[]): Promise<DraftVerdict> {
  const result = await ask(vault, withdrawals);
  if (result === undefined) return { kind: 'unavailable' };
  const { held, verdict } = result.answer;
  if (held.length === 0 && verdict !== null) return { kind: 'cleared', verdict };
  const ids = held.flatMap(({ index }) => {
    const withdrawal = withdrawals[index];
    return withdrawal === undefined ? [] : [toHex(withdrawal.id)];
  });
  vault.report.alarm(
    'SCREENING',
    result.screen,
    `${held.length} approved intents are held when they are drafted`,
  );
  return { kind: 'held', ids };
}
