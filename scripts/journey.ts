/**
 * The main job, told from beginning to end: a deployment is made, five withdrawals are paid, a signer is rebooted while one
 * of its people is away, hostile requests are refused, memory is searched, and an auditor goes over all of it. Every value
 * of the summary is observed in the run. Exit code 0 only if all went as promised.
 *
 *   npm start [-- --json] [--dir D] [--node devchain|btcd] [--strict]
 */
import '@coldwire/program/runtime.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { defineProgram, EXIT, openSecureDirectory, runMain } from '@coldwire/program';
import { Option } from 'commander';
import type { NodeKind } from './journey/chain.ts';
import { readCleared, writeTransactions } from './journey/evidence.ts';
import { type Ground, layGround, SIGNERS } from './journey/ground.ts';
import { stopAll } from './journey/machines.ts';
import { countNetworkCalls, findMeans, inOwnNamespace } from './journey/observe.ts';
import { audit, payFive, rebootOne, refuse, searchMemory, startMachines } from './journey/steps.ts';
import { emptySummary, judge, type Summary } from './journey/summary.ts';
import { makeTeller, type Teller } from './journey/teller.ts';

interface Options {
  readonly json?: true;
  readonly dir?: string;
  readonly node: NodeKind;
  readonly strict?: true;
}

async function travel(options: Options, ground: Ground, teller: Teller, summary: Summary): Promise<void> {
  const means = findMeans();
  Object.assign(summary.notObserved, means.notObserved);
  teller.chapter(2, 'Three signers, two gates, a screen and a vault start, each its own process');
  const stage = await startMachines(ground, means, teller, options.node);
  const { machines, chain } = stage;
  try {
    if (means.namespace !== undefined) {
      summary.networkNamespaces = SIGNERS.every((name) =>
        inOwnNamespace(machines.programs.get(name)?.pid ?? 0),
      );
    }
    teller.chapter(3, 'Five withdrawals in one batch');
    await payFive(stage, summary);
    teller.chapter(4, 'One signer reboots while one of its people is away');
    await rebootOne(stage, summary);
    teller.chapter(5, 'What is refused');
    await refuse(stage, summary);
    teller.chapter(6, 'A search through a signer’s memory');
    await searchMemory(stage, summary);
  } finally {
    await stopAll(machines);
    await chain.stop();
  }
  if (means.strace !== undefined) summary.networkSyscalls = countNetworkCalls(machines.traces);
  teller.chapter(7, 'The auditor');
  const spends = readCleared(ground);
  writeTransactions(ground, spends);
  summary.txids = spends.map(({ txid }) => txid);
  summary.signersUsed = spends.map(({ signers }) => signers);
  await audit(stage, summary);
}

async function main(options: Options): Promise<number> {
  const teller = makeTeller(options.json === true);
  const kept = options.dir !== undefined;
  const directory = openSecureDirectory(options.dir ?? mkdtempSync(join(tmpdir(), 'coldwire-journey-')));
  // Ended by a signal: its programs end too, but they may still write, so nothing is taken away.
  const sayWhere = (): boolean =>
    process.stderr.write(`the journey was ended: what it left is in ${directory}\n`);
  process.once('exit', sayWhere);
  const summary = emptySummary();
  let problem: string | undefined;
  try {
    teller.chapter(1, 'A charter, three sealed keys and everybody’s own key');
    const ground = await layGround(directory, teller);
    await travel(options, ground, teller, summary);
  } catch (error) {
    problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  process.off('exit', sayWhere);
  summary.ok = problem === undefined && judge(summary, options.strict === true);
  for (const [name, reason] of Object.entries(summary.notObserved))
    teller.say(`not observed: ${name}: ${reason}`);
  if (problem !== undefined) process.stderr.write(`the journey stopped: ${problem}\n`);
  if (kept || !summary.ok) teller.say(`everything is in ${directory}`);
  else rmSync(directory, { recursive: true, force: true });
  teller.say(summary.ok ? 'All as promised.' : 'NOT as promised.');
  if (options.json === true) process.stdout.write(`${JSON.stringify(summary)}\n`);
  return summary.ok ? EXIT.DONE : EXIT.BUG;
}

runMain(async () => {
  let exit: number = EXIT.DONE;
  const program = defineProgram(
    'coldwire-journey',
    'A complete withdrawal journey on this machine, told step by step.',
  )
    .option('--json', 'the story on stderr, and one JSON object as the last line of stdout')
    .option('--dir <directory>', 'leave everything there for anyone to check')
    .addOption(new Option('--node <kind>', 'which chain').choices(['devchain', 'btcd']).default('devchain'))
    .option('--strict', 'fail if anything cannot be observed on this machine')
    .action(async (options: Options) => {
      exit = await main(options);
    });
  await program.parseAsync(process.argv);
  process.exit(exit);
}, 'coldwire-journey');
