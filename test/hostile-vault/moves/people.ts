/** What people signed, used for something else: approvals for other intents, destinations of others, orders once more. */
import { Register } from '@coldwire/protocol';
import { SIGNERS } from '../../world/charter.ts';
import type { Attacker } from '../attacker.ts';
import { carryOrder, carryRegistration, stop } from '../carry.ts';
import { asTree, mutate, toBytes } from '../mutate.ts';
import type { Wish } from '../people.ts';
import { REMOVED_APPROVER } from '../terms.ts';
import {
  type Approvals,
  approvalsFor,
  clearStory,
  compose,
  drawCoins,
  drawPair,
  type Move,
  signBy,
} from './move.ts';

/** What the attacker makes of the approvals that there are: each way to have fewer count for more. */
const FORGERIES: readonly ((own: Approvals, others: Approvals, attacker: Attacker) => Approvals)[] = [
  // None, some, of other intents, all mixed.
  () => [],
  (own) => own.slice(0, 1),
  (_own, others) => others.map((row) => ({ ...row, place: 0 })),
  (own, others) => [...own, ...others.map((row) => ({ ...row, place: 0 }))],
  // One person's as two people's, twice, without end.
  (own) => own.flatMap((row) => [row, { ...row, approver: 'eve' }, { ...row, approver: 'cat' }]),
  (own) => own.flatMap((row) => [row, row, row]),
  // As if it held longer, or had been touched.
  (own) => own.map((row) => ({ ...row, expires: row.expires + 1_000 })),
  (own) => own.map((row) => ({ ...row, touch: row.touch === null ? { flags: 1, counter: 1 } : null })),
  (own) => own.map((row) => ({ ...row, touch: row.touch && { ...row.touch, flags: row.touch.flags ^ 1 } })),
  // Of the person who is not an approver under the strictest charter, and whoever else there is.
  (own) => own.filter(({ approver }) => approver === REMOVED_APPROVER || approver === 'bea'),
  // A signature damaged in one bit.
  (own, _others, { random }) =>
    own.map((row) => ({
      ...row,
      signature: row.signature.map((byte, at) => (at === 3 ? byte ^ (1 << random.between(0, 8)) : byte)),
    })),
];

function largeWish({ people, view }: Attacker, pick: (list: readonly Wish[]) => Wish | undefined) {
  return pick(
    people.recent
      .filter(({ intent }) => intent.amount > 400_000n && intent.expires >= view.height)
      .slice(-20),
  );
}

const forgeApprovals: Move = {
  name: 'approvals that are not for this',
  weight: 10,
  async run(attacker) {
    const { random } = attacker;
    const wish = largeWish(attacker, (list) => attacker.pick(list));
    const other = largeWish(attacker, (list) => attacker.pick(list));
    const coins = drawCoins(attacker, 1);
    const forge = attacker.pick(FORGERIES);
    if (wish === undefined || other === undefined || coins.length === 0 || forge === undefined) return;
    const approvals = forge(
      approvalsFor(attacker, [wish]),
      other === wish ? [] : approvalsFor(attacker, [other]),
      attacker,
    );
    // The two signers, and the gate after them, may be told different things.
    const honest =
      random.next() < 0.3 ? compose(attacker, { wishes: [wish], coins, fee: 5_000n }) : undefined;
    const request = compose(attacker, { wishes: [wish], coins, fee: 5_000n, approvals });
    const [one, two] = drawPair(attacker);
    if (honest !== undefined && one !== undefined) await signBy(attacker, [one], honest, coins);
    const names = honest === undefined ? [one, two] : [two];
    const story = await signBy(
      attacker,
      names.flatMap((name) => name ?? []),
      request,
      coins,
    );
    await clearStory(attacker, story);
  },
};

/** Approvals that have run out, with signers that have not heard of the blocks. */
const oldApprovals: Move = {
  name: 'approvals that have expired',
  weight: 4,
  async run(attacker) {
    const { people, view } = attacker;
    const stale = people.recent.filter(
      ({ id, intent }) =>
        intent.expires >= view.height &&
        people.yesesTo(id).some(({ approval }) => approval.expires < view.height),
    );
    const wish = attacker.pick(stale.slice(-20));
    const coins = drawCoins(attacker, 1);
    if (wish === undefined || coins.length === 0) return;
    const request = compose(attacker, { wishes: [wish], coins, fee: 5_000n });
    await clearStory(attacker, await signBy(attacker, drawPair(attacker), request, coins));
  },
};

