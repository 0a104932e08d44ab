/**
 * How much each destination and each requester may still get, as far as the vault knows: the charter's velocity windows at
 * their narrowest, and what signers and gates said was left, until the next block. So one full window holds up those that it
 * is about, and nobody else.
 */
import type { CharterInForce } from '@coldwire/policy';
import { type Draft, decodeIntent, toHex } from '@coldwire/protocol';
import type { Withdrawal } from '../queue/index.ts';
import type { Refusal } from './peer.ts';

interface Room {
  readonly amount: bigint;
  readonly count: number;
}
type Payee = Pick<Withdrawal, 'script' | 'requester' | 'amount'>;
type Per = 'destination' | 'requester';

const CODES: ReadonlyMap<string, Per> = new Map([
  ['DESTINATION_WINDOW', 'destination'],
  ['REQUESTER_WINDOW', 'requester'],
]);

/** Refusals that are about a window of one destination or requester. */
export const ROOMS: readonly string[] = [...CODES.keys()];

function nameOf(per: Per, { script, requester }: Omit<Payee, 'amount'>): string {
  return per === 'destination' ? toHex(script) : requester;
}

/** The most that one transaction can pay to one: what a signer's part and a gate's part of every window both hold. */
export function narrowest({ policy, charter }: Pick<CharterInForce, 'policy' | 'charter'>, per: Per): Room {
  const gates = charter.gates.length;
  const rows = policy.velocity.filter((row) => row.per === per);
  const amounts = rows.flatMap(({ amount }) => [(amount * 2n) / 3n, amount / BigInt(gates)]);
  const counts = rows.flatMap(({ count }) => [Math.floor((count * 2) / 3), Math.floor(count / gates)]);
  return {
    amount: amounts.reduce((least, one) => (one < least ? one : least), 1n << 64n),
    count: Math.min(Number.MAX_SAFE_INTEGER, ...counts),
  };
}

/** The most that one payment can be. */
export function roomFor(charter: Pick<CharterInForce, 'policy' | 'charter'>): bigint {
  const [one, other] = [narrowest(charter, 'destination'), narrowest(charter, 'requester')];
  return one.amount < other.amount ? one.amount : other.amount;
}

function readSats(text: string | undefined): bigint {
  return text !== undefined && /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}

/** The keys under which a payment counts: `destination SCRIPT` and `requester NAME`. */
function keysOf(payee: Omit<Payee, 'amount'>): readonly (readonly [Per, string])[] {
  return (['destination', 'requester'] as const).map((per) => [per, `${per} ${nameOf(per, payee)}`]);
}

/** Whether one more payment fits into a batch. @param mayExceed it may go without room, as the only one of whom it exceeds */
export type Fits = (payee: Payee, mayExceed?: boolean) => boolean;

export class Rooms {
  /** What is left, by key. Nothing exceeds it until the next block. */
  readonly #left = new Map<string, Room>();
  #height = -1;

  /** Windows free with the blocks. */
  #forget(height: number): void {
    if (height !== this.#height) this.#left.clear();
    this.#height = height;
  }

  /** Whether signers said since the last block what is left for its destination or requester. @param height of the tip */
  isTold(payee: Payee, height: number): boolean {
    this.#forget(height);
    return keysOf(payee).some(([, key]) => this.#left.has(key));
  }

  /** Takes over what refusals say is left. @param height of the tip */
  learn(refusals: readonly Refusal[], height: number): void {
    this.#forget(height);
    for (const { code, facts } of refusals) {
      const per = CODES.get(code);
      const name = per === undefined ? undefined : facts.get(per);
      if (per === undefined || name === undefined) continue;
      const key = `${per} ${name}`;
      const known = this.#left.get(key) ?? { amount: 1n << 64n, count: Number.MAX_SAFE_INTEGER };
      const [limit, spent] = [readSats(facts.get('limit')), readSats(facts.get('spent'))];
      const left = limit > spent ? limit - spent : 0n;
      this.#left.set(
        key,
        facts.get('what') === 'count'
          ? { ...known, count: Math.min(known.count, Number(left)) }
          : { ...known, amount: left < known.amount ? left : known.amount },
      );
    }
  }

  /**
   * Whether one more payment fits into the batch that is being put together; what does is counted. For one batch.
   * @param height of the tip
   */
  begin(charter: CharterInForce, height: number): Fits {
    this.#forget(height);
    const most = {
      destination: narrowest(charter, 'destination'),
      requester: narrowest(charter, 'requester'),
    };
    const left = new Map<string, Room>();
    return (payee, mayExceed = false) => {
      const after = keysOf(payee).map(([per, key]) => {
        const room = left.get(key) ?? smaller(most[per], this.#left.get(key));
        return [key, { amount: room.amount - payee.amount, count: room.count - 1 }] as const;
      });
      // Two that exceed a window together would be refused together, for ever: one of them alone can be tried.
      const isHeldUp = ([key, { amount, count }]: (typeof after)[number]): boolean =>
        (amount < 0n || count < 0) && !(mayExceed && !left.has(key) && !this.#left.has(key));
      if (after.some(isHeldUp)) return false;
      for (const [key, room] of after) left.set(key, room);
      return true;
    };
  }
}

function smaller(one: Room, other: Room | undefined): Room {
  if (other === undefined) return one;
  return {
    amount: one.amount < other.amount ? one.amount : other.amount,
    count: Math.min(one.count, other.count),
  };
}

/** The intents (hexadecimal ids) that these refusals are about; undefined when one is about the whole draft. */
export function blamedBy(draft: Draft, refusals: readonly Refusal[]): ReadonlySet<string> | undefined {
  const intents = draft.intents.flatMap(([bytes]) => {
    const intent = decodeIntent(bytes);
    return intent.ok ? [intent.value] : [];
  });
  const blamed = new Set<string>();
  for (const { code, facts } of refusals) {
    const per = CODES.get(code);
    const named = intents.filter(
      (intent) =>
        toHex(intent.id) === facts.get('intent') ||
        (per !== undefined && nameOf(per, intent) === facts.get(per)),
    );
    if (named.length === 0) return undefined;
    for (const { id } of named) blamed.add(toHex(id));
  }
  return blamed;
}
