/** Whom an auditor believes that a transaction is dead: a gate that went by it, and signers who were signers then. */
import { join } from 'node:path';
import { type Charter, decode, encode, Hello, Refused, SignRequest, toHex } from '@coldwire/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identity, seeded } from '../../policy/test/world.ts';
import { Findings } from '../src/finding.ts';
import { verifyLogs } from '../src/index.ts';
import { openRoster, type Roster } from '../src/roster.ts';
import { Burials } from '../src/verify/burials.ts';
import type { ClearedSpend } from '../src/verify/cleared.ts';
import type { Line } from '../src/verify/line.ts';
import { checkPayments } from '../src/verify/payments.ts';
import { Spends } from '../src/verify/signed.ts';
import { loadTranscripts, type Verified, verifyTranscripts } from '../src/verify/verify.ts';
import { tellBurial } from './burial-story.ts';
import { mapMessages, newDirectory, readBatches, retell, writeBatches } from './forge.ts';
import type { Town } from './town.ts';

const LATER = seeded('hash of the later charter');

let town: Town;
let roster: Roster;
let verified: Verified;
/** The one that is dead, and the one that pays its intent. */
let dead: ClearedSpend;
let alive: ClearedSpend;
beforeAll(async () => {
  ({ town } = await tellBurial());
  roster = openRoster(town.charter);
  const findings = new Findings();
  const paths = ['machines', 'lines'].map((kind) => join(town.directory, kind));
  verified = verifyTranscripts(loadTranscripts(paths, roster, findings), roster, findings);
  const [one, , three] = verified.cleared;
  if (one === undefined || three === undefined) throw new Error('three transactions were cleared');
  [dead, alive] = [one, three];
});
afterAll(() => town.remove());

/** The gate's logs had it refused the first BURY, or all. */
function logsRefusing(all: boolean): readonly string[] {
  const keys = new Map(['vault-1', 'gate-1'].map((name) => [name, identity(name)] as const));
  const body = encode(Refused, { refusals: [{ code: 'GATE_DEATH', facts: [['signer', 'A']] }] });
  const batches = readBatches(town.own('gate-1'));
  const told = new Set<string>();
  const map = retell(batches, keys, ({ type, header: { request } }) => {
    const id = toHex(request ?? new Uint8Array());
    if (type === 'BURY' && (all || told.size === 0)) told.add(id);
    return type === 'DONE' && told.has(id) ? { type: 'REFUSED', body } : undefined;
  });
  expect(told.size).toBe(all ? 2 : 1);
  const own = writeBatches(newDirectory(town.directory), 'gate-1', mapMessages(batches, map));
  const line = mapMessages(readBatches(town.line('gate-1')), map);
  return [own, writeBatches(newDirectory(town.directory), 'vault-1', line)];
}

it.each([
  ['it refused', true],
  ['it refused, and took afterwards only', false],
])('a gate does not go by a BURY that %s', (_, all) => {
  const logs = logsRefusing(all);
  for (const paths of [logs, logs.slice(0, 1), logs.slice(1)]) {
    const { findings, notes } = verifyLogs(paths, town.charter);
    expect(findings.map(({ code }) => code)).toEqual(['AUDIT_DOUBLE']);
    expect(notes.filter(({ what }) => what.includes('dead by'))).toEqual([]);
  }
});

describe('where a later charter gives signers other keys', () => {
  /** The chain of two, the second one with other keys for these signers. */
  function chain(...replaced: readonly string[]): Roster {
    const signers = roster.charter.signers.map((row) =>
      replaced.includes(row.name) ? { ...row, key: seeded(`new ${row.name}`) } : row,
    );
    const later: Charter = { ...roster.charter, epoch: 2, signers };
    return {
      ...roster,
      charters: [roster.charter, later],
      hashes: [...roster.hashes, toHex(LATER)],
    };
  }

  /** As if these two of the later charter had signed it. */
  function signedBy(spend: ClearedSpend, { charters }: Roster, ...names: readonly string[]): ClearedSpend {
    const rows = charters.at(-1)?.signers.filter(({ name }) => names.includes(name)) ?? [];
    return { ...spend, signedBy: rows.map(({ name, key }) => ({ name, key })) };
  }

  const elsewhere = ({ message, ...spend }: ClearedSpend): ClearedSpend => ({
    ...spend,
    message: { ...message, header: { ...message.header, sender: 'gate-2' } },
  });

  function found(pair: readonly ClearedSpend[], by: Roster, lines: readonly Line[] = verified.lines) {
    const findings = new Findings();
    const spends = new Spends(by, findings);
    for (const { request } of pair) spends.take(encode(SignRequest, request), request);
    checkPayments(spends, pair, new Burials(lines, by), findings);
    return findings.list.map(({ code }) => code);
  }

  /** The lines as if the gate had stated the later charter, in the message of its line with this number. */
  function stating(seq: number): readonly Line[] {
    return verified.lines.map((line) => {
      const hello = line.up.find(({ type }) => type === 'HELLO');
      const body = hello === undefined ? undefined : decode(Hello, hello.body);
      if (line.peer !== 'gate-1' || hello === undefined || body?.ok !== true) return line;
      const message = {
        ...hello,
        header: { ...hello.header, seq },
        body: encode(Hello, { ...body.value, epoch: 2, charter: LATER }),
      };
      return { ...line, up: [...line.up, message] };
    });
  }

  it('a gate that has not stated the later one may go by the keys of before', () => {
    expect(found([dead, alive], chain('A', 'B'))).toEqual([]);
  });

  it('a gate that had stated the later one does not go by the keys of before', () => {
    const done = verified.lines
      .filter(({ peer }) => peer === 'gate-1')
      .flatMap(({ down, up }) => {
        const bury = down.find(({ type }) => type === 'BURY');
        return up.filter(({ type, header }) => type === 'DONE' && header.receiptSeq === bury?.header.seq);
      })[0];
    const seq = done?.header.seq ?? 0;
    expect(seq).toBeGreaterThan(1);
    expect(found([dead, alive], chain('A', 'B'), stating(seq - 1))).toEqual(['AUDIT_DOUBLE']);
    expect(found([dead, alive], chain('A'), stating(seq - 1))).toEqual(['AUDIT_DOUBLE']);
    expect(found([dead, alive], chain('C'), stating(seq - 1))).toEqual([]);
    // What it told dead before stays dead.
    expect(found([dead, alive], chain('A', 'B'), stating(seq + 1))).toEqual([]);
  });

  it('a gate that cleared the dead one for the later keys does not go by those of before', () => {
    const by = chain('A', 'B');
    expect(found([signedBy(dead, by, 'A', 'B'), alive], by)).toEqual(['AUDIT_DOUBLE']);
    expect(found([dead, signedBy(alive, by, 'A', 'B')], by)).toEqual([]);
  });

  it('another gate needs words of signers of the charter that the two who signed are of', () => {
    const both = chain('A', 'B');
    expect(found([dead, elsewhere(alive)], both)).toEqual([]);
    expect(found([dead, elsewhere(signedBy(alive, both, 'A', 'B'))], both)).toEqual(['AUDIT_DOUBLE']);
    expect(found([signedBy(dead, both, 'A', 'B'), elsewhere(alive)], both)).toEqual(['AUDIT_DOUBLE']);
    const one = chain('A');
    expect(found([dead, elsewhere(signedBy(alive, one, 'A', 'C'))], one)).toEqual(['AUDIT_DOUBLE']);
    expect(found([dead, elsewhere(signedBy(alive, one, 'B', 'C'))], one)).toEqual([]);
  });
});
