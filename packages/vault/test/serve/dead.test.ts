/** Gates are told what is dead, by the word of any two signers: of those as well that never saw the transaction. */
import {
  Admit,
  Bury,
  type Charter,
  Dead,
  Death,
  decode,
  encode,
  Refused,
  type SignRequest,
  toHex,
} from '@coldwire/protocol';
import { displayTxid, type Outpoint, serializeStripped } from '@coldwire/wallet';
import { beforeEach, expect, test } from 'vitest';
import { admit, markDead } from '../../../policy/src/index.ts';
import { type Coin, sampleCharter, seeded, World } from '../../../policy/test/world.ts';
import { ChainError } from '../../src/chain/index.ts';
import { draftTransaction, prepareDraft } from '../../src/draft/index.ts';
import {
  askPeer,
  deathsOf,
  getBatch,
  giveUpBatch,
  openQueue,
  recordBroadcast,
  recordCleared,
  recordDeath,
  recordDraft,
  recordStep,
  recordVerdict,
  startAt,
  submitIntent,
} from '../../src/queue/index.ts';
import { Clearance } from '../../src/serve/clear.ts';
import { buryAllDead } from '../../src/serve/dead.ts';
import { clock, fill, makeDirectory } from '../fixture.ts';
import { type Answer, done, makeVault, refusing, signBy, type ToldSigner } from './vault-world.ts';

const short: Charter = { ...sampleCharter(), clock: { ...sampleCharter().clock, burial: 6 } };

/** A signer that answers ADMIT and DEAD as policy does. */
function believe(signer: ToldSigner, machine: World): void {
  signer.says = (type, body): Answer => {
    if (type === 'ADMIT') {
      const request = decode(Admit, body, body.length);
      if (!request.ok) throw new Error(request.fault.detail);
      const outcome = admit(machine.state, request.value);
      if (outcome.kind === 'ok') machine.apply(outcome.changes);
      return outcome.kind === 'ok' ? done : refusing(codeOf(outcome));
    }
    const request = decode(Dead, body, body.length);
    if (!request.ok) throw new Error(request.fault.detail);
    const { txid } = request.value;
    const outcome = markDead(machine.state, request.value);
    if (outcome.kind !== 'ok') return refusing(codeOf(outcome));
    machine.apply(outcome.changes);
    return { type: 'DEATH', body: encode(Death, { txid, height: machine.height }) };
  };
}

function codeOf(outcome: ReturnType<typeof markDead>): string {
  return outcome.kind === 'refused' ? (outcome.refusals[0]?.code ?? '') : 'MALFORMED';
}

/** Two machines over the same blocks; B knows nothing of what A alone has approved. */
class Pair {
  readonly a = new World(short);
  readonly b = new World(short);
  readonly store = openQueue(`${makeDirectory()}/queue.db`, clock());
  readonly coins: readonly Coin[];

  constructor() {
    const { checkpointHeight: height } = short.clock;
    startAt(this.store, { height, hash: this.a.tipHash });
    const amounts = [20_000_000n, 10_000_000n];
    this.coins = this.a.fund(amounts);
    this.b.fund(amounts);
    const txid = this.coins[0]?.txid ?? new Uint8Array();
    this.#follow(txid, new Uint8Array(10), [], this.coins);
  }

