import { type SignedIntent, toHex } from '@coldwire/protocol';
import { displayTxid, serializeStripped } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { markDead } from '../../src/index.ts';
import { type Coin, seeded, World } from '../world.ts';

function spend(world: World, coins: readonly Coin[], intents: readonly SignedIntent[], fee = 10_000n) {
  const paid = BigInt(intents.length) * 1_000_000n;
  const left = coins.reduce((sum, { amount }) => sum + amount, 0n) - paid - fee;
  return world.request({ coins, intents, change: [{ amount: left }] });
}

describe('one intent, one payment', () => {
  const intent = toHex(seeded('x').slice(0, 16));

  it('refuses a second transaction that shares no input with the first', () => {
    const world = new World();
    const [a, b] = world.fund([5_000_000n, 5_000_000n]);
    if (a === undefined || b === undefined) throw new Error('no coins');
    const intents = [world.intent({ id: 'x' })];
    const first = world.approve(spend(world, [a], intents));
    const refusal = [['CONFLICT', { intent, txid: displayTxid(first.txid) }]];
    expect(world.refusals(spend(world, [b], intents))).toEqual(refusal);
    expect(world.refusals(spend(world, [a, b], intents))).toEqual([]);
  });

  it('asks for an input of every earlier carrier, not of the last only', () => {
    const world = new World();
    const [a, b, c] = world.fund([5_000_000n, 5_000_000n, 5_000_000n]);
    if (a === undefined || b === undefined || c === undefined) throw new Error('no coins');
    const intents = [world.intent({ id: 'x' })];
    const first = world.approve(spend(world, [a], intents));
    world.approve(spend(world, [a, b], intents));
    const refusal = [['CONFLICT', { intent, txid: displayTxid(first.txid) }]];
    expect(world.refusals(spend(world, [b, c], intents))).toEqual(refusal);
    expect(world.refusals(spend(world, [a, c], intents))).toEqual([]);
  });

  it('lets a batch be bumped, split, merged with new intents, and cancelled', () => {
    const world = new World();
    const [a, b] = world.fund([5_000_000n, 5_000_000n]);
    if (a === undefined || b === undefined) throw new Error('no coins');
    const [x, y, z] = [world.intent(), world.intent(), world.intent()];
    world.approve(spend(world, [a, b], [x, y]));
    world.approve(spend(world, [a, b], [x, y], 12_000n));
    world.approve(spend(world, [a], [x]));
    world.approve(spend(world, [b], [y]));
    world.approve(spend(world, [a, b], [x, y, z]));
    expect(world.refusals(spend(world, [a, b], []))).toEqual([]);
    expect(world.refusals(spend(world, [a], []))).toEqual([]);
  });

  it('refuses a paid intent to everything but what cannot be mined beside the payment', () => {
    const world = new World();
    const [a, b] = world.fund([5_000_000n, 5_000_000n]);
    if (a === undefined || b === undefined) throw new Error('no coins');
    const intents = [world.intent({ id: 'x' })];
    const first = world.approve(spend(world, [a], intents));
    world.pass(8, [first.txid]);
    world.admit(serializeStripped(first.transaction), [], world.proofOf(first.txid));
    expect(world.refusals(spend(world, [b], intents))).toMatchObject([['CONFLICT', { intent }]]);
  });
});

