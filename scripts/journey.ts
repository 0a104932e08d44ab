/**
 * The main job, told from beginning to end: a deployment is made, five withdrawals are paid, a signer is rebooted while one
 * of its people is away, hostile requests are refused, memory is searched, and an auditor goes over all of it. Every value
 * of the summary is observed in the run. Exit code 0 only if all went as promised.
 *
 *   npm start [-- --json] [--dir D] [--node devchain|btcd] [--strict]
 */
import '@coldwire/program/runtime.ts';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { readSignedCharter } from '@coldwire/channel';
import { segmentFiles } from '@coldwire/evidence';
import { defineProgram, EXIT, openSecureDirectory, runMain } from '@coldwire/program';
import { decodeCharter } from '@coldwire/protocol';
import { createScripts, encodeAddress } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { Option } from 'commander';
import { type JourneyChain, type NodeKind, startChain } from './journey/chain.ts';
import { askProgram, runProgram } from './journey/children.ts';
import { readCleared, writeTransactions } from './journey/evidence.ts';
import { GATES, type Ground, HOLDERS, layGround, SIGNERS } from './journey/ground.ts';
import { offerDrafts } from './journey/hostile.ts';
import {
  findWaivers,
  type Machines,
  openLines,
  startGates,
  startScreen,
  startSigner,
  startVault,
  stopAll,
} from './journey/machines.ts';
import { countNetworkCalls, findMeans, inOwnNamespace, type Means } from './journey/observe.ts';
import { collectSecrets, LIVE } from './journey/secrets.ts';
import { makeTeller, type Teller } from './journey/teller.ts';
import {
  confirm,
  customerAddress,
  submit,
  submitTogether,
  waitFor,
  waitForHeight,
} from './journey/withdraw.ts';
import { scanMemory } from './memory-scan.ts';

interface Options {
  readonly json?: true;
  readonly dir?: string;
  readonly node: NodeKind;
  readonly strict?: true;
}

interface Stage {
  readonly ground: Ground;
  readonly machines: Machines;
  readonly means: Means;
  readonly teller: Teller;
  readonly chain: JourneyChain;
  readonly screen: string;
}

/** The summary; fields are filled as the journey observes them. */
interface Summary {
  ok: boolean;
  withdrawals: number;
  confirmed: number;
  txids: string[];
  refusals: string[];
  signersUsed: (readonly string[])[];
  memory: { unlocked: number; locked: number; secrets: Record<string, number> } | null;
  audit: {
    messages: number;
    findings: number;
    replayed: number;
    mismatches: number;
    tamperDetected: boolean;
  } | null;
  networkSyscalls: number | null;
  networkNamespaces: boolean | null;
  notObserved: Record<string, string>;
}

/** The wallet's first receiving address, as the charter gives it: blocks pay to it. */
function firstAddress(charterFile: string): string {
  const charter = decodeCharter(readSignedCharter(charterFile)[0]);
  const wallet = charter.ok ? charter.value.wallets[0] : undefined;
  if (wallet === undefined) throw new Error('the charter has no wallet');
  const scripts = createScripts({ network: 'regtest', threshold: 2, keys: wallet.keys }, noblePointMath);
  const address = encodeAddress(scripts.at(0, 0).scriptPubKey, 'regtest');
  if (address === undefined) throw new Error('a script of ours without an address');
  return address;
}

async function startMachines(ground: Ground, means: Means, teller: Teller, node: NodeKind): Promise<Stage> {
  const machines: Machines = {
    lines: await openLines(),
    programs: new Map(),
    waivers: await findWaivers(ground, means),
    traces: [],
    vaultUrl: '',
  };
  if (machines.waivers.length > 0) {
    teller.say(`this is no isolated machine; waived for the demo: ${machines.waivers.join(', ')}`);
  }
  for (const signer of SIGNERS) {
    const [first, second] = HOLDERS[signer];
    const { pid } = await startSigner(ground, machines, means, signer, [first, second]);
    const place = inOwnNamespace(pid)
      ? 'in a network namespace of its own'
      : 'in the network of this machine';
    teller.say(`signer ${signer} (process ${pid}) unsealed by ${first} and ${second}, ${place}`);
  }
  await startGates(ground, machines);
  teller.say(`gates ${GATES.join(' and ')} started`);
  const screen = await startScreen(ground, machines);
  const address = firstAddress(ground.charter);
  const chain = await startChain(node, ground, address);
  await chain.mine(1);
  await startVault(ground, machines, chain, screen);
  teller.say(`screen, ${node} and vault started; the vault's API is ${machines.vaultUrl}`);
  const handed = await askProgram('vault', ['address', '--vault', machines.vaultUrl]);
  if (handed['address'] !== address)
    throw new Error(`the vault hands out ${String(handed['address'])}, not ${address}`);
  return { ground, machines, means, teller, chain, screen };
}

