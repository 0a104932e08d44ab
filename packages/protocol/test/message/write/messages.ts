/** Whole messages and the places of a chain. */
import {
  type Chain,
  concatBytes,
  createChain,
  type Direction,
  decode,
  draftMessage,
  encode,
  Header,
  MESSAGE_TYPES,
  type Message,
  MessageBytes,
  type MessageType,
  messageHash,
  type Receiver,
  recordReceived,
  recordSent,
} from '../../../src/index.ts';
import { CHARTER_HASH, keyOf, made, TYPES } from '../samples.ts';
import { lower, plainOf, RULE_CHAIN, tree, write } from './tree.ts';

/** The sender's side of one line, and the reader's: what it has taken of the sender and what it has said. */
interface Ends {
  readonly sender: string;
  readonly reader: string;
  readonly out: Chain;
}
export function ends(sender: string, reader: string, way: Direction, receiver: Receiver): Ends {
  // How the sender's own incoming direction reads plays no part in what it drafts.
  const out = createChain({
    self: sender,
    peer: reader,
    peerKey: keyOf(reader).publicKey,
    incoming: way,
    receiver,
  });
  return { sender, reader, out };
}

interface Change {
  readonly header?: Partial<Header>;
  readonly body?: Uint8Array;
  readonly seed?: string;
}
export function make({ sender, out }: Ends, type: MessageType, change: Change = {}): Message {
  const { header, body } = draftMessage(out, {
    type,
    charter: CHARTER_HASH,
    session: 1,
    request: type === 'HELLO' || type === 'NOTICE' ? null : made('request id', 16),
    body: tree(plainOf(type)),
    salt: made(`salt ${type}`, 16),
    time: 1_800_000_000,
    uptime: 5_000_000,
  });
  const fields = readHeader(header);
  const signed = encode(Header, { ...fields, ...change.header });
  return {
    header: signed,
    body: change.body ?? body,
    signature: keyOf(change.seed ?? sender).sign(messageHash(signed)),
  };
}
export const pack = ({ header, body, signature }: Message) => encode(MessageBytes, [header, body, signature]);

function readHeader(bytes: Uint8Array): Header {
  const read = decode(Header, bytes, 1024);
  if (!read.ok) throw new Error(read.fault.detail);
  return read.value;
}

function writeMessage(
  name: string,
  expected: string,
  at: Ends,
  message: Message,
  comment: string,
  before: { taken?: string; sent?: string; type?: MessageType } = {},
): void {
  const lines = {
    expect: expected,
    part: 'message',
    line: `${at.sender} ${at.reader}`,
    ...before,
    rule: RULE_CHAIN,
    comment,
  };
  write(`message/${name}`, lines, pack(message));
}

export function writeMessages(): void {
  for (const type of TYPES) {
    const row = MESSAGE_TYPES[type];
    const receiver = row.peers[0] ?? 'signer';
    const peer = receiver === 'signer' ? 'A' : 'G1';
    for (const way of row.directions) {
      const at = way === 'down' ? ends('vault', peer, way, receiver) : ends(peer, 'vault', way, receiver);
      const name = row.directions.length > 1 ? `${lower(type)}-${way}` : lower(type);
      const back =
        way === 'down' ? ends(peer, 'vault', 'up', receiver) : ends('vault', peer, 'down', receiver);
      writeMessage(name, 'ok', at, make(at, type), `the first message of ${at.sender} to ${at.reader}`, {
        type,
      });
      writeMessage(
        `${name}-refuse-signature`,
        'BAD_SIGNATURE',
        at,
        make(at, type, { seed: 'mallory' }),
        'signed by another key',
        { type },
      );
      if (row.directions.length === 1) {
        writeMessage(
          `${name}-refuse-way`,
          'UNKNOWN_TYPE',
          back,
          make(back, type),
          'this type does not travel this way',
          { type },
        );
      }
    }
    if (row.peers.length === 1) {
      const other = receiver === 'signer' ? 'G1' : 'A';
      const [way] = row.directions;
      const at = way === 'down' ? ends('vault', other, way, receiver) : ends(other, 'vault', 'up', receiver);
      writeMessage(
        `${lower(type)}-refuse-peer`,
        'UNKNOWN_TYPE',
        at,
        make(at, type),
        `this type is not for ${receiver === 'signer' ? 'gates' : 'signers'}`,
        { type },
      );
    }
  }
}

