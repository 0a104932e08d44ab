/**
 * A SIGN request laid out for the rules: every input beside its admitted coin, every intent decoded and hashed beside
 * its record, change scripts derived, the transaction built, sums, fee, size and charge. Nothing is judged here.
 * Spec: protocol-spec/10-policy.md, "Facts".
 */
import {
  decodeIntent,
  hashIntent,
  type Intent,
  makeFault,
  type Result,
  type SignedIntent,
  type SignRequest,
  toHex,
} from '@coldwire/protocol';
import {
  DEFAULT_SEQUENCE,
  displayTxid,
  MAX_MONEY,
  type Outpoint,
  type Output,
  outpointKey,
  txidOf,
  type UnsignedTransaction,
  worstCaseVsize,
} from '@coldwire/wallet';
import { findCharged } from './charge.ts';
import type { Charge } from './state/ledger.ts';
import type { CoinRecord, IntentRecord, PolicyState } from './state/state.ts';
import { changeLimit, tickAt, tipHeight } from './state/view.ts';

export type InputFact = {
  /** `txid:vout`, txid in display order. */
  readonly key: string;
  readonly outpoint: Outpoint;
  /** As the request claims them. */
  readonly amount: bigint;
  readonly wallet: number;
  readonly chain: number;
  readonly index: number;
  readonly coin: CoinRecord | undefined;
};

export type IntentFact = {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly intent: Intent;
  /** Hexadecimal. */
  readonly id: string;
  readonly hash: Uint8Array;
  /** What is remembered under this id; undefined at first sight. */
  readonly record: IntentRecord | undefined;
};

export type ChangeFact = {
  readonly wallet: number;
  readonly index: number;
  readonly amount: bigint;
  readonly position: number;
  /** The descriptor's script; undefined where wallet or index may not be used. */
  readonly script: Uint8Array | undefined;
};

export type OutputFact = {
  readonly amount: bigint;
  readonly script: Uint8Array | undefined;
  readonly from: 'intent' | 'change';
};

const built: unique symbol = Symbol('SpendFacts');

/** Made by {@link buildFacts} only. */
export type SpendFacts = {
  readonly [built]: true;
  readonly request: SignRequest;
  /** The machine's real-time clock, seconds since 1970. */
  readonly time: number;
  readonly millitick: number;
  /** Height of the tip. */
  readonly height: number;
  readonly inputs: readonly InputFact[];
  readonly intents: readonly IntentFact[];
  readonly change: readonly ChangeFact[];
  /** In the transaction's order; change whose position is impossible stands at the end. */
  readonly outputs: readonly OutputFact[];
  /** Undefined when amounts or change make one impossible; a rule refuses then. */
  readonly transaction: UnsignedTransaction | undefined;
  /** In display order. */
  readonly txid: string | undefined;
  /** Approved transactions that share an input with this one, itself included when it was approved before. */
  readonly conflicting: ReadonlySet<string>;
  /** Of the intents, those that the windows are charged for. */
  readonly charged: readonly IntentFact[];
  /** sat. Admitted amounts where the coin is known. */
  readonly sumIn: bigint;
  readonly sumOut: bigint;
  readonly fee: bigint;
  /** sat to intents. */
  readonly paid: bigint;
  /** vB, worst case. */
  readonly vsize: number;
  /** What the windows would be charged. */
  readonly charge: Charge;
};

/** Decodes the intents of a draft. Faults: those of the first bad one. */
export function decodeIntents(intents: readonly SignedIntent[]): Result<readonly Intent[]> {
  const decoded: Intent[] = [];
  for (const [place, [bytes]] of intents.entries()) {
    const intent = decodeIntent(bytes);
    if (!intent.ok) {
      return { ok: false, fault: makeFault(intent.fault.code, `intent ${place}: ${intent.fault.detail}`) };
    }
    decoded.push(intent.value);
  }
  return { ok: true, value: decoded };
}

/** Every change output is P2WSH. */
const CHANGE_SCRIPT = new Uint8Array(34);

export function draftVsize(request: SignRequest, intents: readonly Intent[]): number {
  const { inputs, change } = request.draft;
  const outputs = [...intents.map(({ script }) => script), ...change.map(() => CHANGE_SCRIPT)];
  return worstCaseVsize({ inputs: inputs.length, outputs });
}

