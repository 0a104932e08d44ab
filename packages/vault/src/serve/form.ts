/**
 * Forms batches: per home gate, the oldest approved withdrawals up to what signers and gates allow one transaction. The
 * batch is planned, its intents are screened once more together, and it is planned again and stored in one go.
 * Whatever cannot be drafted now stays approved and is tried again at the next block, or when other coins are free.
 */
import { randomBytes } from 'node:crypto';
import { toHex } from '@coldwire/protocol';
import { displayTxid, MAX_MONEY, outpointKey } from '@coldwire/wallet';
import { sumAmounts } from '../coins/costs.ts';
import { type PlanResult, planRegroup, prepareDraft } from '../draft/index.ts';
import {
  nextChange,
  recordDraft,
  spendableCoins,
  type Take,
  type TakeCaps,
  takeBatch,
  type Withdrawal,
} from '../queue/index.ts';
import { approvalsFor, holdUnapproved } from './approvals.ts';
import { homeGate } from './home.ts';
import { roomFor } from './room.ts';
import { askVerdict } from './screen.ts';
import { batchesUnderWay } from './under-way.ts';
import { tipOf, type Vault } from './vault.ts';

/** What one transaction may pay and count, so that neither signers nor gates refuse it for its size alone. */
export function batchCaps({ charter }: Vault): { readonly intents: number; readonly amount: bigint } {
  const { policy } = charter;
  const gates = charter.charter.gates.length;
  let intents = Math.min(policy.maxIntents, policy.maxOutputs - 1);
  let amount = policy.amountPerTransaction;
  for (const window of policy.windows) {
    intents = Math.min(intents, Math.floor((window.count * 2) / 3), Math.floor(window.count / gates));
    for (const share of [(window.amount * 2n) / 3n, window.amount / BigInt(gates)])
      if (share < amount) amount = share;
  }
  return { intents: Math.max(1, intents), amount };
}

interface Planned {
  readonly take: Take;
  readonly plan: Extract<PlanResult, { kind: 'planned' }>;
}

