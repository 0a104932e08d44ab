/** An intent that is paid anew when its transaction is dead: two signers say so, a gate goes by it, and so does the auditor. */
import { join } from 'node:path';
import {
  Bury,
  concatBytes,
  createEd25519Signer,
  Death,
  decode,
  encode,
  Header,
  hashBody,
  MESSAGE_TYPES,
  messageHash,
  SALT_LENGTH,
  SignRequest,
  toHex,
} from '@coldwire/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identity, seeded } from '../../policy/test/world.ts';
import { materials } from '../../signer/test/signing-world.ts';
import { Findings } from '../src/finding.ts';
import { type Report, replayLogs, verifyLogs } from '../src/index.ts';
import { openRoster, type Roster } from '../src/roster.ts';
import { Burials } from '../src/verify/burials.ts';
import type { ClearedSpend } from '../src/verify/cleared.ts';
import type { Line } from '../src/verify/line.ts';
import { checkPayments } from '../src/verify/payments.ts';
import { Spends } from '../src/verify/signed.ts';
import { loadTranscripts, type Verified, verifyTranscripts } from '../src/verify/verify.ts';
import { type Buried, tellBurial } from './burial-story.ts';
import { mapMessages, newDirectory, readBatches, retell, writeBatches } from './forge.ts';
import type { Town } from './town.ts';

type Row = Bury['deaths'][number];
type Told = Pick<Bury, 'txid' | 'deaths'>;

const PAIR = ['A', 'B'] as const;
const NOBODY = Uint8Array.from({ length: 32 }, () => 7);

let town: Town;
let words: Buried['words'];
let dead: Uint8Array;
beforeAll(async () => {
  ({ town, words, dead } = await tellBurial());
});
afterAll(() => town.remove());

const codesOf = (report: Report) => [...new Set(report.findings.map(({ code }) => code))];
const notesOf = (report: Report) =>
  report.notes.map(({ what }) => what).filter((what) => what.includes('dead by'));

describe('the logs of an honest burial', () => {
  it.each([
    ['all logs', () => [town.directory]],
    ['the gate’s own', () => [town.own('gate-1')]],
    ['the vault’s of its line', () => [town.line('gate-1')]],
  ])('have no finding, and a note of whose words it rests on: %s', (_, paths) => {
    const report = verifyLogs(paths(), town.charter);
    expect(report.findings).toEqual([]);
    expect(report.cleared).toBe(3);
    expect(notesOf(report)).toEqual([expect.stringContaining('is dead by the words of A and B')]);
    expect(notesOf(report)[0]).toContain(toHex(Uint8Array.from(dead).reverse()));
  });

  it('are replayed', () => {
    const report = replayLogs([town.directory], town.charter);
    expect(report.findings).toEqual([]);
  });
});

/** The gate's logs had it been told this by each BURY, and had gone by it. @param change what the BURY of this number says */
function logsWith(change: (told: Told, number: number) => Told): readonly string[] {
  const keys = new Map([
    ['vault-1', identity('vault-1')],
    ['gate-1', identity('gate-1')],
  ]);
  const batches = readBatches(town.own('gate-1'));
  let number = 0;
  const map = retell(batches, keys, ({ type, body }) => {
    const bury = type === 'BURY' ? decode(Bury, body, 100_000) : undefined;
    if (bury?.ok !== true) return undefined;
    number += 1;
    return { body: encode(Bury, change(bury.value, number)) };
  });
  expect(number).toBe(2);
  const own = writeBatches(newDirectory(town.directory), 'gate-1', mapMessages(batches, map));
  const line = readBatches(town.line('gate-1'));
  return [own, writeBatches(newDirectory(town.directory), 'vault-1', mapMessages(line, map))];
}

/** The word with another header or body, signed by whom the header names then. */
function forge([header, body]: Row, change: (header: Header) => Header, seed: Uint8Array): Row {
  const read = decode(Header, header, 1024);
  if (!read.ok) throw new Error(read.fault.detail);
  const bytes = encode(Header, change(read.value));
  return [bytes, body, createEd25519Signer(seed).sign(messageHash(bytes))];
}

