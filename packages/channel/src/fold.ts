/**
 * A chain rebuilt from the evidence log at start: the log is what was said and taken, so it is where the chain stands.
 * Spec: protocol-spec/9-evidence.md.
 */
import {
  type Chain,
  decode,
  encode,
  Header,
  type LogRecord,
  type Message,
  MessageBytes,
  RECORD_MAX,
  recordReceived,
  recordSent,
} from '@coldwire/protocol';

/** A message as one CBOR item: what `received` and `sent` records hold. */
export function packMessage({ header, body, signature }: Message): Uint8Array {
  return encode(MessageBytes, [header, body, signature]);
}

/** @throws Error if the bytes are not a message */
export function unpackMessage(packed: Uint8Array): { readonly message: Message; readonly header: Header } {
  const parts = decode(MessageBytes, packed, RECORD_MAX);
  if (!parts.ok) throw new Error(`a message record of the evidence log is damaged: ${parts.fault.detail}`);
  const [header, body, signature] = parts.value;
  const decoded = decode(Header, header, 1024);
  if (!decoded.ok)
    throw new Error(`a message record of the evidence log is damaged: ${decoded.fault.detail}`);
  return { message: { header, body, signature }, header: decoded.value };
}

/** The chain after this record; unchanged if it is of another kind or another peer. */
export function foldRecord(chain: Chain, record: LogRecord): Chain {
  const [, kind, , , packed] = record;
  if (kind !== 'received' && kind !== 'sent') return chain;
  const { message, header } = unpackMessage(packed);
  const peer = kind === 'received' ? header.sender : header.recipient;
  if (peer !== chain.line.peer) return chain;
  return kind === 'received' ? recordReceived(chain, message, header) : recordSent(chain, message);
}
