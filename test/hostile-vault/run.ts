/**
 * A run of the hostile vault: real signers and gates as processes, one attacker with the vault's key, a number of steps, and the
 * judge's word at the end. The seed decides the moves; when machines answer is theirs.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { makeRandom } from '../crash/random.ts';
import { SIGNERS } from '../world/charter.ts';
import { pause } from '../world/processes.ts';
import { buildWorld, mine, type World } from '../world/world.ts';
import { Attacker } from './attacker.ts';
import { carryRestore } from './carry.ts';
import { ChainView } from './chain-view.ts';
import { payHonestly } from './goods.ts';
import type { Violation } from './judge/docket.ts';
import { Judge } from './judge/judge.ts';
import { isGate, PEERS } from './lines.ts';
import { Machines } from './machines.ts';
import { drawMove } from './moves/index.ts';
import { People, Staff } from './people.ts';
import { EXCHANGE_PEOPLE, policyOf } from './terms.ts';

export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  /** Ends the run after the move that is under way, with every program stopped. */
  readonly signal?: AbortSignal;
  tell?(line: string): void;
}

export interface RunResult {
  readonly steps: number;
  /** sat that left the wallet, to destinations and as fees. */
  readonly left: bigint;
  readonly allowed: bigint;
  readonly violations: readonly Violation[];
  /** Honest payments amid the attack that went through: all that were tried. */
  readonly goods: number;
  readonly payments: number;
  readonly cleared: number;
  readonly charters: number;
  /** Height of the chain at the end. */
  readonly blocks: number;
  readonly restarts: number;
  readonly setBacks: number;
  /** How often each request came to each end. */
  readonly answers: Readonly<Record<string, number>>;
  /** Where everything is kept that a violation can be looked into with. */
  readonly kept?: string;
}

const RESTART_EVERY = 300;
const SET_BACK_EVERY = 800;
/** After an order that was not for the signer's present start. */
const RESTORE_EVERY = 50;
const GOOD_EVERY = 400;

export async function runHostileVault(options: RunOptions): Promise<RunResult> {
  const random = makeRandom(options.seed);
  const staff = new Staff(random);
  const world = await buildWorld({
    policy: policyOf(1),
    approvers: staff.rows,
    people: EXCHANGE_PEOPLE,
    requesters: staff.requesters,
    coins: 12,
    burial: 3,
  });
  // A disk that is full throws where nobody waits: no program may be left running then.
  const die = (error: unknown): void => {
    process.stderr.write(`the run cannot go on: ${error instanceof Error ? error.stack : error}\n`);
    void world.close().finally(() => process.exit(1));
  };
  process.on('uncaughtException', die);
  try {
    const { charter, hash } = world.deployment.charter;
    const view = new ChainView(world);
    const judge = new Judge({ degree: 1, terms: charter }, hash, SIGNERS, ({ txid, inputs }, tip) =>
      view.isDead(txid, inputs, tip),
    );
    const people = new People(world, staff, random, judge);
    const { signal } = options;
    const attacker = new Attacker({ world, view, judge, people, random, signal });
    return await new Run(world, judge, attacker, options).play();
  } finally {
    await world.close();
    process.off('uncaughtException', die);
  }
}

