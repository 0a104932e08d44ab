/**
 * The attacker's lines: the real vault's key on every line, with the real session below. A request gets its answer or, after a
 * while, none: what a machine does not answer is its own business, but it must answer the next one.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openTty } from '@coldwire/link';
import { readRoleKey } from '@coldwire/program';
import {
  createEd25519Signer,
  type Ed25519Signer,
  type Hello,
  type Line,
  type MessageType,
} from '@coldwire/protocol';
import { type Reply, Session } from '@coldwire/vault/session/session.ts';
import { GATES, type GateName, SIGNERS, type SignerName } from '../world/charter.ts';
import { until } from '../world/processes.ts';
import type { World } from '../world/world.ts';

export type PeerName = SignerName | GateName;
export const PEERS: readonly PeerName[] = [...SIGNERS, ...GATES];
export const isGate = (name: PeerName): name is GateName => GATES.some((gate) => gate === name);

export type Answer = Reply | 'silent';

const BAUD = 115_200;
/** Far above what an idle machine takes, and what a busy one does. */
const PATIENCE_MS = 20_000;

export interface LineEvents {
  onHello(name: PeerName, hello: Hello): void;
  onAlarm(name: PeerName, code: string): void;
}

export class Lines {
  readonly identity: Ed25519Signer;
  readonly #world: World;
  readonly #events: LineEvents;
  readonly #sessions = new Map<PeerName, Session>();
  readonly #hellos = new Map<PeerName, Hello>();
  readonly #signal: AbortSignal | undefined;
  /** Ends the wait of each request that has no answer yet. */
  readonly #waiting = new Set<() => void>();

  /** @param signal from then on nothing is asked any more, and nothing waited for */
  constructor(world: World, events: LineEvents, signal?: AbortSignal) {
    this.#world = world;
    this.#events = events;
    this.#signal = signal;
    signal?.addEventListener('abort', () => {
      for (const give of this.#waiting) give();
    });
    const key = readRoleKey(world.deployment.keyFile('vault-1'), 'vault');
    this.identity = createEd25519Signer(key.identity);
  }

  /** Where this line's chain is kept: the attacker sets it back together with a signer's memory. */
  directoryOf(name: PeerName): string {
    return join(this.#world.directory, 'attacker', name);
  }

  hello(name: PeerName): Hello | undefined {
    return this.#hellos.get(name);
  }

  open(name: PeerName): void {
    const { deployment, lines } = this.#world;
    const pair = lines.get(name);
    if (pair === undefined) throw new Error(`there is no line ${name}`);
    mkdirSync(this.directoryOf(name), { recursive: true, mode: 0o700 });
    const session = new Session(
      {
        openPort: () => openTty(pair.left, BAUD),
        baud: 0,
        line: this.#lineTo(name),
        charter: deployment.charter.first,
        identity: this.identity,
        directory: this.directoryOf(name),
        hello: () => ({
          software: 'attacker',
          epoch: 0,
          tipHeight: 0,
          tipHash: new Uint8Array(32),
          frozen: false,
        }),
      },
      {
        onReadiness: () => undefined,
        onHello: (hello) => {
          this.#hellos.set(name, hello);
          this.#events.onHello(name, hello);
        },
        onNotice: () => undefined,
        onProgress: () => undefined,
        onStray: () => undefined,
        onAlarm: (code) => this.#events.onAlarm(name, code),
      },
    );
    this.#sessions.set(name, session);
  }

  async close(name: PeerName): Promise<void> {
    await this.#sessions.get(name)?.stop();
    this.#sessions.delete(name);
    this.#hellos.delete(name);
  }

  async closeAll(): Promise<void> {
    await Promise.all(PEERS.map((name) => this.close(name)));
  }

  /** @throws Error when the machine does not greet */
  async ready(name: PeerName): Promise<void> {
    await until(
      `${name} greets`,
      () => (this.#sessions.get(name)?.readiness === 'ready' && this.#hellos.has(name) ? true : undefined),
      60_000,
    );
  }

  /** The run is to end: silence means nothing any more. */
  get isStopped(): boolean {
    return this.#signal?.aborted === true;
  }

  isReady(name: PeerName): boolean {
    return this.#sessions.get(name)?.readiness === 'ready';
  }

  async ask(name: PeerName, type: MessageType, body: Uint8Array, id = freshId()): Promise<Answer> {
    const session = this.#sessions.get(name);
    if (session === undefined || this.isStopped) return 'silent';
    const { promise: silence, resolve } = Promise.withResolvers<'silent'>();
    const give = (): void => resolve('silent');
    const timer = setTimeout(give, PATIENCE_MS);
    this.#waiting.add(give);
    const answer = await Promise.race([session.ask(type, id, body), silence]);
    clearTimeout(timer);
    this.#waiting.delete(give);
    if (answer === 'silent') session.forget(id);
    return answer;
  }

  #lineTo(name: PeerName): Line {
    const { charter } = this.#world.deployment.charter;
    const rows = isGate(name) ? charter.gates : charter.signers;
    const row = rows.find((member) => member.name === name);
    if (row === undefined) throw new Error(`the charter has no ${name}`);
    return {
      self: 'vault-1',
      peer: name,
      peerKey: row.key,
      incoming: 'up',
      receiver: isGate(name) ? 'gate' : 'signer',
    };
  }
}

export function freshId(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(16));
}
