/**
 * Judges each transaction that a machine lets pass, by what that machine alone has let pass before: an intent has no two
 * carriers that can both be mined (10-policy.md, "One intent, one payment"), coins are worth what they are said to be, and what
 * it pays and costs is within the charter (10-policy.md, "Fees", "Charges", "Windows"). Signers and gates alike.
 */
import type { Spending } from './book.ts';
import type { Docket } from './docket.ts';
import type { Claim } from './payments.ts';
import type { Span, Terms } from './record.ts';

/** What share of a window a machine has to itself. */
export interface Share {
  readonly of: number;
  readonly in: number;
}

/** Bytes of the script that pays to a hash of a script (BIP-141): ours. */
const OWN_SCRIPT = 34;

export class SpendsJudge {
  readonly docket: Docket;

  constructor(docket: Docket) {
    this.docket = docket;
  }

  /** A machine let a transaction pass that it has not let pass before for these intents. */
  judge(name: string, claim: Claim, span: Span, share: Share): void {
    const record = this.docket.record(name);
    if (!record.isExcused) this.#checkConflicts(name, claim);
    const wishes = claim.ids.map((id) => this.docket.wishes.get(id)?.intent);
    const intents = wishes.filter((intent) => intent !== undefined);
    const moved = this.#countInputs(name, claim);
    // Whoever let pass what nobody asked for, or coins that do not exist, has been named already.
    if (moved === undefined || intents.length < wishes.length) return;
    const paid = sum(intents.map(({ amount }) => amount));
    const inputs = claim.inputs.map(({ coin }) => coin);
    const spending = {
      txid: claim.txid,
      ids: claim.ids,
      inputs,
      paid,
      fee: moved - paid - sum(claim.change),
    };
    const scripts = [...intents.map(({ script }) => script.length), ...claim.change.map(() => OWN_SCRIPT)];
    const terms = record.laxest(span);
    if (terms !== undefined) {
      this.#checkAmount(name, spending, terms);
      this.#checkFee(name, spending, moved, vsizeOf(inputs.length, scripts), terms);
    }
    const charge = record.book.enter(spending, span);
    if (terms !== undefined && charge > 0n && !record.isExcused)
      this.#checkFeeWindows(name, terms, span, share);
  }

  /** A second carrier shares a coin with each one before it, or that one is dead by the chain that was shown to this machine. */
  #checkConflicts(name: string, claim: Claim): void {
    const { gates } = this.docket;
    const spending = { txid: claim.txid, inputs: claim.inputs.map(({ coin }) => coin) };
    // What any gate has cleared is out. A gate follows no chain: it goes by signers' words, who know no more than the chain has.
    const isGate = gates.includes(name);
    const books = (isGate ? gates : [name]).map((one) => this.docket.record(one).book);
    const tip = isGate ? Number.POSITIVE_INFINITY : this.docket.record(name).shown;
    for (const id of claim.ids) {
      for (const other of books.flatMap((book) => book.strangers(id, spending))) {
        if (!this.docket.isDead(other, tip))
          this.docket.say(
            'conflict',
            `${name} let ${claim.txid} pass: ${other.txid} pays ${id} as well, and they share no coin`,
          );
      }
    }
  }

  /** @returns sat of all inputs; undefined if there is one that is not what it is said to be */
  #countInputs(name: string, { txid, inputs }: Claim): bigint | undefined {
    const wrong = inputs.find(({ amount, said }) => amount === undefined || amount !== said);
    if (wrong === undefined) return sum(inputs.map(({ said }) => said));
    this.docket.say(
      'input',
      `${name} let ${txid} pass with ${wrong.coin} of ${wrong.said} sat, and the chain has ${wrong.amount ?? 'no such coin'}`,
    );
    return undefined;
  }

  #checkAmount(name: string, { txid, paid }: Spending, { policy }: Terms): void {
    if (paid > policy.amountPerTransaction)
      this.docket.say('amount', `${name} let ${txid} pass, which pays ${paid} sat at once`);
  }

  /** @param moved sat of all inputs @param vsize vB */
  #checkFee(
    name: string,
    { txid, ids, inputs, paid, fee }: Spending,
    moved: bigint,
    vsize: number,
    { policy }: Terms,
  ): void {
    const say = (what: string): void =>
      this.docket.say('fee', `${name} let ${txid} pass with a fee of ${fee} sat, ${what}`);
    if (fee < 0n) say('which its inputs do not have');
    if (fee > policy.feeAbsolute) say(`above ${policy.feeAbsolute}`);
    if (fee * 1000n > BigInt(policy.feeRate) * BigInt(vsize)) say(`too much for ${vsize} vB`);
    // Without an intent: of what is moved. What replaces another may cost a share of what that one pays.
    const own = ids.length === 0 ? moved - fee : paid;
    const replaced = this.docket.record(name).book.mostPaid(inputs);
    const part = ((own > replaced ? own : replaced) * BigInt(policy.feeShare)) / 1000n;
    if (fee > part && fee > policy.feeShareFloor) say(`more than the share of ${part}`);
  }

  #checkFeeWindows(name: string, terms: Terms, span: Span, share: Share): void {
    const { charges } = this.docket.record(name).book;
    for (const { ticks, fee } of terms.policy.windows) {
      const ms = this.docket.msOf(name, ticks, terms);
      let spent = 0n;
      for (let place = charges.length - 1; place >= 0; place -= 1) {
        const charge = charges[place];
        if (charge === undefined || charge.sent < span.got - ms) break;
        spent += charge.fee;
      }
      if (spent * BigInt(share.in) > fee * BigInt(share.of))
        this.docket.say('fee', `${name} let ${spent} sat of fees pass within ${ms} ms`);
    }
  }
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, one) => total + one, 0n);
const compact = (value: number): number => (value < 253 ? 1 : value < 0x1_0000 ? 3 : 5);

/** vB at most, with both signatures of each input (3-wallet.md, "Worst-case vsize"). @param scripts bytes of each output's */
function vsizeOf(inputs: number, scripts: readonly number[]): number {
  const outputs = scripts.reduce((total, length) => total + 8 + compact(length) + length, 0);
  const plain = 4 + compact(inputs) + 41 * inputs + compact(scripts.length) + outputs + 4;
  return Math.ceil((4 * plain + 2 + 254 * inputs) / 4);
}
