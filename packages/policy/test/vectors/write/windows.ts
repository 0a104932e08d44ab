/** Vectors of what may be spent in a time. */
import { MINUTE } from '../../world.ts';
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