async function payFive({ ground, machines, teller, chain }: Stage, summary: Summary): Promise<void> {
  await chain.mine(110);
  await waitForHeight(machines, 111);
  teller.say('the wallet has ten mature coins of 50 BTC, mined to its first address');
  const ids = await submitTogether(
    ground,
    machines,
    [1, 2, 3, 4, 5].map((customer) => [customerAddress(customer), BigInt(customer) * 1_500_000n]),
  );
  teller.say('five withdrawals requested, each signed by the exchange');
  const paid = await confirm(machines, chain, ids);
  count(summary, paid.length);
  const txids = new Set(paid.map(({ txid }) => txid));
  teller.say(
    `screened, drafted, signed by two, cleared by a gate, broadcast and confirmed in ${txids.size} transaction(s)`,
  );
}

function count(summary: Summary, confirmed: number): void {
  summary.withdrawals += confirmed;
  summary.confirmed += confirmed;
}

/** Signer B is rebooted while its first custodian is away; A and C go on; two others reopen it. */
async function rebootOne({ ground, machines, means, teller, chain }: Stage, summary: Summary): Promise<void> {
  const [away, second, third] = HOLDERS.B;
  await machines.programs.get('B')?.stop();
  teller.say(`signer B is switched off; ${away} is away`);
  const during = await submit(ground, machines, customerAddress(6), 5_000_000n);
  count(summary, (await confirm(machines, chain, [during.id])).length);
  teller.say('a sixth withdrawal was paid meanwhile by A and C');
  await startSigner(ground, machines, means, 'B', [second, third]);
  teller.say(`signer B reopened by ${second} and ${third}, without ${away}`);
  // Another signer away, so that B must take part.
  const locked = await runProgram('signer', ['lock', '--state', ground.path('state', 'C')]);
  if (locked.code !== 0) throw new Error(`signer C did not lock: ${locked.stderr}`);
  const after = await submit(ground, machines, customerAddress(7), 6_000_000n, 'treasury');
  count(summary, (await confirm(machines, chain, [after.id])).length);
  teller.say('a seventh was paid by A and B, while C was locked');
}

async function refuse(stage: Stage, summary: Summary): Promise<void> {
  const { ground, machines, teller, chain, screen } = stage;
  const tooMuch = await submit(ground, machines, customerAddress(8), 1_500_000_000n);
  if (tooMuch.ok) throw new Error('a withdrawal above the limit was taken');
  summary.refusals.push(...tooMuch.codes);
  teller.say(`15 BTC in one withdrawal, above the charter's 10: ${tooMuch.codes.join(', ')}`);
  const unusual = await submit(ground, machines, customerAddress(9), 900_000_000n);
  const [held] = await waitFor(machines, [unusual.id], ['held']);
  summary.refusals.push(...(held?.codes ?? []));
  teller.say(`9 BTC, far above what the exchange ever asked: held by the screen, ${held?.codes.join(', ')}`);
  await machines.programs.get('vault-1')?.stop();
  teller.say('now the vault is in an attacker’s hands, with its real key and its real line to signer A');
  const { redirectedChange, inventedIntent } = await offerDrafts(ground, machines, 'A');
  summary.refusals.push(...redirectedChange, ...inventedIntent);
  teller.say(`a draft whose change goes elsewhere: ${redirectedChange.join(', ')}; zero signatures`);
  teller.say(
    `a draft with a withdrawal that nobody asked for: ${inventedIntent.join(', ')}; zero signatures`,
  );
  await startVault(ground, machines, chain, screen);
  teller.say('the vault is restarted and goes on from its database');
}

