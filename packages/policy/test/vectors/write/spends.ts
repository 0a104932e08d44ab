/** Vectors of how many transactions may be signed for one coin. */
import type { Coin, World } from '../../world.ts';
import { write } from './file.ts';
import { ready, sign } from './worlds.ts';

/** The coin moved to ourselves for this fee; they differ in their locktime. */
const move = (world: World, coin: Coin, fee: bigint, locktime = 0, index = 1) =>
  world.request({ coins: [coin], change: [{ amount: coin.amount - fee, index }], locktime });

/** So many of them are signed, for no fee. */
function crowded(spends: number): { world: World; a: Coin } {
  const { world, a } = ready();
  for (let locktime = 0; locktime < spends; locktime++) world.approve(move(world, a, 0n, locktime));
  return { world, a };
}

write('ok-spends', 'bounded spends', 'the 64th transaction that spends a coin', () => {
  const { world, a } = crowded(63);
  return sign(world, move(world, a, 0n, 64));
});
write(
  'limit-spends',
  'bounded spends',
  'the 65th, one satoshi below a 64th of feeAbsolute above the others',
  () => {
    const { world, a } = crowded(64);
    return sign(world, move(world, a, 1_562n));
  },
);
write(
  'ok-spends-dearer',
  'bounded spends',
  'the 65th, a 64th of feeAbsolute, rounded up, above the others',
  () => {
    const { world, a } = crowded(64);
    return sign(world, move(world, a, 1_563n));
  },
);
write('ok-spends-homeward', 'bounded spends', 'the 65th, homeward: for 512 sat to change index 0', () => {
  const { world, a } = crowded(64);
  return sign(world, move(world, a, 512n, 0, 0));
});
write('limit-spends-homeward', 'bounded spends', 'as ok-spends-homeward, for 513 sat', () => {
  const { world, a } = crowded(64);
  return sign(world, move(world, a, 513n, 0, 0));
});
