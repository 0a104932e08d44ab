/**
 * After clearance: broadcast, and again whenever the transaction has fallen out of the node's mempool; a higher fee when it
 * waits for too many blocks (BIP-125), inside the charter's caps; a note when it is buried.
 */
import { randomBytes } from 'node:crypto';
import { toHex } from '@coldwire/protocol';
import { displayTxid, equalOutpoints } from '@coldwire/wallet';
import { type DraftContext, planBump, planCancel, prepareDraft } from '../draft/index.ts';
import { batchesSpending, carriersOf } from '../queue/batch.ts';
import { redraftWait } from '../queue/batches.ts';
import {
  type Batch,
  ENDING,
  endBuried,
  getBatch,
  giveUpBatch,
  isBeingReplaced,
  isBuried,
  isVanished,
  nextChange,
  openBatches,
  recordBroadcast,
  recordDraft,
  spendableCoins,
} from '../queue/index.ts';
import { draftOf, requestOf } from './admit.ts';
import { isNotNow } from './gate-word.ts';
import { tipOf, type Vault } from './vault.ts';

/** Hands a cleared batch to the node. @throws ChainError */
export async function broadcast(vault: Vault, id: number): Promise<void> {
  const { store, chain, report, bells, tuning } = vault;
  const batch = getBatch(store, id);
  if (batch.transaction === null || batch.status !== 'cleared') return;
  const result = await chain.broadcast(batch.transaction);
  const txid = displayTxid(batch.txid);
  if (result.kind === 'accepted' || result.kind === 'already-known') {
    // It may have been seen in a block while we asked; then the follower has written more than we would.
    if (getBatch(store, id).status === 'cleared') recordBroadcast(store, id);
    report.event('broadcast', { batch: id, txid });
    bells.work.ring();
    return;
  }
  report.alarm('INTERNAL', txid, `the node does not take batch ${id}: ${result.reason}`);
  const { height } = tipOf(store);
  // What no node relays will not be mined: its withdrawals go into another transaction over the same coins.
  if (height - draftOf(batch).locktime < tuning.bumpBlocks || getBatch(store, id).status !== 'cleared')
    return;
  giveUpBatch(store, id, { refused: [], codes: [], notBefore: height });
  bells.work.ring();
}

/**
 * Looks after everything that was broadcast; once per new tip, newest first: of those that share a coin the node has one at most,
 * and the newest pays most. @throws ChainError
 */
export async function tendBroadcast(vault: Vault): Promise<void> {
  const { store } = vault;
  const cleared = openBatches(store).filter(({ status }) => status === 'cleared');
  // What is offered for the first time may spend the change of what the node has lost.
  if (cleared.length > 0) await keepInMempool(vault, sentNewestFirst(store));
  for (const { id } of cleared) await broadcast(vault, id);
  const sent = sentNewestFirst(store);
  const held = await keepInMempool(vault, sent);
  const late = sent.filter((batch) => isToBeBumped(vault, batch, held));
  if (late.length === 0) return;
  const feerate = await vault.feerates.now();
  for (const batch of late) if (isKnown(store, batch, sent)) bump(vault, batch.id, feerate);
}

function sentNewestFirst(store: Vault['store']): readonly Batch[] {
  return openBatches(store)
    .filter(({ status }) => status === 'broadcast')
    .toReversed();
}

/** No rival of it was broadcast while the node was asked: from that one it would go on, once the node has been asked of it too. */
function isKnown(store: Vault['store'], batch: Batch, asked: readonly Batch[]): boolean {
  return rivalsOf(store, batch).every(
    ({ id, status }) => status !== 'broadcast' || asked.some((one) => one.id === id),
  );
}

/** Offers again what the node has lost, and nothing that conflicts with what it has. Returns the ids of those that it has then. */
async function keepInMempool(vault: Vault, batches: readonly Batch[]): Promise<ReadonlySet<number>> {
  const held = new Set<number>();
  for (const { id, txid } of batches) {
    const { kind } = await vault.chain.status(txid);
    if (kind !== 'unknown') held.add(id);
  }
  // What spends the change of another one is taken after that one: oldest first. Of rivals the newest comes first.
  const newest = batches.filter((batch) => isNewest(vault.store, batch));
  const order = [...newest.toReversed(), ...batches.filter((batch) => !newest.includes(batch))];
  let before: number;
  do {
    before = held.size;
    for (const batch of order) {
      const isLost = !held.has(batch.id) && !isOutbid(vault, batch, held);
      if (isLost && (await broadcastAgain(vault, batch))) held.add(batch.id);
    }
  } while (held.size > before);
  return held;
}

/**
 * Whether the node has it now. A gate may have broadcast it by itself; if its block is reorganized away then, we have no bytes to
 * offer again: it is replaced like any that waits too long.
 */
