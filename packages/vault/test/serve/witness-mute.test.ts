/** Gates that say nothing, late or wrongly what they have seen of a signer that has started: nothing else waits for that. */
import { Attest, decode, encode, Witness, Witnessed } from '@coldwire/protocol';
import { expect, test, vi } from 'vitest';
import { Signer } from '../../src/serve/signer.ts';
import type { Reply } from '../../src/session/session.ts';
import { fill, makeCoin } from '../fixture.ts';
import {
  type Answer,
  charter,
  done,
  makeVault,
  messageOf,
  refusing,
  type ToldSigner,
} from './vault-world.ts';

vi.setConfig({ testTimeout: 5_000 });

const DEADLINE_MS = 40;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function witnessed(body: Uint8Array): Answer {
  const asked = decode(Witness, body, body.length);
  if (!asked.ok) throw new Error(asked.fault.detail);
  return { type: 'WITNESSED', body: encode(Witnessed, { ...asked.value, heads: [] }) };
}

/** A signer says HELLO after a start. */
function greet(signer: ToldSigner, nonce: number): void {
  const tip = { tipHeight: 0, tipHash: new Uint8Array(32) };
  signer.onHello({ software: 's', epoch: 1, ...tip, frozen: false, nonce: fill(nonce, 16) });
}

/** B has started; gate-1 says nothing, gate-2 what it is asked. There are a header and a coin that B does not have. */
function begin() {
  const world = makeVault();
  const [, b] = world.signers;
  if (b === undefined) throw new Error('three signers');
  let headers = [charter.charter.clock.checkpoint];
  const chain = {
    ...world.vault.chain,
    headers: () => {
      const some = headers;
      headers = [];
      return Promise.resolve(some);
    },
  };
  const sql = 'INSERT INTO proofs (txid, stripped, height, block, position, path) VALUES (?, ?, ?, ?, ?, ?)';
  world.store.db.run(sql, makeCoin(0).txid, fill(2, 60), 100, fill(3, 32), 0, new Uint8Array());
  world.gates[0].says = () => undefined;
  world.gates[1].says = (_, body) => witnessed(body);
  b.says = () => done;
  greet(b, 7);
  const vault = { ...world.vault, chain };
  const settle = () => Signer.prototype.settle.call(b, vault);
  const isUnwitnessed = () => Signer.prototype.isUnwitnessed.call(b, vault);
  const askedOf = (type: string): number => b.asked.filter((one) => one.type === type).length;
  return { ...world, vault, b, settle, isUnwitnessed, askedOf };
}

test('a gate that never says what it has seen keeps neither headers nor coins from a signer', async () => {
  const { gates, settle, askedOf, isUnwitnessed } = begin();
  const before = performance.now();
  const settled = settle();
  while (askedOf('ADMIT') === 0 && performance.now() - before < 20 * DEADLINE_MS) await pause(1);
  expect(askedOf('HEADERS')).toBe(1);
  expect(askedOf('ADMIT')).toBe(1);
  await settled;
  expect(performance.now() - before).toBeLessThan(20 * DEADLINE_MS);
  expect(gates[0].count('WITNESS')).toBe(1);
  expect(askedOf('ATTEST')).toBe(1);
  expect(isUnwitnessed()).toBe(true);
});

test('whoever settles a signer waits for what gates say of it, while they have time', async () => {
  const { gates, settle, askedOf, isUnwitnessed } = begin();
  gates[0].request = async (type, body): Promise<Reply> => {
    expect(type).toBe('WITNESS');
    await pause(DEADLINE_MS / 4);
    const answer = witnessed(body);
    return { ...answer, message: messageOf(answer.body) };
  };
  await settle();
  expect(askedOf('ATTEST')).toBe(2);
  expect(isUnwitnessed()).toBe(false);
});

test('what a gate says late is brought when it comes', async () => {
  const { gates, vault, settle, askedOf, isUnwitnessed } = begin();
  let answer = (): void => undefined;
  gates[0].request = (_, body) =>
    new Promise((resolve) => {
      const said = witnessed(body);
      answer = () => resolve({ ...said, message: messageOf(said.body) });
    });
  await settle();
  expect(isUnwitnessed()).toBe(true);
  const { rings } = vault.bells.peers;
  answer();
  await vault.bells.peers.after(rings, 1000);
  expect(askedOf('ATTEST')).toBe(2);
  expect(isUnwitnessed()).toBe(false);
  await settle();
  expect(askedOf('ATTEST')).toBe(2);
});

