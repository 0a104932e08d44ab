/**
 * The vault's end of one line: its own session with its own key, asked to carry what was recorded. To a signer that has
 * started it also brings what the gates have seen of it, as a vault does.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openFifo } from '@coldwire/link';
import {
  Attest,
  BODY_MAX,
  decode,
  encode,
  type Hello,
  MessageBytes,
  type MessageType,
  Refused,
  Witness,
} from '@coldwire/protocol';
import { lineTo, openIdentity } from '@coldwire/vault/serve/open-charter.ts';
import { type Reply, Session } from '@coldwire/vault/session/session.ts';
import type { Deployment } from '../../world/charter.ts';
import { isSigner, type PeerName } from './peers.ts';

/** It looks again soon: what is tried here is the other end. */
const TIMING = { keepAlive: 100, silence: 20_000, redialMax: 300, lockedRetry: 300 };
const HELLO: Hello = {
  software: 'coldwire 0.1.0',
  epoch: 0,
  tipHeight: 0,
  tipHash: new Uint8Array(32),
  frozen: false,
};

const freshId = (): Uint8Array => new Uint8Array(randomBytes(16));

export class VaultEnd {
  readonly name: PeerName;
  /** What the session raised. */
  readonly alarms: string[] = [];
  readonly #session: Session;
  readonly #gates: readonly VaultEnd[];
  #nonce = '';
  /** Whether the signer has been shown every gate's word since its start. */
  #isWitnessed = false;

  /** @param lines the directory of the FIFOs and, below `vault`, of the log @param gates whom a signer's start asks */
  constructor(deployment: Deployment, name: PeerName, lines: string, gates: readonly VaultEnd[] = []) {
    this.name = name;
    this.#gates = gates;
    const directory = join(lines, 'vault', name);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const ignore = (): void => undefined;
    this.#session = new Session(
      {
        openPort: () => openFifo(join(lines, `${name}.up`), join(lines, `${name}.down`)),
        baud: 0,
        line: lineTo(deployment.charter, 'vault-1', isSigner(name) ? 'signer' : 'gate', name),
        charter: deployment.charter.first,
        identity: openIdentity(deployment.keyFile('vault-1'), deployment.charter).signer,
        directory,
        hello: () => HELLO,
        timing: TIMING,
      },
      {
        onReadiness: ignore,
        onHello: ({ nonce }) => this.#greet(nonce),
        onNotice: ignore,
        onProgress: ignore,
        onStray: ignore,
        onAlarm: (code, detail) => void this.alarms.push(`the vault's end: ${code} ${detail}`),
      },
    );
  }

  get ready(): boolean {
    return this.#session.readiness === 'ready' && (this.#gates.length === 0 || this.#isWitnessed);
  }

  ask(type: MessageType, id: Uint8Array, body: Uint8Array): Promise<Reply> {
    return this.#session.ask(type, id, body);
  }

  stop(): Promise<void> {
    return this.#session.stop();
  }

  #greet(nonce: Uint8Array | undefined): void {
    if (nonce === undefined || this.#gates.length === 0) return;
    const name = Buffer.from(nonce).toString('hex');
    if (name === this.#nonce) return;
    this.#nonce = name;
    this.#isWitnessed = false;
    void this.#bring(name, nonce);
  }

  /** One gate after the other, until the signer starts anew. */
  async #bring(name: string, nonce: Uint8Array): Promise<void> {
    for (const gate of this.#gates) {
      const seen = await gate.ask('WITNESS', freshId(), encode(Witness, { signer: this.name, nonce }));
      const message = decode(MessageBytes, seen.message, seen.message.length);
      if (!message.ok || seen.type !== 'WITNESSED') throw new Error(`${gate.name} is no witness`);
      if (this.#nonce !== name) return;
      const shown = await this.ask('ATTEST', freshId(), encode(Attest, { witnessed: [message.value] }));
      if (this.#nonce !== name) return;
      if (shown.type !== 'DONE') this.alarms.push(`the signer does not take the word of ${gate.name}`);
    }
    this.#isWitnessed = true;
  }
}

/** "Ask again when the gates were heard" is no answer yet. */
export function isUnwitnessed({ type, body }: Pick<Reply, 'type' | 'body'>): boolean {
  if (type !== 'REFUSED') return false;
  const refused = decode(Refused, body, BODY_MAX);
  return refused.ok && refused.value.refusals.some(({ code }) => code === 'UNWITNESSED');
}
