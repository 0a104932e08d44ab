/**
 * What the attacker tries. Some moves are guided: each is a known way of stealing, with the real parts it needs. Others change
 * one thing at random in what worked before. None says what should come out: that is the judge's business.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import {
  Admit,
  Bury,
  Clear,
  Dead,
  encode,
  Freeze,
  Headers,
  SignRequest,
  Status,
  type Verdict,
} from '@coldwire/protocol';
import { GATES, SIGNERS, type SignerName } from '../world/charter.ts';
import { mineEmpty } from '../world/world.ts';
import type { Attacker, Story } from './attacker.ts';
import type { Wish } from './bystanders.ts';
import { internal, keyOf, type OwnCoin } from './chain-view.ts';
import { asTree, mutate, toBytes } from './mutate.ts';

export interface Move {
  readonly name: string;
  readonly weight: number;
  run(attacker: Attacker): Promise<void>;
}

const ELSEWHERE = Uint8Array.from([0x51, 0x20, ...new Uint8Array(32).fill(7)]);

function pair({ random }: Attacker): readonly SignerName[] {
  return random.shuffle(SIGNERS).slice(0, 2);
}

function homeOf(wish: Wish | undefined): (typeof GATES)[number] {
  const id = wish?.intent.id ?? new Uint8Array(4);
  return GATES[new DataView(id.buffer, id.byteOffset).getUint32(0) % GATES.length] ?? 'gate-1';
}

function someWishes(attacker: Attacker, count: number): readonly Wish[] {
  const { people, random, view } = attacker;
  const open = people.wishes.filter(({ intent }) => intent.expires >= view.height).slice(-60);
  const [first, ...rest] = random.shuffle(open);
  if (first === undefined) return [];
  // Mostly of one home, as the honest vault would: otherwise no gate clears them soon.
  const alike = random.next() < 0.9 ? rest.filter((wish) => homeOf(wish) === homeOf(first)) : rest;
  return [first, ...alike.slice(0, count - 1)];
}

interface Parts {
  readonly wishes: readonly Wish[];
  readonly coins: readonly OwnCoin[];
  readonly fee: bigint;
  readonly changeIndex?: number;
  readonly locktime?: number;
  readonly verdicts?: readonly Verdict[];
}

export function compose({ people, view, random }: Attacker, parts: Parts): SignRequest {
  const { wishes, coins, fee } = parts;
  const total = coins.reduce((sum, { amount }) => sum + amount, 0n);
  const paid = wishes.reduce((sum, { intent }) => sum + intent.amount, 0n);
  const rest = total - paid - fee;
  const change =
    rest > 1_000n ? [[0, parts.changeIndex ?? random.between(0, 4), rest, wishes.length] as const] : [];
  return {
    draft: {
      locktime: parts.locktime ?? view.height,
      inputs: coins.map(({ txid, vout, amount, chain, index }) => [
        internal(txid),
        vout,
        amount,
        0,
        chain,
        index,
      ]),
      intents: wishes.map(({ signed }) => signed),
      change,
    },
    verdicts: parts.verdicts ?? people.verdicts(wishes, view.height),
  };
}

function someCoins({ view, random }: Attacker, count: number): readonly OwnCoin[] {
  return random.shuffle(view.unspent()).slice(0, count);
}

/** Shows signers what they need to know, and has each sign. */
async function signBy(
  attacker: Attacker,
  names: readonly SignerName[],
  body: Uint8Array,
  coins: readonly OwnCoin[],
): Promise<void> {
  for (const name of names) {
    await attacker.feed(name);
    await attacker.admit(name, coins);
    await attacker.sign(name, body);
  }
}

function coinsOf({ view }: Attacker, story: Story): readonly OwnCoin[] {
  return story.inputs.flatMap((input) => view.coins.get(input) ?? []);
}

async function clearStory(attacker: Attacker, story: Story): Promise<void> {
  const signed = [...story.signed.values()];
  if (signed.length < 2) return;
  const [id = ''] = story.ids;
  const gate = attacker.random.next() < 0.85 ? homeOf(attacker.wish(id)) : attacker.pick(GATES);
  if (gate !== undefined) await attacker.clear(gate, story, signed.slice(0, 2));
}

function someStory({ stories, random }: Attacker, recent = 40): Story | undefined {
  const list = [...stories.values()].slice(-recent);
  return list[random.between(0, Math.max(1, list.length))];
}

/** The whole way, as the honest vault goes it. */
const pay: Move = {
  name: 'pay',
  weight: 26,
  async run(attacker) {
    const { random } = attacker;
    const wishes = someWishes(attacker, random.between(1, 4));
    const coins = someCoins(attacker, random.between(1, 3));
    if (wishes.length === 0 || coins.length === 0) return;
    const request = compose(attacker, { wishes, coins, fee: BigInt(random.between(2_000, 9_000)) });
    const body = encode(SignRequest, request);
    await signBy(attacker, pair(attacker), body, coins);
    const story = [...attacker.stories.values()].at(-1);
    if (story !== undefined && Buffer.from(story.body).equals(body)) await clearStory(attacker, story);
  },
};

