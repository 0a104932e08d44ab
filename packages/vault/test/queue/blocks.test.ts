/** The queue behind the real follower, on a real chain: funding, payment, reorganization, a rival transaction, proofs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Devchain, startDevchain } from '@coldwire/devchain';
import { type Draft, equalBytes } from '@coldwire/protocol';
import {
  createSighash,
  merkleRootFromPath,
  parseHeader,
  serializeWithWitness,
  type WalletScripts,
  witnessFor,
} from '@coldwire/wallet';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { hashes, Point, sign as signHash } from '@noble/secp256k1';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Chain, connectCore, nextEvent } from '../../src/chain/index.ts';
import { draftTransaction, planCancel, prepareDraft } from '../../src/draft/index.ts';
import {
  askPeer,
  findProof,
  findWithdrawal,
  getBatch,
  knownBlocks,
  type Locate,
  listPlaces,
  nextReceiving,
  openQueue,
  proofOfDeath,
  recordBroadcast,
  recordCleared,
  recordDraft,
  recordSigned,
  recordStep,
  type Store,
  spendableCoins,
  startAt,
  watchOf,
} from '../../src/queue/index.ts';
import { clock, contextOf, draftNext, fill, idOf, makeDirectory, scripts } from '../fixture.ts';
import { approve, clear, sign } from './steps.ts';

hashes.sha256 = sha256;
hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

const N = Point.CURVE().n;
const FOREIGN = Uint8Array.from([0x00, 0x20, ...fill(9, 32)]);

function wallet(): WalletScripts {
  const [only] = scripts;
  if (only === undefined) throw new Error('no wallet');
  return only;
}

function toScalar(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** Signs with the keys of A and B, whose account keys are the numbers 1 and 2. */
function signDraft(draft: Draft): Uint8Array {
  const transaction = draftTransaction(draft, scripts);
  const sighash = createSighash(transaction);
  const witnesses = draft.inputs.map(([, , amount, , chain, index], place) => {
    const script = wallet().at(chain === 0 ? 0 : 1, index);
    const hash = sighash.sighashAll(place, script.witnessScript, amount);
    const signatures = [0, 1].map((signer) => {
      const tweaks = script.tweaks[signer];
      if (tweaks === undefined) throw new Error('no tweaks');
      const key = (BigInt(signer + 1) + toScalar(tweaks.chain) + toScalar(tweaks.index)) % N;
      const bytes = new Uint8Array(Buffer.from(key.toString(16).padStart(64, '0'), 'hex'));
      return { signer, signature: signHash(hash, bytes, { prehash: false, lowS: true }) };
    });
    return witnessFor(script, signatures);
  });
  return serializeWithWitness(transaction, witnesses);
}

interface World {
  readonly devchain: Devchain;
  readonly chain: Chain;
  readonly store: Store;
  readonly locate: Locate;
}

/** A wallet with three mature coins of a coinbase each, followed from the genesis block. */
async function makeWorld(): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'coldwire-blocks-'));
  const devchain = await startDevchain({ dir });
  onTestFinished(async () => {
    await devchain.stop();
    rmSync(dir, { recursive: true });
  });
  const chain = connectCore(devchain.url, { kind: 'cookie', file: devchain.cookieFile }, { retries: 0 });
  const store = openQueue(join(makeDirectory(), 'queue.db'), clock());
  onTestFinished(() => store.db.close());
  startAt(store, { height: 0, hash: (await chain.hashAt(0)) ?? fill(0, 32) });
  const locate: Locate = (script) => {
    const place = [...listPlaces(store), { wallet: 0, chain: 1, index: 0 } as const];
    return place.find(({ chain: branch, index }) =>
      equalBytes(wallet().at(branch, index).scriptPubKey, script),
    );
  };
  for (let i = 0; i < 3; i += 1) {
    const place = nextReceiving(store, 0, 10);
    if (place === undefined) throw new Error('no address');
    devchain.node.mineNext(wallet().at(0, place.index).scriptPubKey);
  }
  for (let i = 0; i < 100; i += 1) devchain.node.mineNext(FOREIGN);
  return { devchain, chain, store, locate };
}