  #follow(
    txid: Uint8Array | undefined,
    stripped: Uint8Array,
    spent: readonly Outpoint[],
    coins: readonly Coin[],
  ): void {
    const block = this.a.chain.at(-1);
    if (block === undefined) throw new Error('no block');
    const proof = txid === undefined ? undefined : this.a.proofOf(txid);
    const places = new Map(coins.map((coin) => [toHex(this.a.script(0, coin.index)), coin]));
    const created = coins.map(({ txid: of, vout, amount, index }) => {
      return { outpoint: { txid: of, vout }, amount, script: this.a.script(0, index) };
    });
    const found =
      txid === undefined || proof === undefined
        ? []
        : [{ txid, coinbase: false, created, spent, stripped, proof }];
    const event = {
      kind: 'connected',
      header: block.header,
      block: { height: this.a.height, hash: block.hash },
      found,
    } as const;
    recordStep(this.store, { event, position: event.block }, (script) => places.get(toHex(script)));
  }

  /** One block at both machines and the queue. */
  mine(of?: {
    readonly txid: Uint8Array;
    readonly stripped: Uint8Array;
    readonly inputs: readonly Outpoint[];
  }): void {
    for (const world of [this.a, this.b]) world.pass(1, of === undefined ? [] : [of.txid]);
    this.#follow(of?.txid, of?.stripped ?? new Uint8Array(), of?.inputs ?? [], []);
  }
}

let pair: Pair;
let request: SignRequest;
let rival: SignRequest;
beforeEach(() => {
  pair = new Pair();
  const [coin] = pair.coins;
  if (coin === undefined) throw new Error('no coin');
  const intents = [pair.a.intent({ id: 'x', amount: 1_000_000n })];
  request = pair.a.request({
    coins: [coin],
    intents,
    change: [{ amount: coin.amount - 1_010_000n, index: 0 }],
  });
  rival = pair.a.request({ coins: [coin], change: [{ amount: coin.amount - 20_000n, index: 1 }] });
});

/** What it pays becomes an approved withdrawal, and the transaction a batch that A and C signed and a gate was given. */
function offer(of: SignRequest): number {
  const { a, store } = pair;
  a.approve(of);
  const [intent] = of.draft.intents;
  if (intent === undefined) throw new Error('no intent');
  const submitted = submitIntent(store, intent);
  if (submitted.kind === 'reused') throw new Error('a fresh queue');
  const { id } = submitted.withdrawal;
  recordVerdict(store, { screen: 'screen-1', issued: a.height, decisions: [{ kind: 'cleared', id }] });
  const prepared = prepareDraft(of.draft, of.verdicts, a.state.scripts);
  const batch = recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: 6 });
  signBy(store, batch, 'A', 'C');
  askPeer(store, batch, 'gate', 'gate-1', seeded(`asked ${batch}`).slice(0, 16));
  return batch;
}

/** The coin goes home by the word of these. */
function goHome(by: readonly World[]): void {
  const spend = by.map((world) => world.approve(rival))[0] ?? pair.a.approve(rival);
  const inputs = rival.draft.inputs.map(([txid, vout]) => ({ txid, vout }));
  pair.mine({ txid: spend.txid, stripped: serializeStripped(spend.transaction), inputs });
}

function dead(by: readonly World[]) {
  const batch = offer(request);
  giveUpBatch(pair.store, batch, { refused: [], codes: ['INTERNAL'], notBefore: 0 });
  goHome(by);
  return { batch: getBatch(pair.store, batch) };
}

function begin() {
  const world = makeVault(pair.store, pair.a.state.scripts);
  // These signers judge: on a busy machine longer than a deadline of tests.
  const tuning = { ...world.vault.tuning, deadlineMs: 4_000 };
  const vault = { ...world.vault, charter: pair.a.loaded, tuning };
  const [a, b, c] = world.signers;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three signers');
  believe(a, pair.a);
  believe(b, pair.b);
  c.isThere = false;
  const buried: { txid: string; deaths: number }[] = [];
  for (const gate of world.gates)
    gate.says = (type, body) => {
      const bury = decode(Bury, body, body.length);
      if (type !== 'BURY' || !bury.ok) return refusing('UNKNOWN_TYPE');
      buried.push({ txid: displayTxid(bury.value.txid), deaths: bury.value.deaths.length });
      return done;
    };
  return { ...world, vault, a, b, c, buried };
}

