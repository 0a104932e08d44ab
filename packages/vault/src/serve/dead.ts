/**
 * DEAD: before a signer is asked to pay an intent that an earlier transaction carried, it is shown that the earlier one can
 * never be mined. A signer that never saw the earlier one refuses the proof, and needs none. What two signers say of it is
 * then shown to every gate, which follows no chain itself: at once, because signers forget what is deep in the chain, and kept
 * for gates that are away. A signer that never saw the transaction is shown it for that, so that any two can say the word.
 * Spec: protocol-spec/10-policy.md and 13-gate.md, "Dead transactions".
 */
import { Admit, Bury, Dead, Death, decode, encode, equalBytes, MessageBytes } from '@coldwire/protocol';
import { displayTxid, serializeStripped } from '@coldwire/wallet';
import { draftTransaction } from '../draft/index.ts';
import {
  type Batch,
  carriersOf,
  carriersToBury,
  deathsOf,
  findBatchByTxid,
  findProof,
  forgetBurial,
  isBuried,
  isBuriedAt,
  type Proven,
  proofOfDeath,
  recordBurial,
  recordDeath,
  type StoredDeath,
} from '../queue/index.ts';
import { draftOf } from './admit.ts';
import { Away, type Peer, readRefusals } from './peer.ts';
import type { Signer } from './signer.ts';
import { tipOf, type Vault } from './vault.ts';

/** Signers whose word a gate asks for. */
const QUORUM = 2;

/**
 * Blocks after which a proof is shown again at the latest: as many as intents are left alone whose batch was refused for one that
 * was not taken, so that each next batch comes with it.
 */
const MOST_BLOCKS = 6;

/** Earlier carriers of the batch's intents that are dead and buried, by txid in display order. */
function buriedCarriers({ store, charter }: Vault, batch: Batch): ReadonlyMap<string, Batch> {
  const { height } = tipOf(store);
  const buried = new Map<string, Batch>();
  for (const id of batch.intents) {
    for (const carrier of carriersOf(store, id)) {
      if (isBuried(carrier, height, charter.charter.clock.burial))
        buried.set(displayTxid(carrier.txid), carrier);
    }
  }
  return buried;
}

function deadBody(carrier: Batch, proven: Proven): Uint8Array {
  return encode(Dead, { txid: carrier.txid, spender: proven.stripped, proof: proven.proof });
}

/** A proof that a signer refused: it may lack what comes with a block or a charter, or have no use for the proof at all. */
interface RefusedProof {
  /** Height of the tip from which on it is shown again. */
  readonly due: number;
  /** How many blocks that is after the refusal: twice as many each time, so that one that refuses for ever costs the line little. */
  readonly blocks: number;
}

/** By signer: what it refused of `dead`, by txid. */
const refusedProofs = new WeakMap<Signer, Map<string, RefusedProof>>();

function refusedBy(signer: Signer): Map<string, RefusedProof> {
  const known = refusedProofs.get(signer) ?? new Map<string, RefusedProof>();
  refusedProofs.set(signer, known);
  return known;
}

/** Shows a signer what it does not know yet of the batch's dead carriers. @throws Away */
export async function showDead(vault: Vault, signer: Signer, batch: Batch): Promise<void> {
  const refused = refusedBy(signer);
  for (const [txid, carrier] of buriedCarriers(vault, batch)) {
    const { height } = tipOf(vault.store);
    const before = signer.dead.has(txid) ? refused.get(txid) : { due: height, blocks: 0 };
    const proven = proofOfDeath(vault.store, carrier.id);
    if (before === undefined || height < before.due || proven === undefined) continue;
    const reply = await signer.request('DEAD', deadBody(carrier, proven));
    const taken = reply.type === 'DEATH';
    signer.dead.add(txid);
    const blocks = Math.min(Math.max(1, before.blocks * 2), MOST_BLOCKS);
    if (taken) refused.delete(txid);
    else refused.set(txid, { due: height + blocks, blocks });
    vault.report.event('dead', { peer: signer.name, txid, taken });
  }
}

/**
 * Shows a signer a transaction that it never saw: first the coins that it spends, and the transactions of ours that those come of,
 * as far as they are not mined. @throws Away
 */
