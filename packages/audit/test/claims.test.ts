// A signer's line goes where a hello claimed, and back when the vault's own says otherwise: what it had said before counts again.
import {
  type Chain,
  createChain,
  decode,
  draftMessage,
  Header,
  type Message,
  messageHash,
  realignChain,
  recordReceived,
  recordSent,
  toHex,
} from '@coldwire/protocol';
import { expect, test } from 'vitest';
import { Findings } from '../src/finding.ts';
import type { Item, Transcript } from '../src/log/transcript.ts';
import { checkChains } from '../src/verify/chain.ts';

const place = { log: 'A', file: '', at: 0, record: 0 };
const entry = { place, batch: 0, kind: 'sent', uptime: 0, time: 0, bytes: new Uint8Array(0) } as const;

function end(self: string, peer: string): Chain {
  const incoming = self === 'A' ? 'down' : 'up';
  return createChain({ self, peer, peerKey: new Uint8Array(32), incoming, receiver: 'signer' });
}

function say(chain: Chain): Message {
  const out = { type: 'HELLO', charter: new Uint8Array(32), session: 1, request: null } as const;
  const more = { body: new Uint8Array(1), salt: new Uint8Array(16), time: 0, uptime: 0 };
  return { ...draftMessage(chain, { ...out, ...more }), signature: new Uint8Array(64) };
}

function headerOf(message: Message): Header {
  const read = decode(Header, message.header);
  if (!read.ok) throw new Error(read.fault.detail);
  return read.value;
}

function logged(way: 'sent' | 'received', message: Message): Item {
  const hash = messageHash(message.header);
  const { body, signature } = message;
  const facts = { place, way, type: 'HELLO', uptime: 0, time: 0, packed: body } as const;
  return {
    kind: 'message',
    entry,
    message: { ...facts, header: headerOf(message), hash, signature, body },
  };
}

function realigned({ mine, theirs }: Pick<Chain, 'mine' | 'theirs'>): Item {
  const detail = [mine.seq, toHex(mine.hash), theirs.seq, toHex(theirs.hash), 'vault'].join(' ');
  return { kind: 'local', entry, local: { event: 'realign', detail } };
}

function check(items: readonly Item[]): Findings {
  const findings = new Findings();
  const transcript: Transcript = {
    log: { directory: '', owner: 'A', entries: [], end: place } as unknown as Transcript['log'],
    owner: 'A',
    role: 'signer',
    items,
    messages: [],
  };
  checkChains(transcript, findings);
  return findings;
}

test('a claim that is taken back leaves what was said before it, and accuses nobody', () => {
  let [vault, signer] = [end('vault', 'A'), end('A', 'vault')];
  const items: Item[] = [];
  const [one, two] = [say(signer), say(recordSent(signer, say(signer)))];
  signer = recordSent(recordSent(signer, one), two);
  items.push(logged('sent', one), logged('sent', two));
  // The vault has the first, and somebody else says that both are at other places.
  vault = recordReceived(vault, one, headerOf(one));
  const nobody = { seq: 9, hash: new Uint8Array(32).fill(9) };
  const claimed = realignChain(signer, { mine: nobody, theirs: nobody });
  items.push(realigned(claimed), realigned(realignChain(claimed, signer)));
  const answer = say(vault);
  items.push(logged('received', answer));
  signer = recordReceived(signer, answer, headerOf(answer));
  items.push(logged('sent', say(signer)));
  const { list, notes } = check(items);
  expect(list).toEqual([]);
  expect(notes.map(({ what }) => what).join()).toContain('went back to message 2 to vault');
  // Without the second one the same messages do not fit.
  const codes = check(items.filter((_, at) => at !== 3)).list.map(({ code }) => code);
  expect(new Set(codes)).toEqual(new Set(['BAD_CHAIN']));
});

test('what was sent again from before a loss acknowledges what the log has lost, and never goes back', () => {
  let [vault, signer] = [end('vault', 'A'), end('A', 'vault')];
  const items: Item[] = [];
  const one = say(signer);
  signer = recordSent(signer, one);
  vault = recordReceived(vault, one, headerOf(one));
  items.push(logged('sent', one));
  // Four more of its own are lost with the disk; the vault speaks after the third of all, after the fourth, and after the fifth.
  let lost = signer;
  const lose = (): void => {
    const message = say(lost);
    lost = recordSent(lost, message);
    vault = recordReceived(vault, message, headerOf(message));
  };
  const speak = (): Item => {
    const message = say(vault);
    vault = recordSent(vault, message);
    return logged('received', message);
  };
  lose();
  lose();
  const third = speak();
  const seen = vault.theirs;
  lose();
  const fourth = speak();
  lose();
  items.push(realigned({ mine: vault.theirs, theirs: signer.theirs }), third);
  const claimed = realignChain(signer, { mine: vault.theirs, theirs: signer.theirs });
  const answer = say({ ...claimed, theirs: { seq: 1, hash: hashOf(third) } });
  items.push(logged('sent', answer), fourth, speak());
  vault = recordReceived(vault, answer, headerOf(answer));
  items.push(speak());
  expect(check(items).list).toEqual([]);
  // A receipt that goes back, one that says another hash of the same number, and no loss at all.
  const codes = (others: readonly Item[]) => check(others).list.map(({ code }) => code);
  const before = { ...vault, mine: { seq: 2, hash: hashOf(fourth) } };
  const upTo = items.slice(0, items.indexOf(fourth) + 1);
  expect(codes(upTo)).toEqual([]);
  expect(codes([...upTo, logged('received', say({ ...before, theirs: seen }))])).toEqual(['BAD_RECEIPT']);
  const other = { seq: 4, hash: new Uint8Array(32).fill(4) };
  expect(codes([...upTo, logged('received', say({ ...before, theirs: other }))])).toEqual(['BAD_RECEIPT']);
  expect(codes(items.filter((_, at) => at !== 1))).toContain('BAD_RECEIPT');
});

function hashOf(item: Item): Uint8Array {
  if (item.kind !== 'message') throw new Error('no message');
  return item.message.hash;
}
