/**
 * Performs changes: the one place that writes into a policy state. It believes what it is given, because a deciding
 * function made it or the journal, whose records are protected, brings it back.
 * Spec: protocol-spec/10-policy.md, "Changes".
 */
import { equalBytes, toHex } from '@coldwire/protocol';
import { type Chain, HEADER_LENGTH, outpointKey, parseHeader } from '@coldwire/wallet';
import { loadCharter } from '../charter/load.ts';
import { addNode, blockId, MILLITICKS, makeNode, tipOf } from '../clock/header-tree.ts';
import { earn, restart, settle } from '../clock/ticks.ts';
import {
  applyAsked,
  applyAttested,
  applyLatched,
  applyOrdered,
  applyRestored,
  applyUnfrozen,
  hearAnew,
} from '../memory/apply.ts';
import { missingGates } from '../memory/memory.ts';
import type { Change } from './change.ts';
import { addCharge } from './ledger.ts';
import { prune } from './prune.ts';
import { type CoinRecord, enforce, type PolicyState } from './state.ts';
import { chargeVelocity } from './velocity.ts';

type ValueOf<K extends Change['kind']> = Extract<Change, { kind: K }>['value'];
type OutpointRow = readonly [txid: Uint8Array, vout: number];

const keyOf = ([txid, vout]: OutpointRow): string => outpointKey({ txid, vout });

function applyHeaders(state: PolicyState, { headers, uptime }: ValueOf<'headers'>): void {
  const before = tipOf(state.tree).height;
  for (let at = 0; at < headers.length; at += HEADER_LENGTH) {
    const parsed = parseHeader(headers.slice(at, at + HEADER_LENGTH));
    const parent = parsed.ok ? state.tree.nodes.get(blockId(parsed.value.previous)) : undefined;
    if (!parsed.ok || parent === undefined)
      throw new Error('a journalled header does not follow a known one');
    addNode(state.tree, makeNode(parsed.value, parent));
  }
  state.ticks = earn(state.ticks, tipOf(state.tree).totalWorth, uptime);
  prune(state, before);
}

function noteMinedChange(state: PolicyState, coin: CoinRecord, block: string): void {
  const mined = state.minedChange[coin.wallet];
  if (coin.chain !== 1 || mined === undefined) return;
  let place = mined.length;
  while (place > 0 && (mined[place - 1]?.index ?? 0) > coin.index) place -= 1;
  mined.splice(place, 0, { index: coin.index, block });
}

function applyAdmitted(
  state: PolicyState,
  { txid, coinbase, block, coins, parents }: ValueOf<'admitted'>,
): void {
  for (const [vout, amount, wallet, chainNumber, index] of coins) {
    const key = outpointKey({ txid, vout });
    const chain: Chain = chainNumber === 0 ? 0 : 1;
    const place = { key, txid, vout, amount, wallet, chain, index, coinbase };
    const coin = state.coins.get(key) ?? { ...place, blocks: [], spends: [], spenders: [], feeCovered: 0n };
    state.coins.set(key, coin);
    if (block === null || coin.blocks.includes(blockId(block))) continue;
    coin.blocks.push(blockId(block));
    noteMinedChange(state, coin, blockId(block));
  }
  if (parents.length > 0) state.parents.set(blockId(txid), parents.map(keyOf));
}

function applySpent(state: PolicyState, { txid, block, outpoints }: ValueOf<'spent'>): void {
  const spend = { txid: blockId(txid), block: blockId(block) };
  for (const outpoint of outpoints) state.coins.get(keyOf(outpoint))?.spends.push(spend);
}

/** Spreads a fee evenly over the coins, the remainder on the first (10-policy.md, "Charges"). */
function coverFee(coins: readonly CoinRecord[], fee: bigint): void {
  const number = BigInt(coins.length);
  for (const [place, coin] of coins.entries()) {
    coin.feeCovered += fee / number + (place === 0 ? fee % number : 0n);
  }
}

