/**
 * A run of the hostile vault: real signers and gates as processes, one attacker with the vault's key, a number of steps, and the
 * judge's word at the end. The seed decides the moves; when machines answer is theirs.
 */
import { makeRandom } from '../crash/random.ts';
import { buildWorld, mine, type World } from '../world/world.ts';
import { Attacker } from './attacker.ts';
import { Judge } from './judge.ts';
import { isGate, PEERS } from './lines.ts';
import { Machines } from './machines.ts';
import { drawMove } from './moves.ts';

export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  /** Whom memory is set back for, among the signers. */
  readonly setBack?: 'C';
  /** Ends the run after the move that is under way, with every program stopped. */
  readonly signal?: AbortSignal;
  tell?(line: string): void;
}

export interface RunResult {
  readonly steps: number;
  /** sat that left the wallet to destinations. */
  readonly left: bigint;
  readonly allowed: bigint;
  readonly violations: readonly string[];
  readonly payments: number;
  readonly cleared: number;
  readonly restarts: number;
  readonly setBacks: number;
  /** How often each request came to each end. */
  readonly answers: Readonly<Record<string, number>>;
}

/** Small windows, so that the run is at their limits most of the time. */
const POLICY = {
  amountPerTransaction: 6_000_000n,
  windows: [
    { ticks: 20, amount: 24_000_000n, count: 40, fee: 400_000n },
    { ticks: 120, amount: 90_000_000n, count: 160, fee: 1_500_000n },
  ],
  feeAbsolute: 60_000n,
  feeShareFloor: 10_000n,
  freezeTicks: 4,
  // No gate may stand in for another within the run: that is the stated limit, and not what is looked at here.
  gateDelay: 1_000_000,
};

const RESTART_EVERY = 150;
const SET_BACK_EVERY = 400;

export async function runHostileVault(options: RunOptions): Promise<RunResult> {
  const world = await buildWorld({ policy: POLICY, coins: 12, burial: 3 });
  try {
    return await play(world, options);
  } finally {
    await world.close();
  }
}

async function play(world: World, { seed, steps, signal, tell }: RunOptions): Promise<RunResult> {
  const random = makeRandom(seed);
  const judge = new Judge(world, () => new Map(attacker.people.wishes.map((wish) => [wish.id, wish])));
  const attacker = new Attacker(world, judge, random);
  const machines = new Machines(world);
  await machines.startAll();
  for (const name of PEERS) attacker.lines.open(name);
  for (const name of PEERS) await attacker.lines.ready(name);
  attacker.view.follow();
  for (let i = 0; i < 8; i += 1)
    attacker.people.wish(BigInt(random.between(20_000, 2_000_000)), attacker.view.height);
  for (const name of PEERS) if (!isGate(name)) await attacker.attest(name);
  judge.start();
  let restarts = 0;
  let setBacks = 0;
  let nextRestart = RESTART_EVERY;
  let nextSetBack = SET_BACK_EVERY / 2;
  let restores = 0;
  let setBackAt = 0;
  let kept = false;
  while (attacker.steps < steps && judge.violations.length === 0 && signal?.aborted !== true) {
    for (const name of attacker.unwitnessed) if (random.next() < 0.6) await attacker.attest(name);
    const move = drawMove(attacker);
    await move.run(attacker);
    if (attacker.steps >= nextRestart) {
      nextRestart = attacker.steps + RESTART_EVERY;
      const name = attacker.pick(PEERS);
      if (name !== undefined) await machines.restart(attacker, name);
      restarts += 1;
      tell?.(`${attacker.steps} of ${steps} steps, ${judge.spends.size} cleared, ${restarts} restarts`);
    }
    if (attacker.steps >= nextSetBack) {
      nextSetBack = attacker.steps + SET_BACK_EVERY;
      if (kept) await machines.setBack(attacker, 'C');
      else await machines.keep(attacker, 'C');
      if (kept) setBacks += 1;
      kept = !kept;
      setBackAt = attacker.steps;
    }
    // People look into it after a while.
    if (setBacks > restores && !kept && attacker.steps >= setBackAt + SET_BACK_EVERY / 2) {
      await attacker.restore('C');
      restores += 1;
    }
    judge.violations.push(...machines.fallen());
  }
  await settle(attacker);
  judge.checkConflicts((txid) => isDead(attacker, txid));
  const left = judge.audit(attacker.view);
  await attacker.lines.closeAll();
  return {
    steps: attacker.steps,
    left,
    allowed: judge.allowed(),
    violations: judge.violations,
    payments: paidWishes(attacker),
    cleared: judge.spends.size,
    restarts,
    setBacks,
    answers: Object.fromEntries([...attacker.refusals].sort(([a], [b]) => a.localeCompare(b))),
  };
}

/** Everything that was cleared goes to the chain, again and again, until nothing more is taken. */
async function settle(attacker: Attacker): Promise<void> {
  for (let round = 0; round < 6; round += 1) {
    for (const raw of attacker.raws.values()) attacker.broadcast(raw);
    mine(attacker.world, 1);
    attacker.view.follow();
  }
}

/** Another transaction, mined, spends a coin of it. */
function isDead(attacker: Attacker, txid: string): boolean {
  const spend = attacker.judge.spends.get(txid);
  return spend !== undefined && attacker.view.deathOf(txid, spend.inputs) !== undefined;
}

function paidWishes({ judge, world }: Attacker): number {
  const mined = [...judge.spends.values()].filter(
    ({ txid }) => world.chain.node.chain.blockOf(txid) !== undefined,
  );
  return mined.reduce((sum, { wishes }) => sum + wishes.length, 0);
}
