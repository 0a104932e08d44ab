/**
 * Keeps a signer's view of the chain up to date: headers from its tip on, and every coin that it may be asked to spend,
 * once. One thing after the other per signer, but for what gates say of it; a signer that leaves is brought up to date when it is back.
 * Spec: protocol-spec/10-policy.md, "Admission"; 11-clock.md, "Accepting headers"; 14-memory.md, "Witness".
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

  /** Brings what gates that are there say of it; waits for none of them longer than the deadline. Never throws. */
  witness(vault: Vault): Promise<void> {
    const listed = vault.gates.filter((gate) => vault.charters.lists(gate));
    return this.#witnesses.bring(vault, this, listed);
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
    // Without headers no time passes at the signer, which is all that helps it where a gate never speaks.
    await Promise.all([this.witness(vault), this.#feed(vault)]);
  }

  async #feed(vault: Vault): Promise<void> {
    await feedHeaders(vault, this);
    // One that a later charter adds takes nothing else before that is in force there.
    if (!vault.charters.lists(this)) return;
    await registerDestinations(vault, this);
    await admitCoins(vault, this);
  }
}
