import { type Admit, concatBytes } from '@coldwire/protocol';
import { displayTxid, outpointKey, serializeStripped } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { decodeStripped } from '../src/admit.ts';
import { admit } from '../src/index.ts';
import { enforce } from '../src/state/state.ts';
import { UNPROVEN_MAX } from '../src/state/unproven.ts';
import { factsOf, pointOf, sampleCharter, seeded, World } from './world.ts';

/** A mined transaction of strangers with two outputs of ours and one of theirs. */
function mined() {
  const world = new World();
  const theirs = concatBytes(Uint8Array.of(0, 20), seeded('theirs').slice(0, 20));
  const { bytes, txid } = world.foreign([
    { amount: 700_000n, script: world.script(0, 4) },
    { amount: 5_000n, script: theirs },
    { amount: 900_000n, script: world.script(1, 2) },
  ]);
  world.pass(1, [seeded('another'), txid]);
  const coins = [
    { vout: 0, wallet: 0, chain: 0, index: 4 },
    { vout: 2, wallet: 0, chain: 1, index: 2 },
  ];
  const body: Admit = { transaction: bytes, coins, proof: world.proofOf(txid) };
  return { world, body, txid };
}

function codes(world: World, body: Admit): unknown {
  const outcome = admit(world.state, body);
  if (outcome.kind !== 'refused') return outcome.kind;
  return outcome.refusals.map((refusal) => [refusal.code, factsOf(refusal)]);
}

