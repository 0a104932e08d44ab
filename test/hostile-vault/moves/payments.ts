/** Ways to be paid, once and twice: the honest vault's, other coins for the same intent, other stories for the same coins. */

import { SIGNERS } from '../../world/charter.ts';
import { keyOf } from '../chain-view.ts';
import type { Wish } from '../people.ts';
import {
  clearStory,
  coinsOf,
  compose,
  drawCoins,
  drawGoodWishes,
  drawPair,
  drawStory,
  drawWishes,
  type Move,
  signBy,
} from './move.ts';

const fee = (random: { between(low: number, high: number): number }): bigint =>
  BigInt(random.between(2_000, 9_000));

/** The whole way, as the honest vault goes it. */
const pay: Move = {
  name: 'pay',
  weight: 30,
  async run(attacker) {
    const { random } = attacker;
    const draw = random.next() < 0.7 ? drawGoodWishes : drawWishes;
    const wishes = draw(attacker, random.between(1, 4));
    const coins = drawCoins(attacker, random.between(1, 3));
    if (wishes.length === 0 || coins.length === 0) return;
    const request = compose(attacker, { wishes, coins, fee: fee(random) });
    await clearStory(attacker, await signBy(attacker, drawPair(attacker), request, coins));
  },
};

/** The same wish from other coins, to another pair: paid twice if memory or gates fail. */
const payAgain: Move = {
  name: 'pay again from other coins',
  weight: 7,
  async run(attacker) {
    const { random } = attacker;
    const before = drawStory(attacker);
    if (before === undefined) return;
    const wishes = before.ids.flatMap((id) => attacker.wish(id) ?? []);
    const free = attacker.view.unspent().filter((coin) => !before.inputs.includes(keyOf(coin)));
    const coins = random.shuffle(free).slice(0, random.between(1, 3));
    if (coins.length === 0) return;
    const request = compose(attacker, { wishes, coins, fee: fee(random) });
    const after = await signBy(attacker, random.shuffle(SIGNERS), request, coins);
    await clearStory(attacker, before);
    await clearStory(attacker, after);
  },
};

/** Bump, split, regroup, cancel: same coins, other story. */
const replace: Move = {
  name: 'replace',
  weight: 10,
  async run(attacker) {
    const { random } = attacker;
    const before = drawStory(attacker);
    if (before === undefined) return;
    const old = before.ids.flatMap((id) => attacker.wish(id) ?? []);
    const kept = random.next() < 0.3 ? [] : old.slice(0, random.between(0, old.length + 1));
    const more = random.next() < 0.4 ? drawWishes(attacker, 2).filter((wish) => !kept.includes(wish)) : [];
    const coins = [
      ...coinsOf(attacker, before).slice(0, random.between(1, 3)),
      ...(random.next() < 0.3 ? drawCoins(attacker, 1) : []),
    ];
    const distinct = [...new Map(coins.map((coin) => [keyOf(coin), coin])).values()];
    if (distinct.length === 0) return;
    const high = BigInt(random.between(2_000, random.next() < 0.3 ? 400_000 : 30_000));
    const request = compose(attacker, { wishes: [...kept, ...more], coins: distinct, fee: high });
    await clearStory(attacker, await signBy(attacker, drawPair(attacker), request, distinct));
  },
};

/** Good wishes, each of them small enough, that are more together than a single transaction may pay. */
const heap: Move = {
  name: 'too much at once',
  weight: 3,
  async run(attacker) {
    const { people, random, view } = attacker;
    const { amountPerTransaction } = people.newest.charter.charter.policy;
    const wishes = Array.from({ length: 4 }, () =>
      people.askPlainly(view.height, amountPerTransaction / 4n + 1n),
    );
    for (const one of wishes) people.approve(one, 5, view.height + 40);
    const coins = drawCoins(attacker, 1);
    if (coins.length === 0) return;
    const request = compose(attacker, { wishes, coins, fee: fee(random) });
    await clearStory(attacker, await signBy(attacker, drawPair(attacker), request, coins));
  },
};

/** Money burnt as fees: many coins to ourselves, each as dear as its size allows, more than any window lets through. */
const burn: Move = {
  name: 'fees',
  weight: 1.5,
  async run(attacker) {
    const { random } = attacker;
    const pair = drawPair(attacker);
    for (const coin of drawCoins(attacker, 10)) {
      const dear = BigInt(random.between(26_000, 31_600));
      const request = compose(attacker, { wishes: [], coins: [coin], fee: dear });
      const story = await signBy(attacker, pair, request, [coin]);
      if (random.next() < 0.5) await clearStory(attacker, story);
    }
  },
};

/** Approvers look at a wish: mostly as many as the laxest charter asks for, sometimes one too few, for a short time or a long. */
function lookAt(attacker: Parameters<Move['run']>[0], wish: Wish): void {
  const { people, random, view } = attacker;
  const asked = wish.intent.amount > 2_000_000n ? 4 : wish.intent.amount > 400_000n ? 3 : 0;
  const count = random.next() < 0.25 ? asked - 2 : asked;
  if (count > 0) people.approve(wish, count, view.height + random.between(1, 40));
}

/** Wishes are asked for all the time, more than any window lets through. */
const wish: Move = {
  name: 'wish',
  weight: 20,
  async run(attacker) {
    const { people, random, view } = attacker;
    const twin = random.next() < 0.05 ? attacker.pick(people.recent.slice(-10)) : undefined;
    if (twin !== undefined) lookAt(attacker, people.askAgain(twin, view.height));
    for (let count = random.between(1, 5); count > 0; count -= 1) {
      const high = random.next() < 0.5 ? 900_000 : 3_000_000;
      const life = random.next() < 0.1 ? random.between(0, 5) : 100;
      lookAt(attacker, people.ask(BigInt(random.between(20_000, high)), view.height, life));
    }
  },
};

export const PAYMENTS: readonly Move[] = [pay, payAgain, replace, heap, burn, wish];