async function acquaint(
  vault: Vault,
  signer: Signer,
  batch: Batch,
  seen: Set<number> = new Set(),
): Promise<void> {
  const { store, scripts } = vault;
  const draft = draftOf(batch);
  seen.add(batch.id);
  for (const [txid, vout, , wallet, chain, index] of draft.inputs) {
    const coins = [{ vout, wallet, chain, index }];
    const proven = findProof(store, txid);
    const parent = findBatchByTxid(store, txid);
    if (proven !== undefined) {
      const body = { transaction: proven.stripped, coins, proof: proven.proof };
      await signer.request('ADMIT', encode(Admit, body));
    } else if (parent !== undefined) {
      if (!seen.has(parent.id)) await acquaint(vault, signer, parent, seen);
      const transaction = serializeStripped(draftTransaction(draftOf(parent), scripts));
      await signer.request('ADMIT', encode(Admit, { transaction, coins, proof: null }));
    }
  }
  const transaction = serializeStripped(draftTransaction(draft, scripts));
  await signer.request('ADMIT', encode(Admit, { transaction, coins: [], proof: null }));
}

/** By gate: the signers whose stored word of a carrier it refused, as `carrier signer`. Their word is asked for again. */
const doubts = new WeakMap<Peer, Set<string>>();

function doubtsOf(gate: Peer): Set<string> {
  const known = doubts.get(gate) ?? new Set<string>();
  doubts.set(gate, known);
  return known;
}

/** Asks a signer for its DEATH, and stores that if it is about this transaction. @throws Away */
async function askForDeath(vault: Vault, signer: Signer, carrier: Batch, proven: Proven): Promise<void> {
  await signer.settle(vault);
  const body = deadBody(carrier, proven);
  let reply = await signer.request('DEAD', body);
  if (reply.type !== 'DEATH' && readRefusals(reply.body).some(({ code }) => code === 'DEAD_PROOF')) {
    await acquaint(vault, signer, carrier);
    // Its spends count from here on, also where the proof of death is of a transaction further up.
    const rival = { transaction: proven.stripped, coins: [], proof: proven.proof };
    await signer.request('ADMIT', encode(Admit, rival));
    reply = await signer.request('DEAD', body);
  }
  const death = reply.type === 'DEATH' ? decode(Death, reply.body) : undefined;
  if (death?.ok === true && equalBytes(death.value.txid, carrier.txid))
    recordDeath(vault.store, carrier.id, signer.name, reply.message);
}

/** A question for a DEATH. */
interface Asked {
  readonly since: number;
  isOpen: boolean;
  /** How many wait for it. */
  waiting: number;
  /** What went wrong, but for a signer that left. */
  trouble?: unknown;
}

/** By signer: what it has not answered, by carrier. */
const unanswered = new WeakMap<Signer, Map<number, Asked>>();

/** Whether it owes an answer for so long that nobody waits for it: it is asked nothing more until that is over. */
function isSilent({ tuning }: Vault, signer: Signer): boolean {
  const open = [...(unanswered.get(signer)?.values() ?? [])];
  return open.some(({ since }) => performance.now() - since >= tuning.deadlineMs);
}

/** Asks, or joins the question that is open. Its answer is kept whenever it comes. */
function askOnce(vault: Vault, signer: Signer, carrier: Batch, proven: Proven): Asked {
  const questions = unanswered.get(signer) ?? new Map<number, Asked>();
  unanswered.set(signer, questions);
  const known = questions.get(carrier.id);
  if (known !== undefined) return known;
  const asked: Asked = { since: performance.now(), isOpen: true, waiting: 0 };
  questions.set(carrier.id, asked);
  askForDeath(vault, signer, carrier, proven)
    .catch((error: unknown) => {
      if (!(error instanceof Away)) asked.trouble = error;
    })
    .then(() => {
      asked.isOpen = false;
      questions.delete(carrier.id);
      vault.bells.peers.ring();
      const isForNobody = asked.waiting === 0 && !vault.stopping.aborted;
      if (asked.trouble !== undefined && isForNobody) vault.fail(asked.trouble);
    });
  return asked;
}

