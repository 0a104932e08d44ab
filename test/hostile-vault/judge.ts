/**
 * What may not happen, judged outside the system: from the clock on the wall, from what bystanders signed, and from the chain.
 * It asks no program and shares no rule with one. Every broken promise is one sentence.
 */
import type { SignRequest } from '@coldwire/protocol';
import { displayTxid } from '@coldwire/wallet';
import type { World } from '../world/world.ts';
import type { Wish } from './bystanders.ts';
import { type ChainView, keyOf } from './chain-view.ts';
import type { PeerName } from './lines.ts';

/** ms on one clock: when a request left, and when its answer came. What happened in between happened in between. */
export interface Span {
  readonly sent: number;
  readonly got: number;
}

interface Payment extends Span {
  readonly amount: bigint;
  readonly count: number;
}

export interface ClearedSpend {
  readonly txid: string;
  readonly gate: PeerName;
  readonly wishes: readonly string[];
  readonly inputs: readonly string[];
}

/** Half of the spacing buys one tick: the most that any signer's clock can gain in a second. */
const TICKS_PER_SECOND = (spacing: number): number => 2 / spacing;

export class Judge {
  readonly violations: string[] = [];
  readonly #world: World;
  readonly #wishes: () => ReadonlyMap<string, Wish>;
  readonly #cleared: Payment[] = [];
  readonly #signed = new Map<PeerName, Payment[]>();
  readonly #signedWishes = new Map<PeerName, Set<string>>();
  readonly #clearedWishes = new Set<string>();
  readonly spends = new Map<string, ClearedSpend>();
  #started = performance.now();
  /** Signers whose memory was set back: their own limits mean nothing any more. */
  readonly #amnesic = new Set<PeerName>();

  constructor(world: World, wishes: () => ReadonlyMap<string, Wish>) {
    this.#world = world;
    this.#wishes = wishes;
  }

  /** The run begins. */
  start(): void {
    this.#started = performance.now();
  }

  forgetLimitsOf(name: PeerName): void {
    this.#amnesic.add(name);
  }

