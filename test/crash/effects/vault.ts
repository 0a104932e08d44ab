/**
 * The vault through one point, in a world of real programs that go on from one point to the next: signers, gates and a screen
 * as they are, and this program killed or hindered at one effect. Two withdrawals in one transaction that is replaced, and one
 * that is refused, are carried to their end; then the chain alone says who was paid.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import type { Devchain } from '@coldwire/devchain';
import type { BlockNode } from '@coldwire/devchain/chain/chainstate.ts';
import { decodeIntent, type SignedIntent, toHex } from '@coldwire/protocol';
import type { Running } from '../../world/processes.ts';
import {
  makeIntent,
  mine,
  mineEmpty,
  readWithdrawal,
  startScreen,
  submit,
  type World,
} from '../../world/world.ts';
import { auditLogs, type Judgement } from './judge.ts';
import { isSigner, makeFifos, NAMES, type PeerName, programsOf, startPeer } from './peers.ts';
import type { Plan } from './plan.ts';
import { BEYOND, HOME, LENIENT } from './record.ts';
import type { Process, Program } from './role.ts';
import { Tended } from './tended.ts';

/** Without an effect on disk: then its start is over. */
const QUIET_MS = 400;
/** A block comes this often while something is waited for. */
const BLOCK_MS = 4_000;
const SMALL = 'size=48m,mode=0700';

/** Impatient, as a test is. */
const TUNING = [
  '--poll',
  '0.1',
  '--gather',
  '0.2',
  '--deadline',
  '3',
  '--gate-retry',
  '0.5',
  '--rescreen',
  '0.5',
];
const WATCHED = ['--lookahead', '4', '--bump-blocks', '2'];

export class VaultWorld {
  readonly #world: World;
  readonly #programs: string;
  readonly #state: string;
  readonly #small: boolean;
  readonly #peers: readonly Process[];
  readonly #screen: Running & { readonly url: string };
  #runs = 0;

  private constructor(
    world: World,
    small: boolean,
    peers: readonly Process[],
    screen: Running & { readonly url: string },
  ) {
    this.#world = world;
    this.#programs = programsOf(world);
    this.#small = small;
    this.#state = join(world.directory, 'disk');
    this.#peers = peers;
    this.#screen = screen;
  }

  /** Goes on where the recorded run ended, the vault on a small disk of its own where this machine allows to mount one. */
  static async open(world: World): Promise<VaultWorld> {
    const state = join(world.directory, 'disk');
    mkdirSync(state, { mode: 0o700 });
    const small = mountSmall(state);
    cpSync(join(world.directory, 'vault'), state, { recursive: true });
    makeFifos(world.directory, NAMES);
    const peers = await Promise.all(
      NAMES.map((name) => startPeer(world, name, world.directory, stateOf(world, name))),
    );
    return new VaultWorld(world, small, peers, await startScreen(world, 'screen-1', LENIENT));
  }