/** What a receiver judges by its own chain. */
export function writeChain(): void {
  const start = ends('vault', 'A', 'down', 'signer');
  const first = make(start, 'HELLO');
  const second: Ends = { ...start, out: recordSent(start.out, first) };
  const status = make(second, 'STATUS');
  const third: Ends = { ...start, out: recordSent(second.out, status) };
  const answer = make(ends('A', 'vault', 'up', 'signer'), 'HELLO');
  const heard: Ends = { ...second, out: recordReceived(second.out, answer, readHeader(answer.header)) };
  const one = { taken: 'hello-down' };
  const two = { taken: 'hello-down chain-second' };
  const chain = (
    name: string,
    expected: string,
    message: Message,
    comment: string,
    before: { taken?: string; sent?: string } = {},
  ) => writeMessage(`chain-${name}`, expected, start, message, comment, before);

  chain('second', 'ok', status, 'the second message follows the first', one);
  chain('receipt', 'ok', make(heard, 'STATUS'), 'acknowledges what was said', { ...one, sent: 'hello-up' });
  chain('again', 'duplicate', first, 'the last message again: dropped', one);
  chain('refuse-fork', 'FORK', make(start, 'STATUS'), 'another message with the last number', one);
  chain(
    'refuse-fork-time',
    'FORK',
    make(start, 'HELLO', { header: { time: 1_800_000_001 } }),
    'the last message with another time',
    one,
  );
  chain('refuse-replay', 'REPLAY', first, 'the message before the last', two);
  chain('refuse-gap', 'BAD_CHAIN', status, 'the second message comes first');
  chain(
    'refuse-gap-later',
    'BAD_CHAIN',
    make(third, 'STATUS', { header: { seq: 4 } }),
    'one number is left out',
    two,
  );
  chain(
    'refuse-previous',
    'BAD_CHAIN',
    make(second, 'STATUS', { header: { previous: made('another') } }),
    'names another message before it',
    one,
  );
  chain(
    'refuse-seq-0',
    'REPLAY',
    make(start, 'HELLO', { header: { seq: 0 } }),
    'numbers begin at 1; 0 is past',
    one,
  );
  chain(
    'refuse-receipt-unsent',
    'BAD_RECEIPT',
    make(heard, 'STATUS'),
    'acknowledges what was never said',
    one,
  );
  chain(
    'refuse-receipt-hash',
    'BAD_RECEIPT',
    make(heard, 'STATUS', { header: { receipt: made('another') } }),
    'the number is right, the hash is not',
    { ...one, sent: 'hello-up' },
  );
  chain(
    'refuse-receipt-start',
    'BAD_RECEIPT',
    make(start, 'HELLO', { header: { receipt: made('another') } }),
    'number 0 goes with 32 zero bytes',
  );
  chain(
    'refuse-receipt-back',
    'BAD_RECEIPT',
    make({ ...start, out: recordSent(heard.out, make(heard, 'STATUS')) }, 'STATUS', {
      header: { receiptSeq: 0, receipt: new Uint8Array(32) },
    }),
    'goes back behind what was acknowledged',
    { taken: 'hello-down chain-receipt', sent: 'hello-up' },
  );
  chain(
    'refuse-sender',
    'WRONG_PEER',
    make(start, 'HELLO', { header: { sender: 'B' } }),
    'from somebody else',
  );
  chain(
    'refuse-recipient',
    'WRONG_PEER',
    make(start, 'HELLO', { header: { recipient: 'B' } }),
    'for somebody else',
  );
  chain('refuse-reflection', 'WRONG_PEER', answer, "the reader's own message");
  chain(
    'refuse-charter',
    'WRONG_CHARTER',
    make(start, 'HELLO', { header: { charter: made('another') } }),
    'made under another charter',
  );
  chain('refuse-version', 'VERSION', make(start, 'HELLO', { header: { version: 2 } }), 'version 2');
  chain(
    'refuse-type-reserved',
    'UNKNOWN_TYPE',
    make(start, 'HELLO', { header: { type: 24 } }),
    'type 24 is set aside',
  );
  chain('refuse-type-0', 'UNKNOWN_TYPE', make(start, 'HELLO', { header: { type: 0 } }), 'type 0');
  chain(
    'refuse-type-65535',
    'UNKNOWN_TYPE',
    make(start, 'HELLO', { header: { type: 65_535 } }),
    'type 65535',
  );
  chain(
    'refuse-body',
    'BODY_HASH',
    make(start, 'HELLO', { body: concatBytes(made('salt HELLO', 16), tree(plainOf('STATUS'))) }),
    'another body',
  );
  chain(
    'refuse-salt',
    'BODY_HASH',
    make(start, 'HELLO', { body: concatBytes(made('other salt', 16), tree(plainOf('HELLO'))) }),
    'another salt',
  );
  chain(
    'refuse-body-length',
    'BODY_HASH',
    make(start, 'HELLO', { header: { bodyLength: 17 } }),
    'the length is not that of the body',
  );
  chain(
    'refuse-order',
    'VERSION',
    make(start, 'HELLO', { seed: 'mallory', header: { version: 2, sender: 'B', seq: 7, type: 99 } }),
    'of many faults the first is reported',
  );
  chain(
    'refuse-order-signature',
    'BAD_SIGNATURE',
    make(start, 'HELLO', { seed: 'mallory', header: { seq: 7, type: 99 } }),
    'the signature comes before the place in the chain',
  );
  chain(
    'refuse-order-charter',
    'WRONG_CHARTER',
    make(start, 'HELLO', { header: { charter: made('another'), receiptSeq: 9, type: 99 } }),
    'the charter comes before receipt and type',
  );

  const flipped = Uint8Array.from(first.header);
  flipped[1] = 0x18;
  chain(
    'refuse-header-form',
    'NONCANONICAL',
    { ...first, header: concatBytes(Uint8Array.of(0xb8, 15), first.header.subarray(1)) },
    'the head of the header is not the shortest',
  );
  chain(
    'refuse-header-key',
    'MALFORMED',
    { ...first, header: concatBytes(Uint8Array.of(0xb0), first.header.subarray(1), Uint8Array.of(0x10, 0)) },
    'a sixteenth key',
  );
}
