/**
 * The two SIGNED messages: each a signer's own, whole and unaltered, under this charter, for exactly this request and this
 * transaction. Refuses GATE_SIGNED. Spec: protocol-spec/13-gate.md, "Checks".
 */
import {
  BODY_MAX,
  type Clear,
  decode,
  equalBytes,
  Header,
  hashBody,
  hashRequest,
  MESSAGE_TYPES,
  messageHash,
  PROTOCOL_VERSION,
  SALT_LENGTH,
  Signed,
} from '@coldwire/protocol';
import type { GateCharter } from './charter.ts';
import { type GateRefusal, refuse } from './refusal.ts';
import { verifySignature } from './signature.ts';

/** One signer's answer, proven to be its own and for this request. */
export interface SignerAnswer {
  readonly signer: string;
  /** The signer's place in the charter, 0 to 2. */
  readonly place: number;
  readonly signed: Signed;
}

type Row = Clear['signed'][number];

export type AnswerList =
  | { readonly ok: true; readonly answers: readonly SignerAnswer[] }
  | { readonly ok: false; readonly refusals: readonly GateRefusal[] };

/**
 * Judged before anything is built, which takes longer: two signers have signed answers to this very request.
 * @returns all of them, in their order
 */
export function readAnswers(charter: GateCharter, clear: Clear): AnswerList {
  const requestHash = hashRequest(clear.request);
  const judged = clear.signed.map((row) => judgeAnswer(charter, row, requestHash));
  const refusals = judged.flatMap((result) => ('code' in result ? [result] : []));
  const answers = judged.flatMap((result) => ('code' in result ? [] : [result]));
  if (new Set(answers.map(({ place }) => place)).size !== answers.length) {
    refusals.push(refuse('GATE_SIGNED', { signer: 'the same signer twice' }));
  }
  return refusals.length > 0 ? { ok: false, refusals } : { ok: true, answers };
}

/** Each is for the transaction that was built. @param txid internal byte order */
export function checkTxid(answers: readonly SignerAnswer[], txid: Uint8Array): readonly GateRefusal[] {
  return answers
    .filter(({ signed }) => !equalBytes(signed.txid, txid))
    .map(({ signer }) => refuse('GATE_SIGNED', { signer }));
}

function judgeAnswer(
  charter: GateCharter,
  [headerBytes, body, signature]: Row,
  requestHash: Uint8Array,
): SignerAnswer | GateRefusal {
  const header = decode(Header, headerBytes, 1024);
  if (!header.ok) return refuse('GATE_SIGNED', { signer: 'not a message' });
  const { sender, type, version, bodyHash, bodyLength } = header.value;
  const place = charter.charter.signers.findIndex(({ name }) => name === sender);
  const key = charter.charter.signers[place]?.key;
  if (key === undefined || !verifySignature(key, messageHash(headerBytes), signature)) {
    return refuse('GATE_SIGNED', { signer: key === undefined ? 'no signer of the charter' : sender });
  }
  const isIntact =
    version === PROTOCOL_VERSION &&
    type === MESSAGE_TYPES.SIGNED.number &&
    equalBytes(header.value.charter, charter.first) &&
    body.length === bodyLength &&
    equalBytes(hashBody(body), bodyHash);
  const signed = isIntact ? decode(Signed, body.subarray(SALT_LENGTH), BODY_MAX) : undefined;
  if (signed?.ok !== true) return refuse('GATE_SIGNED', { signer: sender });
  return equalBytes(signed.value.requestHash, requestHash)
    ? { signer: sender, place, signed: signed.value }
    : refuse('GATE_SIGNED', { signer: sender });
}
