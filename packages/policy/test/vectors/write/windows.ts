/** Vectors of what may be spent in a time. */
import type { Charter } from '@coldwire/protocol';
import { serializeStripped, txidOf, type UnsignedTransaction } from '@coldwire/wallet';
import { type Coin, MINUTE, type World } from '../../world.ts';
import { write } from './file.ts';
import { paid, plain, ready, sign } from './worlds.ts';

const window = { ticks: 6, amount: 3_000_000n, count: 3, fee: 30_000n };
write('fee-window', 'windows', 'one satoshi above two thirds of the window', () => {
  const { world, b, good } = ready({ windows: [{ ...window, fee: 30_000n }] });
  world.approve(good);
  const intents = [world.intent()];
  return sign(world, world.request({ coins: [b], intents, change: [{ amount: 3_989_999n }] }));
});
write('amount-window', 'windows', 'one satoshi above two thirds of the window', () => {
  const { world, b, good } = ready({ windows: [window] });
  world.approve(good);
  const intents = [world.intent({ amount: 1_000_001n })];
  return sign(world, world.request({ coins: [b], intents, change: [plain] }));
});
write('count-window', 'windows', 'a third intent where two thirds of the window are two', () => {
  const { world, good, b } = ready({ windows: [{ ...window, amount: 30_000_000n }] });
  world.approve(good);
  const intents = [world.intent(), world.intent()];
  return sign(world, world.request({ coins: [b], intents, change: [{ amount: 2_990_000n }] }));
});

const half = { ticks: 6, amount: 3_000_000n, count: 3 };
write(
  'destination-window',
  'velocity',
  'one satoshi above two thirds of what one destination may get',
  () => {
    const { world, good, b } = ready({ velocity: [{ ...half, per: 'destination' }] });
    world.approve(good);
    const intents = [world.intent({ requester: 'desk', amount: 1_000_001n })];
    return sign(world, world.request({ coins: [b], intents, change: [plain] }));
  },
);
write('requester-window', 'velocity', 'a third intent of one requester, where two thirds are two', () => {
  const { world, good, b } = ready({ velocity: [{ ...half, per: 'requester', amount: 30_000_000n }] });
  world.approve(good);
  const intents = [world.intent({ script: paid }), world.intent()];
  return sign(world, world.request({ coins: [b], intents, change: [{ amount: 2_990_000n }] }));
});
write('ok-window-freed', 'windows', 'as amount-window, seven ticks later', () => {
  const { world, b, good } = ready({ windows: [window] });
  world.approve(good);
  for (const block of world.mine(7)) {
    world.uptime += 5 * MINUTE;
    world.feed([block]);
  }
  const intents = [world.intent({ amount: 1_000_001n })];
  return sign(world, world.request({ coins: [b], intents, change: [plain] }));
});
write('withheld-headers', 'ticks', 'as amount-window, with seven headers at once after a week', () => {
  const { world, b, good } = ready({ windows: [window] });
  world.approve(good);
  world.uptime += 7 * 24 * 60 * MINUTE;
  world.feed(world.mine(7));
  const intents = [world.intent({ amount: 1_000_001n })];
  return sign(world, world.request({ coins: [b], intents, change: [plain] }));
});

/** Six blocks, the first with a transaction that nobody signed: what would have spent the coin is dead. */
function rob(world: World, { txid, vout }: Coin): void {
  const inputs = [{ outpoint: { txid, vout }, sequence: 0 }];
  const outputs = [{ amount: 1_000n, script: paid }];
  const transaction: UnsignedTransaction = { version: 2, locktime: 0, inputs, outputs };
  world.feed(world.mine(1, [txidOf(transaction)]));
  world.admit(serializeStripped(transaction), [], world.proofOf(txidOf(transaction)));
  world.feed(world.mine(5));
}

/** `a` was to pay an intent, and a block that the vault mined by itself spends it. */
function robbed(policy: Partial<Charter['policy']>) {
  const { world, a, b } = ready(policy);
  const intents = [world.intent()];
  const first = world.request({ coins: [a], intents, change: [plain] });
  world.approve(first);
  rob(world, a);
  return { world, b, intents, first };
}
const long = { ...window, ticks: 60, amount: 30_000_000n, count: 30, fee: 90_000n };
const forOne = { ...long, amount: 2_999_999n };
const forTwo = { ...long, amount: 3_000_000n };

write(
  'amount-window-anew',
  'charges',
  'an intent whose carrier is dead, one satoshi above the window',
  () => {
    const { world, b, intents } = robbed({ windows: [forOne] });
    return sign(world, world.request({ coins: [b], intents, change: [plain], verdicts: [] }));
  },
);
write('count-window-anew', 'charges', 'an intent whose carrier is dead, where a window holds one', () => {
  const { world, b, intents } = robbed({ windows: [{ ...long, count: 2 }] });
  return sign(world, world.request({ coins: [b], intents, change: [plain], verdicts: [] }));
});
for (const per of ['destination', 'requester'] as const) {
  const comment = `an intent whose carrier is dead, where its ${per} may get one`;
  write(`${per}-window-anew`, 'charges', comment, () => {
    const { world, b, intents } = robbed({ velocity: [{ ...half, ticks: 60, count: 2, per }] });
    return sign(world, world.request({ coins: [b], intents, change: [plain], verdicts: [] }));
  });
}
write('ok-anew', 'charges', 'an intent whose carrier is dead, up to the window', () => {
  const { world, b, intents } = robbed({ windows: [forTwo] });
  return sign(world, world.request({ coins: [b], intents, change: [plain], verdicts: [] }));
});
write(
  'ok-anew-bump',
  'charges',
  'as ok-anew, and then with a higher fee: it shares a coin with what was charged',
  () => {
    const { world, b, intents } = robbed({ windows: [forTwo] });
    world.approve(world.request({ coins: [b], intents, change: [plain], verdicts: [] }));
    return sign(
      world,
      world.request({ coins: [b], intents, change: [{ amount: 3_980_000n }], verdicts: [] }),
    );
  },
);
write('ok-anew-again', 'charges', 'what is dead is approved again, though the window is full', () => {
  const { world, first } = robbed({ windows: [{ ...window, ticks: 60, amount: 1_500_000n }] });
  return sign(world, first);
});
write(
  'count-window-anew-line',
  'charges',
  'each carrier shares a coin with the one before it, and none with the first, which is dead',
  () => {
    const { world, a, b } = ready({ windows: [{ ...long, count: 2 }] });
    const [c] = world.fund([5_000_000n], 10);
    if (c === undefined) throw new Error('no coin');
    const intents = [world.intent()];
    for (const coins of [
      [a, b],
      [b, c],
    ])
      world.approve(world.request({ coins, intents, change: [{ amount: 8_990_000n }] }));
    rob(world, a);
    return sign(world, world.request({ coins: [c], intents, change: [plain], verdicts: [] }));
  },
);