  #say(sentence: string): void {
    this.violations.push(sentence);
  }

  #wishOf(id: string): Wish | undefined {
    return this.#wishes().get(id);
  }

  /** A signer gave signatures for these intents. */
  signed(name: PeerName, ids: readonly string[], request: SignRequest, span: Span): void {
    const known = this.#signedWishes.get(name) ?? new Set<string>();
    this.#signedWishes.set(name, known);
    const fresh = ids.filter((id) => !known.has(id));
    for (const id of ids) known.add(id);
    for (const [place, id] of ids.entries())
      this.#checkWish(`${name} signed`, id, request.draft.intents[place]?.[0]);
    const payments = this.#signed.get(name) ?? [];
    this.#signed.set(name, payments);
    payments.push({ ...span, ...this.#sum(fresh) });
    if (!this.#amnesic.has(name)) this.#checkSignerWindows(name, payments);
  }

  #sum(ids: readonly string[]): { amount: bigint; count: number } {
    const amount = ids.reduce((sum, id) => sum + (this.#wishOf(id)?.intent.amount ?? 0n), 0n);
    return { amount, count: ids.length };
  }

  #checkWish(who: string, id: string, bytes: Uint8Array | undefined): void {
    const wish = this.#wishOf(id);
    if (wish === undefined) this.#say(`${who} an intent that nobody asked for: ${id}`);
    else if (wish.held) this.#say(`${who} an intent that the screen holds: ${id}`);
    else if (bytes === undefined || !Buffer.from(wish.signed[0]).equals(bytes))
      this.#say(`${who} an intent that reads otherwise than the requester signed it: ${id}`);
  }

  /** Whatever is within a stretch that no clock can have stretched to a window's length, is within the window. */
  #checkSignerWindows(name: PeerName, payments: readonly Payment[]): void {
    const { policy, clock } = this.#world.deployment.charter.charter;
    for (const window of policy.windows) {
      const seconds = (window.ticks - 3) / TICKS_PER_SECOND(clock.spacing);
      const { amount, count } = within(payments, seconds);
      const limit = (window.amount * 2n) / 3n;
      if (amount > limit) this.#say(`${name} signed ${amount} sat in ${seconds} s, its part is ${limit}`);
      if (count > Math.floor((window.count * 2) / 3))
        this.#say(`${name} signed ${count} intents in ${seconds} s`);
    }
  }

  /** A gate gave out a transaction. */
  cleared(spend: ClearedSpend, span: Span): void {
    if (this.spends.has(spend.txid)) return;
    this.spends.set(spend.txid, spend);
    for (const id of spend.wishes) {
      const wish = this.#wishOf(id);
      if (wish === undefined || wish.held) this.#say(`${spend.gate} cleared ${id}, which must not be paid`);
    }
    const fresh = spend.wishes.filter((id) => !this.#clearedWishes.has(id));
    for (const id of fresh) this.#clearedWishes.add(id);
    this.#cleared.push({ ...span, ...this.#sum(fresh) });
    const { policy, clock } = this.#world.deployment.charter.charter;
    for (const window of policy.windows) {
      const { amount, count } = within(this.#cleared, window.ticks * clock.spacing);
      if (amount > window.amount)
        this.#say(
          `gates cleared ${amount} sat in ${window.ticks * clock.spacing} s, the window is ${window.amount}`,
        );
      if (count > window.count) this.#say(`gates cleared ${count} intents in one window of ${window.count}`);
    }
  }

  /** What the charter allows to leave in the time that the run took: the tightest window, refilled as often as it can be. */
  allowed(): bigint {
    const { policy, clock } = this.#world.deployment.charter.charter;
    const seconds = (performance.now() - this.#started) / 1000;
    const bounds = policy.windows.map(
      ({ ticks, amount }) => amount * (BigInt(Math.floor(seconds / (ticks * clock.spacing))) + 1n),
    );
    return bounds.reduce((least, bound) => (bound < least ? bound : least));
  }

  /** Reads the chain to its tip: everything that left went to an intent, once, and the rest came back. @returns sat that left */
  audit(view: ChainView): bigint {
    view.follow();
    const { chain } = this.#world.chain.node;
    const destinations = new Map(
      [...this.#wishes().values()].map((wish) => [Buffer.from(wish.intent.script).toString('hex'), wish]),
    );
    const paid = new Set<string>();
    let left = 0n;
    for (let height = 1; height <= chain.tip.height; height += 1) {
      for (const { tx, txid } of chain.at(height)?.block.transactions ?? []) {
        const own = tx.inputs.flatMap(
          ({ txid: of, vout }) => view.coins.get(keyOf({ txid: displayTxid(of), vout })) ?? [],
        );
        if (own.length === 0) continue;
        if (own.length !== tx.inputs.length) this.#say(`${txid} has inputs that are not the wallet's`);
        if (!this.spends.has(txid)) this.#say(`${txid} was mined and no gate has cleared it`);
        let out = 0n;
        for (const { amount, script } of tx.outputs) {
          out += amount;
          if (view.isOwn(script)?.chain === 1) continue;
          const wish = destinations.get(Buffer.from(script).toString('hex'));
          if (wish === undefined || wish.intent.amount !== amount)
            this.#say(`${txid} pays ${amount} sat to nobody who asked`);
          else if (paid.has(wish.id)) this.#say(`${txid} pays ${wish.id} a second time`);
          else {
            paid.add(wish.id);
            if (wish.held) this.#say(`${txid} pays ${wish.id}, which the screen holds`);
            left += amount;
          }
        }
        this.#checkFee(txid, own.reduce((sum, { amount }) => sum + amount, 0n) - out);
      }
    }
    const allowed = this.allowed();
    if (left > allowed) this.#say(`${left} sat left, ${allowed} were allowed`);
    return left;
  }

  #checkFee(txid: string, fee: bigint): void {
    const { feeAbsolute } = this.#world.deployment.charter.charter.policy;
    if (fee < 0n || fee > feeAbsolute) this.#say(`${txid} has a fee of ${fee} sat`);
  }

  /** Of all that was cleared for an intent no two can both be mined. */
  checkConflicts(isDead: (txid: string) => boolean): void {
    const carriers = new Map<string, ClearedSpend[]>();
    for (const spend of this.spends.values()) {
      for (const id of spend.wishes) carriers.set(id, [...(carriers.get(id) ?? []), spend]);
    }
    for (const [id, spends] of carriers) {
      for (const [place, one] of spends.entries()) {
        for (const other of spends.slice(place + 1)) {
          const shared = one.inputs.some((input) => other.inputs.includes(input));
          if (!shared && !isDead(one.txid) && !isDead(other.txid))
            this.#say(`${one.txid} and ${other.txid} both pay ${id} and share no coin`);
        }
      }
    }
  }
}

/** The most of any payments that all happened within `seconds`: from the first one's request to the last one's answer. */
function within(payments: readonly Payment[], seconds: number): { amount: bigint; count: number } {
  const last = payments.at(-1);
  if (last === undefined) return { amount: 0n, count: 0 };
  let amount = 0n;
  let count = 0;
  for (const payment of payments) {
    if (last.got - payment.sent > seconds * 1000) continue;
    amount += payment.amount;
    count += payment.count;
  }
  return { amount, count };
}
