/**
 * BURY: two signers say that a transaction which was cleared here can never be mined, so that its intents may be paid by one
 * that shares no coin with it. A gate follows no chain: it believes two signers together, of whom one is honest.
 * Refuses GATE_DEATH. Spec: protocol-spec/13-gate.md, "Dead transactions".
 */
import {
  type Bury,
  Death,
  decode,
  equalBytes,
  Header,
  hashBody,
  MESSAGE_TYPES,
  messageHash,
  PROTOCOL_VERSION,
  SALT_LENGTH,
} from '@coldwire/protocol';
import type { GateChange } from './change.ts';
import type { GateCharter } from './charter.ts';
import { type GateRefusal, refuse } from './refusal.ts';
import { verifySignature } from './signature.ts';
import { displayHash, type GateState } from './state.ts';

type Row = Bury['deaths'][number];

/** The signer whose word this is, or undefined: then the refusal names whom it claims to be of. */
function readDeath(charter: GateCharter, row: Row, txid: Uint8Array): string | GateRefusal {
  const [headerBytes, body, signature] = row;
  const header = decode(Header, headerBytes, 1024);
  if (!header.ok) return refuse('GATE_DEATH', { signer: 'not a message' });
  const { sender, type, version, bodyHash, bodyLength } = header.value;
  const key = charter.charter.signers.find(({ name }) => name === sender)?.key;
  if (key === undefined) return refuse('GATE_DEATH', { signer: 'no signer of the charter' });
  const isIntact =
    verifySignature(key, messageHash(headerBytes), signature) &&
    version === PROTOCOL_VERSION &&
    type === MESSAGE_TYPES.DEATH.number &&
    equalBytes(header.value.charter, charter.first) &&
    body.length === bodyLength &&
    equalBytes(hashBody(body), bodyHash);
  const death = isIntact ? decode(Death, body.subarray(SALT_LENGTH)) : undefined;
  return death?.ok === true && equalBytes(death.value.txid, txid)
    ? sender
    : refuse('GATE_DEATH', { signer: sender });
}

export type Burial =
  | { readonly ok: true; readonly changes: readonly GateChange[] }
  | { readonly ok: false; readonly refusals: readonly GateRefusal[] };

/** Judges; changes nothing. A transaction that was not cleared here, or is dead already, needs no record. */
export function judgeBury(state: GateState, { txid, deaths }: Bury): Burial {
  const read = deaths.map((row) => readDeath(state.charter, row, txid));
  const refusals = read.filter((result) => typeof result !== 'string');
  const signers = new Set(read.filter((result) => typeof result === 'string'));
  if (refusals.length === 0 && signers.size !== deaths.length) {
    refusals.push(refuse('GATE_DEATH', { signer: 'the same signer twice' }));
  }
  if (refusals.length > 0) return { ok: false, refusals };
  const id = displayHash(txid);
  const isNews = state.cleared.has(id) && !state.dead.has(id);
  return { ok: true, changes: isNews ? [{ kind: 'dead', value: txid }] : [] };
}
