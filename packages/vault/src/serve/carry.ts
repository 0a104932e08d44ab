/**
 * Carries later charters to a signer or gate: each that it does not have yet, oldest first, until it says DONE; and asks how it
 * stands, since what waits there comes in force by its own clock. One that it refuses is tried again when it introduces itself.
 * Spec: protocol-spec/5-charter.md, "Succession".
 */
import { CharterBody, decode, encode, type Hello, State, Status } from '@coldwire/protocol';
import type { Standing } from './charters.ts';
import { type Peer, readRefusals } from './peer.ts';
import type { Vault } from './vault.ts';

/** From HELLO and STATE alike. */
export function standingOf({ epoch, pending = [] }: Pick<Hello, 'epoch' | 'pending'>): Standing {
  return { inForce: epoch, newest: pending.at(-1)?.[0] ?? epoch };
}

/** @throws Away */
async function ask(vault: Vault, peer: Peer): Promise<Standing | undefined> {
  const reply = await peer.request('STATUS', encode(Status, {}));
  const state = reply.type === 'STATE' ? decode(State, reply.body) : undefined;
  if (state?.ok !== true) return undefined;
  const standing = standingOf(state.value);
  hear(vault, peer.name, standing);
  return standing;
}

function hear(
  { charters, report, bells }: Pick<Vault, 'charters' | 'report' | 'bells'>,
  name: string,
  standing: Standing,
): void {
  if (!charters.hear(name, standing)) return;
  report.event('charter', { peer: name, epoch: standing.inForce, newest: standing.newest });
  bells.work.ring();
  bells.peers.ring();
}

export class Carrier {
  readonly #peer: Peer;
  /** The greeting that was heard last, and the one behind which a charter was refused. */
  #heardAt = 0;
  #refusedAt: number | undefined;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** @returns whether something still waits for its time there @throws Away */
  async carry(vault: Vault): Promise<boolean> {
    const { charters } = vault;
    const peer = this.#peer;
    if (peer.hello !== undefined && this.#heardAt !== peer.hellos) {
      this.#heardAt = peer.hellos;
      hear(vault, peer.name, standingOf(peer.hello));
      // What was said to it before, and comes to it only now, it takes behind its greeting.
      if (peer.ready) await ask(vault, peer);
    }
    let standing = charters.standings.get(peer.name);
    if (!peer.ready || standing === undefined || this.#refusedAt === peer.hellos) return false;
    for (const { charter, signed } of charters.later) {
      const { epoch } = charter.charter;
      if (epoch <= standing.newest) continue;
      const reply = await peer.request('CHARTER', encode(CharterBody, { charter: signed }));
      if (reply.type !== 'DONE') {
        const codes = readRefusals(reply.body).map(({ code }) => code);
        vault.report.alarm(
          codes[0] ?? 'MALFORMED',
          peer.name,
          `it refuses the charter of epoch ${epoch}: ${codes.join(', ')}`,
        );
        this.#refusedAt = peer.hellos;
        return false;
      }
      vault.report.event('charter-installed', { peer: peer.name, epoch });
      standing = (await ask(vault, peer)) ?? standing;
    }
    if (standing.newest > standing.inForce) standing = (await ask(vault, peer)) ?? standing;
    return standing.newest > standing.inForce;
  }
}
