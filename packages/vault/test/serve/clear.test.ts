/** What the vault does with what gates say: whom it asks next, and what one gate alone cannot bring about. */
import { Clear, decode, encode, Refused } from '@coldwire/protocol';
import { displayTxid } from '@coldwire/wallet';
import { expect, test } from 'vitest';
import { charterAfter, signedBy } from '../../../policy/test/world.ts';
import { planCancel, prepareDraft } from '../../src/draft/index.ts';
import {
  findWithdrawal,
  getBatch,
  giveUpBatch,
  isEnding,
  openBatches,
  recordDraft,
  takeBatch,
} from '../../src/queue/index.ts';
import { draftOf } from '../../src/serve/admit.ts';
import { Clearance } from '../../src/serve/clear.ts';
import { Driver } from '../../src/serve/drive.ts';
import { cancelEnded, endWithdrawals } from '../../src/serve/settle.ts';
import { contextOf, fill, idOf, scripts } from '../fixture.ts';
import { approve, mine } from '../queue/steps.ts';
import { type Answer, clearing, makeVault, refusing, seedAt, signBy, signNext } from './vault-world.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A signed batch with one intent whose home is the first gate. */
function signedBatch() {
  const world = makeVault();
  const seed = seedAt(0);
  approve(world.store, seed);
  const id = signNext(world.store);
  const run = (): Promise<unknown> => new Clearance(world.vault, id).run();
  const stateNow = () => findWithdrawal(world.store, idOf(seed));
  const alarms = (code: string) =>
    world.said.filter((line) => line['event'] === 'alarm' && line['code'] === code);
  return { ...world, seed, id, run, stateNow, alarms };
}

/** Says it three times, then the last. */
function atLast(first: Answer, last: Answer): () => Answer {
  let times = 0;
  return () => {
    times += 1;
    return times <= 3 ? first : last;
  };
}

test.each(['AMOUNT_WINDOW', 'INTERNAL', 'GATE_HOME', 'FROZEN', 'DUST'])(
  'a home gate that is there and refuses by %s for ever is replaced by another one, for the same transaction',
  async (code) => {
    const { store, gates, id, run, stateNow, alarms } = signedBatch();
    gates[0].says = () => refusing(code, { spent: '1', amount: '5', limit: '2', output: '0' });
    gates[1].says = atLast(refusing('GATE_HOME'), clearing(store, id));
    await run();
    expect(getBatch(store, id).status).toBe('cleared');
    expect(stateNow()?.state).toBe('cleared');
    expect(alarms(code === 'DUST' ? 'DUST' : 'GATE_WAITS')[0]).toMatchObject({ about: 'gate-1' });
    const requests = [...gates[0].asked, ...gates[1].asked].map(({ body }) => {
      const clear = decode(Clear, body, body.length);
      return clear.ok ? clear.value.request : undefined;
    });
    expect(new Set(requests.map((request) => Buffer.from(request ?? []).toString('hex'))).size).toBe(1);
  },
);

test('a gate that is asked again and again is left alone in between', async () => {
  const { gates, run, stop } = signedBatch();
  gates[0].says = () => refusing('INTERNAL');
  gates[1].says = () => refusing('GATE_HOME');
  const running = run();
  await pause(300);
  stop();
  await running;
  // 5 ms for what only waits for the delay, six times that for the rest.
  expect(gates[0].count('CLEAR')).toBeLessThan(13);
  expect(gates[1].count('CLEAR')).toBeGreaterThan(gates[0].count('CLEAR'));
});

test('a home gate that clears is the only one that is asked', async () => {
  const { store, gates, id, run } = signedBatch();
  gates[0].says = () => clearing(store, id);
  await run();
  expect(getBatch(store, id).status).toBe('cleared');
  expect(gates[1].asked).toEqual([]);
});

test('one gate’s word ends no withdrawal: it goes on waiting, and the batch can still be mined', async () => {
  const { store, gates, id, run, stateNow } = signedBatch();
  gates[0].says = () => refusing('DUST', { output: '0' });
  gates[1].isThere = false;
  await run();
  expect(getBatch(store, id).status).toBe('abandoned');
  expect(stateNow()).toMatchObject({ state: 'approved', codes: ['DUST'], notBefore: 106 });
});