class Run {
  readonly #world: World;
  readonly #judge: Judge;
  readonly #attacker: Attacker;
  readonly #machines: Machines;
  readonly #options: RunOptions;
  #restarts = 0;
  #setBacks = 0;
  #goods = 0;
  /** The next one puts C's copy back; otherwise makes it. */
  #hasCopy = false;
  readonly #due = {
    restart: RESTART_EVERY,
    setBack: SET_BACK_EVERY / 2,
    restore: Number.POSITIVE_INFINITY,
    good: GOOD_EVERY,
  };

  constructor(world: World, judge: Judge, attacker: Attacker, options: RunOptions) {
    this.#world = world;
    this.#judge = judge;
    this.#attacker = attacker;
    this.#machines = new Machines(world);
    this.#options = options;
  }

  async play(): Promise<RunResult> {
    const { steps, signal } = this.#options;
    const attacker = this.#attacker;
    await this.#begin();
    while (attacker.steps < steps && this.#judge.violations.length === 0 && signal?.aborted !== true) {
      for (const name of attacker.unwitnessed) if (attacker.random.next() < 0.6) await attacker.attest(name);
      await drawMove(attacker).run(attacker);
      await this.#restart();
      await this.#setBack();
      await this.#payHonestly();
      await this.#lookForFallen();
    }
    return await this.#end();
  }

  /** Programs that have ended by themselves, and not by a signal that was meant for all of us, as a terminal sends it. */
  async #lookForFallen(): Promise<void> {
    if (this.#machines.fallen().length === 0) return;
    await pause(500);
    if (this.#options.signal?.aborted === true) return;
    for (const fallen of this.#machines.fallen()) this.#judge.say('program', fallen);
  }

  async #begin(): Promise<void> {
    const { lines, people, random, view } = this.#attacker;
    await this.#machines.startAll();
    for (const name of PEERS) lines.open(name);
    for (const name of PEERS) await lines.ready(name);
    view.follow();
    for (let i = 0; i < 8; i += 1) people.ask(BigInt(random.between(20_000, 400_000)), view.height);
    for (const name of PEERS) if (!isGate(name)) await this.#attacker.attest(name);
    this.#judge.start(performance.now());
  }

  async #restart(): Promise<void> {
    const attacker = this.#attacker;
    if (attacker.steps < this.#due.restart) return;
    this.#due.restart = attacker.steps + RESTART_EVERY;
    const name = attacker.pick(PEERS);
    if (name !== undefined) await this.#machines.restart(attacker, name);
    this.#restarts += 1;
    this.#options.tell?.(
      `${attacker.steps} of ${this.#options.steps} steps, ${this.#judge.spends.size} cleared, ${this.#goods} honest ones paid, ${this.#restarts} restarts`,
    );
  }

  /** C's disk is copied, and put back later; after a while people look into it. */
  async #setBack(): Promise<void> {
    const attacker = this.#attacker;
    if (attacker.steps >= this.#due.setBack) {
      this.#due.setBack = attacker.steps + SET_BACK_EVERY;
      if (this.#hasCopy) await this.#machines.setBack(attacker, 'C');
      else await this.#machines.keep(attacker, 'C');
      if (this.#hasCopy) this.#setBacks += 1;
      this.#due.restore = this.#hasCopy ? attacker.steps + SET_BACK_EVERY / 2 : Number.POSITIVE_INFINITY;
      this.#hasCopy = !this.#hasCopy;
    }
    if (attacker.steps >= this.#due.restore) {
      const isBack = await carryRestore(attacker, 'C');
      this.#due.restore = isBack ? Number.POSITIVE_INFINITY : attacker.steps + RESTORE_EVERY;
    }
  }

  async #payHonestly(): Promise<void> {
    if (this.#attacker.steps < this.#due.good) return;
    if (await payHonestly(this.#attacker, this.#goods)) this.#goods += 1;
    this.#due.good = this.#attacker.steps + GOOD_EVERY;
  }

  async #end(): Promise<RunResult> {
    const attacker = this.#attacker;
    settle(attacker);
    const now = performance.now();
    const left = this.#judge.audit(attacker.view.mined(), now);
    await attacker.lines.closeAll();
    const { violations } = this.#judge;
    return {
      steps: attacker.steps,
      left,
      allowed: this.#judge.allowed(now),
      violations,
      goods: this.#goods,
      payments: paidWishes(attacker),
      cleared: this.#judge.spends.size,
      charters: attacker.people.steps.length,
      blocks: attacker.view.height,
      restarts: this.#restarts,
      setBacks: this.#setBacks,
      answers: Object.fromEntries([...attacker.refusals].sort(([a], [b]) => a.localeCompare(b))),
      ...(violations.length === 0 ? {} : { kept: this.#keep() }),
    };
  }

  /** A copy of every log and of what was asked last: `coldwire-audit replay` reaches each verdict of the machines again. */
  #keep(): string {
    const directory = join(tmpdir(), `hostile-vault-seed-${this.#options.seed}-step-${this.#attacker.steps}`);
    mkdirSync(directory, { recursive: true });
    cpSync(this.#world.directory, join(directory, 'world'), { recursive: true });
    writeFileSync(join(directory, 'trace.txt'), `${this.#attacker.trace.join('\n')}\n`);
    return directory;
  }
}

/** Everything that was cleared goes to the chain, again and again, until nothing more is taken. */
function settle(attacker: Attacker): void {
  for (let round = 0; round < 6; round += 1) {
    for (const raw of attacker.raws.values()) attacker.broadcast(raw);
    mine(attacker.world, 1);
    attacker.view.follow();
  }
}

function paidWishes({ judge, world }: Attacker): number {
  const mined = [...judge.spends.values()]
    .flat()
    .filter(({ txid }) => world.chain.node.chain.blockOf(txid) !== undefined);
  return new Set(mined.flatMap(({ ids }) => ids)).size;
}
