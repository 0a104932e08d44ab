/** A real coldwire-signer by its launcher, its state directory and line, and a real vault's end of that line. */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFifo, openTty, type Port } from '@coldwire/link';
import {
  Attest,
  concatBytes,
  encode,
  Headers,
  type MessageType,
  type SeenHead,
  SignRequest,
} from '@coldwire/protocol';
import { hasNamespaces, launcher, type Running, start, until } from '../../../../test/world/processes.ts';
import { WAIVE_HOST } from '../../../../test/world/waivers.ts';
import { testify } from '../../../policy/test/memory/memory-world.ts';
import { type Coin, identity, mineHeader, World } from '../../../policy/test/world.ts';
import { type Readiness, type Reply, Session } from '../../../vault/src/session/session.ts';
import { destination, materials, realCharter, type SignerName, signCharter } from '../signing-world.ts';

export interface StartOptions {
  readonly signer?: SignerName;
  /** false: without --signer. */
  readonly named?: false;
  /** What comes through the key pipe; null: no key descriptor. */
  readonly block?: Uint8Array | null;
  readonly line?: readonly string[];
  readonly charter?: string;
  readonly state?: string;
  readonly more?: readonly string[];
  /** Stands before the launcher. */
  readonly wrapper?: readonly string[];
}

export class Rig {
  readonly directory = mkdtempSync(join(tmpdir(), 'coldwire-signer-'));
  readonly world = new World(realCharter());
  readonly charter = join(this.directory, 'charter.cbor');
  readonly state = join(this.directory, 'state');
  readonly notices: string[] = [];
  /** Whether gates answer a signer that has started, and what they say that they have seen of it. */
  witnesses = true;
  heads: readonly SeenHead[] = [];
  readonly alarms: string[] = [];
  readonly readiness: Readiness[] = [];
  #running: Running[] = [];
  #session: Session | undefined;
  #starts = 0;

  constructor() {
    writeFileSync(this.charter, signCharter(this.world));
    mkdirSync(this.state, { mode: 0o700 });
    for (const fifo of ['down', 'up'])
      spawnSync('mkfifo', ['-m', '600', join(this.directory, fifo)], { stdio: 'ignore' });
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** The command line of a start, for tests that run it to its end. */
  commandOf(options: StartOptions = {}): { command: string; args: string[] } {
    const { signer = 'A', line = ['--fifo', this.path('down'), this.path('up')], more = [] } = options;
    const block = options.block === undefined ? materials[signer].block : options.block;
    const network = hasNamespaces() ? [] : ['--waive', 'network'];
    const wrapper = [...(options.wrapper ?? []), ...(hasNamespaces() ? ['unshare', '-n'] : [])];
    const words = [
      ...wrapper,
      launcher('signer'),
      'run',
      ...line,
      ...['--charter', options.charter ?? this.charter, '--state', options.state ?? this.state],
      ...(options.named === false ? [] : ['--signer', signer]),
      ...(block === null ? [] : ['--key-fd', '0']),
      ...network,
      ...WAIVE_HOST,
      ...more,
    ];
    const [command = '', ...args] = words;
    return { command, args };
  }

  async start(options: StartOptions = {}): Promise<Running> {
    this.#starts += 1;
    const block = options.block === undefined ? materials[options.signer ?? 'A'].block : options.block;
    const running = await start({
      name: 'signer',
      ...this.commandOf(options),
      logFile: this.path(`signer-${this.#starts}.log`),
      ...(block === null ? {} : { input: block }),
    });
    this.#running.push(running);
    return running;
  }

  /** A vault at the other end, on FIFOs or on a terminal. */
  connect(tty?: string): Session {
    const directory = this.path('line');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { charter, hash } = this.world.loaded;
    const member = charter.signers[0];
    if (member === undefined) throw new Error('no signer');
    const openPort = (): Port =>
      tty === undefined ? openFifo(this.path('up'), this.path('down')) : openTty(tty, 115_200);
    this.#session = new Session(
      {
        openPort,
        baud: 0,
        line: { self: 'vault-1', peer: 'A', peerKey: member.key, incoming: 'up', receiver: 'signer' },
        charter: hash,
        identity: identity('vault-1'),
        directory,
        hello: () => ({
          software: 'test',
          epoch: 0,
          tipHeight: 0,
          tipHash: new Uint8Array(32),
          frozen: false,
        }),
      },
      {
        onReadiness: (readiness) => this.readiness.push(readiness),
        onHello: ({ nonce }) => this.#witness(nonce),
        // What this machine waives and how full its disk is differs from machine to machine.
        onNotice: (event) => {
          if (!['waive', 'disk', 'ask'].includes(event)) this.notices.push(event);
        },
        onProgress: () => undefined,
        onStray: () => undefined,
        onAlarm: (code, detail) => this.alarms.push(`${code}: ${detail}`),
      },
    );
    return this.#session;
  }