test.each(['GATE_CONFLICT', 'INTENT_REUSED'])(
  '%s says that something would be paid twice: no other gate is asked to do it',
  async (code) => {
    const { store, gates, seed, id, run, stateNow } = signedBatch();
    gates[0].says = () => refusing(code, { intent: Buffer.from(idOf(seed)).toString('hex'), txid: '00' });
    gates[1].says = () => clearing(store, id);
    await run();
    expect(gates[1].asked).toEqual([]);
    expect(getBatch(store, id).status).toBe('abandoned');
    expect(stateNow()?.state).toBe('approved');
  },
);

/** A batch that was signed and given up, and another one of the same intent; the first gate names a transaction of our choice. */
function secondBatch(bury: boolean) {
  const world = makeVault();
  const { store, vault, gates } = world;
  const seed = seedAt(0);
  approve(store, seed);
  const first = signNext(store);
  giveUpBatch(store, first, { refused: [], codes: ['FROZEN'], notBefore: 0 });
  if (bury) {
    mine(store, [{ txid: fill(8, 32), inputs: getBatch(store, first).inputs }]);
    for (let depth = 1; depth < vault.charter.charter.clock.burial; depth += 1) mine(store, []);
  }
  const id = signNext(store);
  const intent = Buffer.from(idOf(seed)).toString('hex');
  const conflict = (txid: string) => ({
    code: 'GATE_CONFLICT',
    facts: [['intent', intent] as const, ['txid', txid] as const],
  });
  const names = (...txids: readonly string[]): void => {
    gates[0].says = () => ({ type: 'REFUSED', body: encode(Refused, { refusals: txids.map(conflict) }) });
    gates[1].says = () => clearing(store, id);
  };
  const run = (): Promise<unknown> => new Clearance(vault, id).run();
  const txidOf = (batch: number): string => displayTxid(getBatch(store, batch).txid);
  return { ...world, first, id, names, run, txidOf };
}

test.each([
  ['is dead and buried', true],
  ['spends a coin of the batch', false],
])('a gate that names a transaction that %s is no reason to leave the others alone', async (_, bury) => {
  const { store, gates, first, id, names, run, txidOf } = secondBatch(bury);
  const shared = getBatch(store, first).inputs.some((input) =>
    getBatch(store, id).inputs.some((other) => Buffer.from(input.txid).equals(other.txid)),
  );
  expect(shared).toBe(!bury);
  names(txidOf(first));
  await run();
  expect(getBatch(store, id).status).toBe('cleared');
  expect(gates[1].count('CLEAR')).toBeGreaterThan(0);
});

test.each(['one that nobody knows', 'one that can still be mined beside it', 'no transaction'])(
  'a gate that names %s as well is believed, and an alarm says what can be done',
  async (which) => {
    const { store, said, gates, first, id, names, run, txidOf } = secondBatch(true);
    const other = seedAt(1);
    approve(store, other);
    const beside = signNext(store);
    const named =
      { 'one that nobody knows': 'ab'.repeat(32), 'no transaction': '00' }[which] ?? txidOf(beside);
    names(txidOf(first), named);
    await run();
    expect(getBatch(store, id).status).toBe('abandoned');
    expect(gates[1].asked).toEqual([]);
    const alarm = said.find((line) => line['about'] === 'gate-1' && line['code'] === 'GATE_CONFLICT');
    expect(alarm?.['detail']).toMatch(/a charter without it/);
    expect(String(alarm?.['detail']).includes(`look ${named} up`)).toBe(named.length === 64);
    expect(alarm?.['detail']).not.toContain(txidOf(first));
  },
);

