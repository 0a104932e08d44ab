/** A gate finds fault with a signature: another is sought for it, and whom it blames keeps no other gate from clearing. */
import { Clear, decode, encode, hashRequest, Signed } from '@coldwire/protocol';
import { expect, test, vi } from 'vitest';
import { findWithdrawal, getBatch } from '../../src/queue/index.ts';
import { Driver } from '../../src/serve/drive.ts';
import { fill, idOf } from '../fixture.ts';
import { approve } from '../queue/steps.ts';
import {
  type Answer,
  clearing,
  makeVault,
  messageOf,
  refusing,
  seedAt,
  signNext,
  type ToldGate,
  type ToldSigner,
} from './vault-world.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const WAITING = { timeout: 4_000 };
const blaming = (signer: string): Answer => refusing('GATE_SIGNED', { signer });
/** `signNext` fills the messages of A and B with these; C's comes from the machine that a test speaks for. */
const fills: ReadonlyMap<number | undefined, string> = new Map([
  [65, 'A'],
  [66, 'B'],
  [1, 'C'],
]);

function signersIn(body: Uint8Array): readonly (string | undefined)[] {
  const clear = decode(Clear, body, body.length);
  if (!clear.ok) throw new Error(clear.fault.detail);
  return clear.value.signed.map(([header]) => fills.get(header[0]));
}

function pairsOf(gate: ToldGate): readonly string[] {
  return gate.asked.map(({ body }) => signersIn(body).join(''));
}

/** A and B have signed a batch whose home is the first gate. */
function begin() {
  const world = makeVault();
  const { store, signers, vault } = world;
  const seed = seedAt(0);
  approve(store, seed);
  const id = signNext(store);
  const third: ToldSigner | undefined = signers[2];
  if (third === undefined) throw new Error('three signers');
  const { request, txid } = getBatch(store, id);
  const signed: Answer = {
    type: 'SIGNED',
    body: encode(Signed, {
      requestHash: hashRequest(request),
      txid,
      commitment: fill(5, 32),
      sealed: { ephemeral: fill(6, 32), wraps: [['gate-1', fill(7, 48)]], ciphertext: fill(8, 80) },
    }),
  };
  const driver = new Driver(vault);
  const statusNow = () => getBatch(store, id).status;
  const stateNow = () => findWithdrawal(store, idOf(seed))?.state;
  return { ...world, id, third, signed, driver, statusNow, stateNow };
}

test.each(['is mute', 'leaves', 'refuses'])(
  'a home gate that blames a good signer while the third %s has the other one asked with the signatures that there are',
  async (how) => {
    const { store, gates, third, id, driver, statusNow } = begin();
    third.says = () => {
      if (how === 'leaves') third.isThere = false;
      return how === 'refuses' ? refusing('AMOUNT_WINDOW', { limit: '1' }) : undefined;
    };
    gates[0].says = () => blaming('A');
    gates[1].says = () => clearing(store, id);
    driver.start();
    await vi.waitFor(() => expect(statusNow()).toBe('broadcast'), WAITING);
    expect(pairsOf(gates[1])).toEqual(['AB']);
    expect(third.asked.map(({ type }) => type)).toEqual(['SIGN']);
  },
);

test('a gate that blames a signer with reason is given the others’ signatures, whatever another gate has blamed before', async () => {
  const { store, gates, third, signed, id, driver, statusNow } = begin();
  third.says = () => signed;
  const isFaulty = (body: Uint8Array): boolean => signersIn(body).includes('A');
  gates[0].says = (_, body) => (isFaulty(body) ? blaming('A') : undefined);
  gates[1].says = (_, body) => (isFaulty(body) ? blaming('A') : clearing(store, id));
  driver.start();
  await driver.settled();
  expect(statusNow()).toBe('broadcast');
  expect(pairsOf(gates[0])[0]).toBe('AB');
  expect(pairsOf(gates[1])).toEqual(['AB', 'BC']);
});

test('a third signature that comes late still reaches the gate that waited for it', async () => {
  const { store, gates, third, signed, id, driver, statusNow, vault } = begin();
  let answer: (reply: Answer & { message: Uint8Array }) => void = () => undefined;
  third.ask = () => new Promise((resolve) => (answer = resolve));
  gates[0].says = (_, body) => (signersIn(body).includes('A') ? blaming('A') : clearing(store, id));
  gates[1].says = () => refusing('GATE_HOME');
  driver.start();
  await pause(vault.tuning.deadlineMs * 4);
  expect(statusNow()).toBe('signed');
  // In the meantime it is not asked again with what it has refused.
  expect(pairsOf(gates[0])).toEqual(['AB']);
  await vi.waitFor(() => expect(gates[1].count('CLEAR')).toBeGreaterThan(3), WAITING);
  answer({ ...signed, message: messageOf(signed.body) });
  await driver.settled();
  expect(pairsOf(gates[0])).toEqual(['AB', 'BC']);
  expect(statusNow()).toBe('broadcast');
});

test('a batch whose signature all gates blame is given up when no third one comes in time', async () => {
  const { gates, third, driver, statusNow, stateNow } = begin();
  third.says = () => undefined;
  for (const gate of gates) gate.says = () => blaming('A');
  driver.start();
  await vi.waitFor(() => expect([statusNow(), stateNow()]).toEqual(['abandoned', 'approved']), WAITING);
  expect(third.asked.map(({ type }) => type)).toEqual(['SIGN']);
  expect(gates.map(pairsOf)).toEqual([['AB'], ['AB']]);
});

test('gates that blame one good signer each are given one other pair, and then no more than any that says no', async () => {
  const { gates, third, signed, driver, statusNow } = begin();
  third.says = () => signed;
  gates[0].says = (_, body) => blaming(signersIn(body)[0] ?? '');
  gates[1].says = (_, body) => blaming(signersIn(body)[1] ?? '');
  driver.start();
  await vi.waitFor(() => expect(statusNow()).toBe('abandoned'), WAITING);
  expect(gates.map(pairsOf)).toEqual([
    ['AB', 'BC'],
    ['AB', 'AC'],
  ]);
  expect(third.asked).toHaveLength(1);
});
