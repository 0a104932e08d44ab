/** Vectors of one transaction: its shape, outputs, change and fees. */
import { fromHex } from '@coldwire/protocol';
import { seeded } from '../../world.ts';
import { write } from './file.ts';
import { plain, ready, sign } from './worlds.ts';

write('ok-withdrawal', 'all', 'one intent paid from one coin, with change in front', () => {
  const { world, good } = ready();
  return sign(world, good);
});
write('ok-again', 'charges', 'the same transaction again is approved again', () => {
  const { world, good } = ready();
  world.approve(good);
  return sign(world, good);
});
write('frozen', 'frozen', 'the vault has frozen withdrawals', () => {
  const { world, good } = ready();
  world.freeze('vault-1');
  return sign(world, good);
});
write('limit', 'caps', 'two inputs where one is allowed; the wrong amount is not looked at', () => {
  const { world, a, b } = ready({ maxInputs: 1 });
  const coins = [{ ...a, amount: 1n }, b];
  return sign(world, world.request({ coins, intents: [world.intent()], change: [{ amount: 8_990_000n }] }));
});
write('value-range', 'values', 'outputs are one satoshi above inputs', () => {
  const { world, a } = ready();
  return sign(world, world.request({ coins: [a], intents: [world.intent({ amount: 5_000_001n })] }));
});
write('dup-input', 'duplicate inputs', 'one coin twice', () => {
  const { world, a } = ready();
  const change = [{ amount: 8_990_000n }];
  return sign(world, world.request({ coins: [a, a], intents: [world.intent()], change }));
});
write('path-range', 'change', 'a change index 20 above what was mined, where 19 is allowed', () => {
  const { world, a } = ready();
  const change = [{ ...plain, index: 20 }];
  return sign(world, world.request({ coins: [a], intents: [world.intent()], change }));
});
write('output-type', 'outputs', 'a destination of an unknown witness version', () => {
  const { world, a } = ready();
  const script = Uint8Array.of(0x52, 32, ...seeded('program'));
  return sign(world, world.request({ coins: [a], intents: [world.intent({ script })], change: [plain] }));
});
write('output-type-taproot', 'outputs', 'a taproot key that is no point of the curve', () => {
  const { world, a } = ready();
  const script = fromHex('5120eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34');
  return sign(world, world.request({ coins: [a], intents: [world.intent({ script })], change: [plain] }));
});
write('dust-change', 'outputs', 'change of one satoshi below what is admitted as a coin', () => {
  const { world, a } = ready();
  const intents = [world.intent({ amount: 4_989_001n })];
  return sign(world, world.request({ coins: [a], intents, change: [{ amount: 999n }] }));
});
write('dust', 'outputs', 'a payment of one satoshi below the limit of its script', () => {
  const { world, a } = ready();
  const intents = [world.intent({ amount: 293n })];
  return sign(world, world.request({ coins: [a], intents, change: [{ amount: 4_990_000n }] }));
});
write('not-change', 'change', 'change to a wallet that does not exist', () => {
  const { world, a } = ready();
  const change = [{ ...plain, wallet: 1 }];
  return sign(world, world.request({ coins: [a], intents: [world.intent()], change }));
});
write('tx-fields', 'transaction fields', 'a locktime one block ahead', () => {
  const { world, a } = ready();
  const plan = { coins: [a], intents: [world.intent()], change: [plain], locktime: world.height + 1 };
  return sign(world, world.request(plan));
});
write('fee-absolute', 'fees', 'one satoshi above the limit', () => {
  const { world, a } = ready({ feeAbsolute: 20_000n });
  const intents = [world.intent({ amount: 4_979_999n })];
  return sign(world, world.request({ coins: [a], intents }));
});
write('fee-rate', 'fees', 'above the limit on the worst-case size', () => {
  const { world, good } = ready({ feeRate: 20_000 });
  return sign(world, good);
});
write('fee-share', 'fees', 'above the floor and above the share', () => {
  const { world, good } = ready({ feeShareFloor: 1_000n, feeShare: 9 });
  return sign(world, good);
});
write('amount-tx', 'amounts', 'one satoshi above the limit of one transaction', () => {
  const { world, good } = ready({ amountPerTransaction: 999_999n });
  return sign(world, good);
});
