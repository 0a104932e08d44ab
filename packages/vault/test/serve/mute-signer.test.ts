/** A signer that never answers DEAD: gates are told what the others say, and are asked to clear all the same. */
import { Bury, Dead, Death, decode, encode } from '@coldwire/protocol';
import { expect, test } from 'vitest';
import { askPeer, deathsOf, getBatch, giveUpBatch, type Store } from '../../src/queue/index.ts';
import { buryAllDead } from '../../src/serve/dead.ts';
import { Driver } from '../../src/serve/drive.ts';
import type { Vault } from '../../src/serve/vault.ts';
import { fill } from '../fixture.ts';
import { approve, draft, mine } from '../queue/steps.ts';
import {
  type Answer,
  charter,
  clearing,
  done,
  makeVault,
  messageOf,
  refusing,
  seedAt,
  signBy,
  signNext,
} from './vault-world.ts';

const DEADLINE_MS = 40;
const { burial } = charter.charter.clock;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function death(body: Uint8Array): Answer {
  const asked = decode(Dead, body, body.length);
  if (!asked.ok) throw new Error(asked.fault.detail);
  return { type: 'DEATH', body: encode(Death, { txid: asked.value.txid, height: 107 }) };
}

/** Transactions that a gate was given, one for each seed, and others over their coins that are mined. */
function kill(store: Store, ...seeds: readonly number[]): readonly number[] {
  const ids = seeds.map((seed) => {
    approve(store, seed);
    const id = signNext(store);
    askPeer(store, id, 'gate', 'gate-1', fill(100 + id, 16));
    return id;
  });
  for (const id of ids) {
    giveUpBatch(store, id, { refused: [], codes: ['INTERNAL'], notBefore: 0 });
    const rival = fill(200 + id, 32);
    const height = mine(store, [{ txid: rival, inputs: getBatch(store, id).inputs }]);
    const sql =
      'INSERT INTO proofs (txid, stripped, height, block, position, path) VALUES (?, ?, ?, ?, ?, ?)';
    store.db.run(sql, rival, fill(1, 60), height, fill(3, 32), 0, new Uint8Array());
  }
  return ids;
}

/** A and B answer, C never does. */
function begin() {
  const world = makeVault();
  const [a, b, c] = world.signers;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three signers');
  for (const signer of [a, b]) signer.says = (_, body) => death(body);
  c.says = () => undefined;
  const words: number[] = [];
  for (const gate of world.gates)
    gate.says = (type, body) => {
      const bury = decode(Bury, body, body.length);
      if (type !== 'BURY' || !bury.ok) return refusing('UNKNOWN_TYPE');
      words.push(bury.value.deaths.length);
      return done;
    };
  return { ...world, a, b, c, words };
}

function bury(store: Store): void {
  for (let depth = 1; depth < burial; depth += 1) mine(store, []);
}

/** Takes every batch as far as it goes. */
function drive(vault: Vault): Promise<void> {
  const driver = new Driver(vault);
  driver.start();
  return driver.settled();
}

/** Fails instead of waiting for ever. */
async function soon<T>(what: Promise<T>): Promise<T> {
  const late = pause(20 * DEADLINE_MS).then(() => {
    throw new Error('nothing came of it');
  });
  return await Promise.race([what, late]);
}

test('two words are enough: the only gate that is there is asked to clear', async () => {
  const { vault, store, gates, b, words } = begin();
  const home = gates[0];
  gates[1].isThere = false;
  const [dead = 0] = kill(store, seedAt(0));
  bury(store);
  const id = draft(store);
  signBy(store, id, 'A', 'B');
  const takes = home.says;
  home.says = (type, body) => (type === 'CLEAR' ? clearing(store, id) : takes(type, body));
  const patient = { ...vault, tuning: { ...vault.tuning, deadlineMs: 100 * DEADLINE_MS } };
  await soon(drive(patient));
  expect(words).toEqual([2]);
  expect(home.asked.map(({ type }) => type)).toEqual(['BURY', 'CLEAR']);
  expect(deathsOf(store, dead).map(({ signer }) => signer)).toEqual(['A', 'B']);
  expect(b.asked.map(({ type }) => type)).toEqual(['DEAD']);
  expect(getBatch(store, id).status).toBe('broadcast');
});

test('a batch is cleared although its dead carrier stays unproven: one signer is away, one says nothing', async () => {
  const { vault, store, gates, b, words } = begin();
  b.isThere = false;
  gates[1].isThere = false;
  kill(store, seedAt(0));
  bury(store);
  const id = draft(store);
  signBy(store, id, 'A', 'B');
  gates[0].says = (type) => (type === 'CLEAR' ? clearing(store, id) : refusing('UNKNOWN_TYPE'));
  await soon(drive(vault));
  expect(words).toEqual([]);
  expect(getBatch(store, id).status).toBe('broadcast');
});

test('a late word is kept for the next time; before it comes, its signer is asked nothing more', async () => {
  const { vault, store, gates, b, c, words } = begin();
  b.isThere = false;
  let answer = (): void => undefined;
  const asked: string[] = [];
  c.request = (type, body) =>
    new Promise((resolve) => {
      asked.push(type);
      const said = death(body);
      answer = () => resolve({ ...said, message: messageOf(said.body) });
    });
  const [id = 0] = kill(store, seedAt(0));
  bury(store);
  for (const gate of [gates[0], gates[1], gates[0]]) await soon(buryAllDead(vault, gate));
  expect(asked).toEqual(['DEAD']);
  expect(words).toEqual([]);
  const { rings } = vault.bells.peers;
  answer();
  await vault.bells.peers.after(rings, 1000);
  expect(deathsOf(store, id).map(({ signer }) => signer)).toEqual(['A', 'C']);
  await soon(buryAllDead(vault, gates[0]));
  expect(words).toEqual([2]);
  expect(asked).toEqual(['DEAD']);
});

test('it is waited for once, however much is dead', async () => {
  const { vault, store, gates, a, b, c } = begin();
  b.isThere = false;
  const ids = kill(store, 1, 2, 3);
  bury(store);
  await soon(buryAllDead(vault, gates[0]));
  expect(a.asked).toHaveLength(ids.length);
  expect(c.asked).toHaveLength(1);
});

test('trouble that comes when nobody waits for it any more is told all the same', async () => {
  const { vault, store, gates, c } = begin();
  kill(store, seedAt(0));
  bury(store);
  const trouble = new Error('a broken queue');
  let fails = (): void => undefined;
  c.settle = () =>
    new Promise((_, reject) => {
      fails = () => reject(trouble);
    });
  const errors: unknown[] = [];
  await soon(buryAllDead({ ...vault, fail: (error) => void errors.push(error) }, gates[0]));
  fails();
  await pause(1);
  expect(errors).toEqual([trouble]);
});
