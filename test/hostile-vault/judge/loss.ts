/**
 * Judges a signer whose memory was set back, and one that a quorum has taken back since (14-memory.md): what the lost memory may
 * have signed is for the others.
 */
import type { Docket } from './docket.ts';
import type { Claim } from './payments.ts';
import type { Span, Terms } from './record.ts';

export class LossJudge {
  readonly docket: Docket;

  constructor(docket: Docket) {
    this.docket = docket;
  }

  /** A signer gave signatures that it had not given before. */
  judge(name: string, { txid, ids }: Claim, span: Span): void {
    const record = this.docket.record(name);
    const { loss } = record;
    const terms = record.laxest(span);
    if (loss === undefined || loss.kind === 'unnoticed' || terms === undefined) return;
    const since = loss.kind === 'lost' ? loss.at : loss.since;
    const isSpent = span.got < since + this.docket.msOf(name, longest(terms) + 1, terms);
    // Nothing at all while its windows count as spent: a payment fills them, and a move is refused until gates have spoken.
    const isEarly = isSpent && (loss.kind === 'lost' || ids.length > 0);
    const old = ids.filter((id) => {
      const wish = this.docket.wishes.get(id);
      if (wish === undefined) return false;
      if (loss.kind === 'lost') return this.docket.placeOf(id) < loss.wishes;
      return wish.intent.created <= loss.height + terms.policy.intentAhead;
    });
    if (isEarly) this.docket.say('lost', `${name} signed ${txid} too soon after its memory was set back`);
    else if (old.length > 0)
      this.docket.say('lost', `${name} signed ${old.join(' ')}, which its lost memory may have signed`);
  }
}

const longest = ({ policy }: Terms): number =>
  Math.max(...[...policy.windows, ...policy.velocity].map(({ ticks }) => ticks));