/** A whole and well signed DEATH about another transaction, by one of the two. */
function aboutAnother(place: 0 | 1): Row {
  const [header, body] = words[place];
  const other = concatBytes(body.subarray(0, SALT_LENGTH), encode(Death, { txid: NOBODY, height: 1 }));
  return forge(
    [header, other, NOBODY],
    (own) => ({ ...own, bodyHash: hashBody(other), bodyLength: other.length }),
    materials[PAIR[place]].identitySeed,
  );
}

/** What it says is the same, and is not what was signed. */
const changeSalt = (body: Uint8Array) => body.map((byte, place) => (place === 0 ? byte ^ 1 : byte));

const FALSE: readonly (readonly [string, (told: Told, number: number) => Told])[] = [
  ['one signer alone said so', (told) => ({ ...told, deaths: [words[0], words[0]] })],
  ['one of three is said twice', (told) => ({ ...told, deaths: [...words, words[0]] })],
  ['one is about another transaction', (told) => ({ ...told, deaths: [aboutAnother(0), words[1]] })],
  ['the gate was told of another transaction', (told) => ({ ...told, txid: NOBODY })],
  [
    'another transaction is dead',
    (told) => ({ ...told, txid: NOBODY, deaths: [aboutAnother(0), aboutAnother(1)] }),
  ],
  [
    'a signature was changed',
    (told) => ({ ...told, deaths: [words[0], [words[1][0], words[1][1], words[0][2]]] }),
  ],
  [
    'the salt of a body was changed',
    (told) => ({
      ...told,
      deaths: [words[0], [words[1][0], changeSalt(words[1][1]), words[1][2]]],
    }),
  ],
  [
    'a message is no DEATH',
    (told) => {
      const type = MESSAGE_TYPES.DONE.number;
      const forged = forge(words[1], (header) => ({ ...header, type }), materials.B.identitySeed);
      return { ...told, deaths: [words[0], forged] };
    },
  ],
  [
    'a message is of another version',
    (told) => {
      const forged = forge(words[1], (header) => ({ ...header, version: 2 }), materials.B.identitySeed);
      return { ...told, deaths: [words[0], forged] };
    },
  ],
  [
    'a message is of another charter',
    (told) => {
      const forged = forge(words[1], (header) => ({ ...header, charter: NOBODY }), materials.B.identitySeed);
      return { ...told, deaths: [words[0], forged] };
    },
  ],
  [
    'a vault said so, who is no signer',
    (told) => {
      const forged = forge(words[1], (header) => ({ ...header, sender: 'vault-1' }), seeded('vault-1'));
      return { ...told, deaths: [words[0], forged] };
    },
  ],
  ['the gate was told only afterwards', (told, number) => (number === 1 ? { ...told, txid: NOBODY } : told)],
];

it('logs that are made anew and say the same have no finding', () => {
  expect(
    codesOf(
      verifyLogs(
        logsWith((told) => told),
        town.charter,
      ),
    ),
  ).toEqual([]);
});

describe('an intent that is paid twice by one gate is found, whatever the signers’ own logs hold, where', () => {
  it.each(FALSE)('%s', (_, change) => {
    const logs = logsWith(change);
    for (const paths of [
      logs,
      logs.slice(0, 1),
      logs.slice(1),
      [...logs, ...PAIR.map((name) => town.own(name))],
    ]) {
      const report = verifyLogs(paths, town.charter);
      expect(codesOf(report)).toEqual(['AUDIT_DOUBLE']);
      expect(notesOf(report)).toEqual([]);
    }
  });
});

