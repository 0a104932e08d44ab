/**
 * A first estimate of payments a second: batches of 100 through the policy and keys of two signers, journalled, and through
 * a gate's whole check, one after the other on one core of this process. No vault, no line.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EvidenceLog, openLog } from '@coldwire/evidence';
import {
  applyGate,
  createGateState,
  decideMessage,
  encodeGateChange,
  type GateState,
  loadGateCharter,
} from '@coldwire/gate';
import { openSecureDirectory } from '@coldwire/program';
import { Clear, encode } from '@coldwire/protocol';
import { openSealed } from '@coldwire/protocol/seal/index.ts';
import { loadNatives } from '@coldwire/signer/io/native.ts';
import { type Cost, measureOnce, medianCost } from './measure.ts';
import { receivedAs, type SignedMessage, SignerDesk } from './signer-desk.ts';
import { encodeRequest, gateSecret, makeSite, type Site } from './site.ts';

const PAYMENTS = 100;
/** What coin selection takes for 100 payments of an exchange, and change. */
const INPUTS = 3;
const BATCHES = 12;
/** The first batches compile the code; a machine that runs for months has done that. */
const WARM_UP = 4;

export interface Throughput {
  readonly payments: number;
  readonly inputs: number;
  /** One signer, one batch. */
  readonly signer: Cost;
  readonly gate: Cost;
  /** Two signers and a gate, one after the other. */
  readonly paymentsPerSecond: number;
}

export function measureThroughput(): Throughput {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-throughput-'));
  const logs: EvidenceLog[] = [];
  const openNamed = (name: string): EvidenceLog => {
    const { log } = openLog(openSecureDirectory(join(directory, name)), name, () => undefined);
    logs.push(log);
    return log;
  };
  try {
    return runBatches(openNamed);
  } finally {
    for (const log of logs) log.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function runBatches(openNamed: (name: string) => EvidenceLog): Throughput {
  const time = Math.floor(Date.now() / 1000);
  const site = makeSite(INPUTS * BATCHES, time);
  const natives = loadNatives();
  const signers = (['A', 'B'] as const).map((name) => {
    const desk = new SignerDesk(natives, site, name, { uptime: 1_000_000, time });
    return { desk, state: desk.makeState('derived'), log: openNamed(name) };
  });
  const gate = new GateDesk(site, openNamed('gate-1'), time);
  const signing: Cost[] = [];
  const clearing: Cost[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const coins = site.coins.slice(batch * INPUTS, (batch + 1) * INPUTS);
    const label = `batch ${batch}`;
    const request = encodeRequest(site, { coins, payments: PAYMENTS, label, changeIndex: batch });
    const signed: SignedMessage[] = [];
    const signerCosts = signers.map(({ desk, state, log }) =>
      measureOnce(() => signed.push(desk.answer(state, label, request, log))),
    );
    const gateCost = measureOnce(() => gate.clear(label, encode(Clear, { request, signed })));
    if (batch < WARM_UP) continue;
    signing.push(...signerCosts);
    clearing.push(gateCost);
  }
  const signer = medianCost(signing);
  const gateCost = medianCost(clearing);
  const seconds = (2 * signer.wall + gateCost.wall) / 1_000_000;
  return {
    payments: PAYMENTS,
    inputs: INPUTS,
    signer,
    gate: gateCost,
    paymentsPerSecond: PAYMENTS / seconds,
  };
}

/** A gate inside this process: its whole check on its own stack, and its log. */
class GateDesk {
  readonly #log: EvidenceLog;
  readonly #time: number;
  #state: GateState;
  #uptime = 0;

  constructor(site: Site, log: EvidenceLog, time: number) {
    const loaded = loadGateCharter(site.signed, 'gate-1');
    if (!loaded.ok) throw new Error(loaded.problem);
    this.#state = createGateState(loaded.value);
    this.#log = log;
    this.#time = time;
  }

  /** @throws Error unless the gate clears it */
  clear(label: string, body: Uint8Array): void {
    this.#uptime += 1_000_000;
    const at = { uptime: this.#uptime, time: this.#time };
    const { changes, replies } = decideMessage(
      this.#state,
      receivedAs('CLEAR', label, body),
      at.uptime,
      (place, context, sealed) => openSealed(gateSecret('gate-1'), place, context, sealed),
    );
    if (replies[0]?.type !== 'CLEARED') throw new Error('the gate refused the bench’s batch');
    const records = changes.map(
      (change) => ({ kind: 'change', ...at, bytes: encodeGateChange(change) }) as const,
    );
    this.#log.append([{ kind: 'received', ...at, bytes: body }, ...records]);
    for (const change of changes) this.#state = applyGate(this.#state, change);
  }
}
