/**
 * A signer that has started wants to know what gates have seen of it. The vault only carries: it asks a gate and brings the
 * gate's signed word, whole. A gate that says nothing holds nothing else up. Spec: protocol-spec/14-memory.md, "Witness".
 */
import { Attest, decode, encode, equalBytes, MessageBytes, toHex, Witness } from '@coldwire/protocol';
import type { Reply } from '../session/session.ts';
import { Away, type Peer, readRefusals } from './peer.ts';
import type { Vault } from './vault.ts';

/** A signer that is latched by what a gate says has its witness. */
const LATCHES: readonly string[] = ['STATE_ROLLBACK', 'CLONE'];

/** What became of a gate's witness. */
export interface Brought {
  /** Whether the signer has taken it in, or asks for it no more. */
  readonly isHeard: boolean;
  /** Who refused; whatever it says, `codes` are empty where nobody did. */
  readonly by: 'gate' | 'signer';
  readonly codes: readonly string[];
}

/** Asks one gate and shows the signer what it says, unless the signer asks for something else by then. @throws Away */
export async function bringWitness(signer: Peer, gate: Peer, nonce: Uint8Array): Promise<Brought> {
  const asked = await gate.request('WITNESS', encode(Witness, { signer: signer.name, nonce }));
  if (asked.type !== 'WITNESSED') return { isHeard: false, by: 'gate', codes: codesOf(asked) };
  const message = decode(MessageBytes, asked.message, asked.message.length);
  if (!message.ok) throw new Error(`what the session gave for a message is none: ${message.fault.detail}`);
  const wanted = signer.hello?.nonce;
  if (wanted === undefined || !equalBytes(wanted, nonce)) return { isHeard: true, by: 'signer', codes: [] };
  const reply = await signer.request('ATTEST', encode(Attest, { witnessed: [message.value] }));
  if (reply.type === 'DONE') return { isHeard: true, by: 'signer', codes: [] };
  const codes = codesOf(reply);
  return { isHeard: codes.length > 0 && codes.every((code) => LATCHES.includes(code)), by: 'signer', codes };
}

function codesOf({ body }: Reply): readonly string[] {
  return readRefusals(body).map(({ code }) => code);
}

/** A gate that was asked in this start of the signer. */
interface Asked {
  /** When it was asked first (ms). */
  readonly since: number;
  /** How often. */
  readonly times: number;
  /** Its introduction behind which it was asked last. */
  readonly hellos: number;
  /** Not before this moment (ms) again, unless it introduces itself anew. */
  notBefore: number;
  isOpen: boolean;
}

/** Which gates a signer has been shown since its start. */
export class Witnesses {
  #nonce = '';
  readonly #shown = new Set<string>();
  readonly #asked = new Map<string, Asked>();

  /** Whether the signer lacks the witness of one of these gates, as far as is known here. */
  lacks(signer: Peer, gates: readonly string[]): boolean {
    const nonce = signer.hello?.nonce;
    return (
      nonce !== undefined && (this.#nonce !== toHex(nonce) || gates.some((gate) => !this.#shown.has(gate)))
    );
  }

  /**
   * Asks every gate that is there and was not brought yet; its word is brought whenever it comes. Resolves when all were heard,
   * or had the deadline to answer since they were asked first. Never throws.
   */
  async bring(vault: Vault, signer: Peer, gates: readonly Peer[]): Promise<void> {
    const { bells, tuning, stopping } = vault;
    const nonce = signer.hello?.nonce;
    if (nonce === undefined || !signer.ready) return;
    this.#begin(toHex(nonce));
    // As the signer does: a gate that a charter drops and a later one lists again has to be heard again.
    const listed = vault.charter.charter.gates.map(({ name }) => name);
    for (const name of this.#shown) if (!listed.includes(name)) this.#shown.delete(name);
    for (const gate of gates) if (this.#isDue(gate)) this.#ask(vault, signer, gate, nonce);
    for (;;) {
      const seen = bells.peers.rings;
      const left = this.#lastAsked() + tuning.deadlineMs - performance.now();
      if (!(left > 0) || !signer.ready || stopping.aborted) return;
      await bells.peers.after(seen, left);
    }
  }

  #begin(nonce: string): void {
    if (this.#nonce === nonce) return;
    this.#nonce = nonce;
    this.#shown.clear();
    this.#asked.clear();
  }

  #isDue({ name, ready, hellos }: Peer): boolean {
    if (!ready || this.#shown.has(name)) return false;
    const asked = this.#asked.get(name);
    return asked === undefined || asked.hellos !== hellos || performance.now() >= asked.notBefore;
  }

  /** When the last of those that have not answered was asked first (ms). */
  #lastAsked(): number {
    const open = [...this.#asked].filter(([name, { isOpen }]) => isOpen && !this.#shown.has(name));
    return Math.max(...open.map(([, { since }]) => since));
  }

  /** The longer a gate says nothing, the more seldom it is asked again. */
  #ask(vault: Vault, signer: Peer, gate: Peer, nonce: Uint8Array): void {
    const now = performance.now();
    const { since = now, times = 0 } = this.#asked.get(gate.name) ?? {};
    const notBefore = now + vault.tuning.deadlineMs * 2 ** times;
    const asked: Asked = { since, times: times + 1, hellos: gate.hellos, notBefore, isOpen: true };
    this.#asked.set(gate.name, asked);
    const end = (): void => {
      asked.isOpen = false;
      vault.bells.peers.ring();
    };
    this.#bringOne(vault, signer, gate, nonce).then(end, (error: unknown) => {
      // Whoever left is asked as soon as it is back.
      asked.notBefore = 0;
      end();
      if (!(error instanceof Away)) vault.fail(error);
    });
  }

  async #bringOne({ report }: Vault, signer: Peer, gate: Peer, nonce: Uint8Array): Promise<void> {
    const { isHeard, by, codes } = await bringWitness(signer, gate, nonce);
    // A signer that has started anew meanwhile asks again by itself.
    if (isHeard && this.#nonce === toHex(nonce)) this.#shown.add(gate.name);
    const [code] = codes;
    if (code === undefined) return;
    const what = codes.join(', ');
    if (by === 'gate') report.alarm(code, gate.name, `it says nothing of ${signer.name}: ${what}`);
    else report.alarm(code, signer.name, `it refuses the witness of ${gate.name}: ${what}`);
  }
}