async function follow({ chain, store, locate }: World): Promise<void> {
  for (;;) {
    const [position] = knownBlocks(store, 1);
    if (position === undefined) throw new Error('the queue has no position');
    const step = await nextEvent(chain, position, watchOf(store, locate));
    if (step === null) return;
    recordStep(store, step, locate);
  }
}

function pay(store: Store): { readonly id: number; readonly draft: Draft } {
  const prepared = draftNext(store, { tipHeight: 103 });
  const id = recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: 6 });
  return { id, draft: prepared.draft };
}

describe('the queue behind the follower', () => {
  it('finds coins, pays, confirms, and goes back and forth with the chain', async () => {
    const world = await makeWorld();
    const { store, chain, devchain } = world;
    await follow(world);
    const free = { unconfirmedChange: false, admittedBy: [] };
    expect(spendableCoins(store, free)).toHaveLength(3);
    approve(store, 1, 2);
    const { id, draft } = pay(store);
    sign(store, id);
    const raw = signDraft(draft);
    askPeer(store, id, 'gate', 'gate1', fill(5));
    const { txid } = getBatch(store, id);
    recordCleared(store, id, 'gate1', { message: fill(1), txid, transaction: raw });
    expect(await chain.broadcast(raw)).toEqual({ kind: 'accepted' });
    recordBroadcast(store, id);
    devchain.node.mineNext(FOREIGN);
    await follow(world);
    expect(findWithdrawal(store, idOf(2))).toMatchObject({ state: 'confirmed', height: 104, batch: id });
    const proven = findProof(store, txid);
    const header = parseHeader((await chain.header(proven?.proof.block ?? fill(0))) ?? fill(0));
    if (proven === undefined || !header.ok) throw new Error('no proof');
    const { path, position } = proven.proof;
    const siblings = Array.from({ length: path.length / 32 }, (_, i) => path.subarray(32 * i, 32 * i + 32));
    const root = merkleRootFromPath(txid, proven.stripped.length, position, siblings);
    expect(root).toEqual({ ok: true, value: header.value.merkleRoot });
    expect(spendableCoins(store, free).some(({ chain: branch }) => branch === 1)).toBe(true);

    devchain.node.invalidate(devchain.node.chain.tip);
    devchain.node.mineNext(FOREIGN);
    devchain.node.mineNext(FOREIGN);
    await follow(world);
    const state = findWithdrawal(store, idOf(1));
    expect(state).toMatchObject({ state: 'confirmed', batch: id });
    expect(knownBlocks(store, 1)).toEqual([await chain.tip()]);
  });

  it('sees a rival transaction and can prove by it that the first one is dead', async () => {
    const world = await makeWorld();
    const { store, chain, devchain } = world;
    await follow(world);
    approve(store, 1);
    const first = pay(store);
    sign(store, first.id);
    clear(store, first.id);
    recordBroadcast(store, first.id);
    const { fee, vsize } = getBatch(store, first.id);
    const plan = planCancel(contextOf(store, { tipHeight: 103, changeIndex: 0 }), {
      draft: first.draft,
      fee,
      vsize,
    });
    if (plan.kind !== 'planned') throw new Error(plan.kind);
    const prepared = prepareDraft(plan.draft, [], scripts);
    const second = recordDraft(store, { prepared, purpose: 'cancel', replaces: first.id, burial: 6 });
    askPeer(store, second, 'signer', 'A', fill(6));
    recordSigned(store, second, 'A', fill(1));
    expect(proofOfDeath(store, first.id)).toBeUndefined();
    // The rival is mined although this vault never broadcast it.
    expect(await chain.broadcast(signDraft(plan.draft))).toEqual({ kind: 'accepted' });
    devchain.node.mineNext(FOREIGN);
    await follow(world);
    expect(getBatch(store, first.id).status).toBe('replaced');
    expect(getBatch(store, second).status).toBe('confirmed');
    expect(proofOfDeath(store, first.id)).toMatchObject({ txid: prepared.txid, height: 104 });
    expect(proofOfDeath(store, second)).toBeUndefined();
    expect(findWithdrawal(store, idOf(1))).toMatchObject({ state: 'approved', codes: ['CONFLICT'] });
  });
});
