/**
 * `coldwire-signer run`: everything that can fail without a key fails first: charter, natives, line, preflight, state. Only
 * then is the key block read. From there on, every way out zeroizes. Spec: protocol-spec/7-key-block.md.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { Channel, type LineOption, openLastingLine, speedOf } from '@coldwire/channel';
import { DiskWatch, ownerOf } from '@coldwire/evidence';
import { type CharterInForce, describeState } from '@coldwire/policy';
import { EXIT, Failure, openSecureDirectory, readProgramFile } from '@coldwire/program';
import { toHex } from '@coldwire/protocol';
import { zeroizeOnExit } from '../io/exits.ts';
import { judgeNeighbours } from '../io/judge-line.ts';
import type { WantedKeys } from '../io/key-block.ts';
import { type KeyMemory, openKeyMemory, openSomeKeyMemory } from '../io/key-memory.ts';
import { measureLine } from '../io/line-facts.ts';
import { measureMachine } from '../io/machine-facts.ts';
import { loadNatives, type Natives } from '../io/native.ts';
import { applyWaivers, judgeMachine, requirePassed, type Verdict } from '../io/preflight.ts';
import { nativePointMath } from '../io/public-math.ts';
import { runSelfTest } from '../io/self-test.ts';
import { type Answer, type Command, serveConsole } from './console.ts';
import { expectedKeys, lineByName, openCharter, requireOwnKey, wantedKeys } from './identify.ts';
import { Machine } from './machine.ts';
import { Report } from './report.ts';
import { restore } from './restore.ts';
import { describeSigner } from './status.ts';
import { receiveKey } from './unseal.ts';
import { watchDisk } from './watch-disk.ts';

/** How often a signer looks whether a charter's time has come, besides before each message. */
const TEND_MS = 1_000;

export interface RunOptions {
  readonly line: LineOption;
  readonly charter: string;
  readonly state: string;
  /** Undefined: as the state directory says, or at the first start the key block. */
  readonly signer: string | undefined;
  readonly vault: string | undefined;
  /** A later charter gives this signer the link key that it has. */
  readonly joins: boolean;
  /** Where the key block comes from; undefined: start locked. */
  readonly keyFd: number | undefined;
  readonly waivers: readonly string[];
}

export function runSigner(options: RunOptions): void {
  const report = new Report();
  const program = readProgramFile();
  const charter = openCharter(options.charter);
  const directory = openSecureDirectory(options.state);
  const named = options.signer ?? ownerOf(directory);
  if (named !== undefined) expectedKeys(charter, named);
  const natives = loadNatives();
  const port = openLastingLine(options.line, {
    vet: () => vetLine(options),
    onLost: (reason) => report.portLost(reason),
    onRefused: (reason) => report.portRefused(reason),
    onBack: () => report.portBack(),
  });
  const verdict = checkMachine(natives, options);
  requirePassed(verdict);
  report.event('program', { sha256: toHex(program.sha256), file: program.path });
  for (const waived of verdict.waived) report.event('waived', { item: waived.name, found: waived.found });

  let machine: Machine | undefined;
  let keys: KeyMemory | undefined;
  zeroizeOnExit(() => {
    keys?.zeroize();
    machine?.zeroize();
  });
  const first = named === undefined ? introduce(natives, charter, options) : undefined;
  const name = named ?? first?.name ?? '';
  const restored = restore(
    directory,
    charter,
    lineByName(charter, name, options.vault),
    nativePointMath(natives),
  );
  requireOwnKey(restored.state, options.joins);
  if (restored.from > 0) report.event('from-snapshot', { record: restored.from });
  if (restored.torn > 0) report.event('torn', { bytes: restored.torn });
  let mayJoin = options.joins && !restored.hasSpoken;
  // Before the first record: a start under a charter that is not its own leaves the directory to the right one.
  keys = first?.keys;
  if (keys === undefined && options.keyFd !== undefined)
    keys = openKeyMemory(natives, options.keyFd, wantedKeys(charter, restored.state, mayJoin));
  machine = new Machine(restored.state, restored.log, report);
  machine.happen({ event: 'start', detail: toHex(charter.first) });
  machine.happen({ event: 'program', detail: toHex(program.sha256) });
  machine.ask();
  const waived = verdict.waived.map((item) => item.name).join(', ');
  if (waived !== '') machine.happen({ event: 'waive', detail: waived });
  const tended = machine;
  const wanted = (): WantedKeys => wantedKeys(charter, tended.state, mayJoin);
  const unlock = (keys: KeyMemory, detail: string): void => {
    tended.unlock(keys, detail);
    mayJoin = false;
  };
  if (keys !== undefined) unlock(keys, 'at start');
  const disk = new DiskWatch(directory);
  watchDisk(disk, report, (level) => tended.happen({ event: 'disk', detail: level }));
  setInterval(() => {
    tended.tend();
    tended.keep(directory, restored.others);
  }, TEND_MS).unref();
  serve(machine, { options, report, verdict, natives, wanted, unlock, directory, disk });
  machine.attach(
    new Channel(
      {
        role: 'responder',
        port,
        log: restored.log,
        chain: restored.chain,
        nextNonce: countNonces(name, machine.session),
        baud: speedOf(options.line),
      },
      machine,
    ),
  );
  report.event('ready', { pid: process.pid, state: machine.unlocked ? 'unlocked' : 'locked' });
}

