import { describe, expect, it } from 'vitest';
import {
  BODIES,
  BODY_MAX,
  type Chain,
  createChain,
  createEd25519Signer,
  decode,
  encode,
  Header,
  judgeMessage,
  MESSAGE_TYPES,
  type Message,
  MessageBytes,
  type MessageType,
  recordReceived,
  recordSent,
} from '../../src/index.ts';
import { readVectors, Vector } from '../vector.ts';
import { CHARTER_HASH, keyOf, made } from './samples.ts';

const bodies = readVectors('message', 'body');
const messages = readVectors('message', 'message');

function typeOf(vector: Vector): MessageType {
  const found = Object.keys(MESSAGE_TYPES).find((type): type is MessageType => type === vector.get('type'));
  if (found === undefined) throw new Error(`${vector.name}: no such type`);
  return found;
}

function readMessage(bytes: Uint8Array): Message {
  const parts = decode(MessageBytes, bytes, 2 * BODY_MAX);
  if (!parts.ok) throw new Error(parts.fault.detail);
  const [header, body, signature] = parts.value;
  return { header, body, signature };
}

/** The reader's chain after the messages that the vector names, each of which it must accept. */
function chainOf(vector: Vector): Chain {
  const [sender = '', reader = ''] = vector.words('line');
  const gate = [sender, reader].some((name) => name.startsWith('G'));
  const way = sender === 'vault' ? 'down' : 'up';
  let chain = createChain({
    self: reader,
    peer: sender,
    peerKey: keyOf(sender).publicKey,
    incoming: way,
    receiver: gate ? 'gate' : 'signer',
  });
  for (const name of vector.words('sent'))
    chain = recordSent(chain, readMessage(new Vector('message', name).bytes));
  for (const name of vector.words('taken')) {
    const message = readMessage(new Vector('message', name).bytes);
    const judged = judgeMessage(chain, CHARTER_HASH, message);
    if (judged.kind !== 'new') throw new Error(`${vector.name}: ${name} was not accepted`);
    chain = recordReceived(chain, message, judged.received.header);
  }
  return chain;
}

function judge(chain: Chain, message: Message): string {
  const judged = judgeMessage(chain, CHARTER_HASH, message);
  return judged.kind === 'fault' ? judged.fault.code : judged.kind === 'new' ? 'ok' : judged.kind;
}

describe('the vectors of messages', () => {
  it('are all there', () => {
    expect([bodies.length, messages.length]).toEqual([293, 117]);
  });

  it.each(bodies.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const type = typeOf(vector);
    const read = decode(BODIES[type], vector.bytes, BODY_MAX);
    expect(read.ok ? 'ok' : read.fault.code, read.ok ? '' : read.fault.detail).toBe(vector.get('expect'));
  });

  it('of bodies are written again as they were read', () => {
    for (const vector of bodies.filter((one) => one.get('expect') === 'ok')) {
      const schema = BODIES[typeOf(vector)];
      const read = decode<unknown>(schema, vector.bytes, BODY_MAX);
      expect(read.ok && encode<unknown>(schema, read.value)).toEqual(vector.bytes);
    }
  });

  it.each(messages.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const chain = chainOf(vector);
    const before = structuredClone(chain);
    const message = readMessage(vector.bytes);
    expect(judge(chain, message)).toBe(vector.get('expect'));
    expect(chain, 'judging changes nothing').toEqual(before);
  });

  it.each(
    messages.filter((one) => one.get('expect') === 'ok').map((vector) => [vector.name, vector] as const),
  )('%s is refused with any one byte changed', (_, vector) => {
    const chain = chainOf(vector);
    const { header, body, signature } = readMessage(vector.bytes);
    const change = (bytes: Uint8Array, at: number, bit: number) =>
      Uint8Array.from(bytes, (byte, place) => (place === at ? byte ^ (1 << bit) : byte));
    for (let at = 0; at < header.length; at++) {
      const changed = change(header, at, at % 8);
      // Form, version and names are judged before the signature; whatever passes those, the signature stops.
      expect(judge(chain, { header: changed, body, signature })).toMatch(
        /^(NONCANONICAL|MALFORMED|TOO_LARGE|VERSION|WRONG_PEER|BAD_SIGNATURE)$/,
      );
    }
    for (let at = 0; at < signature.length; at++) {
      expect(judge(chain, { header, body, signature: change(signature, at, at % 8) })).toBe('BAD_SIGNATURE');
    }
    for (let at = 0; at < body.length; at++) {
      expect(judge(chain, { header, body: change(body, at, at % 8), signature })).toBe('BODY_HASH');
    }
    for (const length of [0, 15, 16, body.length - 1]) {
      expect(judge(chain, { header, body: body.subarray(0, length), signature })).toBe(
        length === body.length ? 'ok' : 'BODY_HASH',
      );
    }
  });

  it('sign and hash as the README says', () => {
    const signer = createEd25519Signer(made('key vault'));
    expect(signer.publicKey).toEqual(keyOf('vault').publicKey);
    const { header } = readMessage(new Vector('message', 'hello-down').bytes);
    const read = decode(Header, header, 1024);
    expect(read.ok && read.value).toMatchObject({
      sender: 'vault',
      recipient: 'A',
      seq: 1,
      charter: CHARTER_HASH,
    });
  });
});