function layInputs(state: PolicyState, request: SignRequest): InputFact[] {
  return request.draft.inputs.map(([txid, vout, amount, wallet, chain, index]) => {
    const outpoint = { txid, vout };
    const key = outpointKey(outpoint);
    const coin = state.coins.get(key);
    // The state's own bytes where there are any: what is approved shares none with the request.
    const own = coin === undefined ? outpoint : { txid: coin.txid, vout };
    return { key, outpoint: own, amount, wallet, chain, index, coin };
  });
}

function layIntents(state: PolicyState, request: SignRequest, intents: readonly Intent[]): IntentFact[] {
  return request.draft.intents.flatMap(([bytes, signature], place) => {
    const intent = intents[place];
    if (intent === undefined) return [];
    const id = toHex(intent.id);
    const hash = hashIntent(state.charter.first, bytes);
    return [{ bytes, signature, intent, id, hash, record: state.intents.get(id) }];
  });
}

function layChange(state: PolicyState, request: SignRequest): ChangeFact[] {
  return request.draft.change.map(([wallet, index, amount, position]) => {
    const usable = wallet === state.charter.newestWallet && index <= changeLimit(state, wallet);
    const script = usable ? state.scripts[wallet]?.at(1, index).scriptPubKey : undefined;
    return { wallet, index, amount, position, script };
  });
}

/** Intents in order with change put in at its positions, as far as these ascend and exist. */
function layOutputs(intents: readonly IntentFact[], change: readonly ChangeFact[]): OutputFact[] {
  const outputs: OutputFact[] = intents.map(({ intent }) => {
    return { amount: intent.amount, script: intent.script, from: 'intent' };
  });
  for (const { amount, script, position } of change)
    outputs.splice(position, 0, { amount, script, from: 'change' });
  return outputs;
}

const inRange = (amount: bigint): boolean => amount >= 0n && amount <= MAX_MONEY;

function build(
  request: SignRequest,
  inputs: readonly InputFact[],
  outputs: readonly OutputFact[],
): UnsignedTransaction | undefined {
  const complete: Output[] = [];
  for (const { amount, script } of outputs) {
    if (script === undefined || !inRange(amount)) return undefined;
    complete.push({ amount, script });
  }
  if (complete.length === 0) return undefined;
  return {
    version: 2,
    locktime: request.draft.locktime,
    inputs: Object.freeze(inputs.map(({ outpoint }) => ({ outpoint, sequence: DEFAULT_SEQUENCE }))),
    outputs: Object.freeze(complete),
  };
}

function chargeOf(inputs: readonly InputFact[], charged: readonly IntentFact[], fee: bigint): Charge {
  // A coin that stands twice in a bad draft covers once.
  const coins = new Set(inputs.map(({ coin }) => coin));
  let covered = 0n;
  for (const coin of coins) covered += coin?.feeCovered ?? 0n;
  return {
    amount: charged.reduce((sum, { intent }) => sum + intent.amount, 0n),
    count: charged.length,
    fee: fee > covered ? fee - covered : 0n,
  };
}

function findConflicting(inputs: readonly InputFact[]): Set<string> {
  const conflicting = new Set<string>();
  for (const { coin } of inputs) {
    for (const txid of coin?.spenders ?? []) conflicting.add(txid);
  }
  return conflicting;
}

/**
 * @param decoded the draft's intents, in order
 * @param time seconds since 1970
 * @param uptime µs of running time
 */
export function buildFacts(
  state: PolicyState,
  request: SignRequest,
  decoded: readonly Intent[],
  time: number,
  uptime: number,
): SpendFacts {
  const inputs = layInputs(state, request);
  const intents = layIntents(state, request, decoded);
  const change = layChange(state, request);
  const outputs = layOutputs(intents, change);
  const transaction = build(request, inputs, outputs);
  const txid = transaction === undefined ? undefined : displayTxid(txidOf(transaction));
  const conflicting = findConflicting(inputs);
  const charged = findCharged(state, { intents, txid, conflicting });
  const sumIn = inputs.reduce((sum, { coin, amount }) => sum + (coin?.amount ?? amount), 0n);
  const sumOut = outputs.reduce((sum, { amount }) => sum + amount, 0n);
  return {
    [built]: true,
    request,
    time,
    millitick: tickAt(state, uptime),
    height: tipHeight(state),
    inputs,
    intents,
    change,
    outputs,
    transaction,
    txid,
    conflicting,
    charged,
    sumIn,
    sumOut,
    fee: sumIn - sumOut,
    paid: intents.reduce((sum, { intent }) => sum + intent.amount, 0n),
    vsize: draftVsize(request, decoded),
    charge: chargeOf(inputs, charged, sumIn - sumOut),
  };
}