export class Former {
  readonly #vault: Vault;
  /** By gate: when the oldest withdrawal that waits for company was first seen. */
  readonly #waiting = new Map<number, number>();
  /** Withdrawals that could not be drafted under these circumstances. */
  readonly #impossible = new Set<string>();
  #circumstances = '';

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** Drafts all it can. @returns ms until a batch that waits for company is due @throws ChainError */
  async formAll(): Promise<number> {
    const { charter, tuning } = this.#vault;
    this.#forgetImpossible();
    let due = tuning.pollMs * 60;
    for (const gate of charter.charter.gates.keys()) {
      while (this.#hasRoom(gate)) {
        const wait = this.#waitFor(gate);
        if (wait !== 0) {
          due = Math.min(due, wait ?? due);
          break;
        }
        if (!(await this.#formOne(gate))) {
          due = Math.min(due, tuning.rescreenMs);
          break;
        }
        this.#waiting.delete(gate);
      }
    }
    return due;
  }

  /** A new block or other free coins (change that was just broadcast) may make them possible. */
  #forgetImpossible(): void {
    const { store } = this.#vault;
    if (this.#impossible.size === 0) return;
    const free = sumAmounts(spendableCoins(store, { unconfirmedChange: true, admittedBy: [] }));
    const circumstances = `${tipOf(store).height} ${free}`;
    if (circumstances !== this.#circumstances) this.#impossible.clear();
    this.#circumstances = circumstances;
  }

  /** A gate that is away must not use up what the others could do. */
  #hasRoom(gate: number): boolean {
    const { store, charter, tuning } = this.#vault;
    const mine = batchesUnderWay(store).filter(
      ({ first }) => first !== null && homeGate(charter.charter, first) === gate,
    );
    return mine.length < tuning.parallel;
  }

  /** 0 when a batch should be formed now; undefined when nothing waits. */
  #waitFor(gate: number): number | undefined {
    const { withdrawals } = this.#take(gate);
    if (withdrawals.length === 0) {
      this.#waiting.delete(gate);
      return undefined;
    }
    const since = this.#waiting.get(gate) ?? performance.now();
    this.#waiting.set(gate, since);
    if (withdrawals.length >= batchCaps(this.#vault).intents) return 0;
    return Math.max(0, since + this.#vault.tuning.gatherMs - performance.now());
  }

  /** What the next batch of a gate would hold; one that is over the limits by itself goes alone, for the signers to refuse. */
  #take(gate: number, most = Number.MAX_SAFE_INTEGER): Take {
    const { store, charter } = this.#vault;
    const { intents, amount } = batchCaps(this.#vault);
    const isHere = ({ id }: Withdrawal): boolean =>
      homeGate(charter.charter, id) === gate && !this.#impossible.has(toHex(id));
    const { height } = tipOf(store);
    const { burial } = charter.charter.clock;
    const maxIntents = Math.min(intents, most);
    const caps: TakeCaps = { maxIntents, amountPerTransaction: amount, burial, accepts: isHere };
    const take = this.#takeThatFits(caps, height);
    if (take.withdrawals.length > 0) return take;
    const isOver = ({ amount: one }: Withdrawal): boolean => one > amount || one > roomFor(charter);
    const alone = (withdrawal: Withdrawal): boolean =>
      isHere(withdrawal) && isOver(withdrawal) && !this.#vault.rooms.isTold(withdrawal, height);
    return takeBatch(store, { ...caps, accepts: alone, maxIntents: 1, amountPerTransaction: MAX_MONEY });
  }

  /**
   * What a signer may know is charged no more, or once more where its carriers died: the signers say when there is room. So one
   * that exceeds a window, alone of its destination and requester, is tried; once in a block, and each in its turn.
   */
  #takeThatFits(caps: TakeCaps, height: number): Take {
    const { store, charter, rooms } = this.#vault;
    const room = rooms.begin(charter, height);
    const wanting: Withdrawal[] = [];
    const take = takeBatch(store, {
      ...caps,
      fits: (withdrawal, isCarried) => {
        if (room(withdrawal)) return true;
        if (isCarried) wanting.push(withdrawal);
        return false;
      },
    });
    const canBeTried = (withdrawal: Withdrawal): boolean => rooms.begin(charter, height)(withdrawal, true);
    if (!wanting.some(canBeTried)) return take;
    return takeBatch(store, { ...caps, carriedFirst: true, fits: rooms.begin(charter, height) });
  }

  async #formOne(gate: number): Promise<boolean> {
    const { store, report, feerates } = this.#vault;
    const feerate = await feerates.now();
    const seed = new Uint8Array(randomBytes(16));
    const first = this.#plan(gate, feerate, seed);
    if (first === undefined) return false;
    if (holdUnapproved(this.#vault, first.take.withdrawals, tipOf(store).height)) return true;
    const screened = await askVerdict(this.#vault, first.take.withdrawals);
    if (screened.kind === 'held') for (const id of screened.ids) this.#impossible.add(id);
    if (screened.kind !== 'cleared') return screened.kind === 'held';
    // The chain or an answer may have changed the queue meanwhile: the verdict counts only for the same intents again.
    const second = this.#plan(gate, feerate, seed);
    if (second === undefined || idsOf(second.take) !== idsOf(first.take)) return true;
    const { plan, take } = second;
    const approvals = approvalsFor(store, take.withdrawals);
    const prepared = prepareDraft(plan.draft, [screened.verdict], this.#vault.scripts, approvals);
    const purpose = take.required.length > 0 ? 'regroup' : 'payment';
    const { burial } = this.#vault.charter.charter.clock;
    const batch = recordDraft(store, { prepared, purpose, replaces: null, burial });
    const { txid, fee, vsize } = prepared;
    const inputs = plan.draft.inputs.length;
    const withdrawals = take.withdrawals.length;
    report.event('drafted', { batch, purpose, withdrawals, inputs, fee, vsize, txid: displayTxid(txid) });
    this.#vault.bells.peers.ring();
    return true;
  }

  /** Fewer and fewer of the oldest until the coins suffice; one that cannot be paid alone waits for the next block. */
  #plan(gate: number, feerate: bigint, seed: Uint8Array): Planned | undefined {
    let most = Number.MAX_SAFE_INTEGER;
    for (;;) {
      const take = this.#take(gate, most);
      const count = take.withdrawals.length;
      const [only] = take.withdrawals;
      if (only === undefined) return undefined;
      const plan = this.#planTake(take, feerate, seed);
      if (plan.kind === 'planned') return { take, plan };
      most = Math.floor(count / 2);
      if (count > 1) continue;
      this.#impossible.add(toHex(only.id));
      most = Number.MAX_SAFE_INTEGER;
      const code = plan.kind === 'capped' ? (plan.codes[0] ?? 'LIMIT') : 'VALUE_RANGE';
      const why =
        plan.kind === 'capped'
          ? `every way to pay it breaks ${plan.codes.join(', ')}`
          : `the coins that are free hold ${plan.available} sat; ${plan.missing} sat are missing`;
      this.#vault.report.alarm(code, toHex(only.id), why);
    }
  }

  /** Confirmed coins first; our own change that is on its way only when they do not suffice. */
  #planTake({ withdrawals, required }: Take, feerate: bigint, seed: Uint8Array): PlanResult {
    const { store, charter, scripts, tuning } = this.#vault;
    const { policy, newestWallet } = charter;
    const taken = new Set(required.map(outpointKey));
    const planWith = (unconfirmedChange: boolean): PlanResult => {
      const coins = spendableCoins(store, { unconfirmedChange, admittedBy: [] });
      return planRegroup(
        {
          policy,
          scripts,
          coins: coins.filter((coin) => !taken.has(outpointKey(coin))),
          changeIndex: nextChange(store, newestWallet, policy.changeGap),
          feerate,
          longTermFeerate: tuning.feerateLongTerm,
          tipHeight: tipOf(store).height,
          seed,
        },
        withdrawals,
        required,
      );
    };
    const confirmed = planWith(false);
    return confirmed.kind === 'planned' ? confirmed : planWith(true);
  }
}

function idsOf({ withdrawals }: Take): string {
  return withdrawals.map(({ id }) => toHex(id)).join();
}
