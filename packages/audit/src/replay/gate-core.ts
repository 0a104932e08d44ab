/**
 * The gate's pure core under replay. What it opened with its key, the auditor opens with the content keys that CLEARED
 * discloses; a refusal after opening what nobody disclosed cannot be reached again.
 * Spec: protocol-spec/13-gate.md, 6-sealing.md.
 */
import { createDecipheriv } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { decodeGateChange, encodeGateChange } from '@coldwire/gate/core/change.ts';
import type { GateCharter } from '@coldwire/gate/core/charter.ts';
import { decideGreeting, decideMessage, decideStart, type GateDecision } from '@coldwire/gate/core/decide.ts';
import { applyGate, createGateState, type GateState, runningTime } from '@coldwire/gate/core/state.ts';
import type { OpenSeal } from '@coldwire/gate/core/unseal.ts';
import { concatBytes, hashRequest, type Received, toHex } from '@coldwire/protocol';
import { NONCE, type SealedMessage, TAG_SIZE } from '@coldwire/protocol/seal/format.ts';
import type { Happening } from '../log/local.ts';
import { type Answer, type Core, type Decided, NotReplayable, type Reading } from './core.ts';

/** Content keys by the ephemeral key of the message that they open, hexadecimal. */
export type Disclosed = ReadonlyMap<string, Uint8Array>;

export class GateCore implements Core {
  readonly #disclosed: Disclosed;
  #state: GateState;

  constructor(charter: GateCharter, disclosed: Disclosed) {
    this.#state = createGateState(charter);
    this.#disclosed = disclosed;
  }

  get session(): number {
    return this.#state.session;
  }

  decideMessage(received: Received, { uptime }: Reading): Decided {
    const open: OpenSeal = (_gate, context, sealed) => {
      const contentKey = this.#disclosed.get(toHex(sealed.ephemeral));
      if (contentKey === undefined)
        throw new NotReplayable('the gate opened a sealed message whose key nobody disclosed');
      const plaintext = decrypt(contentKey, context, sealed);
      return plaintext === undefined ? null : { contentKey, plaintext };
    };
    return toDecided(decideMessage(this.#state, received, uptime, open));
  }

  decideLocal({ event }: Happening): Decided {
    if (event !== 'start') throw new Error(`no gate has the local event "${event}"`);
    return toDecided(decideStart(this.#state));
  }

  decideGreeting({ uptime }: Reading): Decided {
    return toDecided(decideGreeting(this.#state, uptime));
  }

  apply(change: Uint8Array): void {
    this.#state = applyGate(this.#state, decodeGateChange(change));
  }

  noteSaid(): void {
    // A gate remembers nothing of what it said itself.
  }

  adopt({ type: asked, header, body: asking }: Received, { type, body, at }: Answer): void {
    if (asked !== 'CLEAR' || type !== 'REFUSED' || header.request === null) return;
    const requestHash = hashRequest(asking);
    const value = {
      request: header.request,
      requestHash,
      type,
      body,
      at: runningTime(this.#state, at.uptime),
    };
    this.#state = applyGate(this.#state, { kind: 'result', value });
  }

  tickAt({ uptime }: Reading): number {
    return Math.floor(runningTime(this.#state, uptime) / this.#microsecondsPerMillitick);
  }

  moveFreeze(): void {
    throw new Error('no gate is frozen');
  }

  advance(milliticks: number): boolean {
    if (milliticks <= 0) return false;
    this.#state.base += milliticks * this.#microsecondsPerMillitick;
    return true;
  }

  get #microsecondsPerMillitick(): number {
    return this.#state.charter.charter.clock.spacing * 1000;
  }

  equals(other: Core): boolean {
    if (!(other instanceof GateCore)) return false;
    const { charter: _, ...mine } = this.#state;
    const { charter: __, ...theirs } = other.#state;
    return isDeepStrictEqual(mine, theirs);
  }
}

function toDecided({ changes, replies }: GateDecision): Decided {
  return {
    changes: changes.map(encodeGateChange),
    effects: replies.map(({ type, request, body }) => ({ kind: 'say', type, request, body })),
  };
}

/** ChaCha20-Poly1305 (RFC 8439) under the content key; undefined if the tag does not match. */
function decrypt(key: Uint8Array, context: Uint8Array, sealed: SealedMessage): Uint8Array | undefined {
  const { ciphertext, ephemeral } = sealed;
  const length = ciphertext.length - TAG_SIZE;
  if (length < 0) return undefined;
  const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_SIZE });
  decipher.setAAD(concatBytes(context, ephemeral), { plaintextLength: length });
  decipher.setAuthTag(ciphertext.subarray(length));
  const plaintext = decipher.update(ciphertext.subarray(0, length));
  try {
    return concatBytes(plaintext, decipher.final());
  } catch {
    return undefined;
  }
}
