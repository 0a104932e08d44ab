/** Vectors of the coins that a machine is told of, and of spends that tell of them otherwise. */
import { Admit, type Admit as AdmitBody, encode } from '@coldwire/protocol';
import { serializeStripped, txidOf } from '@coldwire/wallet';
import { seeded, type World } from '../../world.ts';
import { write } from './file.ts';
import { plain, ready, sign, small } from './worlds.ts';

write('unknown-outpoint', 'admission', 'a coin that was not admitted', () => {
  const { world, a } = ready();
  const coins = [{ ...a, vout: 9 }];
  return sign(world, world.request({ coins, intents: [world.intent()], change: [plain] }));
});
write('amount-mismatch', 'admission', 'one satoshi more than the coin is worth', () => {
  const { world, a } = ready();
  const coins = [{ ...a, amount: a.amount + 1n }];
  return sign(world, world.request({ coins, intents: [world.intent()], change: [plain] }));
});
write('input-foreign', 'admission', 'a coin under the index of another', () => {
  const { world, a } = ready();
  const coins = [{ ...a, index: 1 }];
  return sign(world, world.request({ coins, intents: [world.intent()], change: [plain] }));
});

/** Ends with an ADMIT of a mined transaction of two outputs, the first ours at receiving index 4. */
function admission(change: (body: AdmitBody) => AdmitBody): World {
  const world = small();
  const { bytes, txid } = world.foreign([
    { amount: 700_000n, script: world.script(0, 4) },
    { amount: 5_000n, script: seeded('theirs') },
  ]);
  world.feed(world.mine(1, [seeded('another'), txid]));
  const coins = [{ vout: 0, wallet: 0, chain: 0, index: 4 }];
  world.note('ADMIT', encode(Admit, change({ transaction: bytes, coins, proof: world.proofOf(txid) })));
  return world;
}
write('ok-admit', 'admission', 'a mined coin of ours', () => admission((body) => body));
write('admit-foreign', 'admission', 'an output that is not ours', () =>
  admission((body) => ({ ...body, coins: [{ vout: 1, wallet: 0, chain: 0, index: 4 }] })),
);
write('admit-path-range', 'admission', 'a receiving index above the limit', () =>
  admission((body) => ({ ...body, coins: [{ vout: 0, wallet: 0, chain: 0, index: 1000 }] })),
);
write('merkle-proof', 'admission', 'a path that leads to another root', () =>
  admission(({ proof, ...body }) => ({
    ...body,
    proof: proof && { ...proof, position: proof.position ^ 1 },
  })),
);
write('unproven-parent', 'admission', 'an unmined transaction of strangers', () =>
  admission((body) => ({ ...body, proof: null })),
);
/** Ends with an ADMIT of a transaction of one admitted coin of 5,000,000 sat that nobody has signed. */
function madeUp(amount: bigint): World {
  const { world, a } = ready();
  const made = {
    version: 2,
    locktime: 0,
    inputs: [{ outpoint: { txid: a.txid, vout: a.vout }, sequence: 0xfffffffd }],
    outputs: [{ amount, script: world.script(0, 4) }],
  } as const;
  const coins = [{ vout: 0, wallet: 0, chain: 0, index: 4 }];
  world.note('ADMIT', encode(Admit, { transaction: serializeStripped(made), coins, proof: null }));
  return world;
}
write('ok-admit-unproven', 'admission', 'an unmined transaction that pays all that its coin holds', () =>
  madeUp(5_000_000n),
);
write(
  'unproven-parent-amount',
  'admission',
  'an unmined transaction that pays one satoshi more than its coin holds',
  () => madeUp(5_000_001n),
);
/** Two transactions that nobody has signed spend one coin of 5,000,000 sat; then a SIGN spends what comes of both. */
function rivals(left: bigint): World {
  const { world, a } = ready();
  const coins = [0, 1].map((locktime) => {
    const made = {
      version: 2,
      locktime,
      inputs: [{ outpoint: { txid: a.txid, vout: a.vout }, sequence: 0xfffffffd }],
      outputs: [{ amount: 3_000_000n, script: world.script(0, 4) }],
    } as const;
    const place = { vout: 0, wallet: 0, chain: 0, index: 4 } as const;
    world.admit(serializeStripped(made), [{ ...place, txid: txidOf(made), amount: 3_000_000n }], null);
    return { ...place, txid: txidOf(made), amount: 3_000_000n };
  });
  return sign(world, world.request({ coins, intents: [world.intent()], change: [{ amount: left }] }));
}
write('unproven-parent-rivals', 'admission', 'unmined coins that are worth less than they say together', () =>
  rivals(4_990_000n),
);
write('admit-dust', 'admission', 'a coin that is too small to pay for its own way home', () => madeUp(999n));
write('immature', 'coinbase', 'a coinbase coin with one confirmation', () => {
  const world = small();
  const coinbase = {
    version: 2,
    locktime: 0,
    inputs: [{ outpoint: { txid: new Uint8Array(32), vout: 0xffffffff }, sequence: 0xffffffff }],
    outputs: [{ amount: 5_000_000n, script: world.script(0, 9) }],
  } as const;
  const txid = txidOf(coinbase);
  world.feed(world.mine(1, [txid]));
  const coin = { txid, vout: 0, amount: 5_000_000n, wallet: 0, chain: 0, index: 9 } as const;
  world.admit(serializeStripped(coinbase), [coin], world.proofOf(txid));
  return sign(world, world.request({ coins: [coin], intents: [world.intent()], change: [plain] }));
});
