/**
 * Gives a batch up that signers or gates refuse: whose withdrawals end, whose wait, and until when. No single machine's word ends
 * a withdrawal, and none ends while a gate could still broadcast what was signed for it (queue/ending.ts).
 */
import { fromHex } from '@coldwire/protocol';
import { displayTxid } from '@coldwire/wallet';
import {
  type Batch,
  carriersOf,
  findWithdrawal,
  giveUpBatch,
  isEnding,
  MAX_CODES,
  type Role,
} from '../queue/index.ts';
import { draftOf } from './admit.ts';
import type { Refusal } from './peer.ts';
import { blamedBy, ROOMS } from './room.ts';
import { tipOf, type Vault } from './vault.ts';
import { endedBy, endedByBoth, isPassing } from './verdicts.ts';

/** Blocks that a batch waits that a signer refused for a reason that an honest draft never gives. */
const LONG_WAIT = 6;

/** How often in its delay a destination is tried. */
const DELAY_PARTS = 12;

/**
 * Those that certain intents cause keep only these waiting, and the others go on at once: the heights, by id (hexadecimal).
 * Undefined when there is none of these, or one that passes is about the whole draft.
 */
function waitsFor(
  vault: Vault,
  batch: Batch,
  { by, refusals }: Words,
  height: number,
): ReadonlyMap<string, number> | undefined {
  const draft = draftOf(batch);
  const waits = new Map<string, number>();
  let isBlamed = false;
  for (const refusal of [...refusals.values()].flat()) {
    const passes = isPassing(refusal);
    // What stays so and is said by too few to end the withdrawal.
    const ids = passes ? blamedBy(draft, [refusal]) : endedBy(draft, [refusal], by).keys();
    if (ids === undefined) return undefined;
    for (const id of ids) {
      isBlamed = true;
      const blocks = passes ? blocksFor(vault, batch, refusal.code, id) : LONG_WAIT;
      if (blocks > 0) waits.set(id, Math.max(waits.get(id) ?? 0, height + blocks));
    }
  }
  return isBlamed ? waits : undefined;
}

/** How long an intent that a refusal is about is left alone. */
function blocksFor({ charter, store }: Vault, batch: Batch, code: string, id: string): number {
  if (code === 'DESTINATION_DELAY')
    return Math.max(1, Math.floor(charter.policy.destinationTicks / DELAY_PARTS));
  if (!ROOMS.includes(code)) return 1;
  if (batch.status === 'signed') return LONG_WAIT;
  // What nobody has signed is tried again at once, with as much as there is room for. What somebody may have signed needs no
  // room there, so nothing would hold it back.
  const isExposed =
    batch.exposed || batch.peers.some(({ role, answer }) => role === 'signer' && answer !== 'refused');
  return isExposed || carriersOf(store, fromHex(id)).some((carrier) => carrier.id !== batch.id) ? 1 : 0;
}

/** What machines of one kind said of a batch, by name. */
export interface Words {
  readonly by: Role;
  readonly refusals: ReadonlyMap<string, readonly Refusal[]>;
}

/** What signers end, two of them must; what gates end, all of them must: each of the others could still clear it. */
function endedByAll(
  vault: Vault,
  batch: Batch,
  { by, refusals }: Words,
): ReadonlyMap<string, readonly string[]> {
  const draft = draftOf(batch);
  const needed = by === 'signer' ? 2 : vault.charter.charter.gates.length;
  const [first, ...others] = [...refusals.values()].map((list) => endedBy(draft, list, by));
  return first === undefined || others.length + 1 < needed ? new Map() : others.reduce(endedByBoth, first);
}

/** What signers said that are not asked now. Of a batch that two signed, what another says is not why, nor what a gate says that waits. */
function storedOf({ status, peers }: Batch): readonly string[] {
  return status === 'signed' ? [] : peers.flatMap(({ role, codes }) => (role === 'gate' ? [] : codes));
}

/** Ends a batch that no two signers will sign, or no gate will clear; its withdrawals end or wait. */
export function giveUp(vault: Vault, batch: Batch, words: Words): void {
  const { store, report } = vault;
  const ended = endedByAll(vault, batch, words);
  const all = [...words.refusals.values()].flat();
  const codes = [...new Set([...all.map(({ code }) => code), ...storedOf(batch)])].slice(0, MAX_CODES);
  const odd = all.filter((refusal) => !isPassing(refusal));
  const strange = ended.size === 0 && odd.length > 0;
  const isWhole = odd.some((refusal) => endedBy(draftOf(batch), [refusal], words.by).size === 0);
  const { height } = tipOf(store);
  // Signers say what is left for whom, and what still fits is tried at once. A gate's part is its own: its word only delays.
  if (batch.status !== 'signed') vault.rooms.learn(all, height);
  const waits = waitsFor(vault, batch, words, height);
  const notBefore = height + (strange && isWhole ? LONG_WAIT : ended.size > 0 || waits !== undefined ? 0 : 1);
  const after = giveUpBatch(store, batch.id, {
    refused: [...ended].map(([id, why]) => ({ id: fromHex(id), codes: why })),
    codes,
    notBefore,
    ...(waits === undefined ? {} : { waits }),
  });
  report.event('given-up', { batch: batch.id, codes, status: after.status, ended: ended.size, notBefore });
  for (const [id, why] of ended) reportEnd(vault, id, why);
  if (strange)
    report.alarm(
      odd[0]?.code ?? 'INTERNAL',
      displayTxid(batch.txid),
      `batch ${batch.id} was refused: ${codes.join(', ')}`,
    );
  vault.bells.work.ring();
}

function reportEnd({ store, report }: Vault, id: string, codes: readonly string[]): void {
  const withdrawal = findWithdrawal(store, fromHex(id));
  if (withdrawal === undefined || !isEnding(withdrawal)) {
    report.event('withdrawal-refused', { withdrawal: id, codes });
    return;
  }
  report.event('withdrawal-ending', { withdrawal: id, codes });
  const why = 'a gate could still broadcast it: it ends when its coins are home and that is buried';
  report.alarm(codes[0] ?? 'INTERNAL', id, why);
}