/** Asks these signers, and waits until that is enough or all have answered; no longer than the deadline. @throws ChainError */
async function askForDeaths(
  vault: Vault,
  signers: readonly Signer[],
  { carrier, proven, isEnough }: { carrier: Batch; proven: Proven; isEnough: () => boolean },
): Promise<void> {
  const { bells, tuning, stopping } = vault;
  const asked = signers.map((signer) => askOnce(vault, signer, carrier, proven));
  for (const one of asked) one.waiting += 1;
  for (;;) {
    const seen = bells.peers.rings;
    const open = asked.filter(({ isOpen }) => isOpen);
    const left = Math.max(...open.map(({ since }) => since)) + tuning.deadlineMs - performance.now();
    if (isEnough() || !(left > 0) || stopping.aborted) break;
    await bells.peers.after(seen, left);
  }
  for (const one of asked) one.waiting -= 1;
  const trouble = asked.find((one) => one.trouble !== undefined)?.trouble;
  if (trouble !== undefined) throw trouble;
}

/**
 * What two signers of the charter in force have said of it; where that is too little, or the gate did not go by it, all others that
 * are there are asked, and those whom it doubts once more: their new word comes last. Whoever says nothing holds up nobody.
 */
async function collectDeaths(vault: Vault, gate: Peer, carrier: Batch): Promise<readonly StoredDeath[]> {
  const { store } = vault;
  const doubted = doubtsOf(gate);
  const signers = vault.signers.filter((signer) => vault.charters.lists(signer));
  const known = () =>
    deathsOf(store, carrier.id).filter((row) => signers.some(({ name }) => name === row.signer));
  const isGood = (row: StoredDeath): boolean =>
    !doubted.has(`${carrier.id} ${row.signer}`) && packed(row).length > 0;
  const good = () => known().filter(isGood);
  const proven = proofOfDeath(store, carrier.id);
  if (good().length < QUORUM && proven !== undefined) {
    const words = good();
    const others = signers.filter((signer) => !words.some((row) => row.signer === signer.name));
    await askForDeaths(
      vault,
      others.filter((signer) => !isSilent(vault, signer)),
      { carrier, proven, isEnough: () => good().length >= QUORUM },
    );
  }
  const rows = known();
  return [...rows.filter(isGood), ...rows.filter((row) => !isGood(row))].slice(0, QUORUM);
}

function packed({ message }: StoredDeath): Bury['deaths'] {
  const decoded = decode(MessageBytes, message, message.length);
  return decoded.ok ? [decoded.value] : [];
}

/** A gate names the signers whose word does not hold (GATE_DEATH); where it names none of these, it may be any of them. */
function doubt(gate: Peer, carrier: Batch, rows: readonly StoredDeath[], refused: Uint8Array): void {
  const blamed = readRefusals(refused).map(({ facts }) => facts.get('signer'));
  const named = rows.filter(({ signer }) => blamed.includes(signer));
  const doubted = doubtsOf(gate);
  for (const { signer } of rows) doubted.delete(`${carrier.id} ${signer}`);
  for (const { signer } of named.length > 0 ? named : rows) doubted.add(`${carrier.id} ${signer}`);
}

/** @throws Away */
async function bury(vault: Vault, gate: Peer, carrier: Batch): Promise<void> {
  const { store, report } = vault;
  const rows = await collectDeaths(vault, gate, carrier);
  const deaths = rows.flatMap(packed);
  if (deaths.length < QUORUM) return;
  const reply = await gate.request('BURY', encode(Bury, { txid: carrier.txid, deaths }));
  const taken = reply.type === 'DONE';
  if (taken) recordBurial(store, carrier.id, gate.name);
  else doubt(gate, carrier, rows, reply.body);
  report.event('dead', { peer: gate.name, txid: displayTxid(carrier.txid), taken });
}

/** Shows a gate what two signers say of the batch's dead carriers. @throws Away */
export async function buryDead(vault: Vault, gate: Peer, batch: Batch): Promise<void> {
  for (const carrier of buriedCarriers(vault, batch).values()) {
    if (!isBuriedAt(vault.store, carrier.id, gate.name)) await bury(vault, gate, carrier);
  }
}

/** The same for everything that is dead by now and whose intents may be paid again one day. @throws Away */
export async function buryAllDead(vault: Vault, gate: Peer): Promise<void> {
  const { store, charter } = vault;
  if (!gate.ready || !vault.charters.lists(gate)) return;
  for (const carrier of carriersToBury(store, gate.name, charter.charter.clock.burial))
    await bury(vault, gate, carrier);
}

/** The gate does not go by what it was told of the batch's carriers: it is told again. */
export function forgetBurials(vault: Vault, gate: Peer, batch: Batch): void {
  for (const carrier of buriedCarriers(vault, batch).values())
    forgetBurial(vault.store, carrier.id, gate.name);
}
