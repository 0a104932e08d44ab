/** `coldwire-gate run`: charter, key, line and state, in this order; each with one clear error. */
import { randomBytes } from 'node:crypto';
import process from 'node:process';
import {
  Channel,
  foldRecord,
  type LineOption,
  openLastingLine,
  readSignedCharter,
  speedOf,
} from '@coldwire/channel';
import { openLog } from '@coldwire/evidence';
import { EXIT, Failure, openSecureDirectory, readRoleKey } from '@coldwire/program';
import {
  createChain,
  createEd25519Signer,
  decodeCharter,
  equalBytes,
  type Line,
  type Member,
} from '@coldwire/protocol';
import { gatePublicKey } from '@coldwire/protocol/seal/index.ts';
import { decodeGateChange } from '../core/change.ts';
import { type GateCharter, loadGateCharter } from '../core/charter.ts';
import { applyGate, createGateState } from '../core/state.ts';
import { GateMachine } from './machine.ts';
import { GateReport } from './report.ts';

export interface RunOptions {
  readonly line: LineOption;
  readonly charter: string;
  readonly key: string;
  readonly state: string;
  /** Undefined: the gate of the charter that has this key. */
  readonly gate: string | undefined;
  readonly vault: string | undefined;
}

export function runGate(options: RunOptions): void {
  const key = readRoleKey(options.key, 'gate');
  const identity = createEd25519Signer(key.identity);
  const charter = openCharter(options, identity.publicKey);
  const member = charter.charter.gates[charter.place];
  if (
    member === undefined ||
    key.seal === undefined ||
    !equalBytes(member.key, identity.publicKey) ||
    !equalBytes(member.sealKey, gatePublicKey(key.seal))
  ) {
    throw new Failure(EXIT.BAD_INPUT, {
      what: `the key is not the one that the charter gives to ${charter.name}`,
      where: options.key,
      todo: 'Name this gate’s own key file.',
    });
  }
  const peer = options.vault ?? charter.charter.vaults[0]?.name ?? '';
  // The line before the state directory: a start that cannot be leaves nothing behind.
  let told: GateReport | undefined;
  const port = openLastingLine(options.line, {
    onLost: (reason) => told?.portLost(reason),
    onRefused: (reason) => told?.portRefused(reason),
    onBack: () => told?.portBack(),
  });
  const directory = openSecureDirectory(options.state);
  const report = new GateReport(directory, charter.name);
  told = report;
  let state = createGateState(charter);
  let chain = createChain(lineTo(charter.name, { name: peer, key: new Uint8Array(32) }));
  const { log, torn } = openLog(directory, charter.name, (record) => {
    const [, kind, , , bytes] = record;
    if (kind === 'change') state = applyGate(state, decodeGateChange(bytes));
    else if (kind === 'local') refuseOtherCharter(bytes, charter, directory);
    else chain = foldRecord(chain, record);
  });
  chain = { ...chain, line: lineTo(charter.name, findVault(state.charter, peer)) };
  if (torn > 0) report.event('torn', { bytes: torn });
  const machine = new GateMachine(state, log, identity, key.seal, report);
  machine.start();
  const nextNonce = (): Uint8Array => new Uint8Array(randomBytes(16));
  const baud = speedOf(options.line);
  const channel = new Channel({ role: 'responder', port, log, chain, nextNonce, baud }, machine);
  machine.attach(channel);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      void channel.stop().finally(() => {
        log.close();
        process.exit(EXIT.DONE);
      });
    });
  }
  report.watch();
  report.event('ready', { pid: process.pid, gate: charter.name });
}

function openCharter({ charter: path, gate }: RunOptions, key: Uint8Array): GateCharter {
  const signed = readSignedCharter(path);
  const loaded = loadGateCharter(signed, gate ?? findGate(signed[0], key) ?? 'with this key');
  if (loaded.ok) return loaded.value;
  throw new Failure(EXIT.BAD_INPUT, {
    what: `the charter does not serve this gate: ${loaded.problem}`,
    where: path,
    todo: 'Name the charter in force (coldwire-charter verify) and this gate’s own key file.',
  });
}

function findGate(charter: Uint8Array, key: Uint8Array): string | undefined {
  const decoded = decodeCharter(charter);
  return decoded.ok ? decoded.value.gates.find((gate) => equalBytes(gate.key, key))?.name : undefined;
}

/** In the charter in force, which the log knows. @throws Failure */
function findVault({ charter }: GateCharter, name: string): Member {
  const vault = charter.vaults.find((row) => row.name === name);
  if (vault !== undefined) return vault;
  throw new Failure(EXIT.USAGE, {
    what: `the charter has no vault "${name}"`,
    todo: `Its vaults are: ${charter.vaults.map((row) => row.name).join(', ')}.`,
  });
}

function lineTo(self: string, { name, key }: Member): Line {
  return { self, peer: name, peerKey: key, incoming: 'down', receiver: 'gate' };
}

/** A start's local record holds the hash of the charter: what was cleared under one is not another's. */
function refuseOtherCharter(hash: Uint8Array, charter: GateCharter, directory: string): void {
  if (equalBytes(hash, charter.first)) return;
  throw new Failure(EXIT.ENVIRONMENT, {
    code: 'WRONG_CHARTER',
    what: 'this state was made under another charter',
    where: directory,
    todo: 'Name the charter that this gate runs under, or another state directory.',
  });
}