test.each([
  ['says nothing', () => undefined],
  ['says what the signer does not take', (_: string, body: Uint8Array) => witnessed(body)],
] as const)('a gate that %s is asked again, ever more seldom', async (_, says) => {
  const { gates, b, settle } = begin();
  gates[0].says = says;
  gates[1].isThere = false;
  b.says = (type) => (type === 'ATTEST' ? refusing('WITNESS_BAD') : done);
  await settle();
  const before = performance.now();
  while (performance.now() - before < 8 * DEADLINE_MS) {
    await settle();
    await pause(1);
  }
  expect(gates[0].count('WITNESS')).toBeGreaterThan(1);
  expect(gates[0].count('WITNESS')).toBeLessThanOrEqual(5);
});

test('a gate that says nothing is waited for once only', async () => {
  const { gates, vault, b } = begin();
  const slow = { ...vault, tuning: { ...vault.tuning, deadlineMs: 400 } };
  await Signer.prototype.settle.call(b, slow);
  const before = performance.now();
  await Signer.prototype.settle.call(b, slow);
  expect(performance.now() - before).toBeLessThan(300);
  expect(gates[0].count('WITNESS')).toBe(2);
});

test('a gate that introduces itself anew is asked at once', async () => {
  const { gates, settle, isUnwitnessed } = begin();
  await settle();
  gates[0].says = (_, body) => witnessed(body);
  gates[0].onHello({ software: 'g', epoch: 1, tipHeight: 0, tipHash: new Uint8Array(32), frozen: false });
  await settle();
  expect(gates[0].count('WITNESS')).toBe(2);
  expect(isUnwitnessed()).toBe(false);
});

test('a signer that starts anew is not shown what was said of its last start', async () => {
  const { gates, b, vault, settle, isUnwitnessed } = begin();
  const answers: (() => void)[] = [];
  gates[0].request = (_, body) =>
    new Promise((resolve) => {
      const said = witnessed(body);
      answers.push(() => resolve({ ...said, message: messageOf(said.body) }));
    });
  await settle();
  greet(b, 8);
  const before = b.asked.length;
  answers[0]?.();
  await pause(5);
  expect(b.asked).toHaveLength(before);
  const settled = settle();
  while (answers.length < 2) await pause(1);
  expect(isUnwitnessed()).toBe(true);
  answers[1]?.();
  await settled;
  const shown = b.asked.slice(before).filter(({ type }) => type === 'ATTEST');
  expect(shown.map(({ body }) => decode(Attest, body, body.length).ok)).toEqual([true, true]);
  expect(isUnwitnessed()).toBe(false);
  expect(vault.stopping.aborted).toBe(false);
});

test('a gate that refuses to speak has not been heard: it is asked again', async () => {
  const { gates, settle, askedOf, isUnwitnessed, said } = begin();
  const good = gates[1].says;
  gates[0].says = () => refusing('WRONG_PEER');
  await settle();
  expect([askedOf('ATTEST'), isUnwitnessed()]).toEqual([1, true]);
  expect(said).toContainEqual(
    expect.objectContaining({
      code: 'WRONG_PEER',
      about: 'gate-1',
      detail: 'it says nothing of B: WRONG_PEER',
    }),
  );
  gates[0].says = good;
  await pause(DEADLINE_MS * 1.5);
  await settle();
  expect([gates[0].count('WITNESS'), askedOf('ATTEST'), isUnwitnessed()]).toEqual([2, 2, false]);
});

test.each([
  ['INTERNAL', false],
  ['UNKNOWN_TYPE', false],
  ['STATE_ROLLBACK', true],
  ['CLONE', true],
])('a signer that answers a witness with %s has taken it in: %s', async (code, isHeard) => {
  const { b, gates, settle, isUnwitnessed } = begin();
  gates[0].says = gates[1].says;
  b.says = (type) => (type === 'ATTEST' ? refusing(code) : done);
  await settle();
  expect(isUnwitnessed()).toBe(!isHeard);
});

test('a gate that a charter drops has to be heard again when a later one lists it', async () => {
  const { b, gates, vault, settle, isUnwitnessed } = begin();
  gates[0].says = gates[1].says;
  await settle();
  expect(isUnwitnessed()).toBe(false);
  const { charter: inForce } = vault.charter;
  const without = { ...vault.charter, charter: { ...inForce, gates: inForce.gates.slice(1) } };
  await Signer.prototype.witness.call(b, { ...vault, charter: without });
  expect(isUnwitnessed()).toBe(true);
  await pause(DEADLINE_MS * 1.5);
  await settle();
  expect(isUnwitnessed()).toBe(false);
});
