/**
 * One of several processes that play points side by side, each with a world of its own. It records, tells its traces, plays
 * the points that it is given one after the other, and in the end has its logs audited. Speaks with `run.ts` over fork's pipe.
 */
import { join } from 'node:path';
import process from 'node:process';
import { type Devchain, startDevchain } from '@coldwire/devchain';
import { GATES } from '../../world/charter.ts';
import { runAnswering, type Stage } from './answering.ts';
import type { Judgement } from './judge.ts';
import { startFreshGates } from './peers.ts';
import type { Plan } from './plan.ts';
import { type Part, type Point, partsOf, planOf, type Scene, type Traces } from './points.ts';
import { type Recorded, record } from './record.ts';
import { endAll, type Process } from './role.ts';
import { stagesOf } from './stage.ts';
import { mayMount, runFirstStart, VaultWorld } from './vault.ts';
import { VaultEnd } from './vault-end.ts';

export type Order =
  | { readonly kind: 'prepare'; readonly scenes: readonly Scene[] }
  | { readonly kind: 'play'; readonly point: Point }
  | { readonly kind: 'finish' };

export type Tale =
  | { readonly kind: 'prepared'; readonly traces: Traces; readonly mounts: boolean }
  /** `reached`: the effect came and the fault was injected. */
  | { readonly kind: 'played'; readonly reached: boolean; readonly problems: readonly string[] }
  | { readonly kind: 'finished'; readonly problems: readonly string[] }
  | { readonly kind: 'broken'; readonly error: string };

/** How often a point is played until its effect comes: acknowledgements and polls are no matter of certainty. */
const ATTEMPTS = 3;

/** Vault points in one world: with each the vault knows more addresses, and takes longer to start. */
const VAULT_POINTS = 40;

/** What points are played on. */
interface Ground {
  readonly recorded: Recorded;
  readonly stages: ReadonlyMap<Part, Stage>;
  /** A chain without blocks, for first starts. */
  readonly young: Devchain;
  /** Gates that have cleared nothing, and the lines to them. */
  readonly witnesses: readonly Process[];
  readonly gates: readonly VaultEnd[];
  vault: VaultWorld | undefined;
  vaultPoints: number;
}

class Hand {
  #ground: Ground | undefined;
  readonly #found: string[] = [];

  async #open(): Promise<Ground> {
    const recorded = await record();
    const young = await startDevchain({ dir: join(recorded.world.directory, 'young') });
    const lines = join(recorded.world.directory, 'witnesses');
    const witnesses = await startFreshGates(recorded.world, lines);
    const gates = GATES.map((name) => new VaultEnd(recorded.world.deployment, name, lines));
    const stages = stagesOf(recorded, gates);
    return { recorded, young, witnesses, gates, stages, vault: undefined, vaultPoints: 0 };
  }

  async play(scene: Part, fault: Plan['fault']): Promise<Judgement> {
    this.#ground ??= await this.#open();
    const { recorded, stages, young } = this.#ground;
    const stage = stages.get(scene);
    if (stage !== undefined) return runAnswering(stage, fault);
    if (scene === 'vault-first') return runFirstStart(recorded.world, young, fault);
    if (this.#ground.vaultPoints >= VAULT_POINTS) {
      await this.close();
      return this.play(scene, fault);
    }
    this.#ground.vaultPoints += 1;
    this.#ground.vault ??= await VaultWorld.open(recorded.world);
    return this.#ground.vault.run(fault, scene === 'vault');
  }

  async trace(scenes: readonly Scene[]): Promise<Traces> {
    const rows: [Part, readonly string[]][] = [];
    for (const scene of partsOf(scenes)) {
      // Whoever is new at its peers has more to say than later; and what the recorded run replaced is buried once.
      if (scene === 'vault-start' || scene === 'vault') await this.play(scene, null);
      const { trace, problems } = await this.play(scene, null);
      if (problems.length > 0) throw new Error(`without a fault, ${scene}: ${problems.join('; ')}`);
      rows.push([scene, trace]);
    }
    return Object.fromEntries(rows);
  }

  async point(point: Point): Promise<Extract<Tale, { kind: 'played' }>> {
    const problems: string[] = [];
    let reached = false;
    for (let attempt = 0; attempt < ATTEMPTS && !reached && problems.length === 0; attempt += 1) {
      try {
        const judged = await this.play(point.scene, planOf(point));
        reached = judged.fired;
        problems.push(...judged.problems);
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    return { kind: 'played', reached, problems };
  }

  /** What the auditor says of the vault's points is kept for the end. */
  async close(): Promise<void> {
    const ground = this.#ground;
    this.#ground = undefined;
    try {
      this.#found.push(...((await ground?.vault?.close()) ?? []));
    } finally {
      await ground?.young.stop();
      for (const gate of ground?.gates ?? []) await gate.stop();
      for (const witness of ground?.witnesses ?? []) {
        witness.signal('SIGTERM');
        await witness.end;
      }
      await ground?.recorded.world.close();
    }
  }

  async finish(): Promise<readonly string[]> {
    await this.close();
    return this.#found;
  }
}

function tell(tale: Tale): void {
  if (process.connected) process.send?.(tale);
}

const hand = new Hand();
let obeyed: Promise<void> = Promise.resolve();
let isLeaving = false;

async function obey(order: Order): Promise<void> {
  if (order.kind === 'prepare') {
    tell({ kind: 'prepared', traces: await hand.trace(order.scenes), mounts: mayMount() });
  } else if (order.kind === 'play') {
    tell(await hand.point(order.point));
  } else {
    tell({ kind: 'finished', problems: await hand.finish() });
    process.disconnect();
  }
}

process.on('message', (order: Order) => {
  obeyed = obey(order).catch(async (error: unknown) => {
    await hand.close().catch(() => undefined);
    tell({ kind: 'broken', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  });
});

/** Whoever hands the points out is gone, or somebody pressed Ctrl-C, or this program is wrong: no program and no mount is left. */
function leave(code: number): void {
  // Several of these come at once, and the next one must not end what the first still closes.
  if (isLeaving) return;
  isLeaving = true;
  endAll();
  void obeyed
    .then(() => hand.close())
    .catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
    .finally(() => process.exit(code));
}

process.on('disconnect', () => leave(0));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => leave(1));
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  leave(1);
});
