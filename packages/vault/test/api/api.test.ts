import { get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '@coldwire/program';
import { hashIntent, toHex } from '@coldwire/protocol';
import { decodeAddress } from '@coldwire/wallet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sampleCharter } from '../../../policy/test/charter-fixture.ts';
import {
  type ApiContext,
  findObstacles,
  listVaultWithdrawals,
  readVaultStatus,
  readVaultWithdrawal,
  requestAddress,
  serveApi,
  submitToVault,
} from '../../src/api/index.ts';
import { findWithdrawal, listPlaces, recordChainEvents, type Store } from '../../src/queue/index.ts';
import {
  FIRST_CHARTER,
  hashAt,
  type IntentParts,
  idOf,
  makeIntent,
  makeQueue,
  policy,
  requester,
  scripts,
} from '../fixture.ts';
import { makeCharters } from '../serve/chain-of-charters.ts';

interface Served {
  readonly url: string;
  readonly store: Store;
  readonly errors: unknown[];
  readonly woken: () => number;
}

function apiCharter(parts: Partial<ApiContext['charter']> = {}): ApiContext['charter'] {
  const requesters = new Map([['desk', [requester.publicKey]]]);
  const base = { first: FIRST_CHARTER, policy, requesters, network: 'regtest' } as const;
  const lists = { allowed: new Set<string>(), denied: new Set<string>() };
  const charter = { ...sampleCharter(), policy: parts.policy ?? policy };
  return { ...base, ...lists, charter, ...parts };
}

async function serve(parts: Partial<ApiContext['charter']> = {}): Promise<Served> {
  const store = makeQueue();
  const errors: unknown[] = [];
  let woken = 0;
  const onIntent = () => {
    woken += 1;
  };
  const charter = apiCharter(parts);
  const wake = { onIntent, onApproval: onIntent, onRegistration: onIntent, onCharter: onIntent };
  const charters = makeCharters();
  const server = await serveApi('127.0.0.1:0', { store, charter, scripts, charters, ...wake }, (error) =>
    errors.push(error),
  );
  onTestFinished(() => server.close());
  return { url: `http://127.0.0.1:${server.port}`, store, errors, woken: () => woken };
}

describe('submitting an intent', () => {
  it('answers 201 the first time, 200 again, and 409 for other contents under the same id', async () => {
    const { url, store, woken } = await serve();
    const signed = makeIntent({ seed: 1 });
    const value = { id: toHex(idOf(1)), amount: '50000', state: 'received', txid: null, confirmations: 0 };
    expect(await submitToVault(url, signed)).toMatchObject({ kind: 'done', status: 201, value });
    expect(await submitToVault(url, signed)).toMatchObject({ kind: 'done', status: 200, value });
    expect(await submitToVault(url, makeIntent({ seed: 1, amount: 60_000n }))).toMatchObject({
      kind: 'refused',
      status: 409,
      codes: ['INTENT_REUSED'],
    });
    expect(findWithdrawal(store, idOf(1))?.amount).toBe(50_000n);
    expect(woken()).toBe(1);
  });

  it('is harmless to repeat when the intent has expired meanwhile', async () => {
    const { url, store } = await serve();
    const signed = makeIntent({ seed: 1, created: 90, expires: 100 });
    expect(await submitToVault(url, signed)).toMatchObject({ status: 201 });
    recordChainEvents(store, [{ kind: 'connected', height: 101, hash: hashAt(101) }]);
    expect(await submitToVault(url, signed)).toMatchObject({ status: 200 });
  });

  it.each<[string, Partial<IntentParts>]>([
    ['EXPIRED', { created: 50, expires: 99 }],
    ['INTENT_LIFE', { created: 107 }],
    ['INTENT_LIFE', { created: 100, expires: 1109 }],
    ['INTENT_LIFE', { created: 110, expires: 105 }],
    ['DUST', { amount: 293n }],
    ['AMOUNT_TX', { amount: 1_000_000_001n }],
    ['VALUE_RANGE', { amount: 0n }],
    ['VALUE_RANGE', { amount: 2n ** 63n }],
  ])('answers 400 with %s and queues nothing when every signer would refuse it', async (code, parts) => {
    const { url, store } = await serve();
    const answer = await submitToVault(url, makeIntent({ seed: 1, ...parts }));
    expect(answer).toMatchObject({ kind: 'refused', status: 400, codes: expect.arrayContaining([code]) });
    expect(findWithdrawal(store, idOf(1))).toBeUndefined();
  });

  it('refuses what no requester of the charter signed', async () => {
    const { url } = await serve();
    const [intent, signature] = makeIntent({ seed: 1 });
    const flipped = Uint8Array.from(signature);
    flipped[5] = (flipped[5] ?? 0) ^ 1;
    const refused = { kind: 'refused', status: 400, codes: ['INTENT_SIGNATURE'] };
    expect(await submitToVault(url, [intent, flipped])).toMatchObject(refused);
    const elsewhere = requester.sign(hashIntent(new Uint8Array(32), intent));
    expect(await submitToVault(url, [intent, elsewhere])).toMatchObject(refused);
    const stranger = await serve({ requesters: new Map([['other', [requester.publicKey]]]) });
    expect(await submitToVault(stranger.url, [intent, signature])).toMatchObject(refused);
  });

  it('tells bad bytes from refusals by their code', async () => {
    const { url } = await serve();
    const [intent, signature] = makeIntent({ seed: 1 });
    const trailing = Uint8Array.from([...intent, 0]);
    expect(await submitToVault(url, [trailing, signature])).toMatchObject({
      status: 400,
      codes: ['MALFORMED'],
    });
    const body = JSON.stringify({ intent: toHex(intent) });
    const headers = { 'content-type': 'application/json' };
    const incomplete = await fetch(`${url}/v1/intents`, { method: 'POST', headers, body });
    expect([incomplete.status, await incomplete.json()]).toMatchObject([
      400,
      { error: { code: 'MALFORMED' } },
    ]);
  });

  it('names every obstacle in the order of the codes', () => {
    const script = Uint8Array.of(0x6a, 1, 2);
    const intent = { id: idOf(1), requester: 'desk', amount: 0n, script, created: 300, expires: 50 };
    const charter = { first: FIRST_CHARTER, policy, requesters: new Map() };
    expect(findObstacles(intent, charter, 100)).toEqual([
      'VALUE_RANGE',
      'INTENT_LIFE',
      'EXPIRED',
      'OUTPUT_TYPE',
    ]);
  });
});

describe('reading', () => {
  it('shows one withdrawal with its history, and says when there is none', async () => {
    const { url } = await serve();
    await submitToVault(url, makeIntent({ seed: 1 }));
    expect(await readVaultWithdrawal(url, idOf(1))).toMatchObject({
      kind: 'done',
      value: {
        state: 'received',
        requester: 'desk',
        address: expect.stringMatching(/^bcrt1q/),
        history: [{ kind: 'received' }],
      },
    });
    expect(await readVaultWithdrawal(url, idOf(2))).toMatchObject({ kind: 'refused', status: 404 });
  });

  it('lists by state and page, and refuses a filter that it does not know', async () => {
    const { url } = await serve();
    for (const seed of [1, 2, 3]) await submitToVault(url, makeIntent({ seed }));
    const ids = async (query: string) => {
      const response = await fetch(`${url}/v1/withdrawals${query}`);
      const body: unknown = await response.json();
      return response.ok
        ? (JSON.stringify(body).match(/"id":"[0-9a-f]{32}"/g)?.length ?? 0)
        : response.status;
    };
    expect(await ids('')).toBe(3);
    expect(await ids('?state=received&limit=2')).toBe(2);
    expect(await ids(`?after=${toHex(idOf(2))}`)).toBe(1);
    expect(await ids('?state=confirmed')).toBe(0);
    for (const bad of ['?state=lost', '?limit=0', '?limit=101', '?limit=x', '?after=12', '?sort=id']) {
      expect(await ids(bad)).toBe(400);
    }
    expect(await listVaultWithdrawals(url)).toMatchObject({ kind: 'done' });
  });

  it('sums up the queue with amounts that no reader rounds', async () => {
    const { url } = await serve();
    await submitToVault(url, makeIntent({ seed: 1 }));
    expect(await readVaultStatus(url)).toMatchObject({
      value: {
        tip: 100,
        states: { received: { count: 1, amount: '50000' } },
        balance: { confirmed: '4000000', coins: 4 },
      },
    });
  });

  it('hands out each receiving address once, until the charter allows no more', async () => {
    const { url, store } = await serve({ policy: { ...policy, receiveLimit: 2 } });
    const first = await requestAddress(url);
    expect(first).toMatchObject({ kind: 'done', status: 201, value: { wallet: 0, chain: 0, index: 0 } });
    const text = JSON.stringify(first).match(/bcrt1q[0-9a-z]+/)?.[0] ?? '';
    const decoded = decodeAddress(text, 'regtest');
    expect(decoded.ok && decoded.value).toEqual(scripts[0]?.at(0, 0).scriptPubKey);
    expect(await requestAddress(url)).toMatchObject({ value: { index: 1 } });
    expect(await requestAddress(url)).toMatchObject({ kind: 'refused', status: 409, codes: ['PATH_RANGE'] });
    expect(listPlaces(store)).toHaveLength(2);
  });
});

describe('the server', () => {
  it('listens on the loopback only', async () => {
    const store = makeQueue();
    const nothing = () => undefined;
    const wake = { onIntent: nothing, onApproval: nothing, onRegistration: nothing, onCharter: nothing };
    const context = { store, charter: apiCharter(), scripts, charters: makeCharters(), ...wake };
    const listen = (address: string) => serveApi(address, context, nothing);
    await expect(async () => listen('0.0.0.0:0')).rejects.toThrow(Failure);
    await expect(async () => listen('192.168.1.1:80')).rejects.toThrow('loopback');
  });

  it('refuses large bodies, other paths and a foreign Host, and goes on', async () => {
    const { url, errors } = await serve();
    const headers = { 'content-type': 'application/json' };
    const large = await fetch(`${url}/v1/intents`, { method: 'POST', headers, body: ' '.repeat(170_000) });
    expect(large.status).toBe(413);
    expect((await fetch(`${url}/v1/intents`)).status).toBe(404);
    expect((await fetch(`${url}/v2/status`)).status).toBe(404);
    expect((await fetch(`${url}/v1/%zz`)).status).toBe(400);
    const foreign = await new Promise<number | undefined>((resolve) => {
      get(`${url}/v1/status`, { headers: { host: 'evil.example' } }, ({ statusCode }) => resolve(statusCode));
    });
    expect(foreign).toBe(403);
    expect(await readVaultStatus(url)).toMatchObject({ kind: 'done' });
    expect(errors).toEqual([]);
  });

  it('answers others while one sends its request slowly', async () => {
    const { url } = await serve();
    const slow = connect(Number(new URL(url).port), '127.0.0.1');
    onTestFinished(() => {
      slow.destroy();
    });
    slow.write('POST /v1/intents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{');
    await sleep(50);
    expect(await readVaultStatus(url)).toMatchObject({ kind: 'done' });
  });

  it('says INTERNAL and nothing else when its database fails, and the operator is told', async () => {
    const { url, store, errors } = await serve();
    store.db.execute('DROP TABLE admissions; ALTER TABLE withdrawals RENAME TO elsewhere');
    expect(await readVaultStatus(url)).toEqual({
      kind: 'refused',
      status: 500,
      codes: ['INTERNAL'],
      detail: 'the program met an error; its own log has the details',
    });
    expect(errors).toHaveLength(1);
  });

  it('is missed by its client with a line that says what to do', async () => {
    const { url } = await serve();
    const nobody = url.replace(/\d+$/, '1');
    await expect(readVaultStatus(nobody)).rejects.toMatchObject({
      exit: 6,
      what: expect.stringContaining('cannot be reached'),
    });
  });
});
