/** Judges the chain: all that left the wallet went to an intent, once, the rest came back, and no more than charters allow. */
import type { ClearedSpend, Docket } from './docket.ts';

export interface MinedTransaction {
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

  /** What charters let leave until then: the tightest window, refilled as often as it can be, at its laxest each time. */
  allowed(until: number): bigint {
    const gates = this.docket.gates.map((name) => this.docket.record(name));
    const rows = gates[0]?.reigns[0]?.terms.policy.windows ?? [];
    const spacing = gates[0]?.reigns[0]?.terms.clock.spacing ?? 1;
    const bounds = rows.map(({ ticks }, place) => {
      let sum = 0n;
      const length = ticks * spacing * 1000;
      for (let sent = this.docket.started; sent <= until; sent += length) {
        for (const gate of gates)
          sum +=
            (gate.laxest({ sent, got: sent + length })?.policy.windows[place]?.amount ?? 0n) /
            BigInt(gates.length);
      }
      return sum;
    });
    return bounds.reduce((least, bound) => (bound < least ? bound : least));
  }

  /** Reads the chain: all that left went to an intent, once, and the rest came back. @returns sat that left */
  audit(mined: Iterable<MinedTransaction>, until: number): bigint {
    const paid = new Set<string>();
    let left = 0n;
    for (const transaction of mined) {
      const { txid, inputs, outputs } = transaction;
      const own = inputs.filter((amount) => amount !== undefined);
      if (own.length === 0) continue;
      if (own.length !== inputs.length)
        this.docket.say('input', `${txid} has inputs that are not the wallet's`);
      left += this.#auditOutputs(transaction, paid);
      const out = outputs.reduce((sum, { amount }) => sum + amount, 0n);
      const fee = own.reduce((sum, amount) => sum + amount, 0n) - out;
      if (fee < 0n || fee > this.#highestFee()) this.docket.say('fee', `${txid} has a fee of ${fee} sat`);
    }
    const allowed = this.allowed(until);
    if (left > allowed) this.docket.say('total', `${left} sat left, ${allowed} were allowed`);
    return left;
  }

  /** The outputs are the intents' of one clearing, in any order, and change. */
  #auditOutputs({ txid, outputs }: MinedTransaction, paid: Set<string>): bigint {
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

  /** Of all that was cleared for an intent no two can both be mined. */
  checkConflicts(isDead: (txid: string) => boolean): void {
    const carriers = new Map<string, Map<string, ClearedSpend>>();
    for (const spend of [...this.docket.spends.values()].flat()) {
      for (const id of spend.ids) {
        const known = carriers.get(id) ?? new Map();
        carriers.set(id, known.set(spend.txid, spend));
      }
    }
    for (const [id, byTxid] of carriers) {
      const spends = [...byTxid.values()];
      for (const [place, one] of spends.entries()) {
        for (const other of spends.slice(place + 1)) {
          const shared = one.inputs.some((input) => other.inputs.includes(input));
          if (!shared && !isDead(one.txid) && !isDead(other.txid))
            this.docket.say('conflict', `${one.txid} and ${other.txid} both pay ${id} and share no coin`);
        }
      }
    }
  }
}