/** A requester names a destination; the attacker shows it to all signers, to some, or damaged. */
const register: Move = {
  name: 'a destination',
  weight: 5,
  async run(attacker) {
    const { people, random } = attacker;
    const { bytes, signature } = people.register();
    const names = random.next() < 0.7 ? SIGNERS : random.shuffle(SIGNERS).slice(0, random.between(0, 3));
    await Promise.all(
      names.map((name) => carryRegistration(attacker, name, { registration: bytes, signature })),
    );
  },
};

const forgeRegistration: Move = {
  name: 'a destination that nobody named',
  weight: 3,
  async run(attacker) {
    const { people, random } = attacker;
    const [one, other] = random.shuffle(people.registrations.slice(-30));
    const name = attacker.pick(SIGNERS);
    if (one === undefined || other === undefined || name === undefined) return;
    // Another one's signature; another's requester in the bytes; or one thing changed anywhere.
    if (random.next() < 0.3) {
      await carryRegistration(attacker, name, { registration: one.bytes, signature: other.signature });
      return;
    }
    const whole = { registration: one.bytes, signature: one.signature };
    if (random.next() < 0.6) {
      const said: ReadonlyMap<number, unknown> = new Map<number, unknown>([
        [1, other.requester],
        [2, one.script],
      ]);
      const registration = toBytes(mutate(asTree(said), random));
      await carryRegistration(attacker, name, { ...whole, registration });
    } else await attacker.ask(name, 'REGISTER', toBytes(mutate(asTree(Register.write(whole)), random)));
  },
};

/** The vault's own word, a custodian's, two custodians'; for all or for one; to all or to some. */
const freeze: Move = {
  name: 'freeze',
  weight: 0.4,
  async run(attacker) {
    const { people, random, view } = attacker;
    const target = attacker.pick(SIGNERS);
    if (target === undefined) return;
    if (random.next() < 0.3) {
      await stop(attacker, target);
      return;
    }
    const signer = random.next() < 0.5 ? target : null;
    const order = people.order('freeze', random.next() < 0.25 ? 2 : 1, view.height, { signer });
    for (const name of random.shuffle(SIGNERS).slice(0, random.between(1, 4)))
      await carryOrder(attacker, name, 'FREEZE', order);
  },
};

/** Two custodians look into it and let go on; the attacker shows it to some. */
const unfreeze: Move = {
  name: 'unfreeze',
  weight: 0.5,
  async run(attacker) {
    const { people, random, view } = attacker;
    const order = people.order('unfreeze', random.next() < 0.7 ? 2 : 1, view.height);
    for (const name of random.shuffle(SIGNERS).slice(0, random.between(1, 4)))
      await carryOrder(attacker, name, 'UNFREEZE', order);
  },
};

/** Orders that were carried out, for others, stripped, with another one's signatures, as what they are not. */
const oldOrder: Move = {
  name: 'an old order',
  weight: 3,
  async run(attacker) {
    const { people, random } = attacker;
    const one = attacker.pick(people.orders);
    const other = attacker.pick(people.orders);
    const name = attacker.pick(SIGNERS);
    if (one === undefined || other === undefined || name === undefined) return;
    const [bytes, signatures] = one;
    const [first] = signatures;
    const choices = [
      signatures,
      signatures.slice(0, 1),
      [...signatures, ...other[1]],
      first === undefined ? signatures : [first, first],
      first === undefined ? signatures : [first, ['bob', first[1]] as const],
      other[1],
    ];
    const kind = random.next() < 0.5 ? 'FREEZE' : 'UNFREEZE';
    await carryOrder(attacker, name, kind, [bytes, attacker.pick(choices) ?? signatures]);
  },
};

export const PEOPLE: readonly Move[] = [
  forgeApprovals,
  oldApprovals,
  register,
  forgeRegistration,
  freeze,
  unfreeze,
  oldOrder,
];