describe('a pair of which', () => {
  let roster: Roster;
  let verified: Verified;
  let first: ClearedSpend;
  let last: ClearedSpend;
  beforeAll(() => {
    roster = openRoster(town.charter);
    const findings = new Findings();
    // Logs of this test's own making stand beside them.
    const paths = ['machines', 'lines'].map((kind) => join(town.directory, kind));
    verified = verifyTranscripts(loadTranscripts(paths, roster, findings), roster, findings);
    const [one, , three] = verified.cleared;
    if (one === undefined || three === undefined) throw new Error('three transactions were cleared');
    [first, last] = [one, three];
  });

  const said = (spend: ClearedSpend, header: Partial<Header>): ClearedSpend => ({
    ...spend,
    message: { ...spend.message, header: { ...spend.message.header, ...header } },
  });

  function found(pair: readonly ClearedSpend[], lines: readonly Line[], by = roster): readonly string[] {
    const findings = new Findings();
    const spends = new Spends(by, findings);
    for (const { request } of pair) spends.take(encode(SignRequest, request), request);
    checkPayments(spends, pair, new Burials(lines, by), findings);
    return findings.list.map(({ code }) => code);
  }

  const linesOf = (...names: readonly string[]) => verified.lines.filter(({ peer }) => names.includes(peer));

  it('each was cleared by another gate needs two signers’ words, wherever they stand', () => {
    for (const pair of [
      [first, said(last, { sender: 'gate-2' })],
      [said(last, { sender: 'gate-2' }), first],
    ]) {
      expect(found(pair, linesOf('A', 'B'))).toEqual([]);
      expect(found(pair, linesOf('gate-1'))).toEqual([]);
      expect(found(pair, linesOf('A', 'C'))).toEqual(['AUDIT_DOUBLE']);
      expect(found(pair, [])).toEqual(['AUDIT_DOUBLE']);
      const others = pair.map((spend) => (spend.txid === first.txid ? { ...spend, txid: 'another' } : spend));
      expect(found(others, verified.lines)).toEqual(['AUDIT_DOUBLE']);
    }
  });

  it('two charters know one signer each has no two signers’ words', () => {
    const pair = [first, said(last, { sender: 'gate-2' })];
    const without = (name: string) => ({
      ...roster.charter,
      signers: roster.charter.signers.filter((signer) => signer.name !== name),
    });
    const parted = { ...roster, charters: [without('A'), without('B')] };
    expect(found(pair, verified.lines, parted)).toEqual(['AUDIT_DOUBLE']);
    expect(found(pair, verified.lines, { ...roster, charters: [without('A'), roster.charter] })).toEqual([]);
    const signers = roster.charter.signers.map((row) => (row.name === 'A' ? { ...row, key: NOBODY } : row));
    const rebuilt = { ...roster, charters: [{ ...roster.charter, signers }] };
    expect(found(pair, verified.lines, rebuilt)).toEqual(['AUDIT_DOUBLE']);
  });

  it('one gate cleared both needs its BURY: that signers said it to the vault is not enough', () => {
    expect(found([first, last], linesOf('A', 'B'))).toEqual(['AUDIT_DOUBLE']);
    expect(found([first, last], linesOf('gate-1'))).toEqual([]);
    // Another gate's is not its own.
    const moved = linesOf('gate-1').map((line) => ({
      ...line,
      peer: 'gate-2',
      up: line.up.map((message) => ({ ...message, header: { ...message.header, sender: 'gate-2' } })),
    }));
    expect(found([first, last], moved)).toEqual(['AUDIT_DOUBLE']);
  });

  it('one was cleared by the machine that took the gate’s place has no BURY either', () => {
    const other = identity('another gate-1');
    const keys = new Map(roster.keys).set('gate-1', [identity('gate-1').publicKey, other.publicKey]);
    const signature = other.sign(last.message.hash);
    const moved = { ...last, message: { ...last.message, signature } };
    expect(found([first, moved], linesOf('A', 'B'), { ...roster, keys })).toEqual([]);
    expect(found([first, last], linesOf('A', 'B'), { ...roster, keys })).toEqual(['AUDIT_DOUBLE']);
  });

  it('one was told dead on the same line goes by its numbers, on another line by the gate’s own clock', () => {
    const told = linesOf('gate-1').flatMap(({ down, up }) => {
      const bury = down.find(({ type }) => type === 'BURY');
      const taken = up.find(({ header }) => header.receiptSeq >= (bury?.header.seq ?? 0));
      return taken === undefined ? [] : [taken.header];
    })[0];
    if (told === undefined) throw new Error('the gate was told');
    const { session, uptime, seq } = told;
    expect(found([first, said(last, { session: 0, uptime: 0 })], verified.lines)).toEqual([]);
    expect(found([first, said(last, { seq: seq - 1 })], verified.lines)).toEqual(['AUDIT_DOUBLE']);
    const after = (header: Partial<Header>) =>
      found([first, said(last, { recipient: 'vault-2', ...header })], verified.lines);
    expect(after({ session, uptime })).toEqual([]);
    expect(after({ session: session + 1, uptime: 0 })).toEqual([]);
    expect(after({ session, uptime: uptime - 1 })).toEqual(['AUDIT_DOUBLE']);
    expect(after({ session: session - 1, uptime })).toEqual(['AUDIT_DOUBLE']);
  });
});