  /** @param works whether withdrawals go through; else it is stopped as soon as its lines are up */
  async run(fault: Plan['fault'], works: boolean): Promise<Judgement> {
    this.#runs += 1;
    alignPairs(join(this.#state, 'queue.db'));
    const trace = join(this.#world.directory, `vault-trace-${this.#runs}`);
    const plan: Plan = {
      trace,
      state: this.#state,
      lines: NAMES.map((name) => [join(this.#world.directory, `${name}.down`), name]),
      node: this.#world.chain.url,
      small: this.#small,
      programs: this.#programs,
      fault,
    };
    const ballast = join(this.#state, 'ballast');
    const program = new Tended(this.#program(), plan, () => rmSync(ballast, { force: true }));
    try {
      await program.serve();
      const wrong = works ? await this.#carry(program) : await this.#greet(program);
      await program.stop();
      return { trace: program.trace(), fired: program.hasFired(), problems: [...program.problems, ...wrong] };
    } finally {
      await program.kill();
      rmSync(ballast, { force: true });
      for (const file of [trace, `${trace}-2`]) rmSync(file, { force: true });
    }
  }

  /** What the logs of all programs say of all points together. */
  async close(): Promise<readonly string[]> {
    try {
      for (const peer of this.#peers) peer.signal('SIGTERM');
      await Promise.all([this.#screen.stop(), ...this.#peers.map((peer) => peer.end)]);
      const logs = [...NAMES.map((name) => stateOf(this.#world, name)), this.#state];
      return auditLogs(logs, this.#world.deployment.charterFile);
    } finally {
      if (this.#small) spawnSync('umount', [this.#state]);
    }
  }

  #program(): Program {
    const { directory } = this.#world;
    const screens = ['--screen', this.#screen.url];
    const args = [...serveArgs(this.#world, directory, this.#state), ...screens, ...TUNING, ...WATCHED];
    return { role: 'vault', args, logFile: join(directory, 'vault.log') };
  }

  /** Every line is up, every signer has its witness and its coins, and nothing moves. */
  async #greet(program: Tended): Promise<readonly string[]> {
    await program.until('all are there', () => {
      const log = program.process.log();
      return NAMES.every((name) => log.includes(`"peer":"${name}","is":"ready"`)) || undefined;
    });
    let [size, since] = [0, performance.now()];
    await program.until('nothing moves', () => {
      const now = program.steps();
      if (now !== size) [size, since] = [now, performance.now()];
      return performance.now() > since + QUIET_MS || undefined;
    });
    return [];
  }

  /** @returns what is wrong with what was paid */
  async #carry(program: Tended): Promise<readonly string[]> {
    const world = this.#world;
    const { node } = world.chain;
    const before = node.chain.tip.height;
    const two = [100_000n, 200_000n].map((amount) => makeIntent(world, { amount, home: HOME }));
    const beyond = makeIntent(world, { amount: BEYOND, home: HOME });
    await this.#pass(program, two, ['broadcast', 'confirmed']);
    await this.#pass(program, [beyond], ['refused']);
    const first = node.mempool.entries().map(({ known }) => known.txid);
    mineEmpty(world, 3);
    const time = this.#passTime();
    await program.until('they are replaced', () => {
      time();
      const now = node.mempool.entries().map(({ known }) => known.txid);
      return now.length > 0 && now.every((txid) => !first.includes(txid)) ? now : undefined;
    });
    mine(world);
    await this.#pass(program, two, ['confirmed']);
    return judgePayments(world, before, two, [beyond]);
  }

  /** Blocks go on: who was killed while it replaced or gave up a transaction looks at it again at the next one. */
  #passTime(): () => void {
    let due = performance.now() + BLOCK_MS;
    return () => {
      if (performance.now() < due) return;
      mineEmpty(this.#world);
      due = performance.now() + BLOCK_MS;
    };
  }

  async #pass(program: Tended, intents: readonly SignedIntent[], states: readonly string[]): Promise<void> {
    const url = (): string => `http://127.0.0.1:${portOf(program)}`;
    const ids: string[] = [];
    // Both at once, so that they share a transaction.
    await Promise.all(
      intents.map(async (intent) => {
        ids.push((await program.until('an intent is taken', () => submit(url(), intent))).id);
      }),
    );
    const time = this.#passTime();
    for (const id of ids) {
      await program.until(`${id} is ${states.join(' or ')}`, async () => {
        time();
        const { state } = await readWithdrawal(url(), id);
        return states.includes(state) || undefined;
      });
    }
  }
}

function serveArgs({ deployment, chain }: World, lines: string, state: string): readonly string[] {
  const ports = NAMES.flatMap((name) => [
    isSigner(name) ? '--signer' : '--gate',
    `${name}=fifo:${join(lines, `${name}.up`)},${join(lines, `${name}.down`)}`,
  ]);
  return [
    ...[
      'serve',
      '--charter',
      deployment.charterFile,
      '--key',
      deployment.keyFile('vault-1'),
      '--state',
      state,
    ],
    ...['--chain', chain.url, '--chain-cookie', chain.cookieFile, '--listen', '127.0.0.1:0', ...ports],
  ];
}

/** As the recorded run has left it. */
function stateOf({ directory }: World, name: PeerName): string {
  return join(directory, isSigner(name) ? `signer-${name}` : `${name}.state`);
}

/**
 * Which two signers are asked goes by the number of the batch: every run begins with the same pair, as if the numbers in
 * between had been used. Otherwise the third line's effects would be another's.
 */
function alignPairs(file: string): void {
  const db = new DatabaseSync(file);
  try {
    db.exec("UPDATE sqlite_sequence SET seq = (seq + 2) / 3 * 3 WHERE name = 'batches'");
  } finally {
    db.close();
  }
}

/** @returns whether there is now a small disk */
function mountSmall(path: string): boolean {
  return mayMount() && spawnSync('mount', ['-t', 'tmpfs', '-o', SMALL, 'tmpfs', path]).status === 0;
}

export function mayMount(): boolean {
  const tried = ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'];
  return process.getuid?.() === 0 && spawnSync('unshare', tried, { stdio: 'ignore' }).status === 0;
}

function portOf(program: Tended): number {
  return Number(/"event":"ready".*?"port":(\d+)/.exec(program.process.log())?.[1] ?? 0);
}

/** Read from the blocks since `before` and the mempool: each of `paid` once with its amount, none of `unpaid`. */
function judgePayments(
  { chain: { node } }: World,
  before: number,
  paid: readonly SignedIntent[],
  unpaid: readonly SignedIntent[],
): readonly string[] {
  const transactions = node.mempool.entries().map(({ known }) => known.tx);
  for (let at: BlockNode | null = node.chain.tip; at !== null && at.height > before; at = at.parent)
    transactions.push(...at.block.transactions.map(({ tx }) => tx));
  const outputs = transactions.flatMap((tx) => tx.outputs);
  const amountsTo = (script: Uint8Array): string =>
    outputs
      .flatMap((output) => (toHex(output.script) === toHex(script) ? [String(output.amount)] : []))
      .join();
  return [...paid, ...unpaid].flatMap((intent) => {
    const decoded = decodeIntent(intent[0]);
    if (!decoded.ok) throw new Error('not an intent');
    const { script, amount } = decoded.value;
    const wanted = paid.includes(intent) ? String(amount) : '';
    const got = amountsTo(script);
    return got === wanted ? [] : [`an intent over ${amount} sat was paid "${got}", not "${wanted}"`];
  });
}

/**
 * The vault's first start, alone: nobody is at the other ends of its lines. One intent is taken; what it acknowledged is in
 * the database in the end.
 */
export async function runFirstStart(world: World, chain: Devchain, fault: Plan['fault']): Promise<Judgement> {
  const directory = mkdtempSync(join(world.directory, 'vault-'));
  const at = (file: string): string => join(directory, file);
  makeFifos(directory, NAMES);
  mkdirSync(at('disk'), { mode: 0o700 });
  const small = mountSmall(at('disk'));
  const state = at('disk/state');
  const args = [...serveArgs({ ...world, chain }, directory, state), ...TUNING, ...WATCHED];
  const plan: Plan = {
    trace: at('trace'),
    state,
    lines: NAMES.map((name) => [at(`${name}.down`), name]),
    node: chain.url,
    small,
    programs: programsOf(world),
    fault,
  };
  const ballast = join(state, 'ballast');
  const makeRoom = (): void => rmSync(ballast, { force: true });
  const program = new Tended({ role: 'vault', args, logFile: at('log') }, plan, makeRoom);
  try {
    await program.serve();
    const intent = makeIntent({ ...world, chain });
    const { id } = await program.until('an intent is taken', () =>
      submit(`http://127.0.0.1:${portOf(program)}`, intent),
    );
    // Nobody answers, so a line says hello again and again: what the recorded run had time for comes here too.
    if (fault?.label.startsWith('line ') === true)
      await program.until(`${fault.label} comes`, () => program.hasFired() || undefined);
    await program.stop();
    const kept = readKept(join(state, 'queue.db'), id) ? [] : [`the acknowledged intent ${id} is gone`];
    return { trace: program.trace(), fired: program.hasFired(), problems: [...program.problems, ...kept] };
  } finally {
    await program.kill();
    if (small) spawnSync('umount', [at('disk')]);
    rmSync(directory, { recursive: true, force: true });
  }
}

function readKept(file: string, id: string): boolean {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare('SELECT 1 FROM withdrawals WHERE hex(id) = upper(?)').get(id) !== undefined;
  } finally {
    db.close();
  }
}
