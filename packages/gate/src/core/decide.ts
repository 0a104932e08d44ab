/**
 * The gate's mind: from its state and one CLEAR to a final transaction, or to every rule that it breaks. Synchronous and
 * pure but for `open`, which holds the gate's key; an auditor runs the same function with disclosed content keys.
 * Spec: protocol-spec/13-gate.md.
 */
import {
  BODY_MAX,
  Bury,
  CharterBody,
  Clear,
  Cleared,
  Done,
  decode,
  encode,
  equalBytes,
  fromHex,
  Hello,
  hashIntent,
  hashRequest,
  type MessageType,
  type Received,
  Refused,
  SignRequest,
  State,
  Status,
  toHex,
  Witness,
  Witnessed,
} from '@coldwire/protocol';
import { checkApprovals } from './approvals.ts';
import { checkIntents, checkVerdicts } from './authorize.ts';
import { judgeBury } from './bury.ts';
import type { GateChange } from './change.ts';
import { type ClearedSpend, combine } from './combine.ts';
import { checkConflicts, checkHomes } from './conflict.ts';
import { chargedPayments, checkDestinations, checkVelocity } from './destinations.ts';
import { chargeFor, checkFees, checkWindows } from './limits.ts';
import { build, inspect, type Rebuilt } from './rebuild.ts';
import { type GateRefusal, inOrder, refuse } from './refusal.ts';
import { checkTxid, readAnswers, type SignerAnswer } from './signed.ts';
import { applyGate, type GateState, runningTime } from './state.ts';
import { findDue, install } from './succession.ts';
import { type OpenSeal, type PartialSignatures, unsealAnswer } from './unseal.ts';
import { noteHeads, witness } from './witness.ts';

export const SOFTWARE = 'coldwire 0.1.0';

export interface GateReply {
  readonly type: MessageType;
  readonly request: Uint8Array | null;
  /** Canonical CBOR. */
  readonly body: Uint8Array;
}

/** In this order: journal the changes with the message, then send. */
export interface GateDecision {
  readonly changes: readonly GateChange[];
  readonly replies: readonly GateReply[];
}

export function decideStart(state: GateState): GateDecision {
  return { changes: [{ kind: 'start', value: state.session + 1 }], replies: [] };
}

/** What the vault is told first on each connection. A gate follows no chain: its tip is zero. */
export function decideGreeting(state: GateState, uptime: number): GateDecision {
  const hello = encode(Hello, describe(state, runningTime(state, uptime)));
  return { changes: [], replies: [{ type: 'HELLO', request: null, body: hello }] };
}

/** @param at running time, µs */
function describe(state: GateState, at: number): Hello {
  const { charter, hash, first } = state.charter;
  const perMillitick = charter.clock.spacing * 1000;
  const pending = state.waiting.map(
    (row) =>
      [
        row.charter.charter.epoch,
        row.charter.hash,
        Math.max(0, Math.ceil((row.due - at) / perMillitick)),
      ] as const,
  );
  return {
    software: SOFTWARE,
    epoch: charter.epoch,
    tipHeight: 0,
    tipHash: new Uint8Array(32),
    frozen: false,
    ...(equalBytes(hash, first) ? {} : { charter: hash }),
    ...(pending.length === 0 ? {} : { pending }),
  };
}

/** A charter that is due comes in force first. @param uptime µs since the program started */
export function decideMessage(
  state: GateState,
  received: Received,
  uptime: number,
  open: OpenSeal,
): GateDecision {
  const at = runningTime(state, uptime);
  const due = findDue(state, at);
  if (due === undefined) return decideUnder(state, received, uptime, open);
  const enacted: GateChange = { kind: 'enacted', value: { hash: due.charter.hash, at } };
  // Deciding changes nothing, so what is shared with the state is safe: enacting replaces, and changes nothing in place.
  const next = applyGate({ ...state }, enacted);
  const decision = decideUnder(next, received, uptime, open);
  return { ...decision, changes: [enacted, ...decision.changes] };
}

function decideUnder(state: GateState, received: Received, uptime: number, open: OpenSeal): GateDecision {
  const { type, header, body } = received;
  if (type === 'HELLO') return { changes: [], replies: [] };
  const { request } = header;
  if (request === null) return reject(null, 'MALFORMED', 'a request without a request id');
  if (!state.charter.charter.vaults.some(({ name }) => name === header.sender))
    return reject(request, 'WRONG_PEER', `${header.sender} is no vault of the charter in force`);
  if (type === 'CHARTER') return decideCharter(state, request, body, uptime);
  if (state.charter.place < 0 && type !== 'STATUS')
    return reject(request, 'WRONG_PEER', 'this gate is not in the charter in force');
  if (type === 'STATUS') return decideStatus(state, request, body, uptime);
  if (type === 'CLEAR') return decideClear(state, request, body, uptime, open);
  if (type === 'BURY') return decideBury(state, request, body);
  if (type === 'WITNESS') return decideWitness(state, request, body);
  return reject(request, 'UNKNOWN_TYPE', type);
}

