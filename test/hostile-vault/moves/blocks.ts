/** Games with the clock and the chain: blocks with and without what was cleared, instead of others, told late or not at all. */
import { SIGNERS } from '../../world/charter.ts';
import { mineEmpty } from '../../world/world.ts';
import { drawStory, type Move } from './move.ts';

const ELSEWHERE = Uint8Array.from([0x51, 0x20, ...new Uint8Array(32).fill(7)]);

/** Blocks with what was cleared, without it, and instead of others. */
const mine: Move = {
  name: 'blocks',
  weight: 10,
  async run(attacker) {
    const { random, world, view, raws } = attacker;
    const { node } = world.chain;
    const choice = random.next();
    if (choice < 0.12 && view.height > 130) {
      const depth = random.between(1, 3);
      const from = node.chain.at(view.height - depth + 1);
      if (from !== undefined) node.invalidate(from);
      mineEmpty(world, depth + 1);
    } else if (choice < 0.3) {
      mineEmpty(world, random.between(1, 3));
    } else {
      for (const raw of random.shuffle([...raws.values()].slice(-30))) attacker.broadcast(raw);
      node.mineNext(ELSEWHERE);
    }
    view.follow();
  },
};

/** Some signers hear of blocks late or not at all. */
const feedSome: Move = {
  name: 'headers for some',
  weight: 5,
  async run(attacker) {
    const { random, view } = attacker;
    const heights = SIGNERS.map((name) => ({ name, height: view.height - random.between(0, 4) }));
    const some = heights.filter(() => random.next() < 0.5);
    await Promise.all(some.map(({ name, height }) => attacker.feed(name, height)));
  },
};

/** A payment that another transaction has made impossible, shown to every signer, and their words to a gate. */
const bury: Move = {
  name: 'a death',
  weight: 2,
  async run(attacker) {
    const story = drawStory(attacker, 120);
    if (story === undefined) return;
    await Promise.all(SIGNERS.map((name) => attacker.feed(name)));
    await attacker.bury(story.txid, story.inputs);
  },
};

export const BLOCKS: readonly Move[] = [mine, feedSome, bury];
