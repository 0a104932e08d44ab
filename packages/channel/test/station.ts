/**
 * A program at one end of a line, as small as one can be: it says its bodies in order, each once, and keeps what it took. All
 * that it knows is in its evidence log; `kill` forgets the rest, `start` reads it back.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EvidenceLog, openLog } from '@coldwire/evidence';
import {
  type Chain,
  createChain,
  createEd25519Signer,
  type Ed25519Signer,
  type Message,
  taggedHash,
} from '@coldwire/protocol';
import { Channel, foldRecord, unpackMessage } from '../src/index.ts';
import type { MemoryPort, Wire } from './wire.ts';

export const CHARTER = new Uint8Array(32).fill(0xcc);
export const NAMES = ['vault', 'A'] as const;
export const KEYS: readonly [Ed25519Signer, Ed25519Signer] = [
  createEd25519Signer(new Uint8Array(32).fill(1)),
  createEd25519Signer(new Uint8Array(32).fill(2)),
];
const TIMING = { redialMax: 300, lockedRetry: 300, silence: 3_000, keepAlive: 800 };

export function createLineChain(end: 0 | 1): Chain {
  const other = end === 0 ? 1 : 0;
  return createChain({
    self: NAMES[end],
    peer: NAMES[other],
    peerKey: KEYS[other].publicKey,
    incoming: end === 0 ? 'up' : 'down',
    receiver: 'signer',
  });
}

let nonces = 0;
export function nextNonce(): Uint8Array {
  nonces += 1;
  return taggedHash('connection', Uint8Array.of(nonces >> 16, nonces >> 8, nonces)).subarray(0, 16);
}

export class Station {
  readonly end: 0 | 1;
  readonly #wire: Wire;
  readonly directory = mkdtempSync(join(tmpdir(), 'coldwire-channel-'));
  #log: EvidenceLog | undefined;
  #port: MemoryPort | undefined;
  #session = 0;
  #uptime = 0;
  channel: Channel | undefined;
  /** Bodies by the log: said, and taken. */
  said: Uint8Array[] = [];
  taken: Uint8Array[] = [];
  /** What `after` was called for, over all starts. */
  acted: Uint8Array[] = [];
  readonly alarms: string[] = [];
  readonly events: string[] = [];
  readonly messages: Message[] = [];
  /** While true every write to the disk fails. */
  diskFull = false;
  /** Called in the middle of taking a message: after the sync, before anything follows from it. */
  onSynced: () => void = () => undefined;

  constructor(end: 0 | 1, wire: Wire) {
    this.end = end;
    this.#wire = wire;
    this.start();
  }

  start(): void {
    let chain = createLineChain(this.end);
    this.said = [];
    this.taken = [];
    const { log } = openLog(this.directory, NAMES[this.end], (record) => {
      chain = foldRecord(chain, record);
      const [, kind, , , packed] = record;
      if (kind !== 'received' && kind !== 'sent') return;
      const body = unpackMessage(packed).message.body.subarray(16);
      (kind === 'sent' ? this.said : this.taken).push(body);
    });
    this.#log = log;
    this.#session += 1;
    this.#port = this.#wire.plug(this.end);
    this.channel = new Channel(
      {
        role: this.end === 0 ? 'initiator' : 'responder',
        port: this.#port,
        log: {
          grown: 0,
          head: log.head,
          close: () => log.close(),
          append: (entries) => this.#append(log, entries),
        },
        chain,
        nextNonce,
        baud: 0,
        timing: TIMING,
      },
      this.#owner(),
    );
  }

  #append(log: EvidenceLog, entries: Parameters<EvidenceLog['append']>[0]): void {
    if (this.diskFull) throw new Error('ENOSPC: no space left on device');
    log.append(entries);
  }

  #owner(): ConstructorParameters<typeof Channel>[1] {
    return {
      charter: CHARTER,
      session: this.#session,
      read: () => ({ uptime: this.#uptime++, time: 1_700_000_000 }),
      sign: (hash) => KEYS[this.end].sign(hash),
      salt: (binding) => taggedHash('body', binding).subarray(0, 16),
      onMessage: (received) => ({
        entries: [{ kind: 'local', uptime: 0, time: 0, bytes: received.body.subarray(0, 4) }],
        after: () => {
          this.taken.push(received.body);
          this.onSynced();
          this.acted.push(received.body);
        },
      }),
      onUp: () => {
        this.events.push('up');
        this.onUp();
      },
      onDown: (reason) => this.events.push(`down ${reason}`),
      onLocked: () => this.events.push('locked'),
      onProgress: () => undefined,
      onEnd: () => this.events.push('end'),
      onAlarm: (code) => this.alarms.push(code),
    };
  }

  /** What its program does on each connection: nothing. */
  onUp(): void {}

  say(body: Uint8Array): void {
    const type = this.end === 0 ? 'FREEZE' : 'NOTICE';
    const message = this.channel?.send({ type, request: null, body });
    if (message !== undefined) this.messages.push(message);
    this.said.push(body);
  }

  /** As kill -9: whatever is not on disk is gone, and nothing is said to anyone. */
  kill(): void {
    this.#port?.cut();
    this.#log?.close();
    void this.channel?.stop();
    this.channel = undefined;
  }

  remove(): void {
    this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