function decideStatus(state: GateState, request: Uint8Array, body: Uint8Array, uptime: number): GateDecision {
  const status = decode(Status, body);
  if (!status.ok) return reject(request, status.fault.code, status.fault.detail);
  const { spacing } = state.charter.charter.clock;
  const millitick = Math.floor(runningTime(state, uptime) / (spacing * 1000));
  const reply = encode(State, {
    ...describe(state, runningTime(state, uptime)),
    millitick,
    coins: 0,
    windows: [],
  });
  return { changes: [], replies: [{ type: 'STATE', request, body: reply }] };
}

function decideCharter(
  state: GateState,
  request: Uint8Array,
  body: Uint8Array,
  uptime: number,
): GateDecision {
  const given = decode(CharterBody, body, BODY_MAX);
  if (!given.ok) return reject(request, given.fault.code, given.fault.detail);
  const installation = install(state, given.value.charter, runningTime(state, uptime));
  if (!installation.ok) return { changes: [], replies: [refusal(request, [installation.refusal])] };
  return { changes: installation.changes, replies: [{ type: 'DONE', request, body: encode(Done, {}) }] };
}

function decideBury(state: GateState, request: Uint8Array, body: Uint8Array): GateDecision {
  const bury = decode(Bury, body, BODY_MAX);
  if (!bury.ok) return reject(request, bury.fault.code, bury.fault.detail);
  const burial = judgeBury(state, bury.value);
  if (!burial.ok) return { changes: [], replies: [refusal(request, inOrder(burial.refusals))] };
  return { changes: burial.changes, replies: [{ type: 'DONE', request, body: encode(Done, {}) }] };
}

function decideWitness(state: GateState, request: Uint8Array, body: Uint8Array): GateDecision {
  const asked = decode(Witness, body);
  if (!asked.ok) return reject(request, asked.fault.code, asked.fault.detail);
  const { signer, nonce } = asked.value;
  const reply = encode(Witnessed, witness(state.charter, state.heads, signer, nonce));
  return { changes: [], replies: [{ type: 'WITNESSED', request, body: reply }] };
}

function decideClear(
  state: GateState,
  request: Uint8Array,
  body: Uint8Array,
  uptime: number,
  open: OpenSeal,
): GateDecision {
  const requestHash = hashRequest(body);
  const known = state.results.get(toHex(request));
  if (known !== undefined) {
    if (equalBytes(known.requestHash, requestHash)) {
      return { changes: [], replies: [{ type: known.type, request, body: known.body }] };
    }
    return { changes: [], replies: [refusal(request, [refuse('CONFLICT_ID', { request: toHex(request) })])] };
  }
  const clear = decode(Clear, body, BODY_MAX);
  if (!clear.ok) return reject(request, clear.fault.code, clear.fault.detail);
  const sign = decode(SignRequest, clear.value.request, BODY_MAX);
  if (!sign.ok) return reject(request, sign.fault.code, sign.fault.detail);
  const at = runningTime(state, uptime);
  const judged = judge(state, clear.value, sign.value, at, open);
  const reply =
    judged.kind === 'cleared'
      ? clearedReply(request, judged.spend)
      : refusal(request, inOrder(judged.refusals));
  const type = judged.kind === 'cleared' ? 'CLEARED' : 'REFUSED';
  return {
    changes: [
      ...noteHeads(state.charter, state.heads, clear.value),
      ...judged.changes,
      { kind: 'result', value: { request, requestHash, type, body: reply.body, at } },
    ],
    replies: [reply],
  };
}

type Judgement =
  | { readonly kind: 'cleared'; readonly spend: ClearedSpend; readonly changes: readonly GateChange[] }
  | {
      readonly kind: 'refused';
      readonly refusals: readonly GateRefusal[];
      readonly changes: readonly GateChange[];
    };

const refused = (refusals: readonly GateRefusal[]): Judgement => ({ kind: 'refused', refusals, changes: [] });