async function broadcastAgain({ store, chain, report }: Vault, batch: Batch): Promise<boolean> {
  if (batch.transaction === null || getBatch(store, batch.id).status !== 'broadcast') return false;
  const { kind } = await chain.broadcast(batch.transaction);
  report.event('rebroadcast', { batch: batch.id, txid: displayTxid(batch.txid), result: kind });
  return kind === 'accepted' || kind === 'already-known';
}

function rivalsOf(store: Vault['store'], { id, inputs }: Batch): readonly Batch[] {
  return inputs.flatMap((input) => batchesSpending(store, input)).filter((rival) => rival.id !== id);
}

/**
 * The node has another transaction over its coins: that one is looked after. What we stored does not say so: a replacement that
 * spends a deposit besides is invalid once a reorganization takes the deposit away, and then what it replaced still pays.
 */
function isOutbid({ store }: Vault, batch: Batch, held: ReadonlySet<number>): boolean {
  return rivalsOf(store, batch).some(({ id }) => held.has(id));
}

/**
 * Whether it waits for too long and is the one among its rivals to go on from: what the node has, or else the newest, because
 * from the fee of an older one we would make what a node that knows the newer does not take.
 */
function isToBeBumped(vault: Vault, batch: Batch, held: ReadonlySet<number>): boolean {
  const { store, tuning } = vault;
  if (tipOf(store).height - draftOf(batch).locktime < tuning.bumpBlocks) return false;
  if (held.has(batch.id)) return true;
  if (isOrphaned(store, batch)) return false;
  return isNewest(store, batch) && !isOutbid(vault, batch, held);
}

/** Of those that were broadcast over its coins, but for what can no longer be mined as far as we know. */
function isNewest(store: Vault['store'], batch: Batch): boolean {
  const rivals = rivalsOf(store, batch).filter(
    (rival) => rival.status === 'broadcast' && !isOrphaned(store, rival),
  );
  return rivals.every(({ id }) => id < batch.id);
}

/** It spends a deposit that a reorganization took away: that may never come back, and nothing would say so. */
function isOrphaned(store: Vault['store'], { inputs }: Batch): boolean {
  return inputs.some((input) => isVanished(store, input));
}

/** Only confirmed coins may come in addition: nodes refuse other replacements (BIP-125 rule 2). */
function contextOf({ store, scripts, charter, tuning }: Vault, feerate: bigint): DraftContext {
  return {
    policy: charter.policy,
    scripts,
    coins: spendableCoins(store, { unconfirmedChange: false, admittedBy: [] }),
    changeIndex: nextChange(store, charter.newestWallet, charter.policy.changeGap),
    feerate,
    longTermFeerate: tuning.feerateLongTerm,
    tipHeight: tipOf(store).height,
    seed: new Uint8Array(randomBytes(16)),
  };
}

/**
 * Whether something that carried an intent of it before, over other coins, is not dead by the burial in force now: a charter, or a
 * machine that was away under an older one, may have made that deeper since. No signer would sign for it before that is over.
 */
function waitsForBurial({ store, charter }: Vault, { intents, inputs }: Batch): boolean {
  const { height } = tipOf(store);
  const { burial } = charter.charter.clock;
  const shares = (carrier: Batch): boolean =>
    carrier.inputs.some((input) => inputs.some((other) => equalOutpoints(input, other)));
  return intents.some((id) =>
    carriersOf(store, id).some((carrier) => !shares(carrier) && !isBuried(carrier, height, burial)),
  );
}

/**
 * Whether one more replacement over its coins would come too soon after those that were given up and may be signed: signers remember them
 * as they do the drafts of intents, which wait likewise (giveUpBatch).
 */
function isTriedTooOften({ store }: Vault, batch: Batch): boolean {
  const tries = [batch, ...rivalsOf(store, batch)].filter(
    ({ replaces, status }) => replaces !== null && status === 'abandoned',
  );
  const ids = new Set(tries.map(({ id }) => id));
  const last = tries.find(({ id }) => id === Math.max(...ids));
  if (last === undefined) return false;
  const isSigned =
    last.peers.filter(({ role, answer }) => role === 'signer' && answer === 'done').length >= 2;
  const judges = last.peers.filter(({ role }) => role === (isSigned ? 'gate' : 'signer'));
  const codes = judges.flatMap(({ codes: said }) => said.filter((code) => !isSigned || !isNotNow(code)));
  return tipOf(store).height < draftOf(last).locktime + redraftWait(1 + ids.size, codes);
}

