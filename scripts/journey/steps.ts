/** The chapters of the journey, one function each; what they observe goes into the summary. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { readSignedCharter } from '@coldwire/channel';
import { segmentFiles } from '@coldwire/evidence';
import { EXIT } from '@coldwire/program';
import { decodeCharter } from '@coldwire/protocol';
import { createScripts, encodeAddress } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { scanMemory } from '../memory-scan.ts';
import { type JourneyChain, type NodeKind, startChain } from './chain.ts';
import { askProgram, runProgram } from './children.ts';
import { readCleared } from './evidence.ts';
import { GATES, type Ground, HOLDERS, SIGNERS } from './ground.ts';
import { offerDrafts } from './hostile.ts';
import {
  findWaivers,
  type Machines,
  openLines,
  startGates,
  startScreen,
  startSigner,
  startVault,
} from './machines.ts';
import { inOwnNamespace, type Means } from './observe.ts';
import { collectSecrets, LIVE } from './secrets.ts';
import type { Summary } from './summary.ts';
import type { Teller } from './teller.ts';
import { confirm, customerAddress, submit, submitTogether, waitFor, waitForHeight } from './withdraw.ts';

export interface Stage {
  readonly ground: Ground;
  readonly machines: Machines;
  readonly means: Means;
  readonly teller: Teller;
  readonly chain: JourneyChain;
  readonly screen: string;
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

export async function startMachines(
  ground: Ground,
  means: Means,
  teller: Teller,
  node: NodeKind,
): Promise<Stage> {
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

export async function payFive({ ground, machines, teller, chain }: Stage, summary: Summary): Promise<void> {
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
export async function rebootOne(
  { ground, machines, means, teller, chain }: Stage,
  summary: Summary,
): Promise<void> {
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

export async function refuse(stage: Stage, summary: Summary): Promise<void> {
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

export async function searchMemory(
  { ground, machines, means, teller }: Stage,
  summary: Summary,
): Promise<void> {
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

export async function audit({ ground, teller }: Stage, summary: Summary): Promise<void> {
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
