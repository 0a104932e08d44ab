/** Wakes loops: "something may have changed, look again". A ring between looking and waiting is never lost. */
export class Bell {
  #rings = 0;
  readonly #waiting = new Set<() => void>();

  /** How often it rang: read it before looking, and give it to `after`. */
  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings += 1;
    for (const wake of this.#waiting) wake();
  }

  /** Resolves as soon as it has rung more than `seen` times, or `ms` later. */
  after(seen: number, ms: number): Promise<void> {
    if (this.#rings > seen) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
    });
  }
}