function bump(vault: Vault, id: number, feerate: bigint): void {
  const { store, scripts, charter, report, bells } = vault;
  const batch = getBatch(store, id);
  if (batch.status !== 'broadcast' || isBeingReplaced(store, batch)) return;
  if (isTriedTooOften(vault, batch) || waitsForBurial(vault, batch)) return;
  const context = contextOf(vault, feerate);
  const { draft, verdicts, approvals } = requestOf(batch);
  const plan = planBump(context, { draft, fee: batch.fee, vsize: batch.vsize });
  const txid = displayTxid(batch.txid);
  if (plan.kind !== 'planned') {
    const code = plan.kind === 'capped' ? (plan.codes[0] ?? 'LIMIT') : 'VALUE_RANGE';
    report.alarm(code, txid, `batch ${id} is stuck, and no higher fee is allowed or affordable`);
    return;
  }
  // The same intents in the same order: verdict and approvals that were given for them still cover them.
  const prepared = prepareDraft(plan.draft, verdicts, scripts, approvals);
  const { burial } = charter.charter.clock;
  const bumped = recordDraft(store, { prepared, purpose: 'bump', replaces: id, burial });
  report.event('bumped', { batch: bumped, replaces: id, fee: prepared.fee, before: batch.fee });
  bells.peers.ring();
}

/**
 * Batches that were given up although somebody may have signed them, and whose withdrawals have all ended, or end with this. Where
 * only some do, the others are paid over a coin of the batch, which is its end too; but a screen may hold those for ever. So it
 * goes the same way after a time; what it still carries is then paid over another coin of it, or when it is dead (queue/take.ts).
 */
function batchesToCancel({ store, tuning }: Vault): readonly number[] {
  const { height } = tipOf(store);
  return store.db
    .all(
      `SELECT id, NOT EXISTS (SELECT 1 FROM batch_intents i JOIN withdrawals w ON w.id = i.withdrawal
          WHERE i.batch = b.id AND w.state NOT IN ('refused', 'expired')
            AND NOT (w.state = 'approved' AND w.not_before = ?1)) AS ended
        FROM batches b WHERE status = 'abandoned' AND (ended OR EXISTS
          (SELECT 1 FROM batch_intents i JOIN withdrawals w ON w.id = i.withdrawal
            WHERE i.batch = b.id AND w.state = 'approved' AND w.not_before = ?1)) ORDER BY id`,
      ENDING,
    )
    .map((row) => ({ id: Number(row['id']), ended: Number(row['ended']) === 1 }))
    .filter(({ id, ended }) => ended || height - draftOf(getBatch(store, id)).locktime >= tuning.bumpBlocks)
    .map(({ id }) => id);
}

/** Frees the coins of batches that nobody waits for: a transaction that pays only ourselves makes them impossible. @throws ChainError */
export async function cancelEnded(vault: Vault): Promise<void> {
  const { store, scripts, charter, feerates, report, bells } = vault;
  for (const id of batchesToCancel(vault)) {
    const feerate = await feerates.now();
    const batch = getBatch(store, id);
    if (batch.status !== 'abandoned' || isBeingReplaced(store, batch) || isTriedTooOften(vault, batch))
      continue;
    if (
      batch.inputs.some((input) => batchesSpending(store, input).some(({ status }) => status === 'broadcast'))
    )
      continue;
    const draft = draftOf(batch);
    // Any coin of it will do, but one that is not there.
    const inputs = draft.inputs.filter(([txid, vout]) => !isVanished(store, { txid, vout }));
    if (inputs.length === 0) continue;
    const before = { draft: { ...draft, inputs }, fee: batch.fee, vsize: batch.vsize };
    const plan = planCancel(contextOf(vault, feerate), before);
    if (plan.kind !== 'planned') {
      report.alarm(
        'LIMIT',
        displayTxid(batch.txid),
        `batch ${batch.id} was given up and cannot be cancelled`,
      );
      continue;
    }
    const prepared = prepareDraft(plan.draft, [], scripts);
    const { burial } = charter.charter.clock;
    const cancel = recordDraft(store, { prepared, purpose: 'cancel', replaces: batch.id, burial });
    report.event('cancelled', { batch: cancel, replaces: batch.id, fee: prepared.fee });
    bells.work.ring();
  }
}

/** Ends withdrawals that nobody pays, once what could have paid them is dead and buried. */
export function endWithdrawals({ store, charters, report }: Vault): void {
  for (const { id, codes } of endBuried(store, charters.deepestBurial))
    report.event('withdrawal-refused', { withdrawal: toHex(id), codes });
}

/** Says which batches this block buries. Nothing depends on it. */
export function reportBuried(vault: Vault, before: number): void {
  const { store, charter, report } = vault;
  const { burial } = charter.charter.clock;
  const { height } = tipOf(store);
  const rows = store.db.all(
    "SELECT id, txid FROM batches WHERE status = 'confirmed' AND height > ? AND height <= ? ORDER BY id",
    ...[before - burial + 1, height - burial + 1],
  );
  for (const row of rows) {
    const { txid, id, height: mined } = getBatch(store, Number(row['id']));
    report.event('settled', { batch: id, txid: displayTxid(txid), height: mined, confirmations: burial });
  }
}
