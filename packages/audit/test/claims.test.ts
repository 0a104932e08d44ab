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
import type { LoggedMessage } from '../src/log/message.ts';
import type { Item, Transcript } from '../src/log/transcript.ts';
import { checkChains } from '../src/verify/chain.ts';
import { buildTable } from '../src/verify/ends.ts';

const place = { log: 'A', file: '', at: 0, record: 0 };
const entry = { place, batch: 0, kind: 'sent', uptime: 0, time: 0, bytes: new Uint8Array(0) } as const;

function end(self: string, peer: string): Chain {
  const incoming = self === 'A' ? 'down' : 'up';
  return createChain({ self, peer, peerKey: new Uint8Array(32), incoming, receiver: 'signer' });
}

function say(chain: Chain, session = 1): Message {
  const out = { type: 'HELLO', charter: new Uint8Array(32), session, request: null } as const;
  const more = { body: new Uint8Array(1), salt: new Uint8Array(16), time: 0, uptime: 0 };
  return { ...draftMessage(chain, { ...out, ...more }), signature: new Uint8Array(64) };
}

function headerOf(message: Message): Header {
  const read = decode(Header, message.header);
  if (!read.ok) throw new Error(read.fault.detail);
  return read.value;
}

function logged(
  way: 'sent' | 'received',
  message: Message,
  type: LoggedMessage['type'] = 'HELLO',
): Extract<Item, { kind: 'message' }> {
  const hash = messageHash(message.header);
  const { body, signature } = message;
  const facts = { place, way, type, uptime: 0, time: 0, packed: message.header } as const;
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

function transcribe(owner: string, items: readonly Item[]): Transcript {
  return {
    log: { directory: '', owner, entries: [], end: place } as unknown as Transcript['log'],
    owner,
    role: owner === 'A' ? 'signer' : 'vault',
    items,
    messages: items.flatMap((item) => (item.kind === 'message' ? [item.message] : [])),
  };
}

function check(items: readonly Item[]): Findings {
  const findings = new Findings();
  checkChains(transcribe('A', items), findings);
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

/** A signer says three messages; its line goes back behind the last two, and it says others under their numbers. */
function tellAgain(type?: LoggedMessage['type']) {
  const start = end('A', 'vault');
  const first = say(start);
  const one = recordSent(start, first);
  const before = [say(one)];
  before.push(say(recordSent(one, before[0] ?? first)));
  const fake = { seq: 1, hash: new Uint8Array(32).fill(7) };
  const claimed = { mine: fake, theirs: start.theirs };
  const other = say({ ...one, mine: fake }, 2);
  const said = [logged('sent', first), ...before.map((message) => logged('sent', message, type))];
  return { first, before, other, said, back: realigned(claimed), again: logged('sent', other) };
}

function table(...transcripts: readonly Transcript[]) {
  const findings = new Findings();
  const names = buildTable(transcripts, findings);
  const codes = findings.list.map(({ code }) => code);
  return { codes, notes: findings.notes.map(({ what }) => what), second: names.get('A to vault #2') };
}

test('two messages of one number are no fork where the log holds that its line went back behind them in between', () => {
  const { before, other, said, back, again } = tellAgain();
  const log = [...said, back, again];
  const alone = table(transcribe('A', log));
  expect(alone.codes).toEqual([]);
  expect(alone.notes).toHaveLength(1);
  expect(alone.notes[0]).toContain('A to vault #2');
  expect(alone.second).toBe(again.message);
  // The vault holds the one or the other, whichever log is read first.
  for (const message of [...before.slice(0, 1), other]) {
    const vault = transcribe('vault', [logged('received', message)]);
    expect(table(vault, transcribe('A', log)).codes).toEqual([]);
    expect(table(transcribe('A', log), vault).codes).toEqual([]);
  }
  // A third one, that the signer's log does not hold, is one.
  const third = logged('received', say(recordSent(end('A', 'vault'), say(end('A', 'vault'))), 3));
  expect(table(transcribe('vault', [third]), transcribe('A', log)).codes).toEqual(['FORK']);
});

test('they are where it did not, where it went back between others, and where an honest signer does not go back', () => {
  const { said, first, back, again } = tellAgain();
  expect(table(transcribe('A', [...said, again])).codes).toEqual(['FORK']);
  expect(table(transcribe('A', [back, ...said, again])).codes).toEqual(['FORK']);
  // It went back, and then forth again.
  const forth = realigned({
    mine: { seq: 3, hash: new Uint8Array(32) },
    theirs: { seq: 0, hash: new Uint8Array(32) },
  });
  expect(table(transcribe('A', [...said, back, forth, again])).codes).toEqual(['FORK']);
  // What was acknowledged, and a SIGNED, stay said.
  const signer = recordSent(end('A', 'vault'), first);
  const vault = { ...end('vault', 'A'), theirs: { seq: 2, hash: signer.mine.hash } };
  expect(table(transcribe('A', [...said, logged('received', say(vault)), back, again])).codes).toEqual([
    'FORK',
  ]);
  const signed = tellAgain('SIGNED');
  expect(table(transcribe('A', [...signed.said, signed.back, signed.again])).codes).toEqual(['FORK']);
});
