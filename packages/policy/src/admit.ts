/**
 * ADMIT: takes over a transaction's coins of ours, with the amounts that the transaction itself states.
 * What the vault claims is only where to look: the txid is recomputed, the script is the descriptor's own at the claimed
 * place. A mined transaction is proven; an unmined one may only spend coins that were admitted before.
 * Spec: protocol-spec/10-policy.md, "Admission".
 */
import { type Admit, equalBytes } from '@coldwire/protocol';
import {
  type Chain,
  type DecodedTransaction,
  decodeTransaction,
  displayTxid,
  isCoinbase,
  outpointKey,
} from '@coldwire/wallet';
import type { Accepted } from './accept-headers.ts';
import { blockId } from './clock/header-tree.ts';
import { COIN_LEAST } from './coin-least.ts';
import { isProven } from './prove.ts';
import { type Malformed, type Refusal, type Refused, refuse, refused } from './refusal.ts';
import type { Change } from './state/change.ts';
import type { PolicyState } from './state/state.ts';
import { countUnproven, UNPROVEN_MAX } from './state/unproven.ts';
import { indexLimit, inputsOf } from './state/view.ts';
import { worthOf } from './state/worth.ts';

type Claim = Admit['coins'][number];
type Place = { readonly wallet: number; readonly chain: Chain; readonly index: number };

const LIMITS = { bytes: 400_000, inputs: 10_000, outputs: 45_000, witnessItems: 0 };

/**
 * Decodes a transaction as ADMIT and DEAD carry it: without witness. The other form is refused for its first witness item, or
 * because it has none.
 */
export function decodeStripped(bytes: Uint8Array): { readonly transaction: DecodedTransaction } | Malformed {
  const decoded = decodeTransaction(bytes, LIMITS);
  return decoded.ok ? { transaction: decoded.value } : { kind: 'malformed', fault: decoded.fault };
}

function checkPlace(state: PolicyState, claim: Claim): Place | Refusal {
  const { chain, wallet, index } = claim;
  if (chain !== 0 && chain !== 1) return refuse('PATH_RANGE', { chain, index, limit: 'chain 1' });
  const limit = indexLimit(state, wallet, chain);
  return index > limit ? refuse('PATH_RANGE', { chain, index, limit }) : { wallet, chain, index };
}

/** The claimed output must exist and be the descriptor's own script at the claimed place. */
function checkClaim(state: PolicyState, transaction: DecodedTransaction, claim: Claim): Refusal | undefined {
  const outpoint = outpointKey({ txid: transaction.txid, vout: claim.vout });
  const output = transaction.outputs[claim.vout];
  const scripts = state.scripts[claim.wallet];
  if (output === undefined) return refuse('UNKNOWN_OUTPOINT', { outpoint });
  if (scripts === undefined) return refuse('INPUT_FOREIGN', { outpoint });
  const place = checkPlace(state, claim);
  if ('kind' in place) return place;
  const script = scripts.at(place.chain, place.index).scriptPubKey;
  if (!equalBytes(script, output.script)) return refuse('INPUT_FOREIGN', { outpoint });
  const { amount } = output;
  return amount < COIN_LEAST ? refuse('DUST', { output: claim.vout, amount, limit: COIN_LEAST }) : undefined;
}

/**
 * Without a proof, every input must be a coin that was admitted: then nobody else can have made the transaction. And the mined coins
 * that it comes from must hold what it pays: coins of any worth could be made up out of one, and intents paid with them wait for it.
 */
function checkOrigin(state: PolicyState, transaction: DecodedTransaction, body: Admit): Refusal | undefined {
  const txid = displayTxid(transaction.txid);
  if (body.proof !== null) {
    return isProven(state, transaction, body.proof) ? undefined : refuse('MERKLE_PROOF', { txid });
  }
  const keys = new Set(transaction.inputs.map(({ outpoint }) => outpointKey(outpoint)));
  const isKnown = keys.size === transaction.inputs.length && [...keys].every((key) => state.coins.has(key));
  const paid = transaction.outputs.reduce((sum, { amount }) => sum + amount, 0n);
  return isKnown && paid <= worthOf(state, keys) ? undefined : refuse('UNPROVEN_PARENT', { txid });
}

function makeAdmitted(state: PolicyState, transaction: DecodedTransaction, body: Admit): Change[] {
  const txid = displayTxid(transaction.txid);
  const block = body.proof === null ? null : body.proof.block;
  const isNews = ({ vout }: Claim): boolean => {
    const coin = state.coins.get(`${txid}:${vout}`);
    return coin === undefined || (block !== null && !coin.blocks.includes(blockId(block)));
  };
  const claims = new Map(body.coins.filter(isNews).map((claim) => [claim.vout, claim]));
  const needsParents = block === null && inputsOf(state, txid) === undefined;
  if (claims.size === 0 && !needsParents) return [];
  const coins = [...claims.values()].map(({ vout, wallet, chain, index }) => {
    return [vout, transaction.outputs[vout]?.amount ?? 0n, wallet, chain, index] as const;
  });
  const parents = needsParents
    ? transaction.inputs.map(({ outpoint }) => [outpoint.txid, outpoint.vout] as const)
    : [];
  return [
    {
      kind: 'admitted',
      value: { txid: transaction.txid, coinbase: isCoinbase(transaction), block, coins, parents },
    },
  ];
}

/** A proven transaction also proves what it spends: that is how one of ours is known to be mined, and others dead. */
export function makeSpent(state: PolicyState, transaction: DecodedTransaction, block: Uint8Array): Change[] {
  const spender = displayTxid(transaction.txid);
  const outpoints = transaction.inputs
    .map(({ outpoint }) => outpoint)
    .filter((outpoint) => {
      const coin = state.coins.get(outpointKey(outpoint));
      const isKnown = (spend: { txid: string; block: string }) =>
        spend.txid === spender && spend.block === blockId(block);
      return coin !== undefined && !coin.spends.some(isKnown);
    })
    .map(({ txid, vout }) => [txid, vout] as const);
  return outpoints.length === 0
    ? []
    : [{ kind: 'spent', value: { txid: transaction.txid, block, outpoints } }];
}

function checkRoom(state: PolicyState, admitted: readonly Change[]): Refusal | undefined {
  const rows = admitted.map((change) =>
    change.kind === 'admitted' ? change.value.coins.length + change.value.parents.length : 0,
  );
  const got = rows.reduce((sum, number) => sum + number, countUnproven(state));
  return got > UNPROVEN_MAX ? refuse('LIMIT', { what: 'unproven', got, limit: UNPROVEN_MAX }) : undefined;
}

/** Judges an admission; changes nothing. The exact repeat of one makes no changes. */
export function admit(state: PolicyState, body: Admit): Accepted | Refused | Malformed {
  const decoded = decodeStripped(body.transaction);
  if ('kind' in decoded) return decoded;
  const { transaction } = decoded;
  const origin = checkOrigin(state, transaction, body);
  const claims = body.coins.map((claim) => checkClaim(state, transaction, claim));
  const refusals = [origin, ...claims].filter((refusal) => refusal !== undefined);
  if (refusals.length > 0) return refused(refusals);
  const admitted = makeAdmitted(state, transaction, body);
  if (body.proof !== null) {
    return { kind: 'ok', changes: [...admitted, ...makeSpent(state, transaction, body.proof.block)] };
  }
  const full = admitted.length === 0 ? undefined : checkRoom(state, admitted);
  return full === undefined ? { kind: 'ok', changes: admitted } : refused([full]);
}