test.each([
  ['has signed what it was replaced by', 2],
  ['has never seen what it was replaced by either', 1],
])(
  'a transaction of two signers of whom one is gone is buried at every gate: the third %s',
  async (_, knowing) => {
    const { batch } = dead([pair.a, pair.b].slice(0, knowing));
    const { vault, gates, b, buried } = begin();
    for (let depth = 2; depth < 6; depth += 1) pair.mine();
    await buryAllDead(vault, gates[0]);
    expect(buried).toEqual([]);
    pair.mine();
    await buryAllDead(vault, gates[0]);
    await buryAllDead(vault, gates[1]);
    const told = { txid: displayTxid(batch.txid), deaths: 2 };
    expect(buried).toEqual([told, told]);
    expect(b.asked.map(({ type }) => type)).toContain('ADMIT');
    // Once is enough.
    await buryAllDead(vault, gates[0]);
    expect(buried).toHaveLength(2);
  },
);

test('a gate that is away longer than signers remember is told by what they said in time', async () => {
  dead([pair.a, pair.b]);
  const { vault, gates, a, b, buried } = begin();
  for (let depth = 2; depth <= 6; depth += 1) pair.mine();
  gates[1].isThere = false;
  for (const gate of gates) await buryAllDead(vault, gate);
  expect(buried).toHaveLength(1);
  gates[1].isThere = true;
  for (const signer of [a, b]) signer.says = () => refusing('DEAD_PROOF');
  await buryAllDead(vault, gates[1]);
  expect(buried).toHaveLength(2);
});

test('one signer’s word is not shown to a gate', async () => {
  dead([pair.a, pair.b]);
  const { vault, gates, b, buried } = begin();
  for (let depth = 2; depth <= 6; depth += 1) pair.mine();
  b.isThere = false;
  await buryAllDead(vault, gates[0]);
  expect(buried).toEqual([]);
  b.isThere = true;
  await buryAllDead(vault, gates[0]);
  expect(buried).toHaveLength(1);
});

test('a word about another transaction counts for nothing: the third signer is asked', async () => {
  const { batch } = dead([pair.a, pair.b]);
  const { vault, gates, a, c, buried } = begin();
  for (let depth = 2; depth <= 6; depth += 1) pair.mine();
  const other = encode(Death, { txid: seeded('another'), height: pair.a.height });
  a.says = () => ({ type: 'DEATH', body: other });
  await buryAllDead(vault, gates[0]);
  expect(buried).toEqual([]);
  c.isThere = true;
  believe(c, pair.a);
  await buryAllDead(vault, gates[0]);
  expect(buried).toEqual([{ txid: displayTxid(batch.txid), deaths: 2 }]);
  expect(deathsOf(pair.store, batch.id).map(({ signer }) => signer)).toEqual(['B', 'C']);
});

test('whom a gate does not believe stays behind, whatever it says once more: the third signer is asked too', async () => {
  const { batch } = dead([pair.a, pair.b]);
  const { vault, gates, a, c, buried } = begin();
  for (let depth = 2; depth <= 6; depth += 1) pair.mine();
  const takes = gates[0].says;
  const refused = encode(Refused, { refusals: [{ code: 'GATE_DEATH', facts: [['signer', 'A']] }] });
  // By its height the word of A is known from the others'.
  const word = encode(Death, { txid: batch.txid, height: 7 });
  a.says = () => ({ type: 'DEATH', body: word });
  gates[0].says = (type, body) => {
    const bury = decode(Bury, body, body.length);
    if (!bury.ok) throw new Error(bury.fault.detail);
    const isShown = bury.value.deaths.some(([, said]) => toHex(said) === toHex(word));
    return isShown ? { type: 'REFUSED', body: refused } : takes(type, body);
  };
  await buryAllDead(vault, gates[0]);
  expect(buried).toEqual([]);
  const before = a.asked.length;
  c.isThere = true;
  believe(c, pair.a);
  await buryAllDead(vault, gates[0]);
  expect(a.asked.length).toBeGreaterThan(before);
  expect(buried).toEqual([{ txid: displayTxid(batch.txid), deaths: 2 }]);
});