/** The stages in order; each needs the one before it whole. @param at µs of running time */
function judge(state: GateState, clear: Clear, sign: SignRequest, at: number, open: OpenSeal): Judgement {
  const inspection = inspect(state.charter, sign);
  if (!inspection.ok) return refused(inspection.refusals);
  const read = readAnswers(state.charter, clear);
  if (!read.ok) return refused(read.refusals);
  const rebuilt = build(state.charter, inspection.value);
  const others = checkTxid(read.answers, Uint8Array.from(fromHex(rebuilt.txid)).reverse());
  if (others.length > 0) return refused(others);
  // A third is checked, but nothing depends on it.
  const answers = read.answers.slice(0, 2);
  const charge = chargeFor(state, rebuilt, at);
  const homes = checkHomes(state, rebuilt, at);
  const refusals = [
    ...checkIntents(state, rebuilt),
    ...checkVerdicts(state, rebuilt),
    ...checkApprovals(state, rebuilt),
    ...checkDestinations(state, rebuilt),
    ...checkFees(state, rebuilt),
    ...(isCleared(state, rebuilt)
      ? []
      : [...checkWindows(state, charge), ...checkVelocity(state, rebuilt, at)]),
    ...checkConflicts(state, rebuilt),
    ...homes.refusals,
  ];
  const wait: readonly GateChange[] =
    homes.seen.length === 0 ? [] : [{ kind: 'seen', value: { intents: homes.seen.map(fromHex), at } }];
  // The delay of another gate's intents runs only for requests that are good otherwise.
  if (refusals.length > 0) {
    const onlyHome = refusals.every(({ code }) => code === 'GATE_HOME');
    return { kind: 'refused', refusals, changes: onlyHome ? wait : [] };
  }
  const partials = unsealAll(state, answers, rebuilt, open);
  if ('refusals' in partials) return refused(partials.refusals);
  const combination = combine(rebuilt, partials.signatures);
  if (!combination.ok) return refused(combination.refusals);
  return {
    kind: 'cleared',
    spend: combination.spend,
    changes: isCleared(state, rebuilt) ? [] : [record(state, rebuilt, charge)],
  };
}

/**
 * The same transaction for the same intents. Two intents of equal amount and destination make equal transactions: one that
 * was cleared for the first is judged, charged and recorded again when it comes for the second.
 */
function isCleared(state: GateState, { txid, intents }: Rebuilt): boolean {
  return state.cleared.has(txid) && intents.every(({ id }) => state.intents.get(id)?.txids.includes(txid));
}

function unsealAll(
  state: GateState,
  answers: readonly SignerAnswer[],
  rebuilt: Rebuilt,
  open: OpenSeal,
): { readonly signatures: readonly PartialSignatures[] } | { readonly refusals: readonly GateRefusal[] } {
  const known = new Set(state.charters.values());
  const opened = answers.map((answer) =>
    unsealAnswer(state.charter, known, answer, rebuilt.inputs.length, open),
  );
  const refusals = opened.flatMap((result) => ('code' in result ? [result] : []));
  return refusals.length > 0
    ? { refusals }
    : { signatures: opened.flatMap((result) => ('code' in result ? [] : [result])) };
}

function record(state: GateState, rebuilt: Rebuilt, charge: ReturnType<typeof chargeFor>): GateChange {
  const { draft } = rebuilt.request;
  const { policy } = state.charter.charter;
  const payments = policy.velocity.length === 0 ? [] : chargedPayments(state, rebuilt);
  return {
    kind: 'cleared',
    value: {
      txid: Uint8Array.from(fromHex(rebuilt.txid)).reverse(),
      inputs: draft.inputs.map(([txid, vout]) => [txid, vout] as const),
      fee: rebuilt.fee,
      paid: rebuilt.paid,
      intents: rebuilt.intents.map(
        ({ intent, bytes }) => [intent.id, hashIntent(state.charter.first, bytes)] as const,
      ),
      charge: [charge.amount, charge.count, charge.fee],
      at: charge.at,
      ...(payments.length === 0 ? {} : { payments }),
    },
  };
}

function clearedReply(request: Uint8Array, spend: ClearedSpend): GateReply {
  const txid = Uint8Array.from(fromHex(spend.rebuilt.txid)).reverse();
  const [first, second] = spend.keys;
  if (first === undefined || second === undefined) throw new Error('a cleared spend has two signers');
  return {
    type: 'CLEARED',
    request,
    body: encode(Cleared, { txid, transaction: spend.raw, keys: [first, second] }),
  };
}

function refusal(request: Uint8Array, refusals: readonly GateRefusal[]): GateReply {
  const rows = refusals.slice(0, 256).map(({ code, facts }) => ({ code, facts }));
  return { type: 'REFUSED', request, body: encode(Refused, { refusals: rows }) };
}

function reject(request: Uint8Array | null, code: string, detail: string): GateDecision {
  const body = encode(Refused, { refusals: [{ code, facts: [['detail', detail.slice(0, 160)]] }] });
  return { changes: [], replies: [{ type: 'REFUSED', request, body }] };
}
