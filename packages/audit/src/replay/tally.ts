/** Counts what a replay reached again, what came out otherwise (each a finding), and what cannot be reached, with the reason. */
import type { Findings, Place } from '../finding.ts';
import { CHECK_REPLAY } from '../report.ts';

export class Tally {
  readonly #findings: Findings;
  replayed = 0;
  mismatches = 0;
  readonly #skipped = new Map<string, { place: Place; number: number }>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  reached(): void {
    this.replayed += 1;
    this.#findings.count(CHECK_REPLAY);
  }

  differs(place: Place, what: string): void {
    this.mismatches += 1;
    this.#findings.find('AUDIT_REPLAY', place, what);
  }

  skip(place: Place, why: string): void {
    const skipped = this.#skipped.get(why) ?? { place, number: 0 };
    skipped.number += 1;
    this.#skipped.set(why, skipped);
  }

  note(place: Place, what: string): void {
    this.#findings.note(place, what);
  }

  /** One note for each reason. */
  noteSkipped(): void {
    for (const [why, { place, number }] of this.#skipped)
      this.note(place, `${number} decisions were not replayed, this one first: ${why}`);
  }
}
