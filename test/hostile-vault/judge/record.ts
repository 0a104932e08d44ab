/** What the judge knows of one machine: charters that may be in force there, what it was shown, what it gave signatures for. */
import type { Charter } from '@coldwire/protocol';
import { Book } from './book.ts';

/** ms on one clock: when a request left, and when its answer came. What happened in between happened in between. */
export interface Span {
  readonly sent: number;
  readonly got: number;
}

/** Of a charter, what the judge goes by. */
export type Terms = Pick<
  Charter,
  'epoch' | 'policy' | 'clock' | 'gates' | 'requesters' | 'custodians' | 'quorum'
>;

/** Charters are laxer the higher their degree, in every field that differs. */
export interface Lawful {
  readonly degree: number;
  readonly terms: Terms;
}

/** A charter may have been in force from then, and until then. */
export interface Reign extends Lawful {
  readonly from: number;
  readonly to: number;
}

export interface Payment extends Span {
  readonly amount: bigint;
  readonly requester: string;
  readonly destination: string;
}

/** Frozen at least from then until then. */
export interface Frozen {
  readonly from: number;
  readonly to: number;
  /** Whose word it was; absent for what two custodians said together. */
  readonly by?: string;
}

/**
 * What became of a signer's memory that was set back. Of what was signed since the copy no gate has seen anything: nobody can
 * notice (14-memory.md, "What this does not show"). Or one has: it is lost, with all intents before this place, until a quorum
 * takes it back, with all intents up to this height.
 */
export type Loss =
  | { readonly kind: 'unnoticed' }
  | { readonly kind: 'lost'; readonly at: number; readonly wishes: number }
  | { readonly kind: 'restored'; readonly since: number; readonly height: number };

export class MachineRecord {
  /** Ids of intents that it has given a signature or a transaction for. */
  readonly known = new Set<string>();
  readonly payments: Payment[] = [];
  readonly book = new Book();
  reigns: Reign[];
  /** Hashes of charters that it took, in their order. */
  installed: string[];
  /** The first showing, by requester and script. */
  readonly registered = new Map<string, number>();
  /** Height of the chain that it was shown and took. */
  height = 0;
  /** Height of the chain that it was ever shown, whatever it answered. A gate hears of blocks by signers' word only. */
  shown = 0;
  frozen: Frozen[] = [];
  /** The tick of each party's last freeze. */
  readonly froze = new Map<string, number>();
  /** Orders that it has carried out, with the custodians that they were carried out for. */
  readonly ordered = new Map<string, Set<string>>();
  /** It has had an older memory put back. */
  loss: Loss | undefined;
  /** What it has signed since a copy of its memory was made: txids. */
  readonly #sinceCopy = new Set<string>();
  /** A gate has seen some of it. */
  #isNoticed = false;

  constructor(first: Lawful, hash: string) {
    this.reigns = [{ ...first, from: 0, to: Number.POSITIVE_INFINITY }];
    this.installed = [hash];
  }

  /** Its own limits mean nothing: it does not know what it has signed, and nobody can tell it. */
  get isExcused(): boolean {
    return this.loss?.kind === 'unnoticed';
  }

  /** It does not know what it was told and did before. */
  get isAmnesic(): boolean {
    return this.loss !== undefined && this.loss.kind !== 'restored';
  }

  /** A copy of its memory was made. */
  copied(): void {
    this.#sinceCopy.clear();
    this.#isNoticed = false;
  }

  signed(txid: string): void {
    this.#sinceCopy.add(txid);
  }

  /** A gate cleared a transaction by its signatures. */
  wasSeen(txid: string): void {
    if (this.#sinceCopy.has(txid)) this.#isNoticed = true;
  }

  /** The laxest charter that it may have gone by at any moment of a span. */
  laxest({ sent, got }: Span): Terms | undefined {
    const reigns = this.reigns.filter(({ from, to }) => from <= got && to >= sent);
    return reigns.sort((a, b) => b.degree - a.degree)[0]?.terms;
  }

  /** It took a charter: laxer ones are gone, in force or waiting; this one is in force at once unless it loosens. */
  install(lawful: Lawful, hash: string, { sent, got }: Span, delay: number): void {
    this.installed.push(hash);
    const { degree } = lawful;
    const isTightening = this.reigns.some((one) => one.from <= got && one.to > got && one.degree >= degree);
    this.reigns = this.reigns.flatMap((one) => {
      if (one.degree <= degree || one.to <= got) return [one];
      return one.from > got ? [] : [{ ...one, to: got }];
    });
    this.reigns.push({ ...lawful, from: isTightening ? sent : sent + delay, to: Number.POSITIVE_INFINITY });
  }

  /**
   * An older memory was put back: charters that it had taken by then, and whatever may have been in force since.
   * @param at when @param wishes how many intents there were
   */
  forget(installed: number, at: number, wishes: number): void {
    // A copy of a lost memory is lost as well.
    const isLost = this.#isNoticed || this.loss?.kind === 'lost';
    this.loss = isLost ? { kind: 'lost', at, wishes } : { kind: 'unnoticed' };
    this.installed = this.installed.slice(0, installed);
    this.reigns = this.reigns.map((one) => ({ ...one, to: Number.POSITIVE_INFINITY }));
    this.height = 0;
    this.frozen = [];
    this.ordered.clear();
  }
}
