/** What moves are, and the parts that many of them are made of. */
import { Clear, encode, SignRequest, type Verdict } from '@coldwire/protocol';
import { GATES, type GateName, SIGNERS, type SignerName } from '../../world/charter.ts';
import type { Attacker, Story } from '../attacker.ts';
import { internal, type OwnCoin } from '../chain-view.ts';
import type { Wish } from '../people.ts';

export interface Move {
  readonly name: string;
  /** How often it is drawn, beside the others' weights. */
  readonly weight: number;
  run(attacker: Attacker): Promise<void>;
}

export type Approvals = NonNullable<SignRequest['approvals']>;

/** Two signers, any: which pair is asked is the attacker's to choose. */
export function drawPair({ random }: Attacker): readonly SignerName[] {
  return random.shuffle(SIGNERS).slice(0, 2);
}

export function homeOf(wish: Wish | undefined): GateName {
  const id = wish?.intent.id ?? new Uint8Array(4);
  return GATES[new DataView(id.buffer, id.byteOffset).getUint32(0) % GATES.length] ?? 'gate-1';
}

/** Wishes that have not expired, mostly young ones. */
export function drawWishes(attacker: Attacker, count: number): readonly Wish[] {
  const { people, random, view } = attacker;
  const open = people.recent.filter(({ intent }) => intent.expires >= view.height).slice(-40);
  const [first, ...rest] = random.shuffle(random.next() < 0.6 ? open.slice(-12) : open);
  if (first === undefined) return [];
  // Mostly of one home, as the honest vault would: otherwise no gate clears them soon.
  const alike = random.next() < 0.9 ? rest.filter((wish) => homeOf(wish) === homeOf(first)) : rest;
  return [first, ...alike.slice(0, count - 1)];
}

/** Wishes that nothing seems to be against, as an honest vault would choose them: what fills windows up to their limits. */
export function drawGoodWishes(attacker: Attacker, count: number): readonly Wish[] {
  const { people, random, stories, view } = attacker;
  const asked = new Set([...stories.values()].flatMap(({ ids }) => ids));
  const good = people.recent.filter(
    ({ id, intent, held }) =>
      !held &&
      !asked.has(id) &&
      intent.expires >= view.height &&
      (intent.amount <= 400_000n || people.yesesTo(id).length >= 2) &&
      people.canPay(intent),
  );
  const [first, ...rest] = random.shuffle(good.slice(-40));
  if (first === undefined) return [];
  return [first, ...rest.filter((wish) => homeOf(wish) === homeOf(first)).slice(0, count - 1)];
}

export function drawCoins({ view, random }: Attacker, count: number): readonly OwnCoin[] {
  return random.shuffle(view.unspent()).slice(0, count);
}

export function drawStory({ stories, random }: Attacker, recent = 40): Story | undefined {
  const list = [...stories.values()].slice(-recent);
  return list[random.between(0, Math.max(1, list.length))];
}

export function coinsOf({ view }: Attacker, story: Story): readonly OwnCoin[] {
  return story.inputs.flatMap((input) => view.coins.get(input) ?? []);
}

/** Every approval there is, at the places of their intents. */
export function approvalsFor({ people }: Attacker, wishes: readonly Wish[]): Approvals {
  return wishes.flatMap(({ id }, place) =>
    people.yesesTo(id).map(({ approval }) => ({ ...approval, place })),
  );
}

export interface Parts {
  readonly wishes: readonly Wish[];
  readonly coins: readonly OwnCoin[];
  /** sat */
  readonly fee: bigint;
  readonly verdicts?: readonly Verdict[];
  readonly approvals?: Approvals;
}

export function compose(attacker: Attacker, parts: Parts): SignRequest {
  const { people, view, random } = attacker;
  const { wishes, coins, fee } = parts;
  const total = coins.reduce((sum, { amount }) => sum + amount, 0n);
  const paid = wishes.reduce((sum, { intent }) => sum + intent.amount, 0n);
  const rest = total - paid - fee;
  const change = rest > 1_000n ? [[0, random.between(0, 4), rest, wishes.length] as const] : [];
  const approvals = parts.approvals ?? approvalsFor(attacker, wishes);
  return {
    draft: {
      locktime: view.height,
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
    ...(approvals.length === 0 ? {} : { approvals }),
  };
}

/** Shows signers what they need to know, and has each sign. @returns the story, if one did */
export async function signBy(
  attacker: Attacker,
  names: readonly SignerName[],
  request: SignRequest,
  coins: readonly OwnCoin[],
): Promise<Story | undefined> {
  const body = encode(SignRequest, request);
  // Different machines: they work at the same time, as they would for the honest vault.
  await Promise.all(
    names.map(async (name) => {
      await attacker.feed(name);
      await attacker.admit(name, coins);
      await attacker.sign(name, body);
    }),
  );
  return attacker.storyOf(body);
}

export async function clearStory(attacker: Attacker, story: Story | undefined): Promise<void> {
  const signed = [...(story?.signed.values() ?? [])];
  if (story === undefined || signed.length < 2) return;
  const [id = ''] = story.ids;
  const gate = attacker.random.next() < 0.85 ? homeOf(attacker.wish(id)) : attacker.pick(GATES);
  if (gate !== undefined) await attacker.clear(gate, story, signed.slice(0, 2));
}

export const encodeClear = (body: Clear): Uint8Array => encode(Clear, body);