test('a full window of a destination holds up its batch only until the others were asked once', async () => {
  const { store, gates, seed, id, run, stateNow } = signedBatch();
  const script = findWithdrawal(store, idOf(seed))?.script ?? new Uint8Array();
  const destination = Buffer.from(script).toString('hex');
  gates[0].says = () =>
    refusing('DESTINATION_WINDOW', { destination, what: 'count', spent: '2', asked: '1', limit: '2' });
  gates[1].says = () => refusing('GATE_HOME');
  await run();
  // The other gate's delay has begun: when the next batch comes it clears it.
  expect(gates[1].count('CLEAR')).toBe(1);
  expect(getBatch(store, id).status).toBe('abandoned');
  expect(stateNow()).toMatchObject({ state: 'approved', codes: ['DESTINATION_WINDOW'], notBefore: 106 });
});

test('an amount that is over the part of a gate waits: it is not over the window', async () => {
  const { store, gates, id, run, stateNow, stop } = signedBatch();
  const over = refusing('AMOUNT_WINDOW', { spent: '0', amount: '50000', limit: '40000' });
  for (const gate of gates) gate.says = () => over;
  const running = run();
  await pause(200);
  stop();
  await running;
  expect(getBatch(store, id).status).toBe('signed');
  expect(stateNow()?.state).toBe('signed');
});

test.each(['refuses', 'is silent'])(
  'a transaction without intents goes to the other gate when the first one %s',
  async (how) => {
    const { vault, store, gates, seed, id } = signedBatch();
    gates[0].says = () => refusing('DUST', { output: '0' });
    gates[1].isThere = false;
    await new Clearance(vault, id).run();
    gates[1].isThere = true;
    expect(findWithdrawal(store, idOf(seed))?.state).toBe('approved');
    const before = getBatch(store, id);
    const plan = planCancel(contextOf(store, { changeIndex: 1 }), {
      draft: draftOf(before),
      fee: before.fee,
      vsize: before.vsize,
    });
    if (plan.kind !== 'planned') throw new Error(plan.kind);
    const prepared = prepareDraft(plan.draft, [], scripts);
    const cancel = recordDraft(store, { prepared, purpose: 'cancel', replaces: id, burial: 6 });
    signBy(store, cancel, 'A', 'B');
    gates[0].says = () => (how === 'refuses' ? refusing('FEE_WINDOW') : undefined);
    gates[1].says = () => clearing(store, cancel);
    await new Clearance(vault, cancel).run();
    expect(getBatch(store, cancel).status).toBe('cleared');
  },
);

test('a gate that blames a signer whom nobody knows is asked no more often for it, and the other one clears', async () => {
  const { vault, store, gates, signers, id } = signedBatch();
  gates[0].says = () => refusing('GATE_SIGNED', { signer: 'nobody' });
  gates[1].says = () => refusing('GATE_HOME');
  const driver = new Driver(vault);
  driver.start();
  await pause(250);
  expect(gates[0].count('CLEAR')).toBeLessThan(12);
  expect(signers.flatMap(({ asked }) => asked)).toEqual([]);
  gates[1].says = () => clearing(store, id);
  await driver.settled();
  expect(getBatch(store, id).status).toBe('broadcast');
});

test('a gate that blames one signer after the other does not take all of them away from the other gate', async () => {
  const { vault, store, gates, signers, id } = signedBatch();
  const blamed = ['A', 'B', 'C'];
  gates[0].says = () => refusing('GATE_SCRIPT', { signer: blamed.shift() ?? 'A', input: '0' });
  gates[1].says = () => refusing('GATE_HOME');
  for (const signer of signers) signer.isThere = false;
  const driver = new Driver(vault);
  driver.start();
  await pause(150);
  expect(getBatch(store, id).status).toBe('signed');
  gates[1].says = () => clearing(store, id);
  await driver.settled();
  expect(getBatch(store, id).status).toBe('broadcast');
});

test('a silent home gate is left for another one after the deadline', async () => {
  const { store, gates, id, run } = signedBatch();
  gates[0].says = () => undefined;
  gates[1].says = () => clearing(store, id);
  await run();
  expect(getBatch(store, id).status).toBe('cleared');
});