test('two words are shown, however many are kept, and of signers of the charter only', async () => {
  const { batch } = dead([pair.a, pair.b]);
  const { vault, gates, buried } = begin();
  for (let depth = 2; depth <= 6; depth += 1) pair.mine();
  for (const signer of ['0', 'C', 'D', 'E']) recordDeath(pair.store, batch.id, signer, Uint8Array.of(0));
  await buryAllDead(vault, gates[0]);
  expect(buried).toEqual([{ txid: displayTxid(batch.txid), deaths: 2 }]);
});

test('a transaction whose intents were all paid by another one is not spoken of', async () => {
  const { batch } = dead([pair.a, pair.b]);
  const { vault, gates, a, b } = begin();
  for (let depth = 2; depth <= 6; depth += 1) pair.mine();
  pair.store.db.run("UPDATE withdrawals SET state = 'confirmed' WHERE id = ?", batch.intents[0] ?? null);
  await buryAllDead(vault, gates[0]);
  expect([...a.asked, ...b.asked]).toEqual([]);
});

test('what spends the change of a dead transaction is buried too, by a signer that saw neither', async () => {
  const { store, a } = pair;
  const first = offer(request);
  const { txid } = getBatch(store, first);
  recordCleared(store, first, 'gate-1', { message: fill(1, 30), txid, transaction: fill(2, 100) });
  recordBroadcast(store, first);
  const [change] = getBatch(store, first).change;
  if (change === undefined) throw new Error('no change');
  const coin: Coin = { txid, vout: change.vout, amount: change.amount, wallet: 0, chain: 1, index: 0 };
  a.admit(serializeStripped(draftTransaction(request.draft, a.state.scripts)), [coin], null);
  const intents = [a.intent({ id: 'y', amount: 1_000_000n })];
  const second = offer(
    a.request({ coins: [coin], intents, change: [{ amount: coin.amount - 1_010_000n, index: 2 }] }),
  );
  goHome([a]);
  const { vault, gates, buried } = begin();
  for (let depth = 2; depth <= 6; depth += 1) pair.mine();
  await buryAllDead(vault, gates[0]);
  const txids = [first, second].map((id) => displayTxid(getBatch(store, id).txid));
  expect(buried.map((one) => one.txid)).toEqual(txids);
});

test('trouble of the node while deaths are collected does not keep a gate busy: it is asked once that is over', async () => {
  const { store, a, b } = pair;
  const { batch } = dead([a, b]);
  for (let depth = 2; depth <= 6; depth += 1) pair.mine();
  const [, coin] = pair.coins;
  if (coin === undefined) throw new Error('no second coin');
  const again = a.request({
    coins: [coin],
    intents: request.draft.intents,
    change: [{ amount: coin.amount - 1_010_000n, index: 3 }],
  });
  const prepared = prepareDraft(again.draft, request.verdicts, a.state.scripts);
  const id = recordDraft(store, { prepared, purpose: 'payment', replaces: null, burial: 6 });
  signBy(store, id, 'A', 'C');
  const { vault, gates, buried, stop, ...world } = begin();
  const trouble = new ChainError('unreachable', 'the node does not answer');
  let times = 0;
  world.a.settle = () => {
    times += 1;
    return times <= 2 ? Promise.reject(trouble) : Promise.resolve();
  };
  const errors: unknown[] = [];
  const fail = (error: unknown): void => void errors.push(error);
  const running = new Clearance({ ...vault, fail }, id).run();
  const asked = () => gates.flatMap((gate) => gate.asked).filter(({ type }) => type === 'CLEAR');
  for (let turn = 0; turn < 100 && asked().length === 0; turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  stop();
  await running;
  expect(errors).toEqual([trouble, trouble]);
  expect(buried[0]).toEqual({ txid: displayTxid(batch.txid), deaths: 2 });
  expect(asked().length).toBeGreaterThan(0);
});