/** A first start without a name: whichever signer of the charter the key block belongs to. @throws Failure */
function introduce(
  natives: Natives,
  charter: CharterInForce,
  { keyFd, joins }: RunOptions,
): { readonly name: string; readonly keys: KeyMemory } {
  if (keyFd === undefined) {
    throw new Failure(EXIT.USAGE, {
      what: 'nothing says which signer this machine is',
      todo: 'Name it with --signer at its first start, or give its key block with --key-fd.',
    });
  }
  const names = charter.charter.signers.map(({ name }) => name);
  const candidates = names.map((name): WantedKeys => {
    const expected = expectedKeys(charter, name);
    return joins ? { ...expected, identityPublicKey: null } : expected;
  });
  const { keys, owner } = openSomeKeyMemory(natives, keyFd, candidates);
  return { name: names[candidates.indexOf(owner)] ?? '', keys };
}

interface Service {
  readonly options: RunOptions;
  readonly report: Report;
  readonly verdict: Verdict;
  readonly natives: Natives;
  readonly wanted: () => WantedKeys;
  readonly unlock: (keys: KeyMemory, detail: string) => void;
  readonly directory: string;
  readonly disk: DiskWatch;
}

/** The local console, and SIGUSR2. */
function serve(machine: Machine, service: Service): void {
  const { options, report, verdict, natives, wanted, unlock, directory, disk } = service;
  process.on('SIGUSR2', () => machine.lock('SIGUSR2'));

  let unsealing = false;
  const commands: Readonly<Record<Command, (attached: () => Uint8Array) => Promise<Answer>>> = {
    status: async () => describeSigner(machine, report, verdict, disk),
    lock: async () => {
      machine.lock('console');
      return { state: 'locked' };
    },
    freeze: async () => {
      machine.happen({ event: 'freeze', detail: 'console' });
      return { frozen: describeState(machine.state.policy, machine.read().uptime).frozen };
    },
    unseal: async () => {
      if (unsealing) throw new Error('another unseal waits for its ceremony already');
      unsealing = true;
      try {
        unlock(await receiveKey(natives, join(directory, 'key'), wanted()), 'console');
      } finally {
        unsealing = false;
      }
      return { state: 'unlocked' };
    },
    order: async (attached) => {
      const codes = machine.order(Buffer.from(attached()).toString('base64url'));
      return codes.length === 0 ? { order: 'carried out' } : { order: 'refused', codes: [...codes] };
    },
    check: async () => ({
      checks: checkMachine(natives, options).checks.map((check) => ({ ...check })),
    }),
  };
  const served = serveConsole(directory, (command, attached) => commands[command](attached));
  process.on('exit', () => served.close());
}

/** A line that comes back may be another one: nobody else may be on it. @throws Error saying what is wrong */
function vetLine({ line, state, waivers }: RunOptions): void {
  if (line.kind !== 'tty' || !existsSync(line.path)) return; // opening it says so
  const [refused] = applyWaivers(judgeNeighbours(measureLine(line.path, state)), waivers).refused;
  if (refused !== undefined) throw new Error(`${refused.name}: ${refused.found}. ${refused.fix}`);
}

export function checkMachine(
  natives: Natives,
  options: Pick<RunOptions, 'line' | 'state' | 'waivers'>,
): Verdict {
  const facts = measureMachine(natives, {
    line: options.line.kind === 'tty' ? options.line.path : null,
    state: options.state,
  });
  return applyWaivers(judgeMachine(facts, runSelfTest(natives)), options.waivers);
}

/** Hello nonces that never repeat and carry nothing: session and number, hashed. */
function countNonces(signer: string, session: number): () => Uint8Array {
  let count = 0;
  return () => {
    count += 1;
    const digest = createHash('sha256').update(`coldwire/v1/nonce\0${signer}\0${session}\0${count}`).digest();
    return new Uint8Array(digest.subarray(0, 16));
  };
}
