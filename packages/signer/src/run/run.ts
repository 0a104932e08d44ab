/**
 * `coldwire-signer run`: everything that can fail without a key fails first: charter, natives, line, preflight, state. Only
 * then is the key block read. From there on, every way out zeroizes. Spec: protocol-spec/7-key-block.md.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import process from 'node:process';
import { Channel, type LineOption, openLine, speedOf } from '@coldwire/channel';
import { describeState } from '@coldwire/policy';
import { openSecureDirectory } from '@coldwire/program';
import { toHex } from '@coldwire/protocol';
import { zeroizeOnExit } from '../io/exits.ts';
import { openKeyMemory } from '../io/key-memory.ts';
import { measureMachine } from '../io/machine-facts.ts';
import { loadNatives, type Natives } from '../io/native.ts';
import { applyWaivers, judgeMachine, requirePassed, type Verdict } from '../io/preflight.ts';
import { nativePointMath } from '../io/public-math.ts';
import { runSelfTest } from '../io/self-test.ts';
import { type Answer, type Command, serveConsole } from './console.ts';
import { expectedKeys, lineTo, openCharter } from './identify.ts';
import { Machine } from './machine.ts';
import { Report } from './report.ts';
import { restore } from './restore.ts';
import { receiveKey } from './unseal.ts';

export interface RunOptions {
  readonly line: LineOption;
  readonly charter: string;
  readonly state: string;
  readonly signer: string;
  readonly vault: string | undefined;
  /** Where the key block comes from; undefined: start locked. */
  readonly keyFd: number | undefined;
  readonly waivers: readonly string[];
}

/** How often the clock of a signer is looked at, for nothing but the console: no timer decides anything. */
export function runSigner(options: RunOptions): void {
  const report = new Report();
  const charter = openCharter(options.charter);
  const expected = expectedKeys(charter, options.signer);
  const line = lineTo(charter, options.signer, options.vault);
  const directory = openSecureDirectory(options.state);
  const natives = loadNatives();
  const port = openLine(options.line);
  const verdict = checkMachine(natives, options);
  requirePassed(verdict);
  for (const waived of verdict.waived) report.event('waived', { item: waived.name, found: waived.found });

  const restored = restore(directory, charter, line, nativePointMath(natives));
  if (restored.torn > 0) report.event('torn', { bytes: restored.torn });
  const machine = new Machine(restored.state, restored.log, report);
  zeroizeOnExit(() => machine.zeroize());
  machine.happen({ event: 'start', detail: toHex(charter.hash) });
  if (options.keyFd !== undefined)
    machine.unlock(openKeyMemory(natives, options.keyFd, expected), 'at start');
  machine.attach(
    new Channel(
      {
        role: 'responder',
        port,
        log: restored.log,
        chain: restored.chain,
        nextNonce: countNonces(line.self, machine.session),
        baud: speedOf(options.line),
      },
      machine,
    ),
  );
  process.on('SIGUSR2', () => machine.lock('SIGUSR2'));

  let unsealing = false;
  const commands: Readonly<Record<Command, () => Promise<Answer>>> = {
    status: async () => describeSigner(machine, report, options, verdict),
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
  report.event('ready', { pid: process.pid, state: machine.unlocked ? 'unlocked' : 'locked' });
}

export function checkMachine(
  natives: Natives,
  options: Pick<RunOptions, 'line' | 'state' | 'waivers'>,
): Verdict {
  const facts = measureMachine(natives, {
    line: options.line.kind === 'tty' ? options.line.path : null,
    scratch: options.state,
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

function describeSigner(machine: Machine, report: Report, options: RunOptions, verdict: Verdict): Answer {
  const { policy, charter } = machine.state;
  const status = describeState(policy, machine.read().uptime);
  const custodians = charter.charter.custody.shares.find(({ signer }) => signer === options.signer);
  const holders = custodians?.holders.map(([name]) => name) ?? [];
  return {
    signer: options.signer,
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
  };
}