describe('dead transactions', () => {
  /** `first` pays x from a; `cancel` takes a back and is mined. */
  function replaced() {
    const world = new World();
    const [a, b] = world.fund([5_000_000n, 5_000_000n]);
    if (a === undefined || b === undefined) throw new Error('no coins');
    const intents = [world.intent({ id: 'x' })];
    const first = world.approve(spend(world, [a], intents));
    const cancel = world.approve(spend(world, [a], [], 15_000n));
    const spender = serializeStripped(cancel.transaction);
    world.pass(1, [cancel.txid]);
    const proof = world.proofOf(cancel.txid);
    return { world, a, b, intents, first, cancel, spender, proof };
  }

  it('are proven by a buried transaction that spends one of their inputs', () => {
    const { world, b, intents, first, spender, proof } = replaced();
    const body = { txid: first.txid, spender, proof };
    const refusal = {
      kind: 'refused',
      refusals: [{ code: 'DEAD_PROOF', facts: [['txid', displayTxid(first.txid)]] }],
    };
    world.pass(4);
    expect(markDead(world.state, body)).toMatchObject(refusal);
    expect(world.refusals(spend(world, [b], intents))).toMatchObject([['CONFLICT', {}]]);
    world.pass(1);
    const outcome = markDead(world.state, body);
    if (outcome.kind !== 'ok') throw new Error('refused');
    world.apply(outcome.changes);
    expect(markDead(world.state, body)).toEqual({ kind: 'ok', changes: [] });
    expect(world.refusals(spend(world, [b], intents))).toEqual([]);
  });

  it('are not proven by an unknown block, by a wrong path, by themselves, or for a stranger', () => {
    const { world, first, cancel, spender, proof } = replaced();
    world.pass(6);
    const bodies = [
      { txid: first.txid, spender, proof: { ...proof, block: seeded('block') } },
      { txid: first.txid, spender, proof: { ...proof, position: proof.position ^ 1 } },
      { txid: first.txid, spender, proof: { ...proof, path: proof.path.slice(1) } },
      { txid: cancel.txid, spender, proof },
      { txid: seeded('stranger'), spender, proof },
    ];
    for (const body of bodies) {
      expect(markDead(world.state, body)).toMatchObject({
        kind: 'refused',
        refusals: [{ code: 'DEAD_PROOF' }],
      });
    }
  });

  it('come to life again when the block that proved them is reorganized away', () => {
    const { world, b, intents, first, spender, proof } = replaced();
    world.pass(5);
    const outcome = markDead(world.state, { txid: first.txid, spender, proof });
    if (outcome.kind !== 'ok') throw new Error('refused');
    world.apply(outcome.changes);
    expect(world.refusals(spend(world, [b], intents))).toEqual([]);
    world.rewind(6);
    world.pass(7);
    expect(world.refusals(spend(world, [b], intents))).toMatchObject([['CONFLICT', {}]]);
  });

  it('take their children with them', () => {
    const { world, b, first, spender, proof } = replaced();
    const vout = first.transaction.outputs.length - 1;
    const amount = first.transaction.outputs[vout]?.amount ?? 0n;
    const child: Coin = { txid: first.txid, vout, amount, wallet: 0, chain: 1, index: 0 };
    world.admit(serializeStripped(first.transaction), [child], null);
    const intents = [world.intent()];
    const grandchild = world.approve(spend(world, [child], intents));
    expect(world.refusals(spend(world, [b], intents))).toMatchObject([['CONFLICT', {}]]);
    world.pass(6);
    const outcome = markDead(world.state, { txid: grandchild.txid, spender, proof });
    if (outcome.kind !== 'ok') throw new Error('refused');
    world.apply(outcome.changes);
    expect(world.refusals(spend(world, [b], intents))).toEqual([]);
  });

  it('that never existed are got rid of by spending what they would have spent', () => {
    const world = new World();
    const [a, b] = world.fund([5_000_000n, 5_000_000n]);
    if (a === undefined || b === undefined) throw new Error('no coins');
    // The vault makes up a transaction of our coin that nobody signed, and has its output spent.
    const made = {
      version: 2,
      locktime: 0,
      inputs: [{ outpoint: { txid: a.txid, vout: a.vout }, sequence: 0xfffffffd }],
      outputs: [{ amount: 4_000_000n, script: world.script(0, 7) }],
    } as const;
    const bytes = serializeStripped(made);
    const request = { transaction: bytes, coins: [{ vout: 0, wallet: 0, chain: 0, index: 7 }], proof: null };
    const child = world.admitAny(request);
    const intents = [world.intent()];
    const stuck = world.approve(spend(world, child, intents));
    expect(world.refusals(spend(world, [b], intents))).toMatchObject([['CONFLICT', {}]]);
    const cancel = world.approve(spend(world, [a], []));
    world.pass(6, [cancel.txid]);
    const proof = world.proofOf(cancel.txid);
    const body = { txid: stuck.txid, spender: serializeStripped(cancel.transaction), proof };
    const outcome = markDead(world.state, body);
    if (outcome.kind !== 'ok') throw new Error('refused');
    world.apply(outcome.changes);
    expect(world.refusals(spend(world, [b], intents))).toEqual([]);
  });
});