test.each([
  ['the charter in force', 0],
  ['a later one, which no machine was heard to have', 2],
])(
  'what all gates refuse for good ends only when its coins are home and that is buried, as deep as %s says; until then it waits with the reason',
  async (_, deeper) => {
    const { vault, store, gates, said, id, run, stateNow, alarms } = signedBatch();
    const { clock } = vault.charter.charter;
    const burial = clock.burial + deeper;
    if (deeper > 0)
      vault.charters.add(signedBy(charterAfter(vault.charter, { clock: { ...clock, burial } })));
    for (const gate of gates) gate.says = () => refusing('DUST', { output: '0' });
    await run();
    expect(getBatch(store, id).status).toBe('abandoned');
    const waiting = stateNow();
    expect(waiting).toMatchObject({ state: 'approved', codes: ['DUST'] });
    expect(waiting !== undefined && isEnding(waiting)).toBe(true);
    expect(alarms('DUST').at(-1)?.['detail']).toMatch(/its coins are home/);
    await cancelEnded(vault);
    const [cancel] = openBatches(store);
    if (cancel === undefined) throw new Error('nothing takes the coins home');
    expect(cancel).toMatchObject({ purpose: 'cancel', replaces: id, status: 'drafted' });
    signBy(store, cancel.id, 'A', 'B');
    for (const gate of gates) gate.says = () => clearing(store, cancel.id);
    await new Clearance(vault, cancel.id).run();
    mine(store, [cancel]);
    for (let depth = 2; depth < burial; depth += 1) mine(store, []);
    endWithdrawals(vault);
    expect(stateNow()?.state).toBe('approved');
    mine(store, []);
    endWithdrawals(vault);
    expect(stateNow()).toMatchObject({ state: 'refused', codes: ['DUST'] });
    expect(said.some(({ event }) => event === 'withdrawal-refused')).toBe(true);
  },
);

test('what ends does so although another intent of its batch is neither paid nor refused; that one is paid after it', async () => {
  const { vault, store, gates } = makeVault();
  const [ends, waits] = [seedAt(0), seedAt(0, seedAt(0) + 1)];
  approve(store, ends, waits);
  const id = signNext(store);
  const intent = Buffer.from(idOf(ends)).toString('hex');
  for (const gate of gates) gate.says = () => refusing('INTENT_LIFE', { intent });
  await new Clearance(vault, id).run();
  const stateOf = (seed: number) => findWithdrawal(store, idOf(seed))?.state;
  const { burial } = vault.charter.charter.clock;
  const next = () => takeBatch(store, { maxIntents: 9, amountPerTransaction: 1_000_000n, burial });
  // At first it is paid over a coin of the batch.
  expect(next()).toMatchObject({ withdrawals: [{ id: idOf(waits) }], required: getBatch(store, id).inputs });
  for (let blocks = 1; blocks < vault.tuning.bumpBlocks; blocks += 1) mine(store, []);
  await cancelEnded(vault);
  expect(openBatches(store)).toEqual([]);
  mine(store, []);
  await cancelEnded(vault);
  await cancelEnded(vault);
  expect(openBatches(store)).toHaveLength(1);
  const [cancel] = openBatches(store);
  if (cancel === undefined) throw new Error('nothing takes the coins home');
  expect(cancel).toMatchObject({ purpose: 'cancel', replaces: id, inputs: getBatch(store, id).inputs });
  // Paid beside the cancel, it could be paid twice: the batch may still be mined in its place.
  expect(next().withdrawals).toEqual([]);
  mine(store, [cancel]);
  for (let depth = 1; depth < burial; depth += 1) {
    endWithdrawals(vault);
    expect(stateOf(ends)).toBe('approved');
    expect(next().withdrawals).toEqual([]);
    mine(store, []);
  }
  endWithdrawals(vault);
  expect([stateOf(ends), stateOf(waits)]).toEqual(['refused', 'approved']);
  expect(next()).toMatchObject({
    withdrawals: [{ id: idOf(waits) }],
    required: [],
    dead: [getBatch(store, id).txid],
  });
});
