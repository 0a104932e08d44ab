/**
 * `coldwire-vault serve`: joins node, queue, screens, signers and gates. Every loop looks at the database, does what is due
 * and writes that down; none keeps anything that a restart would miss.
 */
import { join } from 'node:path';
import process from 'node:process';
import type { DiskState } from '@coldwire/evidence';
import type { CharterInForce } from '@coldwire/policy';
import { describeProgram, EXIT, Failure, openSecureDirectory } from '@coldwire/program';
import { type Charter, type Hello, type Member, toHex } from '@coldwire/protocol';
import { parseHeader } from '@coldwire/wallet';
import { type ApiContext, serveApi } from '../api/index.ts';
import { type Chain, ChainError, connectCore } from '../chain/index.ts';
import { openQueue, type Store, startAt } from '../queue/index.ts';
import type { SessionOptions } from '../session/session.ts';
import { Bell } from './bell.ts';
import { Charters } from './charters.ts';
import { Feerates } from './feerate.ts';
import { catchUp } from './follow.ts';
import { runUntilStopped } from './loops.ts';
import {
  type Identity,
  lineTo,
  nameScreens,
  openCharter,
  openIdentity,
  openScripts,
} from './open-charter.ts';
import { Orders } from './orders.ts';
import { Peer } from './peer.ts';
import type { PortSpec } from './port-spec.ts';
import { Report } from './report.ts';
import { Rooms } from './room.ts';
import type { Settings } from './settings.ts';
import { Signer } from './signer.ts';
import { describeSituation, watchVaultDisk } from './status.ts';
import { tipOf, type Vault } from './vault.ts';
import { ScriptWatch } from './watch.ts';

export const SOFTWARE = 'coldwire 0.1.0';
/** What the node's RPC calls the charter's networks. */
const NODE_NETWORKS = {
  mainnet: 'main',
  testnet4: 'testnet4',
  signet: 'signet',
  regtest: 'regtest',
} as const;

export async function serve(settings: Settings): Promise<void> {
  const report = new Report();
  const charter = openCharter(settings.charter);
  const peers: Peer[] = [];
  const isThere = (name: string): boolean => peers.some((peer) => peer.name === name && peer.ready);
  const charters = new Charters(charter, settings.state, isThere);
  const identity = openIdentity(settings.key, charters.newest);
  const scripts = openScripts(charters.newest);
  const screens = nameScreens(charters.newest, settings.screens);
  const signerLines = linesTo(charters, identity, 'signer', settings.signers);
  const gateLines = linesTo(charters, identity, 'gate', settings.gates);
  const state = openSecureDirectory(settings.state);
  const chain = await connect(settings, charter);
  const store = openQueue(join(state, 'queue.db'), () => Date.now());
  startAt(store, checkpointOf(charter));
  const stop = new AbortController();
  const bells = { intents: new Bell(), held: new Bell(), work: new Bell(), peers: new Bell() };
  const common = { charter: charter.first, identity: identity.signer, hello: () => helloOf(store, charters) };
  const sessionOf = ({ line, port }: NamedLine): SessionOptions => ({
    ...common,
    line,
    openPort: port.open,
    baud: port.baud,
    directory: openSecureDirectory(join(state, 'lines', line.peer)),
  });
  const { tuning } = settings;
  const vault: Vault = {
    store,
    chain,
    charters,
    get charter() {
      return charters.working;
    },
    scripts,
    screens,
    tuning,
    report,
    bells,
    signers: signerLines.map((line) => new Signer(sessionOf(line), report, bells.peers)),
    gates: gateLines.map((line) => new Peer(sessionOf(line), report, bells.peers)),
    rooms: new Rooms(),
    feerates: new Feerates(chain, tuning, () => charters.working.policy.feeRate),
    stopping: stop.signal,
    fail: (error) => failOrAlarm(report, error),
  };
  peers.push(...vault.signers, ...vault.gates);
  const watch = new ScriptWatch(scripts, tuning.lookahead);
  await catchUp(vault, watch);
  const wake = {
    onCharter: () => bells.peers.ring(),
    onIntent: () => bells.intents.ring(),
    onApproval: () => bells.held.ring(),
    onRegistration: () => bells.peers.ring(),
  };
  const api = await serveApi(
    settings.listen,
    contextOf(vault, wake, watchVaultDisk(state, report)),
    (error) => vault.fail(error),
  );
  endOnSignals(stop);
  report.event('ready', {
    pid: process.pid,
    port: api.port,
    vault: identity.name,
    charter: toHex(charter.hash),
    epoch: charters.newest.charter.epoch,
    program: describeProgram(),
  });
  await runUntilStopped(vault, watch, new Orders(state));
  await api.close();
  await Promise.all([...vault.signers, ...vault.gates].map((peer) => peer.stop()));
  store.db.close();
  report.event('stopped');
}

