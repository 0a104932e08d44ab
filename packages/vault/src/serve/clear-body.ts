/** Which of a batch's signatures a gate is given. */
import { Clear, decode, encode, MessageBytes } from '@coldwire/protocol';
import type { Batch } from '../queue/index.ts';

function hasSigned({ role, answer }: Batch['peers'][number]): boolean {
  return role === 'signer' && answer === 'done';
}

/** Names of those who have signed it. */
export function signersOf(batch: Batch): readonly string[] {
  return batch.peers.filter(hasSigned).map(({ name }) => name);
}

/** The first two signatures that are not known to be bad, as far as there are others. */
export function clearBody(batch: Batch, bad: ReadonlySet<string>): Uint8Array {
  const all = batch.peers.filter(hasSigned);
  const signed = [...all.filter(({ name }) => !bad.has(name)), ...all.filter(({ name }) => bad.has(name))]
    .flatMap(({ message }) => (message === null ? [] : [readMessage(message)]))
    .slice(0, 2);
  return encode(Clear, { request: batch.request, signed });
}

function readMessage(message: Uint8Array) {
  const decoded = decode(MessageBytes, message, message.length);
  if (!decoded.ok) throw new Error(`a stored SIGNED is none: ${decoded.fault.detail}`);
  return decoded.value;
}
