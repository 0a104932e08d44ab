/**
 * `coldwire-signer run`: everything that can fail without a key fails first: charter, natives, line, preflight, state. Only
 * then is the key block read. From there on, every way out zeroizes. Spec: protocol-spec/7-key-block.md.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import process from 'node:process';
import { Channel, type LineOption, openLine, speedOf } from '@coldwire/channel';
import { ownerOf } from '@coldwire/evidence';
import { type CharterInForce, describeState, formatTicks } from '@coldwire/policy';
import { EXIT, Failure, openSecureDirectory } from '@coldwire/program';
import { toHex } from '@coldwire/protocol';
import { zeroizeOnExit } from '../io/exits.ts';
import type { ExpectedKeys } from '../io/key-block.ts';
import { type KeyMemory, openKeyMemory, openSomeKeyMemory } from '../io/key-memory.ts';
import { measureMachine } from '../io/machine-facts.ts';
import { loadNatives, type Natives } from '../io/native.ts';
import { applyWaivers, judgeMachine, requirePassed, type Verdict } from '../io/preflight.ts';
import { nativePointMath } from '../io/public-math.ts';
import { runSelfTest } from '../io/self-test.ts';
import { type Answer, type Command, serveConsole } from './console.ts';
import { expectedKeys, lineByName, openCharter, requireOwnKey } from './identify.ts';
import { Machine } from './machine.ts';
import { Report } from './report.ts';
import { restore } from './restore.ts';
import { receiveKey } from './unseal.ts';

/** How often a signer looks whether a charter's time has come, besides before each message. */
const TEND_MS = 1_000;

export interface RunOptions {
  readonly line: LineOption;
  readonly charter: string;
  readonly state: string;
  /** Undefined: as the state directory says, or at the first start the key block. */
  readonly signer: string | undefined;
  readonly vault: string | undefined;
  /** Where the key block comes from; undefined: start locked. */
  readonly keyFd: number | undefined;
  readonly waivers: readonly string[];
}

export function runSigner(options: RunOptions): void {
  const report = new Report();
  const charter = openCharter(options.charter);
  const directory = openSecureDirectory(options.state);
  const named = options.signer ?? ownerOf(directory);
  if (named !== undefined) expectedKeys(charter, named);
  const natives = loadNatives();
  const port = openLine(options.line);
  const verdict = checkMachine(natives, options);
  requirePassed(verdict);
  for (const waived of verdict.waived) report.event('waived', { item: waived.name, found: waived.found });

  let machine: Machine | undefined;
  zeroizeOnExit(() => machine?.zeroize());
  const first = named === undefined ? introduce(natives, charter, options) : undefined;
  const name = named ?? first?.name ?? '';
  const expected = expectedKeys(charter, name);
  const restored = restore(
    directory,
    charter,
    lineByName(charter, name, options.vault),
    nativePointMath(natives),
  );
  requireOwnKey(charter, restored.state);
  if (restored.torn > 0) report.event('torn', { bytes: restored.torn });
  machine = new Machine(restored.state, restored.log, report);
  machine.happen({ event: 'start', detail: toHex(charter.first) });
  if (first !== undefined) machine.unlock(first.keys, 'at start');
  else if (options.keyFd !== undefined) {
    machine.unlock(openKeyMemory(natives, options.keyFd, expected), 'at start');
  }
  const tended = machine;
  setInterval(() => tended.tend(), TEND_MS).unref();
  serve(machine, { options, report, verdict, natives, expected, directory });
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
  { keyFd }: RunOptions,
): { readonly name: string; readonly keys: KeyMemory } {
  if (keyFd === undefined) {
    throw new Failure(EXIT.USAGE, {
      what: 'nothing says which signer this machine is',
      todo: 'Name it with --signer at its first start, or give its key block with --key-fd.',
    });
  }
  const names = charter.charter.signers.map(({ name }) => name);
  const candidates = names.map((name) => expectedKeys(charter, name));
  const { keys, owner } = openSomeKeyMemory(natives, keyFd, candidates);
  return { name: names[candidates.indexOf(owner)] ?? '', keys };
}

interface Service {
  readonly options: RunOptions;
  readonly report: Report;
  readonly verdict: Verdict;
  readonly natives: Natives;
  readonly expected: ExpectedKeys;
  readonly directory: string;
}

/** The local console, and SIGUSR2. */
function serve(machine: Machine, service: Service): void {
  const { options, report, verdict, natives, expected, directory } = service;
  process.on('SIGUSR2', () => machine.lock('SIGUSR2'));

  let unsealing = false;
  const commands: Readonly<Record<Command, () => Promise<Answer>>> = {
    status: async () => describeSigner(machine, report, verdict),
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
        machine.unlock(await receiveKey(natives, join(directory, 'key'), expected), 'console');
      } finally {
        unsealing = false;
      }
      return { state: 'unlocked' };
    },
    check: async () => ({
      checks: checkMachine(natives, options).checks.map((check) => ({ ...check })),
    }),
  };
  const served = serveConsole(directory, (command) => commands[command]());
  process.on('exit', () => served.close());
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
    const digest = createHash('sha256').update(`coldwire/v0/nonce\0${signer}\0${session}\0${count}`).digest();
    return new Uint8Array(digest.subarray(0, 16));
  };
}

function describeSigner(machine: Machine, report: Report, verdict: Verdict): Answer {
  const { policy, name } = machine.state;
  const { charter } = policy;
  const status = describeState(policy, machine.read().uptime);
  const custodians = charter.charter.custody.shares.find(({ signer }) => signer === name);
  const holders = custodians?.holders.map(([name]) => name) ?? [];
  return {
    signer: name,
    state: machine.unlocked ? 'unlocked' : 'locked',
    waitsFor: machine.unlocked ? [] : holders,
    sharesNeeded: custodians?.threshold ?? 0,
    connected: machine.connected,
    frozen: status.frozen,
    tipHeight: status.tipHeight,
    millitick: status.millitick,
    coins: status.coins,
    lastSigned: report.lastSigned === null ? null : { ...report.lastSigned },
    lastRefused: [...report.lastRefused],
    waived: verdict.waived.map(({ name }) => name),
    charter: toHex(charter.hash),
    epoch: status.epoch,
    pending: status.pending.map(([epoch, hash, left]) => ({
      epoch,
      charter: toHex(hash),
      ticksLeft: formatTicks(left),
    })),
  };
}