/** The same wish from other coins, to another pair: paid twice if memory or gates fail. */
const payAgain: Move = {
  name: 'pay again from other coins',
  weight: 7,
  async run(attacker) {
    const { random } = attacker;
    const before = someStory(attacker);
    if (before === undefined) return;
    const wishes = before.ids.flatMap((id) => attacker.wish(id) ?? []);
    const free = attacker.view.unspent().filter((coin) => !before.inputs.includes(keyOf(coin)));
    const coins = random.shuffle(free).slice(0, random.between(1, 3));
    if (coins.length === 0) return;
    const request = compose(attacker, { wishes, coins, fee: BigInt(random.between(2_000, 9_000)) });
    const body = encode(SignRequest, request);
    await signBy(attacker, random.shuffle(SIGNERS), body, coins);
    for (const story of [before, [...attacker.stories.values()].at(-1)])
      if (story !== undefined) await clearStory(attacker, story);
  },
};

/** Bump, split, regroup, cancel: same coins, other story. */
const replace: Move = {
  name: 'replace',
  weight: 10,
  async run(attacker) {
    const { random } = attacker;
    const before = someStory(attacker);
    if (before === undefined) return;
    const old = before.ids.flatMap((id) => attacker.wish(id) ?? []);
    const kept = random.next() < 0.3 ? [] : old.slice(0, random.between(0, old.length + 1));
    const more = random.next() < 0.4 ? someWishes(attacker, 2).filter((wish) => !kept.includes(wish)) : [];
    const coins = [
      ...coinsOf(attacker, before).slice(0, random.between(1, 3)),
      ...(random.next() < 0.3 ? someCoins(attacker, 1) : []),
    ];
    const distinct = [...new Map(coins.map((coin) => [keyOf(coin), coin])).values()];
    if (distinct.length === 0) return;
    const fee = BigInt(random.between(2_000, random.next() < 0.3 ? 400_000 : 30_000));
    const body = encode(SignRequest, compose(attacker, { wishes: [...kept, ...more], coins: distinct, fee }));
    await signBy(attacker, pair(attacker), body, distinct);
    const story = [...attacker.stories.values()].at(-1);
    if (story !== undefined) await clearStory(attacker, story);
  },
};

/** One amount to one signer, another to the other (the fee theft that BIP-143 allows). */
const lie: Move = {
  name: 'a different amount to each signer',
  weight: 4,
  async run(attacker) {
    const wishes = someWishes(attacker, 1);
    const coins = someCoins(attacker, 2);
    for (const [place, name] of pair(attacker).entries()) {
      const lied = coins.map((coin, at) =>
        at === place ? { ...coin, amount: coin.amount - 1_000_000n } : coin,
      );
      const body = encode(SignRequest, compose(attacker, { wishes, coins: lied, fee: 5_000n }));
      await signBy(attacker, [name], body, coins);
    }
  },
};

/** A wish that the screen holds, with a verdict that was given for others. */
const unscreened: Move = {
  name: 'a borrowed verdict',
  weight: 4,
  async run(attacker) {
    const { people, random, view } = attacker;
    const held = people.wishes.filter((wish) => wish.held).slice(-10);
    const wish = attacker.pick(held);
    const others = someWishes(attacker, 2);
    const coins = someCoins(attacker, 1);
    if (wish === undefined || coins.length === 0) return;
    const verdicts = random.next() < 0.5 ? people.verdicts(others, view.height) : [];
    const body = encode(SignRequest, compose(attacker, { wishes: [wish], coins, fee: 5_000n, verdicts }));
    await signBy(attacker, pair(attacker), body, coins);
  },
};

/** One thing changed in a request that was signed before. */
const mutateSign: Move = {
  name: 'a request with one thing changed',
  weight: 22,
  async run(attacker) {
    const { random } = attacker;
    const before = someStory(attacker, 80);
    if (before === undefined) return;
    let tree = mutate(asTree(SignRequest.write(before.request)), random);
    while (random.next() < 0.3) tree = mutate(tree, random);
    const name = attacker.pick(SIGNERS);
    if (name !== undefined) await attacker.sign(name, toBytes(tree));
  },
};

/** Signatures of other requests, damaged ones, too many, of one signer twice; at any gate. */
const mutateClear: Move = {
  name: 'signatures that do not belong together',
  weight: 12,
  async run(attacker) {
    const { random } = attacker;
    const story = someStory(attacker, 60);
    const other = someStory(attacker, 60);
    const gate = attacker.pick(GATES);
    if (story === undefined || other === undefined || gate === undefined) return;
    const mine = [...story.signed.values()];
    const theirs = [...other.signed.values()];
    const pool = [...mine, ...theirs];
    const signed = random.shuffle(random.next() < 0.4 ? mine : pool).slice(0, random.between(2, 4));
    if (signed.length < 2) return;
    if (random.next() < 0.5) {
      await attacker.clear(gate, story, signed);
      return;
    }
    const body = Clear.write({ request: story.body, signed });
    await attacker.ask(gate, 'CLEAR', toBytes(mutate(asTree(body), random)));
  },
};

