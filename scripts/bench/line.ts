/**
 * The vault's real end of a line with every byte counted, and a line within this process: the real link, channel, session
 * and signer program, but no terminal. serial.ts puts a real signer process on a real pseudo-terminal instead.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Channel } from '@coldwire/channel';
import type { Port } from '@coldwire/link';
import { Admit, Attest, type Ed25519Signer, encode, Headers, type MessageType } from '@coldwire/protocol';
import { openKeyMemory } from '@coldwire/signer/io/key-memory.ts';
import type { Natives } from '@coldwire/signer/io/native.ts';
import { nativePointMath } from '@coldwire/signer/io/public-math.ts';
import { lineTo } from '@coldwire/signer/run/identify.ts';
import { Machine } from '@coldwire/signer/run/machine.ts';
import { Report } from '@coldwire/signer/run/report.ts';
import { restore } from '@coldwire/signer/run/restore.ts';
import { type Readiness, Session } from '@coldwire/vault/session/session.ts';
import { type Gate, sealWitness } from '../../packages/policy/test/memory/memory-world.ts';
import { withDescriptor } from '../../packages/signer/test/io/key-material.ts';
import { digest, identity, type SignerName, type Site } from './site.ts';

/** No keep-alive falls into a measurement. */
const QUIET = { keepAlive: 600_000, silence: 3_600_000 };
/** The speed that both ends count on for their timers, bits a second. */
export const BAUD = 115_200;
/** After this long without a byte nothing more belongs to the request before: acknowledgements wait for at most three frames. */
const SETTLE_MS = 200;
const HEADERS_PER_MESSAGE = 150;

/** Bytes on the line: frames with their delimiters, acknowledgements included. */
export interface LineBytes {
  /** From the vault. */
  readonly down: number;
  /** From the signer. */
  readonly up: number;
}

export interface Exchange {
  /** The answer's canonical body. */
  readonly answer: Uint8Array;
  readonly bytes: LineBytes;
  /** ms from asking to the answer in hand. */
  readonly ms: number;
}

/** Counts what goes through a port. */
class CountingPort implements Port {
  readonly #port: Port;
  written = 0;
  read = 0;
  last = performance.now();

  constructor(port: Port) {
    this.#port = port;
  }

  describe(): string {
    return this.#port.describe();
  }

  onBytes(take: (bytes: Uint8Array) => void): void {
    this.#port.onBytes((bytes) => {
      this.read += bytes.length;
      this.last = performance.now();
      take(bytes);
    });
  }

  onEnd(take: (error: Error | undefined) => void): void {
    this.#port.onEnd(take);
  }

  onDrain(take: () => void): void {
    this.#port.onDrain(take);
  }

  write(bytes: Uint8Array): boolean {
    this.written += bytes.length;
    this.last = performance.now();
    return this.#port.write(bytes);
  }

  pending(): number {
    return this.#port.pending();
  }

  close(): Promise<void> {
    return this.#port.close();
  }
}

/** Who is at the two ends, and what the vault says of itself. */
export interface VaultOptions {
  readonly charter: Uint8Array;
  readonly signer: string;
  readonly signerKey: Uint8Array;
  readonly identity: Ed25519Signer;
  /** That tell the signer, once it has started, that they have seen nothing of it. */
  readonly gates: readonly Gate[];
  readonly tipHeight: number;
  readonly port: Port;
  /** Of its evidence log. */
  readonly directory: string;
}

/** The first vault of a site at the line of its signer A. */
export function vaultOf(site: Site, port: Port, directory: string): VaultEnd {
  return new VaultEnd({
    charter: site.charter.hash,
    signer: 'A',
    signerKey: site.keys.A.expected.identityPublicKey,
    identity: identity('vault-1'),
    gates: site.charter.charter.gates.map(({ name }) => ({ name, key: identity(name) })),
    tipHeight: site.height,
    port,
    directory,
  });
}

/** A vault at one signer's line. */
export class VaultEnd {
  readonly #session: Session;
  readonly #port: CountingPort;
  readonly #options: VaultOptions;
  #nonce: Uint8Array | undefined;
  #requests = 0;
  readonly #waiting: ((readiness: Readiness) => void)[] = [];

  constructor(options: VaultOptions) {
    const { charter, signer, signerKey, identity: own, tipHeight, port, directory } = options;
    this.#options = options;
    this.#port = new CountingPort(port);
    const tipHash = new Uint8Array(32);
    this.#session = new Session(
      {
        openPort: () => this.#port,
        baud: BAUD,
        line: { self: 'vault-1', peer: signer, peerKey: signerKey, incoming: 'up', receiver: 'signer' },
        charter,
        identity: own,
        directory,
        hello: () => ({ software: 'coldwire bench', epoch: 0, tipHeight, tipHash, frozen: false }),
        timing: QUIET,
      },
      {
        onReadiness: (readiness) => {
          if (readiness === 'ready') for (const resolve of this.#waiting.splice(0)) resolve(readiness);
        },
        onHello: ({ nonce }) => {
          this.#nonce = nonce;
        },
        onNotice: () => undefined,
        onProgress: () => undefined,
        onStray: () => undefined,
        onAlarm: (code, detail) => process.stderr.write(`vault: ${code} ${detail}\n`),
      },
    );
  }

