/** Vectors of where payments may go: lists and registrations. */
import { type Coin, charterAfter, type World } from '../../world.ts';
import { write } from './file.ts';
import { paid, plain, ready, sign } from './worlds.ts';

const pay = (world: World, coins: readonly Coin[]): World =>
  sign(world, world.request({ coins, intents: [world.intent({ script: paid })], change: [plain] }));
write('destination-denied', 'destinations', 'a destination of the deny list', () => {
  const { world, a } = ready({ deny: [paid] });
  return pay(world, [a]);
});
write('destination-unknown', 'destinations', 'a destination that another requester registered', () => {
  const { world, a } = ready({ destinations: 'registered', destinationTicks: 3 });
  world.register('desk', paid);
  world.pass(5);
  return pay(world, [a]);
});
write('destination-delay', 'destinations', 'a destination one block before its delay is over', () => {
  const { world, a } = ready({ destinations: 'registered', destinationTicks: 3 });
  world.register('shop', paid);
  world.pass(2);
  return pay(world, [a]);
});
write('ok-registered', 'destinations', 'a registered destination after its delay', () => {
  const { world, a } = ready({ destinations: 'registered', destinationTicks: 3 });
  world.register('shop', paid);
  world.pass(3);
  return pay(world, [a]);
});
write(
  'destination-forgotten',
  'destinations',
  'registered, and then a charter without its requester was in force; another has it again',
  () => {
    const { world, a } = ready({ destinations: 'registered', destinationTicks: 3, loosenTicks: 1 });
    world.register('shop', paid);
    const { requesters } = world.loaded.charter;
    const fewer = world.install(charterAfter(world.loaded, { requesters: requesters.slice(1) }));
    world.install(charterAfter(fewer, { requesters }));
    world.pass(5);
    world.enact();
    return pay(world, [a]);
  },
);
write('registration-signature', 'destinations', 'a registration of one requester signed by another', () => {
  const { world } = ready({ destinations: 'registered', destinationTicks: 3 });
  world.register('shop', paid, 'desk');
  return world;
});
