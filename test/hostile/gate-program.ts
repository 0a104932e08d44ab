/** A gate's whole program in this process, on a log in memory and a line that nobody reads: what it writes down and says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Channel, unpackMessage } from '@coldwire/channel';
import type { Entry, EvidenceLog } from '@coldwire/evidence';
import type { GateCharter } from '@coldwire/gate/core/charter.ts';
import { createGateState } from '@coldwire/gate/core/state.ts';
import { GateMachine } from '@coldwire/gate/run/machine.ts';
import { GateReport } from '@coldwire/gate/run/report.ts';
import { EventLog } from '@coldwire/program';
import { createChain, decode, Refused, SALT_LENGTH } from '@coldwire/protocol';
import { createRandom, createWire } from '../../packages/channel/test/wire.ts';
import { receive } from '../../packages/gate/test/gate-world.ts';
import { identity, seeded } from '../../packages/policy/test/world.ts';
import { gateSecret } from '../../packages/signer/test/signing-world.ts';

/** What came of one message. */
export interface Outcome {
  /** How many changes of state were written down. */
  readonly changes: number;
  /** The codes of the answer; none if it is CLEARED. */
  readonly codes: readonly string[];
  /** Codes of the alarms that were raised, each once. */
  readonly alarms: readonly string[];
}

export class GateProgram {
  readonly #directory = mkdtempSync(join(tmpdir(), 'coldwire-gate-'));
  readonly #written: Entry[] = [];
  readonly #events: string[] = [];
  readonly #charter: GateCharter;
  readonly #machine: GateMachine;
  readonly #channel: Channel;

  constructor(charter: GateCharter) {
    this.#charter = charter;
    const { name } = charter.own;
    const vault = charter.charter.vaults[0];
    if (vault === undefined) throw new Error('no vault');
    const log: EvidenceLog = {
      head: { index: 0, chain: new Uint8Array(32), segment: 0, offset: 0 },
      grown: 0,
      append: (entries) => void this.#written.push(...entries),
      close: () => undefined,
    };
    const events = new EventLog({ write: (line) => void this.#events.push(line) });
    const report = new GateReport(this.#directory, name, events);
    this.#machine = new GateMachine(createGateState(charter), log, identity(name), gateSecret(name), report);
    this.#machine.start(seeded('program'));
    const line = {
      self: name,
      peer: vault.name,
      peerKey: vault.key,
      incoming: 'down',
      receiver: 'gate',
    } as const;
    const port = createWire(createRandom(1), 0).plug(0);
    const nextNonce = (): Uint8Array => seeded('nonce').slice(0, 16);
    const chain = createChain(line);
    this.#channel = new Channel({ role: 'responder', port, log, chain, nextNonce, baud: 0 }, this.#machine);
    this.#machine.attach(this.#channel);
  }

  clear(body: Uint8Array, label: string): Outcome {
    const [records, lines] = [this.#written.length, this.#events.length];
    const received = receive(this.#charter, 'CLEAR', body, seeded(label).slice(0, 16));
    const taken = this.#machine.onMessage(received, this.#machine.read());
    taken.after();
    const [sent, ...more] = this.#written.slice(records);
    if (sent?.kind !== 'sent' || more.length > 0) throw new Error('a CLEAR has one answer');
    const { message } = unpackMessage(sent.bytes);
    const refused = decode(Refused, message.body.slice(SALT_LENGTH));
    const raised = this.#events.slice(lines).flatMap((line) => {
      const { event, code }: { event?: string; code?: string } = JSON.parse(line);
      return event === 'alarm' ? [String(code)] : [];
    });
    return {
      changes: taken.entries.length,
      codes: refused.ok ? refused.value.refusals.map(({ code }) => code) : [],
      alarms: [...new Set(raised)],
    };
  }

  async close(): Promise<void> {
    await this.#channel.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
