/** Vectors of intents: who signed them, how long they live, one payment each, screening and approvals. */
import { Dead, encode } from '@coldwire/protocol';
import { serializeStripped } from '@coldwire/wallet';
import { approvalOf, withApprovers } from '../../approvals.ts';
import { sampleCharter, World } from '../../world.ts';
import { write } from './file.ts';
import { plain, ready, sign } from './worlds.ts';

write('ok-bump', 'one intent, one payment', 'the same intent with a higher fee, after it expired', () => {
  const { world, a } = ready();
  const intents = [world.intent({ expires: world.height + 1 })];
  world.approve(world.request({ coins: [a], intents, change: [plain] }));
  world.feed(world.mine(3));
  return sign(world, world.request({ coins: [a], intents, change: [{ amount: 3_980_000n }], verdicts: [] }));
});
write(
  'ok-cancel',
  'one intent, one payment',
  'a draft without intents takes back what another would have spent',
  () => {
    const { world, a, good } = ready();
    world.approve(good);
    return sign(world, world.request({ coins: [a], change: [{ amount: 4_980_000n }] }));
  },
);

/** `a` was to pay an intent and was taken back by a transaction that is mined. */
function replaced() {
  const { world, a, b } = ready();
  const intents = [world.intent()];
  const first = world.approve(world.request({ coins: [a], intents, change: [plain] }));
  const cancel = world.approve(world.request({ coins: [a], change: [{ amount: 4_980_000n }] }));
  world.feed(world.mine(1, [cancel.txid]));
  const spender = serializeStripped(cancel.transaction);
  return { world, b, intents, proof: { txid: first.txid, spender, proof: world.proofOf(cancel.txid) } };
}
write(
  'ok-after-dead',
  'dead transactions',
  'the intent of a dead transaction is paid from another coin',
  () => {
    const { world, b, proof, intents } = replaced();
    world.feed(world.mine(5));
    world.bury(proof);
    return sign(world, world.request({ coins: [b], intents, change: [plain] }));
  },
);
write('dead-proof', 'dead transactions', 'a spend with 5 confirmations, where 6 are asked for', () => {
  const { world, proof } = replaced();
  world.feed(world.mine(4));
  world.note('DEAD', encode(Dead, proof));
  return world;
});
write('dup-intent', 'duplicate intents', 'one intent twice', () => {
  const { world, a } = ready();
  const intent = world.intent();
  const change = [{ amount: 2_990_000n }];
  return sign(world, world.request({ coins: [a], intents: [intent, intent], change }));
});
write('intent-signature', 'intents', 'an intent of one requester signed by another', () => {
  const { world, a } = ready();
  return sign(
    world,
    world.request({ coins: [a], intents: [world.intent({ key: 'desk' })], change: [plain] }),
  );
});
write('intent-life', 'intents', 'an intent that lives one block longer than allowed', () => {
  const { world, a } = ready();
  const intents = [world.intent({ created: world.height, expires: world.height + 145 })];
  return sign(world, world.request({ coins: [a], intents, change: [plain] }));
});
write('expired', 'intents', 'an intent first seen one block too late', () => {
  const { world, a } = ready();
  const intents = [world.intent({ created: world.height - 9, expires: world.height - 1 })];
  return sign(world, world.request({ coins: [a], intents, change: [plain] }));
});
write('intent-reused', 'intents', 'a known id with another amount', () => {
  const { world, a } = ready();
  world.approve(world.request({ coins: [a], intents: [world.intent({ id: 'x' })], change: [plain] }));
  const intents = [world.intent({ id: 'x', amount: 999_999n })];
  return sign(world, world.request({ coins: [a], intents, change: [plain] }));
});
write('conflict', 'one intent, one payment', 'the same intent from another coin', () => {
  const { world, a, b } = ready();
  const intents = [world.intent()];
  world.approve(world.request({ coins: [a], intents, change: [plain] }));
  return sign(world, world.request({ coins: [b], intents, change: [plain] }));
});
write('screening', 'screening', 'two intents, a verdict over the first only', () => {
  const { world, a } = ready();
  const intents = [world.intent(), world.intent()];
  const verdicts = [world.verdict(intents, [0])];
  return sign(world, world.request({ coins: [a], intents, change: [{ amount: 2_990_000n }], verdicts }));
});

/** Payments above half a million sat need two of ann, bob and cat; bob is one of the shop's people. */
const tiered = (): World => {
  const charter = sampleCharter();
  return new World(
    withApprovers(charter, [{ above: 500_000n, approvals: 2, approvers: ['ann', 'bob', 'cat'] }]),
  );
};
write('ok-approvals', 'approvals', 'two approvals, by a key in a file and by a security key', () => {
  const world = tiered();
  const coins = world.fund([5_000_000n]);
  const intent = world.intent();
  const approvals = [approvalOf(world, intent, 'ann'), approvalOf(world, intent, 'cat')];
  return sign(world, world.request({ coins, intents: [intent], change: [plain], approvals }));
});
write('approval-missing', 'approvals', "one of two approvals is by one of the requester's own people", () => {
  const world = tiered();
  const coins = world.fund([5_000_000n]);
  const intent = world.intent();
  const approvals = [approvalOf(world, intent, 'ann'), approvalOf(world, intent, 'bob')];
  return sign(world, world.request({ coins, intents: [intent], change: [plain], approvals }));
});
