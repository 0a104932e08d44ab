/**
 * CHARTER at a gate: judges a charter that follows the newest one by the gate's own code and counts its delay in the gate's own
 * running time. Refuses CHARTER_CHAIN, CHARTER_QUORUM, CHARTER_UNFIT; LIMIT when too many wait.
 * Spec: protocol-spec/5-charter.md, "Succession"; 13-gate.md, "Charters".
 */
import {
  type Charter,
  equalBytes,
  findCharterProblems,
  hashCharter,
  type SignedCharter,
  toHex,
} from '@coldwire/protocol';
import type { GateChange } from './change.ts';
import { type GateCharter, openGateCharter } from './charter.ts';
import { loosens } from './ordering.ts';
import { type GateRefusal, refuse } from './refusal.ts';
import { verifySignature } from './signature.ts';
import type { GateState, WaitingCharter } from './state.ts';
import { forgetReplaced } from './witness.ts';

export const WAITING_MAX = 8;
const MICROSECONDS = 1_000_000;
const PROBLEM_MAX = 160;

export type Installation =
  | { readonly ok: true; readonly changes: readonly GateChange[] }
  | { readonly ok: false; readonly refusal: GateRefusal };

const no = (refusal: GateRefusal): Installation => ({ ok: false, refusal });
const unfit = (problem: string): GateRefusal =>
  refuse('CHARTER_UNFIT', { problem: problem.replaceAll(/[^ -~]/gu, '?').slice(0, PROBLEM_MAX) });

/** @param at running time, µs */
export function install(state: GateState, signed: SignedCharter, at: number): Installation {
  const [bytes] = signed;
  const hash = hashCharter(bytes);
  if (state.charters.has(toHex(hash))) return { ok: true, changes: [] };
  const next = openGateCharter(bytes, state.charter);
  if (typeof next === 'string') return no(unfit(next));
  const problems = findCharterProblems(next.charter);
  if (problems.length > 0) return no(unfit(problems.join('; ')));
  const refusal = findProblem(state, signed, next);
  if (refusal !== undefined) return no(refusal);
  const revoked = state.waiting.filter((row) => loosens(next.charter, row.charter.charter));
  if (state.waiting.length - revoked.length >= WAITING_MAX)
    return no(refuse('LIMIT', { what: 'pending charters', got: WAITING_MAX + 1, limit: WAITING_MAX }));
  const { policy, clock } = state.charter.charter;
  const waits = loosens(state.charter.charter, next.charter);
  const value = {
    charter: signed,
    at,
    due: waits ? at + policy.loosenTicks * clock.spacing * MICROSECONDS : at,
    revoked: revoked.map((row) => row.charter.hash),
  };
  const installed: GateChange = { kind: 'installed', value };
  return { ok: true, changes: waits ? [installed] : [installed, { kind: 'enacted', value: { hash, at } }] };
}

function findProblem(state: GateState, signed: SignedCharter, next: GateCharter): GateRefusal | undefined {
  const newest = state.waiting.at(-1)?.charter ?? state.charter;
  const { epoch, previous, first } = next.charter;
  const want = newest.charter.epoch + 1;
  const follows = epoch === want && previous !== null && equalBytes(previous, newest.hash);
  if (!follows || first === null || !equalBytes(first, state.charter.first))
    return refuse('CHARTER_CHAIN', { epoch, want });
  const { quorum } = state.charter.charter;
  const number = countSigners(signed, next.hash, state.charter.charter);
  if (number < quorum) return refuse('CHARTER_QUORUM', { signed: number, needed: quorum });
  const problem = findBreak(state.charter.charter, next.charter);
  return problem === undefined ? undefined : unfit(problem);
}

/** A name that stands twice counts for nothing, and so does one of no custodian. */
function countSigners([, rows]: SignedCharter, hash: Uint8Array, { custodians }: Charter): number {
  let number = 0;
  for (const { name, key } of custodians) {
    const [row, ...more] = rows.filter(([signer]) => signer === name);
    if (row !== undefined && more.length === 0 && verifySignature(key, hash, row[1])) number += 1;
  }
  return number;
}

/** What no charter can change. */
function findBreak(old: Charter, now: Charter): string | undefined {
  if (old.network !== now.network) return 'the network is another';
  const clock =
    old.clock.spacing === now.clock.spacing &&
    old.clock.checkpointHeight === now.clock.checkpointHeight &&
    equalBytes(old.clock.checkpoint, now.clock.checkpoint);
  if (!clock) return 'the checkpoint or the spacing of the clock is another';
  if (old.signers.some(({ name }, place) => now.signers[place]?.name !== name))
    return 'the signers are others, or in another order';
  const isKept = old.wallets.every(({ keys }, place) => {
    const rows = now.wallets[place]?.keys;
    return keys.every((key, i) => {
      const row = rows?.[i];
      return (
        row !== undefined &&
        equalBytes(row.publicKey, key.publicKey) &&
        equalBytes(row.chainCode, key.chainCode) &&
        equalBytes(row.fingerprint, key.fingerprint) &&
        row.path.join() === key.path.join()
      );
    });
  });
  return isKept ? undefined : 'a wallet is gone or another; wallets are only added at the end';
}

export function gateNames({ charter }: GateCharter): string {
  return charter.gates.map(({ name }) => name).join();
}

/** The newest charter whose delay is over. @param at running time, µs */
export function findDue({ waiting }: GateState, at: number): WaitingCharter | undefined {
  return waiting.findLast(({ due }) => due <= at);
}

export function applyInstalled(
  state: GateState,
  { charter: [bytes], at, due, revoked }: Extract<GateChange, { kind: 'installed' }>['value'],
): void {
  const charter = openGateCharter(bytes, state.charter);
  if (typeof charter === 'string') throw new Error(`a journalled charter cannot be used: ${charter}`);
  const gone = new Set(revoked.map(toHex));
  state.waiting = [...state.waiting.filter((row) => !gone.has(toHex(row.charter.hash))), { charter, due }];
  state.charters.set(toHex(charter.hash), gateNames(charter));
  state.lastRunning = Math.max(state.lastRunning, at);
}

export function applyEnacted(
  state: GateState,
  { hash, at }: Extract<GateChange, { kind: 'enacted' }>['value'],
): void {
  const place = state.waiting.findIndex(({ charter }) => equalBytes(charter.hash, hash));
  const next = state.waiting[place];
  if (next === undefined) throw new Error('a charter comes in force that was not installed');
  const { charter, place: was } = state.charter;
  const { gates, policy } = charter;
  const left = {
    until: at,
    gates: gates.length,
    place: was,
    delay: policy.gateDelay * MICROSECONDS,
  };
  state.former = [...state.former, left];
  if (was < 0 && next.charter.place >= 0) state.joined = at;
  state.waiting = state.waiting.slice(place + 1);
  state.charter = next.charter;
  state.heads = forgetReplaced(state.heads, charter, next.charter.charter);
  state.lastRunning = Math.max(state.lastRunning, at);
}
