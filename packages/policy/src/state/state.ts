/**
 * All that policy remembers. Deciding functions read it and return changes; `applyChange` alone writes into it.
 * It is rebuilt at boot by folding the journalled changes, without any signature or proof of work checked again.
 * Spec: protocol-spec/10-policy.md, "State".
 */
import { toHex } from '@coldwire/protocol';
import { type Chain, createScripts, type PointMath, parseHeader, type WalletScripts } from '@coldwire/wallet';
import type { CharterInForce } from '../charter/load.ts';
import { createTree, type HeaderTree } from '../clock/header-tree.ts';
import { createTicks, type Ticks } from '../clock/ticks.ts';
import { createMemory, type Memory } from '../memory/memory.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { Velocity } from './velocity.ts';

/** A proven transaction that spends a coin, and the block that it is in. Both in display order. */
export type Spend = { readonly txid: string; readonly block: string };

export type CoinRecord = {
  /** `txid:vout`, txid in display order: the coin's key in the state. */
  readonly key: string;
  readonly txid: Uint8Array;
  readonly vout: number;
  readonly amount: bigint;
  readonly wallet: number;
  readonly chain: Chain;
  readonly index: number;
  readonly coinbase: boolean;
  /** Blocks (display order) that it was proven in; more than one only after a reorganization. */
  readonly blocks: string[];
  readonly spends: Spend[];
  /** Approved transactions that spend it, as txids in display order. */
  readonly spenders: string[];
  /** sat of fees charged so far for transactions that spend it (10-policy.md, "Charges"). */
  feeCovered: bigint;
};

export type TransactionRecord = {
  /** Keys of the coins that it spends. */
  readonly inputs: readonly string[];
  /** sat paid to intents. */
  readonly paid: bigint;
  /** sat */
  readonly fee: bigint;
};

export type IntentRecord = {
  /** Intent hash, hexadecimal. */
  readonly hash: string;
  /** Approved transactions that carry it, as txids in display order, oldest first. */
  readonly carriers: string[];
  /** The last height at which it can have been new: what the charter allowed when it was approved. */
  readonly until: number;
};

/** A change index that was seen in a block. */
export type MinedChange = { readonly index: number; readonly block: string };

export type FreezeRecord = { readonly by: string; readonly since: number; readonly until: number };

/** A charter that waits for its delay. In milliticks: when it was installed, and when it may come in force. */
export type PendingCharter = {
  readonly charter: CharterInForce;
  readonly since: number;
  readonly due: number;
};

export type PolicyState = {
  /** The charter in force. It, `scripts` and the length of `minedChange` change together: {@link enforce}. */
  charter: CharterInForce;
  /** By wallet, in the charter's order. */
  scripts: readonly WalletScripts[];
  readonly math: PointMath;
  /** Every charter that was ever installed: its hash (hexadecimal) by its epoch, ascending. */
  readonly charters: Map<number, string>;
  /** Oldest first. Each tightens the next, or is the same. */
  pending: readonly PendingCharter[];
  readonly tree: HeaderTree;
  ticks: Ticks;
  readonly coins: Map<string, CoinRecord>;
  /** By txid in display order. */
  readonly transactions: Map<string, TransactionRecord>;
  /** Inputs of unconfirmed transactions that coins were admitted from without a proof, by txid in display order. */
  readonly parents: Map<string, readonly string[]>;
  /** By intent id, hexadecimal. */
  readonly intents: Map<string, IntentRecord>;
  /** By wallet: change indexes proven mined, ascending. */
  minedChange: readonly MinedChange[][];
  readonly ledger: Ledger;
  readonly velocity: Velocity;
  /** By requester, then by destination (hexadecimal): the millitick of its registration. */
  readonly registered: Map<string, Map<string, number>>;
  /** By party: its last freeze. */
  readonly freezes: Map<string, FreezeRecord>;
  readonly memory: Memory;
};

function scriptsOf({ charter, network }: CharterInForce, math: PointMath): readonly WalletScripts[] {
  return charter.wallets.map((wallet) => createScripts({ network, ...wallet }, math));
}

/**
 * Another charter is in force: coins, counters, intents, freezes and the clock stay; wallets are only ever added at the end.
 * What a requester registered that it does not have is forgotten, and its share is free.
 * @throws Error if a wallet key is not a point of the curve
 */
export function enforce(state: PolicyState, charter: CharterInForce): void {
  state.scripts = scriptsOf(charter, state.math);
  state.minedChange = charter.charter.wallets.map((_, wallet) => state.minedChange[wallet] ?? []);
  for (const name of state.registered.keys())
    if (!charter.requesters.has(name)) state.registered.delete(name);
  state.memory.ahead = Math.max(state.memory.ahead, charter.policy.intentAhead);
  state.charter = charter;
}

/**
 * The state of a machine that has seen nothing yet.
 * @param math adds tweaks to public keys; the caller's curve, so that this package loads none
 * @throws Error if a wallet key is not a point of the curve: such a charter was never checked with `checkWallet`
 */
export function createPolicyState(charter: CharterInForce, math: PointMath): PolicyState {
  const { clock, wallets } = charter.charter;
  const checkpoint = parseHeader(clock.checkpoint);
  if (!checkpoint.ok) throw new Error('the checkpoint of a loaded charter is a header');
  return {
    charter,
    scripts: scriptsOf(charter, math),
    math,
    charters: new Map([[charter.charter.epoch, toHex(charter.hash)]]),
    pending: [],
    tree: createTree(checkpoint.value, clock.checkpointHeight),
    ticks: createTicks(clock.spacing),
    coins: new Map(),
    transactions: new Map(),
    parents: new Map(),
    intents: new Map(),
    minedChange: wallets.map(() => []),
    ledger: createLedger(),
    velocity: new Map(),
    registered: new Map(),
    freezes: new Map(),
    memory: createMemory(charter.policy.intentAhead),
  };
}