/** Exactly what was asked before, and the same id with another body. */
const replay: Move = {
  name: 'an old request again',
  weight: 8,
  async run(attacker) {
    const { random, judge } = attacker;
    const name = attacker.pick(SIGNERS);
    const before = name === undefined ? undefined : attacker.pick(attacker.asked.get(name) ?? []);
    if (name === undefined || before === undefined) return;
    const same = random.next() < 0.5;
    const body = same ? before.body : (attacker.pick(attacker.asked.get(name) ?? [])?.body ?? before.body);
    const answer = await attacker.ask(name, 'SIGN', body, before.id);
    if (answer === 'silent' || !same) return;
    if (!attacker.wasSetBack(name) && !Buffer.from(answer.body).equals(Buffer.from(before.answer)))
      judge.violations.push(`${name} answered the same request in two ways`);
  },
};

/** Other requests, damaged: admissions, headers, proofs of death, words of signers. */
const mutateOthers: Move = {
  name: 'a damaged proof',
  weight: 10,
  async run(attacker) {
    const { random, view } = attacker;
    const name = attacker.pick(SIGNERS);
    const coin = attacker.pick([...view.coins.values()]);
    const story = someStory(attacker);
    if (name === undefined || coin === undefined) return;
    const send = async (type: 'ADMIT' | 'DEAD' | 'HEADERS', body: Uint8Array): Promise<void> => {
      await attacker.ask(name, type, body);
    };
    const choice = random.between(0, 4);
    if (choice === 0) {
      const admission = view.admission(coin, random.next() < 0.7);
      if (admission !== undefined)
        await send('ADMIT', toBytes(mutate(asTree(Admit.write(admission)), random)));
    } else if (choice === 1 && story !== undefined) {
      const death = view.deathOf(story.txid, story.inputs);
      if (death !== undefined) await send('DEAD', toBytes(mutate(asTree(Dead.write(death)), random)));
    } else if (choice === 2) {
      const headers = view.headersFrom(Math.max(1, view.height - random.between(0, 20)));
      await send('HEADERS', toBytes(mutate(asTree(Headers.write({ headers })), random)));
    } else if (story !== undefined) {
      const words = [...story.signed.values()];
      const gate = attacker.pick(GATES);
      if (words.length >= 2 && gate !== undefined)
        await attacker.ask(
          gate,
          'BURY',
          encode(Bury, { txid: internal(story.txid), deaths: words.slice(0, 2) }),
        );
    }
  },
};

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
    for (const name of SIGNERS) {
      if (random.next() < 0.5) await attacker.feed(name, view.height - random.between(0, 4));
    }
  },
};

/** Requests without end, all at once. */
const flood: Move = {
  name: 'flood',
  weight: 1,
  async run(attacker) {
    const name = attacker.pick([...SIGNERS, ...GATES]);
    if (name === undefined) return;
    await Promise.all(Array.from({ length: 30 }, () => attacker.ask(name, 'STATUS', encode(Status, {}))));
  },
};

const freeze: Move = {
  name: 'freeze',
  weight: 0.3,
  async run(attacker) {
    const name = attacker.pick(SIGNERS);
    if (name !== undefined) await attacker.ask(name, 'FREEZE', encode(Freeze, { reason: 'because' }));
  },
};

/** Bytes of no meaning between the frames. */
const noise: Move = {
  name: 'noise',
  weight: 2,
  async run(attacker) {
    const { random, world } = attacker;
    const name = attacker.pick([...SIGNERS, ...GATES]);
    const pair = name === undefined ? undefined : world.lines.get(name);
    if (pair === undefined) return;
    const descriptor = openSync(pair.left, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
    try {
      writeSync(descriptor, random.bytes(random.between(1, 300)));
    } catch {
      // The line is full: noise enough.
    } finally {
      closeSync(descriptor);
    }
    attacker.steps += 1;
  },
};

/** Wishes are asked for all the time, more than any window lets through. */
const wish: Move = {
  name: 'wish',
  weight: 12,
  async run({ people, random, view }) {
    const amount = BigInt(random.between(20_000, 3_000_000));
    const life = random.next() < 0.1 ? random.between(0, 5) : 100;
    people.wish(amount, view.height, life);
  },
};

export const MOVES: readonly Move[] = [
  pay,
  payAgain,
  replace,
  lie,
  unscreened,
  mutateSign,
  mutateClear,
  replay,
  mutateOthers,
  mine,
  feedSome,
  flood,
  freeze,
  noise,
  wish,
];

export function drawMove({ random }: Attacker): Move {
  const total = MOVES.reduce((sum, { weight }) => sum + weight, 0);
  let at = random.next() * total;
  for (const move of MOVES) {
    at -= move.weight;
    if (at < 0) return move;
  }
  return pay;
}