  /** What the gates of the charter say to a signer that has started: as far as they know, its memory is whole. */
  #witness(nonce: Uint8Array | undefined): void {
    if (nonce === undefined || !this.witnesses) return;
    const witnessed = ['gate-1', 'gate-2'].map((gate) =>
      testify(this.world, gate, { nonce, heads: this.heads }),
    );
    void this.session.ask('ATTEST', new Uint8Array(randomBytes(16)), encode(Attest, { witnessed }));
  }

  get session(): Session {
    return this.#session ?? this.connect();
  }

  async reach(readiness: Readiness): Promise<void> {
    const { session } = this;
    await until(readiness, () => (session.readiness === readiness ? true : undefined), 40_000);
  }

  ask(type: MessageType, body: Uint8Array, id: Uint8Array = new Uint8Array(randomBytes(16))): Promise<Reply> {
    const { session } = this;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${type}: no answer; ${this.alarms.join('; ')}`)), 40_000);
    });
    return Promise.race([session.ask(type, id, body), late]).finally(() => clearTimeout(timer));
  }

  /** Coins at the signer, and a newest header of just now, so that its clock is fresh. */
  async fund(amounts: readonly bigint[]): Promise<readonly Coin[]> {
    const coins = this.world.fund(amounts);
    for (const { type, body } of this.world.events) {
      const { type: answer } = await this.ask(type, body);
      if (answer !== 'DONE') throw new Error(`${type} was answered ${answer}`);
    }
    const root = new Uint8Array(createHash('sha256').update('now').digest());
    const header = mineHeader(this.world.tipHash, root, Math.floor(Date.now() / 1000));
    await this.ask('HEADERS', encode(Headers, { headers: concatBytes(header) }));
    return coins;
  }

  /** The body of SIGN that pays a million from these coins. */
  payment(label: string, coins: readonly Coin[]): Uint8Array {
    const script = destination(label);
    const intents = [
      this.world.intent({ id: label, amount: 1_000_000n, script, created: 1001, expires: 1100 }),
    ];
    const total = coins.reduce((sum, { amount }) => sum + amount, 0n);
    return encode(
      SignRequest,
      this.world.request({ coins, intents, change: [{ amount: total - 1_010_000n }] }),
    );
  }

  console(...words: readonly string[]): {
    status: number | null;
    answer: Record<string, unknown>;
    error: string;
  } {
    const args = [...words, '--state', this.state, '--json'];
    const { status, stdout, stderr } = spawnSync(launcher('signer'), args, {
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { status, answer: stdout === '' ? {} : JSON.parse(stdout), error: stderr };
  }

  async disconnect(): Promise<void> {
    await this.#session?.stop();
    this.#session = undefined;
  }

  async close(): Promise<void> {
    await this.disconnect();
    for (const running of this.#running) await running.stop('SIGKILL');
    if (existsSync(this.directory)) rmSync(this.directory, { recursive: true, force: true });
  }
}
