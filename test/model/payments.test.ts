import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GATES, Play, SIGNERS } from './play.ts';

const INTENTS = 3;
const COINS = 4;
const place = (count: number) => fc.nat({ max: count - 1 });
const some = (count: number, most: number) => fc.uniqueArray(place(count), { minLength: 1, maxLength: most });
const signer = fc.constantFrom(...SIGNERS);
const gate = fc.constantFrom(...GATES);

/** One thing that can happen. Stories are named by a number that wraps around what there is. */
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('tell' as const),
      intents: some(INTENTS, 2),
      coins: some(COINS, 2),
    }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('sign' as const), signer, story: fc.nat() }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('clear' as const), gate, story: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('mine' as const), story: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('blocks' as const), blocks: fc.constantFrom(1, 6) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('reorganize' as const), depth: fc.constantFrom(1, 2, 7) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('prove' as const), signer, story: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('bury' as const), gate, story: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), gate }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

function perform(play: Play, event: Happening): string | undefined {
  if (event.kind === 'tell') {
    const home = play.homeOf(event.intents[0] ?? 0);
    // Of one home, as batches are: what has two homes waits at both.
    const intents = event.intents.filter((intent) => play.homeOf(intent) === home);
    play.tell([...intents].sort(), [...event.coins].sort());
    return undefined;
  }
  if (event.kind === 'blocks') play.mineEmpty(event.blocks);
  if (event.kind === 'reorganize') play.reorganize(event.depth);
  if (event.kind === 'restart') play.restartGate(event.gate);
  if (!('story' in event) || play.stories.length === 0) return undefined;
  const story = event.story % play.stories.length;
  switch (event.kind) {
    case 'sign':
      return play.sign(event.signer, story);
    case 'clear':
      return play.clear(event.gate, story);
    case 'mine':
      play.mine(story);
      return undefined;
    case 'prove':
      return play.prove(event.signer, story);
    case 'bury':
      play.bury(event.gate, story);
      return undefined;
  }
}

/** What an honest vault can always do: wait until the dead are buried, then pay from coins that all carriers share with. */
function rescue(play: Play, intent: number): string | undefined {
  play.mineEmpty(6);
  for (const mined of [...play.mined.keys()]) {
    for (const name of SIGNERS) {
      const problem = play.prove(name, mined);
      if (problem !== undefined) return problem;
    }
  }
  for (const [story] of play.stories.entries()) for (const one of GATES) play.bury(one, story);
  const coins = new Set<number>();
  for (const carrier of play.openCarriers(intent)) {
    const { coins: spent } = play.story(carrier);
    const [first] = spent;
    if (first !== undefined && !spent.some((coin) => coins.has(coin))) coins.add(first);
  }
  const free = play.freeCoins();
  if (coins.size === 0 && free[0] !== undefined) coins.add(free[0]);
  if (coins.size === 0) return undefined;
  const story = play.tell([intent], [...coins].sort());
  for (const name of ['A', 'B'] as const) {
    const problem = play.sign(name, story);
    if (problem !== undefined) return problem;
    if (!play.story(story).signed.has(name)) return `${name} does not sign the way out of intent ${intent}`;
  }
  const home = play.homeOf(intent);
  const problem = play.clear(home, story);
  if (problem !== undefined) return problem;
  if (!play.story(story).clearedBy.has(home))
    return `gate ${home} does not clear the way out of intent ${intent}`;
  play.mine(story);
  return play.isPaid(intent) ? undefined : `intent ${intent} is still not paid`;
}

const runs = process.env['COLDWIRE_LONG'] === '1' ? 600 : 24;

describe('One intent, one payment', () => {
  it('signers and gates decide as the model does, nothing is paid twice, and every intent can still be paid', {
    timeout: 600_000,
  }, () => {
    const ways = fc.array(happening, { minLength: 5, maxLength: 40 });
    let paid = 0;
    let refused = 0;
    fc.assert(
      fc.property(ways, (events) => {
        const play = new Play(INTENTS, COINS);
        for (const event of events) {
          expect(perform(play, event)).toBeUndefined();
          expect(play.findDoublePayment()).toBeUndefined();
        }
        refused += play.stories.filter(({ signed }) => signed.size < 2).length;
        for (let intent = 0; intent < INTENTS; intent += 1) {
          if (play.isPaid(intent) || play.freeCoins().length === 0) continue;
          expect(rescue(play, intent)).toBeUndefined();
          expect(play.findDoublePayment()).toBeUndefined();
          paid += 1;
        }
      }),
      { numRuns: runs, seed: 20_261_121 },
    );
    expect(paid).toBeGreaterThan(runs);
    expect(refused).toBeGreaterThan(0);
  });
});
