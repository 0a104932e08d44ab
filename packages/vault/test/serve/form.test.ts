/** What goes into one batch together: here what signers may know already, and may charge once more. */
import { type Charter, encode, fromHex, hashIntent, Intent, toHex } from '@coldwire/protocol';
import { expect, test } from 'vitest';
import { identity, mustLoad, sampleCharter, seeded } from '../../../policy/test/world.ts';
import {
  findWithdrawal,
  getBatch,
  giveUpBatch,
  openBatches,
  recordVerdict,
  submitIntent,
} from '../../src/queue/index.ts';
import { Former } from '../../src/serve/form.ts';
import { giveUp } from '../../src/serve/give-up.ts';
import type { Refusal } from '../../src/serve/peer.ts';
import { idOf, makeQueue, requester } from '../fixture.ts';
import { draft, mine } from '../queue/steps.ts';
import { startScreen } from './clearing-screen.ts';
import { makeVault, seedAt, signBy } from './vault-world.ts';

const BURIAL = 6;
const sample = sampleCharter();
/** One transaction may pay 450,000 sat to one destination: the part of one of two gates. */
const rows: Charter['policy']['velocity'] = [{ per: 'destination', ticks: 6, amount: 900_000n, count: 8 }];
const charter = mustLoad({
  ...sample,
  clock: { ...sample.clock, burial: BURIAL },
  policy: { ...sample.policy, velocity: rows },
});

async function begin() {
  const world = makeVault(makeQueue(8));
  const screens = [
    { name: 'screen-1', key: identity('screen-1').publicKey, url: await startScreen(charter.first) },
  ];
  const tuning = { ...world.vault.tuning, parallel: 1 };
  const vault = { ...world.vault, charter, screens, tuning };
  const { store } = world;
  const former = new Former(vault);
  let seed = 0;
  const ask = (label: string, amount: bigint): string => {
    seed = seedAt(0, seed + 1);
    const id = idOf(seed);
    const script = Uint8Array.from([0x00, 0x14, ...seeded(label).slice(0, 20)]);
    const intent = encode(Intent, { id, requester: 'desk', amount, script, created: 100, expires: 300 });
    submitIntent(store, [intent, requester.sign(hashIntent(charter.first, intent))]);
    recordVerdict(store, { screen: 'screen-1', issued: 100, decisions: [{ kind: 'cleared', id }] });
    return toHex(id);
  };
  /** Two signers have signed it, and it can never be mined: it is charged anew. */
  const askDead = (labels: readonly (readonly [string, bigint])[]): readonly string[] => {
    const asked = labels.map(([label, amount]) => {
      const id = ask(label, amount);
      const batch = draft(store);
      signBy(store, batch, 'A', 'B');
      return { id, batch };
    });
    for (const { batch } of asked)
      giveUpBatch(store, batch, { refused: [], codes: ['FROZEN'], notBefore: 0 });
    mine(
      store,
      asked.map(({ batch }) => ({ txid: seeded(`rival ${batch}`), inputs: getBatch(store, batch).inputs })),
    );
    for (let depth = 1; depth < BURIAL; depth += 1) mine(store, []);
    return asked.map(({ id }) => id);
  };
  /** What the next batch pays; nothing when none is drafted. */
  const next = async (): Promise<readonly string[]> => {
    for (let turn = 0; turn < 4; turn += 1) {
      await former.formAll();
      const [batch] = openBatches(store);
      if (batch !== undefined) return batch.intents.map(toHex);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    return [];
  };
  const drafted = () => {
    const [batch] = openBatches(store);
    if (batch === undefined) throw new Error('nothing is drafted');
    return batch;
  };
  /** It is mined, with two signatures. */
  const pay = (): void => {
    const batch = drafted();
    signBy(store, batch.id, 'A', 'B');
    mine(store, [batch]);
  };
  /** Two signers say that a destination's window of 600,000 sat holds no more than this. */
  const refuse = (label: string, left: bigint): void => {
    const batch = drafted();
    const destination = `0014${toHex(seeded(label).slice(0, 20))}`;
    const facts = {
      destination,
      what: 'amount',
      spent: String(600_000n - left),
      asked: '500000',
      limit: '600000',
    };
    const refusals: readonly Refusal[] = [
      { code: 'DESTINATION_WINDOW', facts: new Map(Object.entries(facts)) },
    ];
    giveUp(vault, batch, {
      by: 'signer',
      refusals: new Map([
        ['A', refusals],
        ['B', refusals],
      ]),
    });
  };
  return { store, ask, askDead, next, refuse, pay };
}

test('two that are charged anew and exceed a window together are tried one by one, each in its turn', async () => {
  const { store, askDead, next, refuse } = await begin();
  const [one, other] = askDead([
    ['shop', 300_000n],
    ['shop', 300_000n],
  ]);
  for (const whose of [one, other, one, other]) {
    expect(await next()).toEqual([whose]);
    refuse('shop', 0n);
    expect(await next()).toEqual([]);
    mine(store, []);
  }
});

test('one that exceeds a window by itself is tried once in a block, and then holds up nobody', async () => {
  const { ask, askDead, next, refuse, pay } = await begin();
  const [one, other] = askDead([
    ['shop', 500_000n],
    ['shop', 500_000n],
  ]);
  const small = ask('shop', 100_000n);
  const elsewhere = ask('cafe', 100_000n);
  expect(await next()).toEqual([one, elsewhere]);
  refuse('shop', 150_000n);
  expect(await next()).toEqual([small, elsewhere]);
  pay();
  const later = ask('shop', 100_000n);
  expect(await next()).toEqual([other]);
  pay();
  expect(await next()).toEqual([one]);
  refuse('shop', 150_000n);
  expect(await next()).toEqual([later]);
  pay();
  expect(await next()).toEqual([one]);
  pay();
  expect(await next()).toEqual([]);
});

test('one that cannot be drafted now takes no room from others of its destination', async () => {
  const { store, ask, next } = await begin();
  const held = ask('shop', 300_000n);
  const batch = draft(store);
  signBy(store, batch, 'A', 'B');
  giveUpBatch(store, batch, { refused: [], codes: ['FROZEN'], notBefore: 0 });
  // Its coins are gone, but not for good yet: until that is buried nothing can pay it.
  mine(store, [{ txid: seeded('rival'), inputs: getBatch(store, batch).inputs }]);
  const small = ask('shop', 300_000n);
  expect(await next()).toEqual([small]);
  expect(findWithdrawal(store, fromHex(held))?.state).toBe('approved');
});

test('what nobody has signed and exceeds a window is not drafted again before the next block', async () => {
  const { store, ask, next, refuse } = await begin();
  const one = ask('shop', 500_000n);
  expect(await next()).toEqual([one]);
  refuse('shop', 150_000n);
  expect(await next()).toEqual([]);
  mine(store, []);
  expect(await next()).toEqual([one]);
});
