/**
 * A signer that has started wants to know what gates have seen of it. The vault only carries: it asks a gate and brings the
 * gate's signed word, whole. Spec: protocol-spec/14-memory.md, "Witness".
 */
import { Attest, decode, encode, MessageBytes, toHex, Witness } from '@coldwire/protocol';
import { type Peer, readRefusals } from './peer.ts';

/** Asks one gate and shows the signer what it says. @returns codes of the signer's refusal @throws Away */
export async function bringWitness(signer: Peer, gate: Peer, nonce: Uint8Array): Promise<readonly string[]> {
  const asked = await gate.request('WITNESS', encode(Witness, { signer: signer.name, nonce }));
  if (asked.type !== 'WITNESSED') return readRefusals(asked.body).map(({ code }) => code);
  const message = decode(MessageBytes, asked.message, asked.message.length);
  if (!message.ok) throw new Error(`what the session gave for a message is none: ${message.fault.detail}`);
  const reply = await signer.request('ATTEST', encode(Attest, { witnessed: [message.value] }));
  return reply.type === 'DONE' ? [] : readRefusals(reply.body).map(({ code }) => code);
}

/** Which gates a signer has been shown since its start. */
export class Witnesses {
  #nonce = '';
  readonly #shown = new Set<string>();
  #running: Promise<void> | undefined;

  /** Whether the signer lacks the witness of one of these gates, as far as is known here. */
  lacks(signer: Peer, gates: readonly string[]): boolean {
    const nonce = signer.hello?.nonce;
    return (
      nonce !== undefined && (this.#nonce !== toHex(nonce) || gates.some((gate) => !this.#shown.has(gate)))
    );
  }

  /** Brings the witness of every gate that is there and was not brought yet; one at a time. Never throws. */
  bring(
    signer: Peer,
    gates: readonly Peer[],
    onRefused: (gate: string, codes: readonly string[]) => void,
  ): Promise<void> {
    this.#running ??= this.#bring(signer, gates, onRefused).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #bring(
    signer: Peer,
    gates: readonly Peer[],
    onRefused: (gate: string, codes: readonly string[]) => void,
  ): Promise<void> {
    const nonce = signer.hello?.nonce;
    if (nonce === undefined || !signer.ready) return;
    if (this.#nonce !== toHex(nonce)) this.#shown.clear();
    this.#nonce = toHex(nonce);
    const due = gates.filter(({ ready, name }) => ready && !this.#shown.has(name));
    await Promise.allSettled(
      due.map(async (gate) => {
        const codes = await bringWitness(signer, gate, nonce);
        // A signer that is latched has its witness; one that has started anew meanwhile asks again by itself.
        if (!codes.includes('WITNESS_BAD') && this.#nonce === toHex(nonce)) this.#shown.add(gate.name);
        if (codes.length > 0) onRefused(gate.name, codes);
      }),
    );
  }
}
