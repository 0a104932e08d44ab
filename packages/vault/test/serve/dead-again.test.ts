/** A signer that refuses the proof that a transaction is dead is shown it again, but not with every question. */
import { Dead, Death, decode, encode, hashRequest, Signed } from '@coldwire/protocol';
import { expect, test } from 'vitest';
import { charterAfter, mustLoad, signedBy } from '../../../policy/test/world.ts';
import { askPeer, getBatch, giveUpBatch, tipHeight } from '../../src/queue/index.ts';
import { showDead } from '../../src/serve/dead.ts';
import { Signing } from '../../src/serve/sign.ts';
import { fill } from '../fixture.ts';
import { approve, draft, mine } from '../queue/steps.ts';
import { makeCharters } from './chain-of-charters.ts';
import {
  type Answer,
  charter,
  makeVault,
  refusing,
  seedAt,
  signNext,
  type ToldSigner,
} from './vault-world.ts';

const { burial } = charter.charter.clock;

/** A transaction that a gate was given and a mined one has made impossible, at `burial` confirmations. */
function begin() {
  const world = makeVault();
  const { store, signers } = world;
  const [a, b, c] = signers;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three signers');
  c.isThere = false;
  approve(store, seedAt(0));
  const dead = signNext(store);
  askPeer(store, dead, 'gate', 'gate-1', fill(101, 16));
  giveUpBatch(store, dead, { refused: [], codes: ['INTERNAL'], notBefore: 0 });
  const rival = fill(201, 32);
  const height = mine(store, [{ txid: rival, inputs: getBatch(store, dead).inputs }]);
  store.db.run(
    'INSERT INTO proofs (txid, stripped, height, block, position, path) VALUES (?, ?, ?, ?, ?, ?)',
    ...[rival, fill(1, 60), height, fill(3, 32), 0, new Uint8Array()],
  );
  pass(burial - 1);
  return { ...world, a, b, dead };

  function pass(blocks: number): void {
    for (let block = 0; block < blocks; block += 1) mine(store, []);
  }
}

function death(body: Uint8Array): Answer {
  const asked = decode(Dead, body, body.length);
  if (!asked.ok) throw new Error(asked.fault.detail);
  return { type: 'DEATH', body: encode(Death, { txid: asked.value.txid, height: 200 }) };
}

const timesShown = (signer: ToldSigner): number => signer.asked.filter(({ type }) => type === 'DEAD').length;

test('a proof is shown again 1, 2, 4 and then every 6 blocks after a refusal, and no more once it is taken', async () => {
  const { vault, store, a, dead } = begin();
  a.says = () => refusing('DEAD_PROOF');
  const from = tipHeight(store);
  const shownAt: number[] = [];
  for (let block = 0; block <= 26; block += 1) {
    for (let pass = 0; pass < 3; pass += 1) {
      const before = timesShown(a);
      if (block === 25) a.says = (_, body) => death(body);
      await showDead(vault, a, getBatch(store, dead));
      if (timesShown(a) > before) shownAt.push(tipHeight(store) - from);
    }
    mine(store, []);
  }
  expect(shownAt).toEqual([0, 1, 3, 7, 13, 19, 25]);
  for (let block = 0; block < 20; block += 1) {
    mine(store, []);
    await showDead(vault, a, getBatch(store, dead));
  }
  expect(timesShown(a)).toBe(shownAt.length);
});

test('a signer that introduces itself anew is shown what it has refused at once', async () => {
  const { vault, store, a, dead } = begin();
  a.says = () => refusing('DEAD_PROOF');
  for (let block = 0; block < 4; block += 1) {
    await showDead(vault, a, getBatch(store, dead));
    mine(store, []);
  }
  const before = timesShown(a);
  await showDead(vault, a, getBatch(store, dead));
  expect(timesShown(a)).toBe(before);
  const tip = { tipHeight: tipHeight(store), tipHash: fill(1, 32) };
  a.onHello({ software: 'test', epoch: 0, ...tip, frozen: false });
  await showDead(vault, a, getBatch(store, dead));
  expect(timesShown(a)).toBe(before + 1);
  // And from there on as after a first refusal.
  mine(store, []);
  await showDead(vault, a, getBatch(store, dead));
  expect(timesShown(a)).toBe(before + 2);
});

test('an intent is paid once signers take the proof that they refused before', async () => {
  const { vault, store, a, b } = begin();
  let takes = false;
  let id = draft(store);
  for (const signer of [a, b]) {
    let knows = false;
    signer.says = (type, body) => {
      if (type === 'DEAD') {
        knows = takes;
        return takes ? death(body) : refusing('DEAD_PROOF');
      }
      if (!knows) return refusing('CONFLICT');
      const { request, txid } = getBatch(store, id);
      const sealed = {
        ...{ ephemeral: fill(6, 32), ciphertext: fill(8, 80) },
        wraps: [['gate-1', fill(7, 48)] as const],
      };
      const signed = { requestHash: hashRequest(request), txid, commitment: fill(5, 32), sealed };
      return { type: 'SIGNED', body: encode(Signed, signed) };
    };
  }
  await new Signing(vault, id).run();
  expect(getBatch(store, id).status).not.toBe('signed');
  takes = true;
  // So long an intent is left alone whose batch was refused.
  for (let block = 0; block < 6; block += 1) mine(store, []);
  id = draft(store);
  await new Signing(vault, id).run();
  expect(getBatch(store, id).status).toBe('signed');
});

test('while burial is lowered, a proof is first shown when it is one to every machine', async () => {
  const { vault, store, a, dead } = begin();
  const { clock } = charter.charter;
  const deep = mustLoad({ ...charter.charter, clock: { ...clock, burial: burial + 6 } });
  const charters = makeCharters(deep);
  expect(charters.add(signedBy(charterAfter(deep, { clock })))).toMatchObject({ charter: { epoch: 1 } });
  charters.hear('A', { inForce: 0, newest: 1 });
  charters.hear('B', { inForce: 1, newest: 1 });
  a.says = (_, body) => death(body);
  const show = () => showDead({ ...vault, charter: charters.working }, a, getBatch(store, dead));
  for (let depth = burial; depth < burial + 6; depth += 1) {
    await show();
    mine(store, []);
  }
  expect(timesShown(a)).toBe(0);
  await show();
  expect(timesShown(a)).toBe(1);
});