/** Whoever has read "ready" may end it at once, in order. */
function endOnSignals(stop: AbortController): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
}

function contextOf(vault: Vault, wake: Pick<ApiContext, WakeUp>, disk: () => DiskState | null): ApiContext {
  const { store, scripts, charters } = vault;
  return {
    store,
    scripts,
    charters,
    ...wake,
    situation: () =>
      describeSituation({
        signers: vault.signers.map(({ view }) => view),
        gates: vault.gates.map(({ view }) => view),
        disk: disk(),
      }),
    get charter() {
      return vault.charter;
    },
  };
}

type WakeUp = 'onIntent' | 'onApproval' | 'onRegistration' | 'onCharter';

function failOrAlarm(report: Report, error: unknown): void {
  if (!(error instanceof ChainError)) throw error;
  report.alarm('INTERNAL', 'the node', error.message);
}

/** @throws Failure when the node cannot be reached, or is on another network than the charter */
async function connect({ chain: url, chainAuth }: Settings, charter: CharterInForce): Promise<Chain> {
  const chain = connectCore(url, chainAuth);
  try {
    const network = await chain.network();
    if (network === NODE_NETWORKS[charter.network]) return chain;
    throw new Failure(EXIT.ENVIRONMENT, {
      code: 'NETWORK',
      what: `the node is on ${network}, the charter is for ${charter.network}`,
      where: url,
      todo: 'Name the right node or the right charter.',
    });
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    const todo = 'Start the node, or check --chain and its credentials.';
    throw new Failure(EXIT.IO, { what: error.message, where: url, todo, cause: error });
  }
}

function checkpointOf({ charter }: CharterInForce) {
  const header = parseHeader(charter.clock.checkpoint);
  if (!header.ok) throw new Error('the checkpoint of a loaded charter is a header');
  return { height: charter.clock.checkpointHeight, hash: header.value.hash };
}

function helloOf(store: Store, charters: Charters): Hello {
  const { height, hash } = tipOf(store);
  return {
    software: SOFTWARE,
    epoch: charters.newest.charter.epoch,
    tipHeight: height,
    tipHash: hash,
    frozen: false,
  };
}

interface NamedLine {
  readonly line: ReturnType<typeof lineTo>;
  readonly port: PortSpec;
}

/** In the charter's order, so that pairs take turns the same way after a restart. */
function linesTo(
  charters: Charters,
  { name }: Identity,
  role: 'signer' | 'gate',
  ports: readonly PortSpec[],
): readonly NamedLine[] {
  const { newest } = charters;
  const membersOf = (charter: Charter): readonly Member[] =>
    role === 'signer' ? charter.signers : charter.gates;
  const lines = ports.map((port) => {
    // Also one that the newest charter drops: it is served until that is in force there.
    const charter = charters.find((one) =>
      membersOf(one).some((row) => row.name === port.name) ? one : undefined,
    );
    return { line: lineTo(charter === undefined ? newest : { charter }, name, role, port.name), port };
  });
  const twice = ports.find((port, place) => ports.findIndex((other) => other.name === port.name) !== place);
  if (twice !== undefined) {
    throw new Failure(EXIT.USAGE, {
      what: `${role} "${twice.name}" has two ports`,
      todo: 'Give one for each.',
    });
  }
  const order = membersOf(newest.charter).map((member) => member.name);
  return [...lines].sort((a, b) => order.indexOf(a.line.peer) - order.indexOf(b.line.peer));
}
