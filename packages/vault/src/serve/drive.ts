/** Takes each open batch through its steps, several at once, each from what the database says: also after a restart. */
import { getBatch } from '../queue/index.ts';
import { Clearance } from './clear.ts';
import { broadcast } from './settle.ts';
import { Signing } from './sign.ts';
import { batchesUnderWay } from './under-way.ts';
import type { Vault } from './vault.ts';

export class Driver {
  readonly #vault: Vault;
  readonly #driven = new Map<number, Promise<void>>();
  /** Handed to the node since the start; what it did not take is tried again at the next block, not here. */
  readonly #offered = new Set<number>();

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** Starts what is open and not yet driven. */
  start(): void {
    for (const { id, status } of batchesUnderWay(this.#vault.store)) {
      if ((status === 'cleared' && this.#offered.has(id)) || this.#driven.has(id)) continue;
      const driven = this.#drive(id)
        .catch((error: unknown) => this.#vault.fail(error))
        .finally(() => {
          this.#driven.delete(id);
          this.#vault.bells.work.ring();
        });
      this.#driven.set(id, driven);
    }
  }

  /** Resolves when nothing is driven any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#driven.values());
  }

  async #drive(id: number): Promise<void> {
    const { store, stopping } = this.#vault;
    while (!stopping.aborted) {
      const { status } = getBatch(store, id);
      if (status === 'drafted' || status === 'signing') {
        await new Signing(this.#vault, id).run();
      } else if (status === 'signed') {
        await new Clearance(this.#vault, id).run();
      } else if (status === 'cleared') {
        await broadcast(this.#vault, id);
        this.#offered.add(id);
        return;
      } else {
        return;
      }
    }
  }
}