  async ready(): Promise<void> {
    if (this.#session.readiness !== 'ready') await new Promise((resolve) => this.#waiting.push(resolve));
    await this.#witness();
    await this.settle();
  }

  async #witness(): Promise<void> {
    const { charter, gates, signer } = this.#options;
    const nonce = this.#nonce;
    if (nonce === undefined) return;
    const witnessed = gates.map((gate) => sealWitness(charter, gate, { signer, nonce, heads: [] }));
    await this.#ask('ATTEST', encode(Attest, { witnessed }), 'DONE');
  }

  /** Asks once and counts everything until the line is quiet again. @throws Error unless the answer has the type */
  async ask(type: MessageType, body: Uint8Array, expect: MessageType): Promise<Exchange> {
    const { written, read } = this.#port;
    const start = performance.now();
    const answer = await this.#ask(type, body, expect);
    const ms = performance.now() - start;
    await this.settle();
    return { answer, ms, bytes: { down: this.#port.written - written, up: this.#port.read - read } };
  }

  /** Shows the signer all blocks and hands over all coins of the site. @returns what the last ADMIT cost */
  async fund(site: Site): Promise<LineBytes> {
    const step = HEADERS_PER_MESSAGE * 80;
    for (let at = 0; at < site.headers.length; at += step) {
      await this.#ask('HEADERS', encode(Headers, { headers: site.headers.slice(at, at + step) }), 'DONE');
    }
    const bodies = site.admits.map((admit) => encode(Admit, admit));
    const last = bodies.pop();
    if (last === undefined) throw new Error('a site has coins');
    for (const body of bodies) await this.#ask('ADMIT', body, 'DONE');
    await this.settle();
    const { bytes } = await this.ask('ADMIT', last, 'DONE');
    return bytes;
  }

  async #ask(type: MessageType, body: Uint8Array, expect: MessageType): Promise<Uint8Array> {
    this.#requests += 1;
    const reply = await this.#session.ask(type, digest(`ask ${this.#requests}`).slice(0, 16), body);
    if (reply.type === expect) return reply.body;
    const text = new TextDecoder().decode(reply.body).replace(/[^ -~]+/g, ' ');
    throw new Error(`${type} was answered by ${reply.type}: ${text}`);
  }

  async settle(): Promise<void> {
    for (let idle = 0; idle < SETTLE_MS; idle = performance.now() - this.#port.last) {
      await sleep(SETTLE_MS - idle);
    }
  }

  stop(): Promise<void> {
    return this.#session.stop();
  }
}

/** Two ports: what one writes the other reads, in order, in a later turn of the event loop. */
export function joinPorts(): readonly [Port, Port] {
  const makeEnd = () => ({ take: (_: Uint8Array): void => undefined, drain: (): void => undefined });
  const left = makeEnd();
  const right = makeEnd();
  const port = (own: typeof left, other: typeof left): Port => ({
    describe: () => 'a line within this process',
    onBytes: (take) => {
      own.take = take;
    },
    onEnd: () => undefined,
    onDrain: (take) => {
      own.drain = take;
    },
    write: (bytes) => {
      const copy = Uint8Array.from(bytes);
      setImmediate(() => {
        other.take(copy);
        own.drain();
      });
      return true;
    },
    pending: () => 0,
    close: async () => {
      other.take = () => undefined;
    },
  });
  return [port(left, right), port(right, left)];
}

class SilentReport extends Report {
  override event(): void {
    // The bench says what it measured; alarms come back as refusals, which end it.
  }
}

/** The signer program's own machine on a line within this process. */
export function startSigner(
  natives: Natives,
  site: Site,
  name: SignerName,
  port: Port,
  directory: string,
): () => Promise<void> {
  const line = lineTo(site.charter, name, undefined);
  const { log, state, chain } = restore(directory, site.charter, line, nativePointMath(natives));
  const machine = new Machine(state, log, new SilentReport());
  const { block, expected } = site.keys[name];
  machine.unlock(
    withDescriptor(block, (fd) => openKeyMemory(natives, fd, expected)),
    'bench',
  );
  let count = 0;
  const nextNonce = (): Uint8Array => {
    count += 1;
    return new Uint8Array(createHash('sha256').update(`${name} ${count}`).digest().subarray(0, 16));
  };
  const channel = new Channel(
    { role: 'responder', port, log, chain, nextNonce, baud: BAUD, timing: QUIET },
    machine,
  );
  machine.attach(channel);
  return async () => {
    await channel.stop();
    machine.zeroize();
    log.close();
  };
}
