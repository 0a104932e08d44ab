/**
 * Follows the chain into the queue: each block or disconnection is one database transaction, so a crash repeats or skips
 * nothing. After a new tip everybody looks again.
 */
import { equalBytes } from '@coldwire/protocol';
import { displayTxid } from '@coldwire/wallet';
import { nextEvent, type Step } from '../chain/index.ts';
import { expireWithdrawals, forgetAdmitted, recordStep, watchOf } from '../queue/index.ts';
import { tipOf, type Vault } from './vault.ts';
import type { ScriptWatch } from './watch.ts';

const PROGRESS_MS = 5_000;

/** Takes in every block there is; returns whether the tip moved. @throws ChainError */
export async function catchUp(vault: Vault, watch: ScriptWatch): Promise<boolean> {
  const { store, chain, report } = vault;
  watch.refresh(store);
  const before = tipOf(store);
  let said = performance.now();
  for (;;) {
    const step = await nextEvent(chain, tipOf(store), watchOf(store, watch.locate));
    if (step === null || vault.stopping.aborted) break;
    takeStep(vault, watch, step);
    if (performance.now() - said < PROGRESS_MS) continue;
    said = performance.now();
    report.event('following', { height: step.position.height });
  }
  const tip = tipOf(store);
  if (equalBytes(tip.hash, before.hash)) return false;
  report.event('tip', { height: tip.height, hash: displayTxid(tip.hash) });
  const expired = expireWithdrawals(store, tip.height);
  if (expired > 0) report.event('expired', { withdrawals: expired });
  return true;
}

function takeStep(vault: Vault, watch: ScriptWatch, step: Step): void {
  const { store, signers, report } = vault;
  const { event } = step;
  if (event.kind === 'connected') {
    // A coin that was admitted before it was mined is admitted once more, now with its proof. Forgotten first: after a
    // crash in between this block comes again.
    const created = event.found.flatMap((found) => found.created.map(({ outpoint }) => outpoint));
    if (created.length > 0) for (const { name } of signers) forgetAdmitted(store, name, created);
  } else {
    report.event('disconnected', { height: event.block.height, hash: displayTxid(event.block.hash) });
  }
  recordStep(store, step, watch.locate);
}
