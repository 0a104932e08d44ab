/**
 * A treasury whose every machine is the real one: signers with key memory, gates, the vault's sessions, evidence logs on disk,
 * lines that are joined in memory. Only the chain is policy's test world, and the date is its date.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Channel, foldRecord } from '@coldwire/channel';
import { type EvidenceLog, openLog } from '@coldwire/evidence';
import { decodeGateChange } from '@coldwire/gate/core/change.ts';
import { loadGateCharter } from '@coldwire/gate/core/charter.ts';
import { applyGate, createGateState } from '@coldwire/gate/core/state.ts';
import { GateMachine } from '@coldwire/gate/run/machine.ts';
import { GateReport } from '@coldwire/gate/run/report.ts';
import { EventLog } from '@coldwire/program';
import {
  Clear,
  createChain,
  decode,
  encode,
  type Line,
  MessageBytes,
  type MessageType,
  type Receiver,
  SignedCharter,
  SignRequest,
  toHex,
} from '@coldwire/protocol';
import { Machine } from '@coldwire/signer/run/machine.ts';
import { Report } from '@coldwire/signer/run/report.ts';
import { restore } from '@coldwire/signer/run/restore.ts';
import { type Reply, Session } from '@coldwire/vault/session/session.ts';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { vi } from 'vitest';
import { createRandom, createWire, type Wire } from '../../channel/test/wire.ts';
import { identity, seeded, World } from '../../policy/test/world.ts';
import {
  gateSecret,
  materials,
  openKeys,
  realCharter,
  type SignerName,
  signCharter,
} from '../../signer/test/signing-world.ts';

import { type Batch, readBatches, writeBatches } from './forge.ts';

const VAULT = 'vault-1';
const TIMING = { redialMax: 50, lockedRetry: 50 };
/** ms; a busy machine takes its time. */
const PATIENCE = 60_000;

class QuietReport extends Report {
  override event(): void {
    // stderr belongs to the test runner
  }
}

/** One machine at the far end of a line, and the vault's session with it. */
interface Station {
  readonly wire: Wire;
  readonly receiver: Receiver;
  session: Session;
  /** Stops the machine as a power cut would: nothing is said any more. */
  stop: () => Promise<void>;
  signer?: Machine;
}

export class Town {
  readonly directory = mkdtempSync(join(tmpdir(), 'coldwire-audit-'));
  /** Blocks a second apart, so that running time earns ticks while the test runs. */
  readonly world = new World(
    realCharter((charter) => ({ ...charter, clock: { ...charter.clock, spacing: 1 } })),
  );
  readonly charter = join(this.directory, 'charter.cbor');
  readonly #stations = new Map<string, Station>();
  #told = 0;
  #ids = 0;
  #nonces = 0;

  constructor() {
    writeFileSync(this.charter, signCharter(this.world));
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(this.world.now * 1000);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  }

  /** The machine's own log. */
  own(name: string): string {
    return join(this.directory, 'machines', name);
  }

  /** The vault's log of its line. */
  line(name: string): string {
    return join(this.directory, 'lines', name);
  }

  async remove(): Promise<void> {
    for (const { session, stop } of this.#stations.values()) {
      await stop();
      await session.stop();
    }
    vi.useRealTimers();
    vi.restoreAllMocks();
    rmSync(this.directory, { recursive: true });
  }

  /** Locks a signer, freezes it at its console, and unlocks it a moment later: the line learns of the freeze only then. */
  async freezeLocked(name: SignerName): Promise<void> {
    const machine = this.signer(name);
    machine.lock('console');
    machine.happen({ event: 'freeze', detail: 'night watch' });
    await new Promise((resolve) => setTimeout(resolve, 30));
    machine.unlock(openKeys(name), 'console');
  }

  signer(name: SignerName): Machine {
    const { signer } = this.#station(name);
    if (signer === undefined) throw new Error(`${name} is no signer`);
    return signer;
  }

  async open(name: string): Promise<void> {
    const wire = createWire(createRandom(1), 0);
    const receiver: Receiver = name in materials ? 'signer' : 'gate';
    mkdirSync(this.own(name), { recursive: true });
    mkdirSync(this.line(name), { recursive: true });
    const station = {
      wire,
      receiver,
      session: this.#openSession(name, receiver, wire),
      stop: async () => {},
    };
    this.#stations.set(name, station);
    await this.start(name);
  }

  /** Starts the machine; what it was is read from its log. */
  async start(name: string): Promise<void> {
    const station = this.#station(name);
    if (station.receiver === 'signer') this.#startSigner(name, station);
    else this.#startGate(name, station);
    await vi.waitFor(() => {
      if (station.session.readiness !== 'ready') throw new Error(`${name} is not there`);
    }, PATIENCE);
  }

  stop(name: string): Promise<void> {
    return this.#station(name).stop();
  }

  /** The power goes: both ends start again from what of their logs was on disk, as `keep` says. */
  async powerCut(
    name: string,
    keep: (log: 'own' | 'line', batches: readonly Batch[]) => readonly Batch[],
  ): Promise<void> {
    const station = this.#station(name);
    await station.stop();
    await station.session.stop();
    for (const [log, directory, owner] of [
      ['own', this.own(name), name],
      ['line', this.line(name), VAULT],
    ] as const) {
      const batches = readBatches(directory);
      rmSync(directory, { recursive: true });
      writeBatches(directory, owner, keep(log, batches));
    }
    station.session = this.#openSession(name, station.receiver, station.wire);
    await this.start(name);
  }

