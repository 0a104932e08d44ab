/** Stories that are not so: other amounts for each signer, borrowed verdicts, one thing changed in what worked before. */
import { Admit, Bury, Clear, Dead, encode, Headers, SignRequest } from '@coldwire/protocol';
import { GATES, SIGNERS } from '../../world/charter.ts';
import { internal } from '../chain-view.ts';
import { asTree, mutate, toBytes } from '../mutate.ts';
import { compose, drawCoins, drawPair, drawStory, drawWishes, type Move, signBy } from './move.ts';

/** One amount to one signer, another to the other (the fee theft that BIP-143 allows). */
const lie: Move = {
  name: 'a different amount to each signer',
  weight: 4,
  async run(attacker) {
    const wishes = drawWishes(attacker, 1);
    const coins = drawCoins(attacker, 2);
    if (coins.length === 0) return;
    await Promise.all(
      drawPair(attacker).map((name, place) => {
        const lied = coins.map((coin, at) =>
          at === place ? { ...coin, amount: coin.amount - 1_000_000n } : coin,
        );
        return signBy(attacker, [name], compose(attacker, { wishes, coins: lied, fee: 5_000n }), coins);
      }),
    );
  },
};

/** A wish that the screen holds, with a verdict that was given for others. */
const unscreened: Move = {
  name: 'a borrowed verdict',
  weight: 4,
  async run(attacker) {
    const { people, random, view } = attacker;
    const wish = attacker.pick(people.recent.filter(({ held }) => held).slice(-10));
    const coins = drawCoins(attacker, 1);
    if (wish === undefined || coins.length === 0) return;
    const verdicts = random.next() < 0.5 ? people.verdicts(drawWishes(attacker, 2), view.height) : [];
    const request = compose(attacker, { wishes: [wish], coins, fee: 5_000n, verdicts });
    await signBy(attacker, drawPair(attacker), request, coins);
  },
};

/** One thing changed in a request that was signed before. */
const mutateSign: Move = {
  name: 'a request with one thing changed',
  weight: 22,
  async run(attacker) {
    const { random } = attacker;
    const before = drawStory(attacker, 80);
    if (before === undefined) return;
    let tree = mutate(asTree(SignRequest.write(before.request)), random);
    while (random.next() < 0.3) tree = mutate(tree, random);
    const body = toBytes(tree);
    await Promise.all(drawPair(attacker).map((name) => attacker.sign(name, body)));
  },
};

/** Signatures of other requests, damaged ones, too many, of one signer twice; at any gate. */
const mutateClear: Move = {
  name: 'signatures that do not belong together',
  weight: 12,
  async run(attacker) {
    const { random } = attacker;
    const story = drawStory(attacker, 60);
    const other = drawStory(attacker, 60);
    const gate = attacker.pick(GATES);
    if (story === undefined || other === undefined || gate === undefined) return;
    const own = [...story.signed.values()];
    const pool = [...own, ...other.signed.values()];
    const signed = random.shuffle(random.next() < 0.4 ? own : pool).slice(0, random.between(2, 4));
    if (signed.length < 2) return;
    if (random.next() < 0.5) {
      await attacker.clear(gate, story, signed);
      return;
    }
    const body = Clear.write({ request: story.body, signed });
    await attacker.clearBody(gate, toBytes(mutate(asTree(body), random)));
  },
};

/** Other requests, damaged: admissions, headers, proofs of death, words of signers. */
const mutateOthers: Move = {
  name: 'a damaged proof',
  weight: 10,
  async run(attacker) {
    const { random, view } = attacker;
    const name = attacker.pick(SIGNERS);
    const coin = attacker.pick([...view.coins.values()].slice(-60));
    const story = drawStory(attacker);
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
      attacker.judge.shown(name, view.height);
      await send('HEADERS', toBytes(mutate(asTree(Headers.write({ headers })), random)));
    } else if (story !== undefined) {
      const words = [...story.signed.values()].slice(0, 2);
      const gate = attacker.pick(GATES);
      if (words.length >= 2 && gate !== undefined)
        await attacker.ask(gate, 'BURY', encode(Bury, { txid: internal(story.txid), deaths: words }));
    }
  },
};

export const LIES: readonly Move[] = [lie, unscreened, mutateSign, mutateClear, mutateOthers];
