import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packMessage } from '@coldwire/channel';
import { type Entry, findArchivable, openLog, readSnapshots, writeSnapshot } from '@coldwire/evidence';
import { digestState } from '@coldwire/policy';
import {
  type Chain,
  createChain,
  decode,
  draftMessage,
  Header,
  type Line,
  type Message,
  recordReceived,
  recordSent,
  toHex,
} from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { inForm } from '../../../../test/world/form.ts';
import { seeded } from '../../../policy/test/world.ts';
import { encodeChange, type SignerChange } from '../../src/core/change.ts';
import { encodeLocal } from '../../src/core/event.ts';
import { areReadable, writeRows } from '../../src/core/snapshot.ts';
import { writePositions } from '../../src/run/lost.ts';
import { type Restored, restore } from '../../src/run/restore.ts';
import { Treasury } from '../signing-world.ts';

const root = mkdtempSync(join(tmpdir(), 'coldwire-snapshot-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const treasury = new Treasury();
const { world } = treasury;
const line: Line = {
  self: 'A',
  peer: 'vault-1',
  peerKey: new Uint8Array(32),
  incoming: 'down',
  receiver: 'signer',
};
let directory: string;
let number = 0;

const at = { uptime: 0, time: 1_700_000_000 };
const changesOf = (changes: readonly SignerChange[]): Entry[] =>
  changes.map((change) => ({ kind: 'change', ...at, bytes: encodeChange(change) }));

/** A coin of its own transaction: one record each. */
function admit(label: string): SignerChange {
  const txid = seeded(label);
  const coins = [[0, 1000n, 0, 0, 1] as const];
  return {
    kind: 'policy',
    value: { kind: 'admitted', value: { txid, coinbase: false, block: null, coins, parents: [] } },
  };
}

/** Appends in batches, in small segments. */
function append(entries: readonly Entry[], segmentSize = 64 * 1024): void {
  const { log } = openLog(directory, 'A', () => undefined, { segmentSize });
  for (let from = 0; from < entries.length; from += 1000) log.append(entries.slice(from, from + 1000));
  log.close();
}

function open(peer = 'vault-1'): Restored {
  const restored = restore(directory, world.loaded, { ...line, peer }, noblePointMath);
  restored.log.close();
  return restored;
}

/** A snapshot of what the log says now, by a signer that was started with this vault. */
function keep(peer = 'vault-1'): void {
  const { state, chain, others, log } = restore(directory, world.loaded, { ...line, peer }, noblePointMath);
  writeSnapshot(directory, 'A', log.head, writeRows(state, [chain, ...others]));
  log.close();
}

const snapshots = (): string[] =>
  readdirSync(directory)
    .filter((name) => name.startsWith('snapshot-'))
    .sort();
const whole = (peer?: string): Restored => {
  const aside = snapshots().map((name) => [join(directory, name), join(directory, `aside-${name}`)] as const);
  for (const [from, to] of aside) renameSync(from, to);
  const restored = open(peer);
  for (const [from, to] of aside) renameSync(to, from);
  return restored;
};

function expectSame(one: Restored, other: Restored): void {
  expect(toHex(digestState(one.state.policy))).toBe(toHex(digestState(other.state.policy)));
  const { policy: _, wallets: __, ...rest } = one.state;
  expect(rest).toEqual({ ...rest, ...pick(other) });
  expect(one.chain).toEqual(other.chain);
  expect(byPeer(one.others)).toEqual(byPeer(other.others));
  expect(one.log.head).toEqual(other.log.head);
}
const byPeer = (chains: readonly Chain[]) => new Map(chains.map((chain) => [chain.line.peer, chain]));
const pick = ({ state: { results, notices, heads, session } }: Restored) => ({
  results,
  notices,
  heads,
  session,
});

beforeEach(() => {
  number += 1;
  directory = join(root, `${number}`);
  const start = encodeLocal({ event: 'start', detail: toHex(world.loaded.first) });
  const signer = treasury.signers.A;
  rmSync(directory, { recursive: true, force: true });
  openDirectory();
  append([{ kind: 'local', ...at, bytes: start }, ...changesOf(signer.journal)]);
});

function openDirectory(): void {
  const made = mkdtempSync(join(root, 'new-'));
  renameSync(made, directory);
}

/** Life of a signer: coins, a transaction of its own, and what it said of it. */
function live(label: string): void {
  const coins = world.fund([5_000_000n], number * 20);
  const request = world.request({
    coins,
    intents: [world.intent({ id: `${number} ${label}` })],
    change: [{ amount: 3_990_000n }],
  });
  const signer = treasury.signers.A;
  const before = signer.journal.length;
  const message = treasury.signed('A', request);
  append([...changesOf(signer.journal.slice(before)), { kind: 'sent', ...at, bytes: packMessage(message) }]);
}

describe('A start from a snapshot', () => {
  test('comes to what the whole log comes to, and folds only what is behind it', () => {
    append(changesOf(Array.from({ length: 3000 }, (_, i) => admit(`${number} coin ${i}`))));
    keep();
    append(changesOf([admit(`${number} later`)]));
    const restored = open();
    expect(restored.from).toBeGreaterThan(3000);
    expect(restored.log.head.index - restored.from).toBeLessThan(5);
    expectSame(restored, whole());
  });

  test('of one that is torn or altered uses the one before it, and without any the whole log', () => {
    keep();
    append(changesOf([admit(`${number} one`)]));
    keep();
    const [older = '', newer = ''] = snapshots().map((name) => join(directory, name));
    const expected = whole();
    const good = readFileSync(newer);
    truncateSync(newer, good.length - 1);
    const restored = open();
    expect(restored.from).toBeGreaterThan(0);
    expectSame(restored, expected);
    for (const place of [5, Math.floor(good.length / 2), good.length - 1]) {
      const bad = Buffer.from(good);
      bad.writeUInt8(bad.readUInt8(place) ^ 1, place);
      writeFileSync(newer, bad);
      expectSame(open(), expected);
    }
    writeFileSync(older, '');
    const plain = open();
    expect(plain.from).toBe(0);
    expectSame(plain, expected);
  });

  test('does not believe a snapshot of another log', () => {
    keep();
    const [name = ''] = snapshots();
    const foreign = readFileSync(join(directory, name));
    directory = `${directory}-other`;
    openDirectory();
    const start = encodeLocal({ event: 'start', detail: toHex(world.loaded.first) });
    append([{ kind: 'local', ...at, bytes: start }, ...changesOf([admit('another life')])]);
    writeFileSync(join(directory, name), foreign);
    expect(open().from).toBe(0);
  });

  test('needs no segment before the older of two snapshots, which may be moved away', () => {
    expect(findArchivable(directory, 'A')).toEqual([]);
    for (const part of ['a', 'b', 'c']) {
      append(changesOf(Array.from({ length: 1500 }, (_, i) => admit(`${number} ${part} ${i}`))));
      keep();
    }
    const expected = whole();
    const old = findArchivable(directory, 'A');
    expect(old.length).toBeGreaterThan(0);
    const archive = mkdtempSync(join(root, 'archive-'));
    for (const file of old) {
      copyFileSync(file, join(archive, file.slice(directory.length + 1)));
      rmSync(file);
    }
    expectSame(open(), expected);
    const { log } = restore(directory, world.loaded, line, noblePointMath);
    log.append(changesOf([admit(`${number} after`)]));
    log.close();
    expect(open().log.head.index).toBe(expected.log.head.index + 1);
    // Without a good snapshot the first segments are missing, and nothing is made up.
    for (const name of snapshots()) writeFileSync(join(directory, name), 'damaged');
    expect(() => open()).toThrow('evidence-000000.cborseq is missing');
  });

  test('is much shorter than a fold of a long log', () => {
    const records = inForm(4_000, 100_000);
    // What a signer's log is made of beside its state: messages, and results of which it keeps the newest.
    const body = new Uint8Array(600);
    const results = Array.from({ length: records }, (_, i): SignerChange => {
      const request = seeded(`${number} result ${i}`).slice(0, 16);
      return { kind: 'result', value: { request, requestHash: seeded(`${i}`), type: 'DONE', body } };
    });
    append(changesOf(results), 64 * 1024 * 1024);
    const before = performance.now();
    const folded = open();
    const fold = performance.now() - before;
    keep();
    const again = performance.now();
    const kept = open();
    const snapshot = performance.now() - again;
    expectSame(kept, folded);
    console.log(
      `${records} records: ${fold.toFixed(0)} ms folded, ${snapshot.toFixed(0)} ms from a snapshot`,
    );
    expect(kept.from).toBe(kept.log.head.index);
  });
});

test('what a signer signed since a snapshot, and before, is known again', () => {
  keep();
  live('first');
  const restored = open();
  expect(restored.state.heads.get('vault-1')?.length).toBeGreaterThan(0);
  expectSame(restored, whole());
});

test('a line on which the vault sends again what it said before a loss goes on from a snapshot as from the log', () => {
  const place = (seq: number) => ({ seq, hash: seeded(`${number} place ${seq}`) });
  const vault = createChain({ ...line, self: 'vault-1', peer: 'A', incoming: 'up' });
  const packed = (chain: Chain): Uint8Array => {
    const out = { type: 'HELLO', charter: world.loaded.first, session: 1, request: null, ...at } as const;
    const draft = draftMessage(chain, { ...out, body: new Uint8Array(1), salt: new Uint8Array(16) });
    return packMessage({ ...draft, signature: new Uint8Array(64) });
  };
  const detail = writePositions('vault-1', { mine: place(9), theirs: place(5) });
  append([
    { kind: 'local', ...at, bytes: encodeLocal({ event: 'realign', detail }) },
    { kind: 'received', ...at, bytes: packed({ ...vault, mine: place(5), theirs: place(7) }) },
  ]);
  const { chain: taken } = open();
  append([{ kind: 'sent', ...at, bytes: packed(taken) }]);
  keep();
  const { chain, from } = open();
  expect(from).toBeGreaterThan(0);
  expectSame(open(), whole());
  expect(chain).toMatchObject({ mine: { seq: 10 }, theirs: { seq: 6 }, acknowledged: place(7) });
  // The vault says once more that it has 8, then 9, which is behind nothing that this signer knows, and 10 last.
  const sent = [];
  for (const theirs of [place(8), place(9), chain.mine]) {
    append([{ kind: 'received', ...at, bytes: packed({ ...vault, mine: open().chain.theirs, theirs }) }]);
    expectSame(open(), whole());
    sent.push(open().chain.sent.length);
  }
  expect(sent).toEqual([1, 1, 0]);
});

describe('A signer that was started with another vault', () => {
  let vaults: Map<string, Chain>;
  beforeEach(() => {
    vaults = new Map();
  });

  function say(chain: Chain): Message {
    const out = { type: 'HELLO', charter: world.loaded.first, session: 1, request: null } as const;
    const more = { body: new Uint8Array(1), salt: new Uint8Array(16), time: 0, uptime: 0 };
    return { ...draftMessage(chain, { ...out, ...more }), signature: new Uint8Array(64) };
  }

  function headerOf({ header }: Message): Header {
    const read = decode(Header, header);
    if (!read.ok) throw new Error(read.fault.detail);
    return read.value;
  }

  /** A message of this vault's, which acknowledges all, and two of the signer's. */
  function talk(peer: string): void {
    let vault = vaults.get(peer) ?? createChain({ ...line, self: peer, peer: 'A', incoming: 'up' });
    const restored = restore(directory, world.loaded, { ...line, peer }, noblePointMath);
    let { chain } = restored;
    const asked = say(vault);
    vault = recordSent(vault, asked);
    chain = recordReceived(chain, asked, headerOf(asked));
    const records: Entry[] = [{ kind: 'received', ...at, bytes: packMessage(asked) }];
    for (let told = 0; told < 2; told += 1) {
      const answer = say(chain);
      chain = recordSent(chain, answer);
      vault = recordReceived(vault, answer, headerOf(answer));
      records.push({ kind: 'sent', ...at, bytes: packMessage(answer) });
    }
    restored.log.append(records);
    restored.log.close();
    vaults.set(peer, vault);
  }

  function archive(): void {
    const old = findArchivable(directory, 'A', areReadable);
    expect(old.length).toBeGreaterThan(0);
    for (const file of old) rmSync(file);
  }

  function grow(label: string): void {
    append(changesOf(Array.from({ length: 1500 }, (_, i) => admit(`${number} ${label} ${i}`))));
  }

  test('starts from a snapshot that was made with the first, also where older files are archived', () => {
    talk('vault-1');
    for (const part of ['a', 'b', 'c']) {
      grow(part);
      keep();
    }
    const expected = whole('vault-2');
    archive();
    const restored = open('vault-2');
    expect(restored.from).toBeGreaterThan(4500);
    expectSame(restored, expected);
    expect([restored.chain.mine.seq, restored.chain.theirs.seq]).toEqual([0, 0]);
  });

  test('and goes back to the first: the line goes on where it stood, with what was not delivered', () => {
    talk('vault-1');
    talk('vault-1');
    grow('a');
    keep('vault-1');
    talk('vault-2');
    grow('b');
    keep('vault-2');
    talk('vault-2');
    grow('c');
    keep('vault-2');
    const expected = whole('vault-1');
    archive();
    const restored = open('vault-1');
    expectSame(restored, expected);
    const { mine, theirs, sent, acknowledged } = restored.chain;
    expect([mine.seq, theirs.seq, acknowledged.seq, sent.length]).toEqual([4, 2, 2, 2]);
    talk('vault-1');
    expect(open('vault-1').chain.mine.seq).toBe(6);
    expect(open('vault-2').chain.mine.seq).toBe(4);
  });

  /** A snapshot as it was before it held all lines: the row of the one is another. */
  function keepOld(): void {
    const { state, chain, log } = restore(directory, world.loaded, line, noblePointMath);
    const LINE = 9;
    const rows = [...writeRows(state, [chain])].map((row) =>
      row[1] === LINE ? Uint8Array.from([row[0] ?? 0, 5, ...row.subarray(2)]) : row,
    );
    writeSnapshot(directory, 'A', log.head, rows);
    log.close();
  }

  test('reads a snapshot of one line without the others no more: the whole log is folded, and needed', () => {
    talk('vault-1');
    talk('vault-2');
    for (const part of ['a', 'b', 'c']) {
      grow(part);
      keepOld();
    }
    expect([...readSnapshots(directory, 'A')]).toHaveLength(2);
    expect(open().from).toBe(0);
    expectSame(open('vault-2'), whole('vault-2'));
    expect(findArchivable(directory, 'A', areReadable)).toEqual([]);
    keep();
    append(changesOf([admit(`${number} between`)]));
    keep();
    expect(findArchivable(directory, 'A', areReadable)).not.toEqual([]);
  });
});