  newId(): Uint8Array {
    this.#ids += 1;
    return seeded(`audit request ${this.#ids}`).slice(0, 16);
  }

  ask(name: string, type: MessageType, body: Uint8Array, id = this.newId()): Promise<Reply> {
    vi.setSystemTime(this.world.now * 1000);
    return this.#station(name).session.ask(type, id, body);
  }

  /** Tells these signers what the world has seen since the last time. */
  async tell(names: readonly SignerName[]): Promise<void> {
    for (const { type, body } of this.world.events.slice(this.#told)) {
      for (const name of names) {
        const reply = await this.ask(name, type, body);
        if (reply.type !== 'DONE') throw new Error(`${name} refuses ${type}`);
      }
    }
    this.#told = this.world.events.length;
  }

  /** What the two say to the request, and what the gate makes of it. */
  async pay(request: SignRequest, names: readonly SignerName[], gate: string): Promise<Reply> {
    const body = encode(SignRequest, request);
    const signed: [Uint8Array, Uint8Array, Uint8Array][] = [];
    for (const name of names) {
      const reply = await this.ask(name, 'SIGN', body);
      if (reply.type !== 'SIGNED') throw new Error(`${name} says ${reply.type}`);
      const parts = decode(MessageBytes, reply.message, 1_000_000);
      if (!parts.ok) throw new Error(parts.fault.detail);
      signed.push([...parts.value]);
    }
    return this.ask(gate, 'CLEAR', encode(Clear, { request: body, signed }));
  }

  #station(name: string): Station {
    const station = this.#stations.get(name);
    if (station === undefined) throw new Error(`${name} is not open`);
    return station;
  }

  #nonce(): Uint8Array {
    this.#nonces += 1;
    return seeded(`nonce ${this.#nonces}`).slice(0, 16);
  }

  #openSession(name: string, receiver: Receiver, wire: Wire): Session {
    const { charter, hash } = this.world.loaded;
    const peer = [...charter.signers, ...charter.gates].find((row) => row.name === name);
    if (peer === undefined) throw new Error(`the charter has no ${name}`);
    const line: Line = { self: VAULT, peer: name, peerKey: peer.key, incoming: 'up', receiver };
    const options = {
      openPort: () => wire.plug(0),
      baud: 0,
      line,
      charter: hash,
      identity: identity(VAULT),
      directory: this.line(name),
      hello: () => ({
        software: 'test vault',
        epoch: 0,
        tipHeight: this.world.height,
        tipHash: this.world.tipHash,
        frozen: false,
      }),
      timing: TIMING,
    };
    return new Session(options, {
      onReadiness: () => {},
      onHello: () => {},
      onNotice: () => {},
      onProgress: () => {},
      onStray: () => {},
      onAlarm: (code, detail) => {
        throw new Error(`${name}: ${code} ${detail}`);
      },
    });
  }

  #lineOf(name: string, receiver: Receiver): Line {
    const { publicKey } = identity(VAULT);
    return { self: name, peer: VAULT, peerKey: publicKey, incoming: 'down', receiver };
  }

  #startSigner(name: string, station: Station): void {
    const known = ['A', 'B', 'C'].find((signer) => signer === name);
    if (known !== 'A' && known !== 'B' && known !== 'C') throw new Error(`${name} is no signer`);
    const line = this.#lineOf(name, 'signer');
    const { state, log, chain } = restore(this.own(name), this.world.loaded, line, noblePointMath);
    const machine = new Machine(state, log, new QuietReport());
    machine.happen({ event: 'start', detail: toHex(this.world.loaded.hash) });
    machine.unlock(openKeys(known), 'at start');
    const port = station.wire.plug(1);
    const nextNonce = () => this.#nonce();
    const channel = new Channel(
      { role: 'responder', port, baud: 0, log, chain, nextNonce, timing: TIMING },
      machine,
    );
    machine.attach(channel);
    station.signer = machine;
    station.stop = async () => {
      machine.zeroize();
      await this.#close(channel, log, station);
    };
  }

  #startGate(name: string, station: Station): void {
    const signed = decode(SignedCharter, signCharter(this.world), 131_072);
    const loaded = signed.ok ? loadGateCharter(signed.value, name) : undefined;
    if (loaded?.ok !== true) throw new Error('the gate refuses the charter');
    let state = createGateState(loaded.value);
    let chain = createChain(this.#lineOf(name, 'gate'));
    const { log } = openLog(this.own(name), name, (record) => {
      if (record[1] === 'change') state = applyGate(state, decodeGateChange(record[4]));
      else if (record[1] !== 'local') chain = foldRecord(chain, record);
    });
    const report = new GateReport(this.own(name), name, new EventLog({ write: () => {} }));
    const machine = new GateMachine(state, log, identity(name), gateSecret(name), report);
    machine.start(seeded('program'));
    const port = station.wire.plug(1);
    const nextNonce = () => this.#nonce();
    const channel = new Channel(
      { role: 'responder', port, baud: 0, log, chain, nextNonce, timing: TIMING },
      machine,
    );
    machine.attach(channel);
    station.stop = () => this.#close(channel, log, station);
  }

  async #close(channel: Channel, log: EvidenceLog, station: Station): Promise<void> {
    await channel.stop();
    log.close();
    station.stop = async () => {};
  }
}
