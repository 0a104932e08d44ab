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
import { EXIT, Failure, openSecureDirectory, readProgramFile, readRoleKey } from '@coldwire/program';
import {
  createChain,
  createEd25519Signer,
  decodeCharter,
  equalBytes,
  type GateMember,
  type Line,
  type Member,
  toHex,
} from '@coldwire/protocol';
import { gatePublicKey } from '@coldwire/protocol/seal/index.ts';
import { decodeGateChange } from '../core/change.ts';
import {
  type GateCharter,
  type LoadedCharter,
  loadGateCharter,
  loadJoinedCharter,
  startRecord,
} from '../core/charter.ts';
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
  /** A later charter lists this gate; the first one need not. */
  readonly joins: boolean;
}

export function runGate(options: RunOptions): void {
  const program = readProgramFile();
  const key = readRoleKey(options.key, 'gate');
  const identity = createEd25519Signer(key.identity);
  if (key.seal === undefined) throw new Error('a gate’s key file holds a seal key');
  const keys = { key: identity.publicKey, sealKey: gatePublicKey(key.seal) };
  const charter = openCharter(options, keys);
  const { name } = charter.own;
  const peer = options.vault ?? charter.charter.vaults[0]?.name ?? '';
  // The line before the state directory: a start that cannot be leaves nothing behind.
  let told: GateReport | undefined;
  const port = openLastingLine(options.line, {
    onLost: (reason) => told?.portLost(reason),
    onRefused: (reason) => told?.portRefused(reason),
    onBack: () => told?.portBack(),
  });
  const directory = openSecureDirectory(options.state);
  const report = new GateReport(directory, name);
  told = report;
  let state = createGateState(charter);
  let chain = createChain(lineTo(name, { name: peer, key: new Uint8Array(32) }));
  const { log, torn } = openLog(directory, name, (record) => {
    const [, kind, , , bytes] = record;
    if (kind === 'change') state = applyGate(state, decodeGateChange(bytes));
    else if (kind === 'local') refuseOther(bytes, charter, directory);
    else chain = foldRecord(chain, record);
  });
  chain = { ...chain, line: lineTo(name, findVault(state.charter, peer)) };
  if (torn > 0) report.event('torn', { bytes: torn });
  const machine = new GateMachine(state, log, identity, key.seal, report);
  report.event('program', { sha256: toHex(program.sha256), file: program.path });
  machine.start(program.sha256);
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
  report.event('ready', { pid: process.pid, gate: name, listed: state.charter.place >= 0 });
}

type Keys = Pick<GateMember, 'key' | 'sealKey'>;

const IF_LATER = 'If a later charter adds this gate, start it with --joins.';

/** @throws Failure */
function openCharter({ charter: path, gate, joins, key }: RunOptions, keys: Keys): GateCharter {
  const loaded = loadFor(path, gate, joins, keys);
  if (!loaded.ok) {
    throw new Failure(EXIT.BAD_INPUT, {
      what: `the charter does not serve this gate: ${loaded.problem}`,
      where: path,
      todo: `Name the first charter (coldwire-charter verify) and this gate’s own key file. ${joins ? '' : IF_LATER}`.trim(),
    });
  }
  const { own } = loaded.value;
  if (equalBytes(own.key, keys.key) && equalBytes(own.sealKey, keys.sealKey)) return loaded.value;
  throw new Failure(EXIT.BAD_INPUT, {
    what: `the key is not the one that the charter gives to ${own.name}`,
    where: key,
    todo: `Name this gate’s own key file. ${IF_LATER}`,
  });
}

/** @throws Failure (usage) */
function loadFor(path: string, gate: string | undefined, joins: boolean, keys: Keys): LoadedCharter {
  const signed = readSignedCharter(path);
  const name = gate ?? findGate(signed[0], keys.key);
  if (!joins) return loadGateCharter(signed, name ?? 'with this key');
  if (name !== undefined) return loadJoinedCharter(signed, { name, ...keys });
  throw new Failure(EXIT.USAGE, {
    what: 'nothing says which gate this machine is',
    todo: 'Name it as the later charter does: --gate NAME.',
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

/** A state directory belongs to one first charter and to one pair of keys. @throws Failure */
function refuseOther(record: Uint8Array, charter: GateCharter, directory: string): void {
  // Behind it stands which program it was.
  const own = startRecord(charter);
  if (equalBytes(record.subarray(0, own.length), own)) return;
  const isSame = equalBytes(record.subarray(0, charter.first.length), charter.first);
  throw new Failure(EXIT.ENVIRONMENT, {
    ...(isSame ? {} : { code: 'WRONG_CHARTER' }),
    what: isSame ? 'this state is of a gate with other keys' : 'this state was made under another charter',
    where: directory,
    todo: isSame
      ? 'Name the key file of the gate that made it, or a new state directory.'
      : 'Name the charter that this gate runs under, or another state directory.',
  });
}