describe('admission', () => {
  it("takes over the transaction's own amounts, and repeating it changes nothing", () => {
    const { world, body, txid } = mined();
    expect(world.admitAny(body)).toEqual([
      { txid, vout: 0, amount: 700_000n, wallet: 0, chain: 0, index: 4 },
      { txid, vout: 2, amount: 900_000n, wallet: 0, chain: 1, index: 2 },
    ]);
    expect(admit(world.state, body)).toEqual({ kind: 'ok', changes: [] });
  });

  it('refuses more coins without a proof than memory should hold, and still takes proven ones and repeats', () => {
    const world = new World();
    const [coin] = world.fund([1_000_000n]);
    if (coin === undefined) throw new Error('no coin');
    const outputs = Array.from({ length: 512 }, () => ({ amount: 1_000n, script: world.script(0, 1) }));
    const coins = outputs.map((_, vout) => ({ vout, wallet: 0, chain: 0, index: 1 }));
    // Nobody has signed these, and nobody could spend the coin so often.
    const invent = (locktime: number): Admit => {
      const inputs = [{ outpoint: { txid: coin.txid, vout: coin.vout }, sequence: 0xfffffffd }];
      return {
        transaction: serializeStripped({ version: 2, locktime, inputs, outputs }),
        coins,
        proof: null,
      };
    };
    const fits = Math.floor(UNPROVEN_MAX / 513);
    for (let number = 0; number < fits; number++) {
      const outcome = admit(world.state, invent(number));
      if (outcome.kind !== 'ok') throw new Error(`number ${number} is refused`);
      world.apply(outcome.changes);
    }
    const over = { what: 'unproven', got: `${(fits + 1) * 513}`, limit: `${UNPROVEN_MAX}` };
    expect(codes(world, invent(fits))).toEqual([['LIMIT', over]]);
    expect(admit(world.state, invent(0))).toEqual({ kind: 'ok', changes: [] });
    expect(world.fund([5_000n], 7)).toHaveLength(1);
  });

  it('refuses an output that is not ours, or not at the claimed place', () => {
    const { world, body, txid } = mined();
    const claim = (vout: number, wallet: number, chain: number, index: number) =>
      codes(world, { ...body, coins: [{ vout, wallet, chain, index }] });
    const foreign = (vout: number) => [['INPUT_FOREIGN', { outpoint: outpointKey({ txid, vout }) }]];
    expect(claim(1, 0, 0, 4)).toEqual(foreign(1));
    expect(claim(0, 0, 0, 5)).toEqual(foreign(0));
    expect(claim(0, 0, 1, 4)).toEqual(foreign(0));
    expect(claim(0, 1, 0, 4)).toEqual(foreign(0));
    expect(claim(3, 0, 0, 4)).toEqual([['UNKNOWN_OUTPOINT', { outpoint: outpointKey({ txid, vout: 3 }) }]]);
  });

  it('refuses chains other than 0 and 1 and indexes that nobody would look at', () => {
    const { world, body } = mined();
    const claim = (chain: number, index: number) =>
      codes(world, { ...body, coins: [{ vout: 0, wallet: 0, chain, index }] });
    expect(claim(2, 4)).toEqual([['PATH_RANGE', { chain: '2', index: '4', limit: 'chain 1' }]]);
    expect(claim(0, 1000)).toEqual([['PATH_RANGE', { chain: '0', index: '1000', limit: '999' }]]);
    expect(claim(0, 0xffffffff)).toMatchObject([['PATH_RANGE', { index: '4294967295' }]]);
    expect(claim(1, 20)).toEqual([['PATH_RANGE', { chain: '1', index: '20', limit: '19' }]]);
  });

  it('refuses a proof that does not lead to a block of the best branch', () => {
    const { world, body, txid } = mined();
    const { proof } = body;
    if (proof === null) throw new Error('no proof');
    const refusal = [['MERKLE_PROOF', { txid: displayTxid(txid) }]];
    const bad = [
      { ...proof, block: seeded('no block') },
      { ...proof, position: 0 },
      { ...proof, position: 4 },
      { ...proof, path: proof.path.slice(32) },
      { ...proof, path: proof.path.slice(1) },
      { ...proof, path: concatBytes(proof.path, new Uint8Array(32)) },
    ];
    for (const wrong of bad) expect(codes(world, { ...body, proof: wrong })).toEqual(refusal);
    const pending = world.mine(1, []);
    expect(codes(world, { ...body, proof: { ...proof, block: pending[0]?.hash ?? txid } })).toEqual(refusal);
  });

  it('refuses a transaction of 64 bytes, which may be an inner node of the tree', () => {
    const world = new World();
    const { bytes, txid } = world.foreign([{ amount: 1n, script: seeded('x').slice(0, 4) }]);
    expect(bytes.length).toBe(64);
    world.pass(1, [txid]);
    const body = { transaction: bytes, coins: [], proof: world.proofOf(txid) };
    expect(codes(world, body)).toEqual([['MERKLE_PROOF', { txid: displayTxid(txid) }]]);
  });

  it('refuses an unmined transaction unless all that it spends was admitted', () => {
    const { world, body, txid } = mined();
    expect(codes(world, { ...body, proof: null })).toEqual([
      ['UNPROVEN_PARENT', { txid: displayTxid(txid) }],
    ]);
    const [coin] = world.admitAny(body);
    if (coin === undefined) throw new Error('no coin');
    const input = (outpoint: { txid: Uint8Array; vout: number }) => ({ outpoint, sequence: 0xfffffffd });
    const outputs = [{ amount: 600_000n, script: world.script(0, 8) }];
    const own = { version: 2, locktime: 0, inputs: [input({ txid, vout: 0 })], outputs } as const;
    const mixed = { ...own, inputs: [...own.inputs, input({ txid, vout: 1 })] };
    const coins = [{ vout: 0, wallet: 0, chain: 0, index: 8 }];
    expect(codes(world, { transaction: serializeStripped(own), coins, proof: null })).toBe('ok');
    expect(codes(world, { transaction: serializeStripped(mixed), coins, proof: null })).toMatchObject([
      ['UNPROVEN_PARENT', {}],
    ]);
  });

  it('refuses an unmined transaction that pays more than its coins hold, however often it names one', () => {
    const world = new World();
    const [one, other] = world.fund([2_000n, 3_000n]);
    if (one === undefined || other === undefined) throw new Error('two coins');
    const codesOf = (spent: readonly (typeof one)[], amounts: readonly bigint[]): unknown => {
      const inputs = spent.map(({ txid, vout }) => ({ outpoint: { txid, vout }, sequence: 0xfffffffd }));
      const outputs = amounts.map((amount) => ({ amount, script: world.script(0, 8) }));
      const transaction = serializeStripped({ version: 2, locktime: 0, inputs, outputs });
      return codes(world, { transaction, coins: [], proof: null });
    };
    const refusal = [['UNPROVEN_PARENT', { txid: expect.any(String) }]];
    expect(codesOf([one], [2_001n])).toEqual(refusal);
    expect(codesOf([one, other], [2_000n, 3_001n])).toEqual(refusal);
    expect(codesOf([one, other], [5_000n])).toBe('ok');
    expect(codesOf([one], [2_000n])).toBe('ok');
    expect(codesOf([one, one], [2_000n])).toEqual(refusal);
  });

  it('refuses a coin that could not pay for its way home, proven or not', () => {
    const world = new World();
    const outputs = [999n, 1_000n].map((amount) => ({ amount, script: world.script(0, 4) }));
    const { bytes, txid } = world.foreign(outputs);
    world.pass(1, [txid]);
    const claim = (vout: number) => ({ vout, wallet: 0, chain: 0, index: 4 });
    const proof = world.proofOf(txid);
    const small = [['DUST', { output: '0', amount: '999', limit: '1000' }]];
    expect(codes(world, { transaction: bytes, coins: [claim(0), claim(1)], proof })).toEqual(small);
    world.admitAny({ transaction: bytes, coins: [claim(1)], proof });
    const child = serializeStripped({
      version: 2,
      locktime: 0,
      inputs: [{ outpoint: { txid, vout: 1 }, sequence: 0xfffffffd }],
      outputs: [{ amount: 999n, script: world.script(0, 4) }],
    });
    expect(codes(world, { transaction: child, coins: [claim(0)], proof: null })).toEqual(small);
  });

  it('is upgraded by a proof, which moves the range of change', () => {
    const world = new World();
    const coins = world.fund([5_000_000n]);
    const intents = [world.intent()];
    const spend = world.approve(
      world.request({ coins, intents, change: [{ amount: 3_990_000n, index: 15 }] }),
    );
    const transaction = serializeStripped(spend.transaction);
    const change = { vout: 1, wallet: 0, chain: 1, index: 15 };
    const [admitted] = world.admitAny({ transaction, coins: [change], proof: null });
    if (admitted === undefined) throw new Error('no coin');
    const next = (index: number) =>
      world.request({ coins: [admitted], change: [{ amount: 3_985_000n, index }] });
    expect(world.refusals(next(20))).toMatchObject([['PATH_RANGE', { limit: '19' }]]);
    world.pass(1, [spend.txid]);
    world.admitAny({ transaction, coins: [change], proof: world.proofOf(spend.txid) });
    expect(world.refusals(next(35))).toEqual([]);
    expect(world.refusals(next(36))).toMatchObject([['PATH_RANGE', { limit: '35' }]]);
  });

  it('is void when its block is reorganized away, until it is proven on the branch that won', () => {
    const world = new World();
    world.pass(3);
    const { bytes, txid } = world.foreign([{ amount: 5_000_000n, script: world.script(0, 4) }]);
    world.pass(1, [txid]);
    const coins = [{ vout: 0, wallet: 0, chain: 0, index: 4 }];
    const admitted = world.admitAny({ transaction: bytes, coins, proof: world.proofOf(txid) });
    const request = world.request({
      coins: admitted,
      intents: [world.intent()],
      change: [{ amount: 3_990_000n }],
    });
    expect(world.refusals(request)).toEqual([]);
    world.rewind(1);
    world.pass(1, []);
    expect(world.refusals(request)).toEqual([]);
    world.pass(1, [txid]);
    expect(world.refusals(request)).toMatchObject([['UNKNOWN_OUTPOINT', {}]]);
    world.admitAny({ transaction: bytes, coins, proof: world.proofOf(txid) });
    expect(world.refusals(request)).toEqual([]);
  });

  it('is refused when its block is known, but on a branch that lost', () => {
    const world = new World();
    world.pass(3);
    const { bytes, txid } = world.foreign([{ amount: 5_000_000n, script: world.script(0, 4) }]);
    world.pass(1, [txid]);
    const body = {
      transaction: bytes,
      coins: [{ vout: 0, wallet: 0, chain: 0, index: 4 }],
      proof: world.proofOf(txid),
    };
    expect(codes(world, body)).toBe('ok');
    world.rewind(1);
    world.pass(2);
    expect(codes(world, body)).toEqual([['MERKLE_PROOF', { txid: displayTxid(txid) }]]);
  });

  it('reports bad bytes as a fault, and a transaction with its witness too', () => {
    const { world, body } = mined();
    const bad = [body.transaction.slice(0, 50), concatBytes(body.transaction, Uint8Array.of(0))];
    for (const transaction of bad) expect(codes(world, { ...body, transaction })).toBe('malformed');
    const { transaction } = body;
    const end = transaction.length - 4;
    const withWitness = concatBytes(
      transaction.slice(0, 4),
      Uint8Array.of(0, 1),
      transaction.slice(4, end),
      Uint8Array.of(1, 1, 7),
      transaction.slice(end),
    );
    expect(codes(world, { ...body, transaction: withWitness })).toBe('malformed');
  });

  it('reads transactions of up to 400,000 bytes, 10,000 inputs and 45,000 outputs', () => {
    const faultOf = (bytes: Uint8Array): string => {
      const decoded = decodeStripped(bytes);
      return 'kind' in decoded ? decoded.fault.detail : 'none';
    };
    const inputs = [{ outpoint: { txid: seeded('x'), vout: 0 }, sequence: 0 }];
    const sized = (size: number) =>
      serializeStripped({
        version: 2,
        locktime: 0,
        inputs,
        outputs: [{ amount: 1n, script: new Uint8Array(size - 64) }],
      });
    expect(sized(400_000)).toHaveLength(400_000);
    expect(faultOf(sized(400_000))).toBe('none');
    expect(faultOf(sized(400_001))).toContain('400001 bytes');
    const u16 = (count: number) => Uint8Array.of(0xfd, count & 0xff, count >> 8);
    // Only begun: a count that is good is followed by what is missing.
    const many = (what: 'inputs' | 'outputs', count: number) => {
      const whole = sized(100);
      const begin = what === 'inputs' ? whole.subarray(0, 4) : whole.subarray(0, 46);
      return faultOf(concatBytes(begin, u16(count)));
    };
    expect(many('inputs', 10_000)).not.toContain('number of inputs');
    expect(many('inputs', 10_001)).toContain('number of inputs');
    expect(many('outputs', 45_000)).not.toContain('number of outputs');
    expect(many('outputs', 45_001)).toContain('number of outputs');
  });

  it('takes coins of an older wallet, whose change must go to the newest', () => {
    const charter = sampleCharter();
    const [wallet] = charter.wallets;
    if (wallet === undefined) throw new Error('no wallet');
    const keys = wallet.keys.map((key) => ({ ...key, publicKey: pointOf(`second ${key.signer}`) }));
    const world = new World(charter);
    // No charter that people sign has two; the rules are ready for one.
    const two = { ...charter, wallets: [wallet, { threshold: 2 as const, keys }] };
    enforce(world.state, { ...world.loaded, charter: two, newestWallet: 1 });
    const coins = world.fund([5_000_000n]);
    const intents = [world.intent()];
    const change = (number: number) => [{ amount: 3_990_000n, wallet: number }];
    expect(world.refusals(world.request({ coins, intents, change: change(0) }))).toEqual([
      ['NOT_CHANGE', { output: '1' }],
    ]);
    const spend = world.approve(world.request({ coins, intents, change: change(1) }));
    expect(spend.transaction.outputs[1]?.script).toEqual(world.script(1, 0, 1));
  });
});
