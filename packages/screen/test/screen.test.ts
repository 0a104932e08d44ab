import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  Charter,
  createEd25519Signer,
  encode,
  hashCharter,
  hashIntent,
  hashVerdict,
  type SignedIntent,
  toHex,
  verifyEd25519,
} from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { addressOf, lookOf } from '../src/address.ts';
import { openHistory } from '../src/io/history.ts';
import { readAnswer, writeQuestion } from '../src/question.ts';
import { readRoster } from '../src/roster.ts';
import {
  desk,
  idOf,
  makeCharter,
  makeIntent,
  makeSite,
  mallory,
  runScreen,
  scriptOf,
  sha,
  signCharter,
  startScreen,
} from './fixture.ts';

async function post(url: string, body: string, headers: Record<string, string> = {}) {
  const all = { 'content-type': 'application/json', ...headers };
  return fetch(`${url}/v1/verdict`, { method: 'POST', headers: all, body });
}

async function ask(url: string, intents: readonly SignedIntent[], tipHeight = 100) {
  const response = await post(url, writeQuestion({ intents, tipHeight }));
  expect(response.status).toBe(200);
  const answer = readAnswer(await response.json(), intents.length);
  if (answer === undefined) throw new Error('the answer has another form');
  return answer;
}

describe('a running screen', () => {
  it('signs one verdict over the intents that it clears, and says why it holds the others', async () => {
    const site = makeSite();
    const { url, stop } = await startScreen(site);
    const intents = [
      makeIntent(site.first, { id: 1 }),
      makeIntent(site.first, { id: 2, amount: 10_000_001n }),
      makeIntent(site.first, { id: 3 }),
      makeIntent(site.first, { id: 4, signer: mallory }),
      makeIntent(site.first, { id: 5, requester: 'nobody' }),
      makeIntent(sha(99), { id: 6 }),
      makeIntent(site.first, { id: 1 }),
      [Uint8Array.of(0xa0), new Uint8Array(64)] as const,
    ];
    const { cleared, held, verdict } = await ask(url, intents, 123);
    expect(cleared).toEqual([0, 2]);
    expect(held).toEqual([
      { index: 1, codes: ['SCREEN_AMOUNT'] },
      { index: 3, codes: ['INTENT_SIGNATURE'] },
      { index: 4, codes: ['INTENT_SIGNATURE'] },
      { index: 5, codes: ['INTENT_SIGNATURE'] },
      { index: 6, codes: ['DUP_INTENT'] },
      { index: 7, codes: ['MALFORMED'] },
    ]);
    if (verdict === null) throw new Error('no verdict');
    expect(verdict).toMatchObject({ screen: 'screen1', covers: [0, 2], issued: 123 });
    const hashes = [intents[0], intents[2]].map((signed) => hashIntent(site.first, signed?.[0] ?? sha()));
    expect(verifyEd25519(site.publicKey, hashVerdict(site.first, 123, hashes), verdict.signature)).toBe(true);
    expect(await stop()).toBe(0);
  });

  it('answers the same again, in any grouping, and counts an intent once, also after it was killed', async () => {
    const site = makeSite();
    const first = await startScreen(site, '--burst-count', '3');
    const intents = [1, 2, 3, 4].map((id) => makeIntent(site.first, { id }));
    expect((await ask(first.url, intents)).held).toEqual([{ index: 3, codes: ['SCREEN_BURST'] }]);
    await first.stop('SIGKILL');
    const second = await startScreen(site, '--burst-count', '3');
    for (const signed of [...intents].reverse().slice(1)) {
      expect((await ask(second.url, [signed])).cleared).toEqual([0]);
    }
    expect((await ask(second.url, intents.slice(3))).held).toEqual([{ index: 0, codes: ['SCREEN_BURST'] }]);
    const history = openHistory(site.state, () => Math.floor(Date.now() / 1000));
    expect(history.countRecent('desk', 600)).toBe(4);
    expect(history.clearedAmounts('desk', 100)).toHaveLength(3);
    history.close();
  });

  it('holds an id that comes with other contents', async () => {
    const site = makeSite();
    const { url } = await startScreen(site);
    await ask(url, [makeIntent(site.first, { id: 1 })]);
    const { held, verdict } = await ask(url, [makeIntent(site.first, { id: 1, amount: 50_001n })]);
    expect(held).toEqual([{ index: 0, codes: ['INTENT_REUSED'] }]);
    expect(verdict).toBeNull();
  });

  it('learns what is usual from what it cleared, and lets an operator release what it held', async () => {
    const site = makeSite();
    const { url } = await startScreen(site, '--amount-floor', '1000', '--amount-history', '3');
    const big = makeIntent(site.first, { id: 1, amount: 40_000n });
    expect((await ask(url, [big])).held).toEqual([{ index: 0, codes: ['SCREEN_AMOUNT'] }]);
    const held = runScreen('held', '--state', site.state, '--json');
    expect(JSON.parse(held.stdout)).toMatchObject({
      held: [{ id: toHex(idOf(1)), amount: '40000', codes: ['SCREEN_AMOUNT'], requester: 'desk' }],
    });
    const release = [
      'release',
      toHex(idOf(1)),
      '--state',
      site.state,
      '--reason',
      'called the customer back',
    ];
    expect(runScreen(...release)).toMatchObject({ status: 0, stdout: `${toHex(idOf(1))}: released\n` });
    expect((await ask(url, [big])).cleared).toEqual([0]);
    const history = openHistory(site.state, () => 0);
    expect(history.release(idOf(1), 'again')).toBe('already-released');
    expect(history.release(idOf(2), 'too early')).toBe('unknown');
    history.close();
    const small = [2, 3].map((id) => makeIntent(site.first, { id, amount: 1000n }));
    expect((await ask(url, small)).cleared).toEqual([0, 1]);
    // Three cleared: 1,000, 1,000 and 40,000. The released one does not widen what is usual.
    const next = makeIntent(site.first, { id: 4, amount: 2600n });
    expect((await ask(url, [next])).held).toEqual([{ index: 0, codes: ['SCREEN_AMOUNT'] }]);
    const other = makeIntent(site.first, { id: 5, amount: 900n, requester: 'desk2', signer: mallory });
    expect((await ask(url, [other])).cleared).toEqual([0]);
  });

  it('holds a destination that looks like one that was paid, but not that one itself', async () => {
    const site = makeSite();
    const { url } = await startScreen(site);
    const paid = scriptOf(7);
    const look = (script: Uint8Array) => lookOf(addressOf(script, 'regtest'));
    // The first characters come with the first bytes; the last three are of the checksum and must be searched for.
    const twin = findTwin(paid, look);
    await ask(url, [makeIntent(site.first, { id: 1, script: paid })]);
    const { held, cleared } = await ask(url, [
      makeIntent(site.first, { id: 2, script: twin }),
      makeIntent(site.first, { id: 3, script: paid }),
    ]);
    expect(held).toEqual([{ index: 0, codes: ['SCREEN_LOOKALIKE'] }]);
    expect(cleared).toEqual([1]);
  });

  it('follows its deny list, and clears nothing at all while that cannot be read', async () => {
    const site = makeSite();
    const deny = join(site.directory, 'deny.txt');
    const [bad, worse] = [scriptOf(8), scriptOf(9)];
    writeFileSync(deny, `# list\n${addressOf(bad, 'regtest').toUpperCase()} # thief\n${toHex(worse)}\n`);
    const { url, log } = await startScreen(site, '--deny', deny);
    const intents = [bad, worse, scriptOf(10)].map((script, i) => makeIntent(site.first, { id: i, script }));
    const { held, cleared } = await ask(url, intents);
    expect(held.map(({ codes }) => codes)).toEqual([['SCREEN_DENY'], ['SCREEN_DENY']]);
    expect(cleared).toEqual([2]);
    writeFileSync(deny, 'this is no address\n');
    const question = (id: number) =>
      writeQuestion({ intents: [makeIntent(site.first, { id })], tipHeight: 100 });
    const broken = await post(url, question(20));
    expect(broken.status).toBe(500);
    expect(await broken.json()).toMatchObject({ error: { code: 'INTERNAL' } });
    expect((await fetch(`${url}/v1/health`)).status).toBe(500);
    rmSync(deny);
    expect((await post(url, question(20))).status).toBe(500);
    expect(log.at(-1)).toContain('no such file');
    writeFileSync(deny, '');
    expect((await ask(url, [makeIntent(site.first, { id: 20 })])).cleared).toEqual([0]);
    expect(await (await fetch(`${url}/v1/health`)).json()).toEqual({
      status: 'ok',
      screen: 'screen1',
      held: 2,
    });
  });

  it('refuses questions of another form, size, type and host, and goes on', async () => {
    const site = makeSite();
    const { url } = await startScreen(site);
    const [intent, signature] = makeIntent(site.first, { id: 1 }).map(toHex);
    const good = { intents: [{ intent, signature }], tipHeight: 100 };
    const bad: readonly unknown[] = [
      [],
      null,
      { intents: [], tipHeight: 100 },
      { intents: [{ intent, signature }] },
      { ...good, tipHeight: -1 },
      { ...good, tipHeight: 1.5 },
      { ...good, more: 1 },
      { ...good, intents: [{ intent, signature: signature?.slice(2) }] },
      { ...good, intents: [{ intent: intent?.toUpperCase(), signature }] },
      { ...good, intents: Array.from({ length: 1025 }, () => ({ intent: '00', signature })) },
    ];
    for (const question of bad) {
      const response = await post(url, JSON.stringify(question));
      expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'MALFORMED' } }]);
    }
    expect((await post(url, '{')).status).toBe(400);
    expect((await post(url, 'x'.repeat(1024 * 1024 + 1))).status).toBe(413);
    expect((await post(url, JSON.stringify(good), { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await fetch(`${url}/v1/other`)).status).toBe(404);
    expect((await fetch(url.replace('127.0.0.1', 'localhost'))).status).toBe(404);
    expect((await post(url, JSON.stringify(good))).status).toBe(200);
  });
});