function applyApproved(state: PolicyState, change: ValueOf<'approved'>): void {
  state.ticks = settle(state.ticks, change.uptime);
  const txid = blockId(change.txid);
  const inputs = change.inputs.map(keyOf);
  const coins = inputs.map((key) => {
    const coin = state.coins.get(key);
    if (coin === undefined) throw new Error('a journalled transaction spends a coin that was not admitted');
    return coin;
  });
  // A hostile vault can make the lists long: they are searched only for a transaction that was approved for others before.
  const isNew = !state.transactions.has(txid);
  const add = (txids: string[]): void => {
    if (isNew || !txids.includes(txid)) txids.push(txid);
  };
  state.transactions.set(txid, { inputs, paid: change.paid, fee: change.whole });
  for (const coin of coins) add(coin.spenders);
  const { intentAhead, intentLife } = state.charter.policy;
  const until = tipOf(state.tree).height + intentAhead + intentLife;
  for (const [id, hash] of change.intents)
    state.intents.set(toHex(id), { hash: toHex(hash), carriers: [txid], until });
  for (const id of change.again) add(state.intents.get(toHex(id))?.carriers ?? []);
  coverFee(coins, change.fee);
  addCharge(state.ledger, state.ticks.credited, change);
  const reach = Math.max(0, ...state.charter.policy.velocity.map(({ ticks }) => ticks));
  chargeVelocity(state.velocity, state.ticks.credited, change.charged ?? [], reach);
}

function applyRegistered(state: PolicyState, { uptime, requester, script }: ValueOf<'registered'>): void {
  state.ticks = settle(state.ticks, uptime);
  const known = state.registered.get(requester) ?? new Map<string, number>();
  known.set(toHex(script), state.ticks.credited);
  state.registered.set(requester, known);
}

function applyFrozen(state: PolicyState, { by, uptime }: ValueOf<'frozen'>): void {
  state.ticks = settle(state.ticks, uptime);
  const since = state.ticks.credited;
  state.freezes.set(by, { by, since, until: since + state.charter.policy.freezeTicks * 1000 });
}

function applyInstalled(state: PolicyState, { uptime, charter, ticks, revoked }: ValueOf<'installed'>): void {
  state.ticks = settle(state.ticks, uptime);
  const loaded = loadCharter(charter[0]);
  if (!loaded.ok) throw new Error('a journalled charter does not hold together');
  const since = state.ticks.credited;
  const gone = new Set(revoked.map(toHex));
  const kept = state.pending.filter((waiting) => !gone.has(toHex(waiting.charter.hash)));
  state.pending = [...kept, { charter: loaded.value, since, due: since + ticks * MILLITICKS }];
  state.charters.set(loaded.value.charter.epoch, toHex(loaded.value.hash));
}

/** What waited longer is passed over: it would only have tightened what is in force now. */
function applyEnacted(state: PolicyState, { uptime, charter }: ValueOf<'enacted'>): void {
  state.ticks = settle(state.ticks, uptime);
  const place = state.pending.findIndex((waiting) => equalBytes(waiting.charter.hash, charter));
  const next = state.pending[place];
  if (next === undefined) throw new Error('a charter comes in force that was not installed');
  state.pending = state.pending.slice(place + 1);
  const isWitnessed = missingGates(state.memory, state.charter).length === 0;
  enforce(state, next.charter);
  // Whom all have witnessed since this start needs no word of a gate that comes later: it could only stop every signer at once.
  hearAnew(state, isWitnessed);
}

/** Changes `state` in place and returns it. @throws Error if the change does not fit the state: a damaged journal */
export function applyChange(state: PolicyState, change: Change): PolicyState {
  switch (change.kind) {
    case 'boot':
      state.ticks = restart(state.ticks);
      // What gates said was about the memory of another start.
      state.memory.attested = [];
      break;
    case 'headers':
      applyHeaders(state, change.value);
      break;
    case 'admitted':
      applyAdmitted(state, change.value);
      break;
    case 'spent':
      applySpent(state, change.value);
      break;
    case 'approved':
      applyApproved(state, change.value);
      break;
    case 'frozen':
      applyFrozen(state, change.value);
      break;
    case 'installed':
      applyInstalled(state, change.value);
      break;
    case 'enacted':
      applyEnacted(state, change.value);
      break;
    case 'registered':
      applyRegistered(state, change.value);
      break;
    case 'asked':
      applyAsked(state, change.value);
      break;
    case 'attested':
      applyAttested(state, change.value);
      break;
    case 'born':
      state.memory.born = change.value.height;
      break;
    case 'latched':
      applyLatched(state, change.value);
      break;
    case 'ordered':
      applyOrdered(state, change.value);
      break;
    case 'unfrozen':
      applyUnfrozen(state, change.value);
      break;
    case 'restored':
      applyRestored(state, change.value);
      break;
  }
  return state;
}
