/** Charters: held back from some, shown to others, out of their order, of too few, altered; and what their difference is good for. */
import { CharterBody, decode } from '@coldwire/protocol';
import { GATES, SIGNERS } from '../../world/charter.ts';
import type { Attacker } from '../attacker.ts';
import { carryCharter } from '../carry.ts';
import { PEERS, type PeerName } from '../lines.ts';
import { asTree, mutate, toBytes } from '../mutate.ts';
import { DEGREES } from '../terms.ts';
import { clearStory, compose, drawCoins, type Move, signBy } from './move.ts';

/** A quorum of custodians signs a further charter, stricter or laxer. */
const enact: Move = {
  name: 'a charter',
  weight: 1,
  async run({ people, random }) {
    const others = DEGREES.filter((degree) => degree !== people.newest.degree);
    const degree = others[random.between(0, others.length)];
    if (degree !== undefined) people.enact(degree);
  },
};

/** All that follows what the machine has, in its order. */
export async function bringUp(attacker: Attacker, name: PeerName): Promise<void> {
  const { people, judge } = attacker;
  for (const { signed } of people.steps.slice(judge.charters(name)))
    if (!(await carryCharter(attacker, name, signed))) return;
}

const deliver: Move = {
  name: 'charters for some',
  weight: 2,
  async run(attacker) {
    const { random } = attacker;
    const names = random.shuffle(PEERS).slice(0, random.between(1, PEERS.length + 1));
    await Promise.all(names.map((name) => bringUp(attacker, name)));
  },
};

/** One machine that is behind and one that is ahead sign together what only one of them would alone. */
const exploit: Move = {
  name: 'between two charters',
  weight: 4,
  async run(attacker) {
    const { judge, people, random, view } = attacker;
    const [behind, ahead] = random.shuffle(SIGNERS);
    if (behind === undefined || ahead === undefined) return;
    if (judge.charters(ahead) < people.steps.length) await bringUp(attacker, ahead);
    const open = people.recent.filter(({ intent, held }) => !held && intent.expires >= view.height);
    const large = random.shuffle(open.filter(({ intent }) => intent.amount > 400_000n)).slice(0, 2);
    const coins = drawCoins(attacker, 1);
    if (large.length === 0 || coins.length === 0) return;
    const request = compose(attacker, { wishes: large, coins, fee: BigInt(random.between(5_000, 100_000)) });
    await clearStory(attacker, await signBy(attacker, [behind, ahead], request, coins));
  },
};

const forge: Move = {
  name: 'a charter that was not agreed',
  weight: 4,
  async run(attacker) {
    const { judge, people, random } = attacker;
    const name = attacker.pick([...SIGNERS, ...GATES]);
    if (name === undefined) return;
    const at = judge.charters(name);
    const next = people.steps[at] ?? people.newest;
    const [bytes, signatures] = next.signed;
    const [first] = signatures;
    const before = people.steps[Math.max(0, at - 1)] ?? people.newest;
    const alone = people.propose(2, before);
    switch (random.between(0, 7)) {
      case 0: // An old one.
        await carryCharter(attacker, name, attacker.pick(people.steps)?.signed ?? next.signed);
        return;
      case 1: // The next before the former.
        await carryCharter(attacker, name, people.steps[at + 1]?.signed ?? people.newest.signed);
        return;
      case 2: // Of one custodian, shown twice.
        if (first !== undefined)
          await carryCharter(attacker, name, [bytes, [first, first].slice(0, random.between(0, 3))]);
        return;
      case 3: // One custodian's own, with the others' signatures for what was agreed.
        await carryCharter(attacker, name, [alone.signed[0], [...alone.signed[1], ...signatures]]);
        return;
      case 4: // Signed for that, and with one thing changed.
        await carryCharter(attacker, name, [
          bytes,
          signatures.map(([who, signature]) => [who, signature.toReversed()] as const),
        ]);
        return;
      case 5:
        await carryCharter(attacker, name, alone.signed);
        return;
      default: {
        // It may still be what was agreed: with signatures in another order, or one fewer than all.
        const body = toBytes(mutate(asTree(new Map([[1, [bytes, signatures]]])), random));
        const read = decode(CharterBody, body);
        if (read.ok) await carryCharter(attacker, name, read.value.charter);
        else await attacker.ask(name, 'CHARTER', body);
      }
    }
  },
};

export const CHARTERS: readonly Move[] = [enact, deliver, exploit, forge];
