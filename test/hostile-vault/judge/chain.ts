/**
 * Judges finished transactions: each that a gate gives out pays its intents and us, and nobody else; and the chain: all that left
 * the wallet went to an intent, once, or to miners, the rest came back, and no more than charters allow.
 */
import type { Docket } from './docket.ts';
import type { Claim } from './payments.ts';
import type { Terms } from './record.ts';

/** The bytes of a transaction, read. */
export interface MadeTransaction {
  readonly txid: string;
  /** Amount of each input that is the wallet's; undefined: of somebody else. */
  readonly inputs: readonly (bigint | undefined)[];
  readonly outputs: readonly {
    readonly amount: bigint;
    readonly script: Uint8Array;
    /** The chain of the wallet's own script: 0 to receive, 1 for change. */
    readonly own?: number;
  }[];
}

export class ChainJudge {
  readonly docket: Docket;

  constructor(docket: Docket) {
    this.docket = docket;
  }

  /** What charters let leave until then, to destinations and as fees: the tightest window, refilled as often as it can be, at its laxest each time. */
  allowed(until: number): bigint {
    return this.#bound(until, ({ amount }) => amount) + this.#bound(until, ({ fee }) => fee);
  }

  #bound(until: number, of: (row: Terms['policy']['windows'][number]) => bigint): bigint {
    const gates = this.docket.gates.map((name) => this.docket.record(name));
    const rows = gates[0]?.reigns[0]?.terms.policy.windows ?? [];
    const spacing = gates[0]?.reigns[0]?.terms.clock.spacing ?? 1;
    const bounds = rows.map(({ ticks }, place) => {
      let sum = 0n;
      const length = ticks * spacing * 1000;
      for (let sent = this.docket.started; sent <= until; sent += length) {
        for (const gate of gates) {
          const row = gate.laxest({ sent, got: sent + length })?.policy.windows[place];
          sum += (row === undefined ? 0n : of(row)) / BigInt(gates.length);
        }
      }
      return sum;
    });
    return bounds.reduce((least, bound) => (bound < least ? bound : least));
  }

  /** A gate gave it out for these intents: it must pay them, and us, and nobody else. */
  checkCleared(gate: string, { txid, inputs, outputs }: MadeTransaction, claim: Claim): void {
    const name = `${gate} cleared ${txid}`;
    if (txid !== claim.txid) this.docket.say('bytes', `${name} for the request of ${claim.txid}`);
    if (inputs.includes(undefined))
      this.docket.say('input', `${name}, which has inputs that are not the wallet's`);
    const due = claim.ids.flatMap((id) => this.docket.wishes.get(id)?.intent ?? []);
    for (const { amount, script, own } of outputs) {
      if (own === 1) continue;
      const place = due.findIndex(
        (intent) => intent.amount === amount && Buffer.from(intent.script).equals(script),
      );
      if (place >= 0) due.splice(place, 1);
      else
        this.docket.say(
          own === undefined ? 'output' : 'change',
          `${name}, which pays ${amount} sat to nobody who asked`,
        );
    }
    if (due.length > 0) this.docket.say('output', `${name}, which does not pay ${due.length} of its intents`);
  }

  /** Reads the chain: all that left went to an intent, once, or to miners, and the rest came back. @returns sat that left */
  audit(mined: Iterable<MadeTransaction>, until: number): bigint {
    const paid = new Set<string>();
    let left = 0n;
    let fees = 0n;
    for (const transaction of mined) {
      const { txid, inputs, outputs } = transaction;
      const own = inputs.filter((amount) => amount !== undefined);
      if (own.length === 0) continue;
      if (own.length !== inputs.length)
        this.docket.say('input', `${txid} has inputs that are not the wallet's`);
      left += this.#auditOutputs(transaction, paid);
      const out = outputs.reduce((sum, { amount }) => sum + amount, 0n);
      const fee = own.reduce((sum, amount) => sum + amount, 0n) - out;
      fees += fee;
      if (fee < 0n || fee > this.#highestFee()) this.docket.say('fee', `${txid} has a fee of ${fee} sat`);
    }
    const allowed = this.#bound(until, ({ amount }) => amount);
    if (left > allowed) this.docket.say('total', `${left} sat left, ${allowed} were allowed`);
    const burnt = this.#bound(until, ({ fee }) => fee);
    if (fees > burnt) this.docket.say('total', `${fees} sat went to miners, ${burnt} were allowed`);
    return left + fees;
  }

  /** The outputs are the intents' of one clearing, in any order, and change. */
  #auditOutputs({ txid, outputs }: MadeTransaction, paid: Set<string>): bigint {
    const clearings = this.docket.spends.get(txid) ?? [];
    if (clearings.length === 0) this.docket.say('uncleared', `${txid} was mined and no gate has cleared it`);
    // Twins: several intents of the same amount and destination, of which this pays one.
    const due = new Set(clearings.flatMap(({ ids }) => ids));
    let left = 0n;
    for (const { amount, script, own } of outputs) {
      if (own === 1) continue;
      left += amount;
      const matching = [...due].filter((id) => {
        const intent = this.docket.wishes.get(id)?.intent;
        return intent?.amount === amount && Buffer.from(intent.script).equals(script);
      });
      const id = matching.find((one) => !paid.has(one)) ?? matching[0];
      if (id === undefined)
        this.docket.say(
          own === undefined ? 'output' : 'change',
          `${txid} pays ${amount} sat to nobody who asked`,
        );
      else if (paid.has(id)) this.docket.say('double', `${txid} pays ${id} a second time`);
      else paid.add(id);
      if (id !== undefined) due.delete(id);
    }
    return left;
  }

  #highestFee(): bigint {
    const fees = [...this.docket.lawful.values()].map(({ terms }) => terms.policy.feeAbsolute);
    return fees.reduce((most, fee) => (fee > most ? fee : most), 0n);
  }
}
