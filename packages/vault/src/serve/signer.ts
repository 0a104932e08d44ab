/**
 * Keeps a signer's view of the chain up to date: headers from its tip on, and every coin that it may be asked to spend,
 * once. One thing after the other per signer; a signer that leaves is brought up to date when it is back.
 * Spec: protocol-spec/10-policy.md, "Admission"; 11-clock.md, "Accepting headers".
 */
import type { Hello } from '@coldwire/protocol';
import type { BlockId } from '../chain/index.ts';
import { admitCoins } from './admit.ts';
import { feedHeaders } from './headers.ts';
import { Away, Peer } from './peer.ts';
import { registerDestinations } from './register.ts';
import type { Vault } from './vault.ts';
import { Witnesses } from './witness.ts';

export class Signer extends Peer {
  /** A block that the signer knows, and at which `hellos`. */
  known: { readonly block: BlockId; readonly at: number } | undefined;
  /** Transactions that it was shown to be dead, in display order, since it last introduced itself. */
  readonly dead = new Set<string>();
  readonly #witnesses = new Witnesses();
  #busy: Promise<void> = Promise.resolve();

  /** Whether it still lacks a gate's witness since its start: it signs nothing then, or only what is new after long. */
  isUnwitnessed({ charter }: Vault): boolean {
    const gates = charter.charter.gates.map(({ name }) => name);
    return this.#witnesses.lacks(this, gates);
  }

  /** Brings what gates that are there say of it. Never throws. */
  witness({ gates, charters, report }: Vault): Promise<void> {
    const listed = gates.filter((gate) => charters.lists(gate));
    return this.#witnesses.bring(this, listed, (gate, codes) => {
      report.alarm(
        codes[0] ?? 'WITNESS_BAD',
        this.name,
        `it refuses the witness of ${gate}: ${codes.join(', ')}`,
      );
    });
  }

  override onHello(hello: Hello): void {
    this.dead.clear();
    super.onHello(hello);
  }

  /** Resolves when the signer knows what the queue knows now. @throws Away; ChainError */
  settle(vault: Vault): Promise<void> {
    const settled = this.#busy.then(() => this.#settle(vault));
    this.#busy = settled.catch(() => undefined);
    return settled;
  }

  async #settle(vault: Vault): Promise<void> {
    if (!this.ready) throw new Away(this.name);
    await this.witness(vault);
    await feedHeaders(vault, this);
    // One that a later charter adds takes nothing else before that is in force there.
    if (!vault.charters.lists(this)) return;
    await registerDestinations(vault, this);
    await admitCoins(vault, this);
  }
}
