/** Vectors of headers and of the clock that they are. */
import { encode, fromHex, Headers } from '@coldwire/protocol';
import { mineHeader, seeded, type World } from '../../world.ts';
import { write } from './file.ts';
import { ready, sign, small } from './worlds.ts';

write('network', 'accepting headers', 'the header of block 1 of mainnet, to a machine on regtest', () => {
  const world = small();
  const header =
    '010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299';
  world.note('HEADERS', encode(Headers, { headers: fromHex(header) }));
  return world;
});
write(
  'clock-stale',
  'clock fresh',
  "the machine's clock is 12 hours and one second ahead of the newest header",
  () => {
    const { world, good } = ready();
    return sign(world, good, world.now + 43_201);
  },
);

/** Ends with one header. */
function lastHeader(world: World, header: Uint8Array): World {
  world.note('HEADERS', encode(Headers, { headers: header }));
  return world;
}
write('header-link', 'accepting headers', 'a header above one that is not known', () => {
  const world = small();
  const [, second] = world.mine(2);
  return lastHeader(world, second?.header ?? new Uint8Array(80));
});
write('header-work', 'judging a header', "a target that is easier than the network's easiest", () => {
  const world = small();
  return lastHeader(world, mineHeader(world.tipHash, seeded('root'), world.now, 0x2100ffff));
});
write('header-time', 'judging a header', 'the time of the median of the eleven before', () => {
  const world = small();
  world.feed(world.mine(10));
  return lastHeader(world, mineHeader(world.tipHash, seeded('root'), world.now - 5 * 600));
});
