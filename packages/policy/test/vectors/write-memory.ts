/** Wrote the vectors of 14-memory.md in protocol-spec/vectors/policy/, as write.ts does for the others. */
import { encode, type SignRequest as SignBody, SignRequest, Unfreeze } from '@coldwire/protocol';
import { MemoryWorld, orderIn, seenHead, testify } from '../memory/memory-world.ts';
import { MINUTE, sampleCharter, seeded } from '../world.ts';
import { write } from './write/file.ts';

/** A world with a coin, whose machine has just started, and a request that would be approved in it. */
function started(): { world: MemoryWorld; good: () => SignBody } {
  const charter = sampleCharter();
  const windows = [{ ticks: 2, amount: 90_000_000n, count: 30, fee: 300_000n }];
  const clock = { ...charter.clock, fresh: 1_200 };
  const world = new MemoryWorld({ ...charter, policy: { ...charter.policy, windows }, clock });
  const [coin] = world.fund([5_000_000n]);
  if (coin === undefined) throw new Error('no coin');
  const intents = [world.intent()];
  world.start();
  return {
    world,
    good: () => world.request({ coins: [coin], intents, change: [{ amount: 3_990_000n }] }),
  };
}

function sign(world: MemoryWorld, request: SignBody): MemoryWorld {
  world.note('SIGN', encode(SignRequest, request));
  return world;
}

write('unwitnessed', 'witness', 'one of two gates has attested since the start', () => {
  const { world, good } = started();
  world.attest(testify(world, 'gate-1'));
  return sign(world, good());
});
write('ok-witnessed', 'witness', 'both gates have attested since the start', () => {
  const { world, good } = started();
  world.attest(testify(world, 'gate-1'));
  world.attest(testify(world, 'gate-2'));
  return sign(world, good());
});
write('witness-bad', 'witness', 'a witness for another nonce: of an earlier start', () => {
  const { world } = started();
  world.attest(testify(world, 'gate-1', { nonce: seeded('other').slice(0, 16) }));
  return world;
});
write('state-rollback', 'latch', 'a gate has seen a SIGNED that this disk does not hold', () => {
  const { world } = started();
  world.attest(testify(world, 'gate-1', { heads: [seenHead(world, 7, 'head')] }), testify(world, 'gate-2'));
  return world;
});
write('state-rollback-sign', 'latch', 'SIGN while the signer is latched; both gates have attested', () => {
  const { world, good } = started();
  world.attest(testify(world, 'gate-1', { heads: [seenHead(world, 7, 'head')] }), testify(world, 'gate-2'));
  return sign(world, good());
});

function restored(): ReturnType<typeof started> {
  const { world, good } = started();
  world.attest(testify(world, 'gate-1', { heads: [seenHead(world, 7, 'head')] }), testify(world, 'gate-2'));
  world.order('restore');
  return { world, good };
}

write('restored', 'after a loss', 'an intent from before the loss, when windows are free again', () => {
  const { world, good } = restored();
  for (let block = 0; block < 4; block += 1) world.pass(1);
  return sign(world, good());
});
write('ok-restored', 'after a loss', 'an intent from after the loss, when windows are free again', () => {
  const { world, good } = restored();
  for (let block = 0; block < 4; block += 1) world.pass(1);
  const { draft } = good();
  const [txid, vout, amount] = draft.inputs[0] ?? [new Uint8Array(32), 0, 0n];
  const coins = [{ txid, vout, amount, wallet: 0, chain: 0 as const, index: 0 }];
  return sign(world, world.request({ coins, intents: [world.intent()], change: [{ amount: 3_990_000n }] }));
});
write('order-target', 'orders', 'a restore for the nonce of another start', () => {
  const { world } = started();
  world.order('restore', { id: seeded('earlier').slice(0, 16) });
  return world;
});
write('order-expired', 'orders', 'the order was for one block less', () => {
  const { world } = started();
  world.order('freeze', { expires: world.height - 1 });
  return world;
});
write('order-used', 'orders', 'the same order twice', () => {
  const { world } = started();
  const plan = { id: seeded('same').slice(0, 16), expires: world.height + 9 };
  world.order('unfreeze', plan);
  world.order('unfreeze', plan);
  return world;
});
write(
  'order-stale',
  'orders',
  'an unfreeze while the newest header is a second older than the clock may be',
  () => {
    const { world } = started();
    const order = orderIn(world, 'unfreeze');
    world.note('UNFREEZE', encode(Unfreeze, { order }), world.now + 1_201);
    return world;
  },
);
write('order-signature', 'orders', 'the second signature is by another key', () => {
  const { world } = started();
  world.order('unfreeze', { keys: ['ada', 'mallory'] });
  return world;
});
write('order-quorum', 'orders', 'one custodian where the charter asks for two', () => {
  const { world } = started();
  world.order('unfreeze', { by: ['ada'] });
  return world;
});
write('frozen-by-two', 'orders', 'two custodians froze; long after either freeze would have lapsed', () => {
  const { world, good } = started();
  world.attest(testify(world, 'gate-1'), testify(world, 'gate-2'));
  world.order('freeze', { by: ['ada'] });
  world.order('freeze', { by: ['ben'] });
  for (let block = 0; block < 40; block += 1) world.pass(1);
  world.uptime += MINUTE;
  return sign(world, good());
});
write('ok-unfrozen', 'orders', 'two custodians froze, and a quorum ended it', () => {
  const { world, good } = started();
  world.attest(testify(world, 'gate-1'), testify(world, 'gate-2'));
  world.order('freeze', { by: ['ada', 'ben'] });
  world.order('unfreeze', { by: ['ben', 'cyd'] });
  return sign(world, good());
});
