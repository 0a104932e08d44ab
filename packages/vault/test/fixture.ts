/** A queue in a directory of its own, and drafts over it as the serve loop makes them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type DraftContext, type PreparedDraft, planRegroup, prepareDraft } from '../src/draft/index.ts';
import { openQueue, recordChainEvents, type Store, spendableCoins, takeBatch } from '../src/queue/index.ts';
import { hashAt, makeCoin, policy, scripts } from './parts.ts';

export * from './parts.ts';

export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-vault-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export const clock = (): (() => number) => {
  let at = 1_700_000_000_000;
  return () => {
    at += 1;
    return at;
  };
};

/** A queue at block 100 with mined coins of a million sat. */
export function makeQueue(coins = 4): Store {
  const store = openQueue(join(makeDirectory(), 'queue.db'), clock());
  onTestFinished(() => store.db.close());
  fundQueue(store, coins);
  return store;
}

export function fundQueue(store: Store, coins: number): void {
  recordChainEvents(store, [
    { kind: 'connected', height: 100, hash: hashAt(100) },
    ...Array.from({ length: coins }, (_, i) => {
      return { kind: 'created', coin: makeCoin(i), height: 100, coinbase: false } as const;
    }),
  ]);
}

export function contextOf(store: Store, parts: Partial<DraftContext> = {}): DraftContext {
  return {
    policy,
    scripts,
    coins: spendableCoins(store, { unconfirmedChange: false, admittedBy: [] }),
    changeIndex: 0,
    feerate: 5000n,
    longTermFeerate: 10_000n,
    tipHeight: 100,
    seed: Uint8Array.of(9),
    ...parts,
  };
}

/** Takes what is approved and plans it as the serve loop does. */
export function draftNext(store: Store, parts: Partial<DraftContext> = {}): PreparedDraft {
  const take = takeBatch(store, { maxIntents: 100, amountPerTransaction: 1_000_000_000n, burial: 6 });
  const planned = planRegroup(contextOf(store, parts), take.withdrawals, take.required);
  if (planned.kind !== 'planned') throw new Error(`no plan: ${planned.kind}`);
  return prepareDraft(planned.draft, [], scripts);
}