function findTwin(script: Uint8Array, look: (script: Uint8Array) => string): Uint8Array {
  const wanted = look(script);
  const twin = Uint8Array.from(script);
  const view = new DataView(twin.buffer);
  for (let tries = 1; tries < 5_000_000; tries += 1) {
    view.setUint32(18, tries);
    if (look(twin) === wanted) return twin;
  }
  throw new Error('no twin found');
}

describe('starting a screen', () => {
  const files = (site: ReturnType<typeof makeSite>) => [
    '--charter',
    site.charter,
    '--key',
    site.key,
    '--state',
    site.state,
  ];

  it('is refused on any interface but the loopback', () => {
    const site = makeSite();
    const started = runScreen('run', ...files(site), '--listen', '0.0.0.0:9000');
    expect(started).toMatchObject({ status: 2, stderr: expect.stringContaining('loopback') });
  });

  it('is refused when the port is taken', async () => {
    const site = makeSite();
    const { url } = await startScreen(site);
    const started = runScreen('run', ...files(site), '--listen', url.replace('http://', ''));
    expect(started).toMatchObject({ status: 5, stderr: expect.stringContaining('port is in use') });
  });

  it('is refused with a key that the charter does not list, and with a charter that is not signed by all', () => {
    const site = makeSite();
    const stranger = makeSite();
    const wrong = ['--charter', stranger.charter, '--key', site.key, '--state', site.state];
    const started = runScreen('run', ...wrong, '--listen', '127.0.0.1:0', '--json');
    expect(started.status).toBe(4);
    expect(JSON.parse(started.stderr)).toMatchObject({
      error: { what: 'it does not list the key of this screen' },
    });
    expect(existsSync(site.state)).toBe(false);
    const charter = makeCharter(site.publicKey);
    const problems = [
      signCharter(charter, [createEd25519Signer(sha(3))]),
      signCharter(charter, [createEd25519Signer(sha(3)), desk]),
      signCharter({ ...charter, first: sha(1), previous: sha(1) }),
      new Uint8Array(10),
    ].map((file) => readRoster([file], site.publicKey));
    expect(problems.map((roll) => (roll.ok ? 'ok' : roll.problem))).toEqual([
      'custodian1 has not signed it exactly once',
      'the signature of custodian1 does not verify',
      'it follows another charter: name the whole chain, the first charter first',
      expect.stringContaining('not a charter file'),
    ]);
  });

  it('follows a chain of charters: the newest says who may request, the first what is signed', () => {
    const site = makeSite();
    const first = makeCharter(site.publicKey);
    const firstHash = hashCharter(encode(Charter, first));
    const other = createEd25519Signer(sha(77)).publicKey;
    const next = {
      ...first,
      epoch: 1,
      first: firstHash,
      previous: firstHash,
      requesters: [{ name: 'newcomer', keys: [other], people: [] }],
    };
    const read = (...chain: readonly Uint8Array[]) => readRoster(chain, site.publicKey);
    const followed = read(signCharter(first), signCharter(next));
    if (!followed.ok) throw new Error(followed.problem);
    expect(followed.value.first).toEqual(firstHash);
    expect([...followed.value.requesters]).toEqual([['newcomer', [other]]]);
    const problems = [
      read(),
      read(signCharter(next)),
      read(signCharter(first), signCharter({ ...next, epoch: 2 })),
      read(signCharter(first), signCharter({ ...next, previous: sha(1) })),
      read(signCharter(first), signCharter(next, [createEd25519Signer(sha(3))])),
      read(signCharter(first), signCharter({ ...next, screens: [{ name: 'screen', key: other }] })),
    ];
    expect(problems.map((roll) => (roll.ok ? 'ok' : roll.problem))).toEqual([
      'no charter was named',
      'it follows another charter: name the whole chain, the first charter first',
      'it does not follow the charter of epoch 0',
      'it does not follow the charter of epoch 0',
      'too few custodians of the charter before it have signed it',
      'it does not list the key of this screen',
    ]);
  });

  it('says what is wrong with a history that is damaged or of a newer release', () => {
    const site = makeSite();
    mkdirSync(site.state, { mode: 0o700 });
    const file = join(site.state, 'history.db');
    writeFileSync(file, 'this is a text, and no history at all\n'.repeat(60));
    const damaged = runScreen('held', '--state', site.state);
    expect(damaged).toMatchObject({ status: 6, stderr: expect.stringContaining('it is not a database') });
    rmSync(file);
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 7');
    database.close();
    expect(() => openHistory(site.state, () => 0)).toThrow('the history has version 7');
  });

  it('explains itself, and releases nothing that is not held', () => {
    const site = makeSite();
    expect(runScreen('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('Exit codes') });
    expect(runScreen('run', '--help').stdout).toContain('--amount-floor');
    const release = runScreen('release', '00'.repeat(16), '--state', site.state, '--reason', 'x');
    expect(release).toMatchObject({ status: 3, stderr: expect.stringContaining('never seen') });
    expect(runScreen('release', 'zz', '--state', site.state, '--reason', 'x').status).toBe(2);
  });
});