async function searchMemory({ ground, machines, means, teller }: Stage, summary: Summary): Promise<void> {
  if (!means.memory) {
    teller.say(means.notObserved['memory'] ?? '');
    return;
  }
  const used = readCleared(ground)
    .filter(({ signers }) => signers.includes('A'))
    .flatMap(({ places }) => places);
  const secrets = await collectSecrets(ground, 'A', used);
  const pid = machines.programs.get('A')?.pid ?? 0;
  const countCopies = (): Record<string, number> => {
    const report = scanMemory(pid, secrets);
    return Object.fromEntries(
      Object.entries(report.secrets).map(([name, forms]) => [
        name,
        Object.values(forms).reduce((sum, n) => sum + n, 0),
      ]),
    );
  };
  const unlocked = countCopies();
  const live = LIVE.map((name) => unlocked[name] ?? -1);
  teller.say(`signer A, unlocked: ${LIVE.map((name) => `${name} ${unlocked[name]}`).join(', ')} copies`);
  const stray = Object.entries(unlocked).filter(
    ([name, n]) => !LIVE.some((known) => known === name) && n > 0,
  );
  teller.say(
    `child keys, shares, key file secret and key block: ${stray.length === 0 ? 'none' : JSON.stringify(stray)}`,
  );
  const locked = await runProgram('signer', ['lock', '--state', ground.path('state', 'A')]);
  if (locked.code !== 0) throw new Error(`signer A did not lock: ${locked.stderr}`);
  const left = Object.values(countCopies()).reduce((sum, n) => sum + n, 0);
  teller.say(`signer A, locked: ${left} copies of anything`);
  const strays = stray.reduce((sum, [, n]) => sum + n, 0);
  summary.memory = { unlocked: Math.max(...live) + strays, locked: left, secrets: unlocked };
}

async function audit({ ground, teller }: Stage, summary: Summary): Promise<void> {
  const logs = [...SIGNERS, ...GATES].map((name) => ground.path('state', name));
  const all = [...logs, ground.path('state', 'vault-1')];
  const verified = await askProgram('audit', ['verify', ...all, '--charter', ground.charter]);
  const replayed = await askProgram('audit', ['replay', ...all, '--charter', ground.charter]);
  teller.say(
    `${String(verified['messages'])} messages verified, ${String(verified['findings'])} findings; ` +
      `${String(replayed['replayed'])} decisions replayed, ${String(replayed['mismatches'])} mismatches`,
  );
  const copy = ground.path('tampered');
  cpSync(ground.path('state', 'A'), copy, {
    recursive: true,
    filter: (source) => !source.includes('console-'),
  });
  const [file = ''] = segmentFiles(copy);
  const bytes = readFileSync(file);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const tampered = await runProgram('audit', ['verify', copy, '--charter', ground.charter, '--json']);
  const last: unknown = JSON.parse(tampered.stdout.trimEnd().split('\n').at(-1) ?? '{}');
  const list =
    typeof last === 'object' && last !== null && 'list' in last && Array.isArray(last.list) ? last.list : [];
  teller.say(
    `one byte of a copy of signer A's log flipped: ${list.length} finding(s), record ${String(list[0]?.record)}`,
  );
  summary.audit = {
    messages: Number(verified['messages']),
    findings: Number(verified['findings']),
    replayed: Number(replayed['replayed']),
    mismatches: Number(replayed['mismatches']),
    tamperDetected: tampered.code === EXIT.REFUSED && list.length > 0,
  };
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

/** What was promised, against what was seen. A value that could not be observed counts against it only if strict. */
function judge(summary: Summary, strict: boolean): boolean {
  const { memory, audit: audited } = summary;
  const unobserved = Object.keys(summary.notObserved).length > 0;
  const codes = ['AMOUNT_TX', 'SCREEN_AMOUNT', 'NOT_CHANGE', 'INTENT_SIGNATURE'];
  return (
    !(strict && unobserved) &&
    summary.withdrawals === 7 &&
    summary.confirmed === 7 &&
    codes.every((code) => summary.refusals.includes(code)) &&
    summary.signersUsed.every((signers) => signers.length === 2) &&
    new Set(summary.signersUsed.map(String)).size >= 2 &&
    (memory === null ? 'memory' in summary.notObserved : memory.unlocked === 1 && memory.locked === 0) &&
    audited !== null &&
    audited.findings === 0 &&
    audited.mismatches === 0 &&
    audited.replayed > 0 &&
    audited.tamperDetected &&
    (summary.networkSyscalls ?? 0) === 0 &&
    summary.networkNamespaces !== false
  );
}

async function main(options: Options): Promise<number> {
  const teller = makeTeller(options.json === true);
  const kept = options.dir !== undefined;
  const directory = openSecureDirectory(options.dir ?? mkdtempSync(join(tmpdir(), 'coldwire-journey-')));
  const summary: Summary = {
    ok: false,
    withdrawals: 0,
    confirmed: 0,
    txids: [],
    refusals: [],
    signersUsed: [],
    memory: null,
    audit: null,
    networkSyscalls: null,
    networkNamespaces: null,
    notObserved: {},
  };
  let problem: string | undefined;
  try {
    teller.chapter(1, 'A charter, three sealed keys and everybody’s own key');
    const ground = await layGround(directory, teller);
    await travel(options, ground, teller, summary);
  } catch (error) {
    problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
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
