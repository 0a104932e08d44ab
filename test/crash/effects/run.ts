/** Hands the points out to several processes, and gathers what came of each. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EXIT, Failure } from '@coldwire/program';
import type { Order, Tale } from './hand.ts';
import { enumerate, namePoint, type Point, type Scene } from './points.ts';

const HAND = fileURLToPath(new URL('hand.ts', import.meta.url));

export interface Choice {
  readonly scenes: readonly Scene[];
  /** Every how many-th point; 1: all. */
  readonly every: number;
  /** At which of them a sample begins. */
  readonly seed: number;
  /** Only these, by name. */
  readonly only: readonly string[];
  /** How many processes play. */
  readonly hands: number;
}

export interface Result {
  /** How many there are: all, not the sample. */
  readonly points: number;
  readonly byScene: Readonly<Partial<Record<Scene, number>>>;
  /** How many were chosen, and of these how many had their fault injected and were judged. */
  readonly chosen: number;
  readonly ran: number;
  readonly failures: readonly Found[];
  /** What was chosen and cannot be played on this machine. */
  readonly left: readonly string[];
}

export interface Found {
  readonly point: string;
  readonly problems: readonly string[];
}

/** Told while points are played: a run of half an hour that is cut off has said what it found. */
export interface Listener {
  onPlayed(done: number, of: number): void;
  onFailure(failure: Found): void;
}

export async function runPoints(choice: Choice, listener: Listener): Promise<Result> {
  const hands = Array.from({ length: choice.hands }, () => new Handle());
  try {
    const prepared = await Promise.all(hands.map((hand) => hand.prepare(choice.scenes)));
    const traces = prepared.map((one) => one.traces);
    const points = choice.scenes.flatMap((scene) => enumerate(scene, traces));
    const chosen = choose(points, choice);
    const mounts = prepared.every((one) => one.mounts);
    const playable = chosen.filter((point) => mounts || !needsMount(point));
    const left = chosen.filter((point) => !playable.includes(point)).map(namePoint);
    const played = await playAll(hands, playable, listener);
    const ends = await Promise.all(hands.map((hand) => hand.finish()));
    const failures = [
      ...played.failures,
      ...ends.flatMap((problems) =>
        problems.length === 0 ? [] : [{ point: 'the logs of a whole world of vault points', problems }],
      ),
    ];
    const byScene = Object.fromEntries(
      choice.scenes.map((scene) => [scene, points.filter((point) => point.scene === scene).length]),
    );
    return { points: points.length, byScene, chosen: chosen.length, ran: played.ran, failures, left };
  } finally {
    for (const hand of hands) hand.release();
  }
}

/** A commit that finds no room needs a small disk. */
function needsMount({ effect, fault }: Point): boolean {
  return effect.label.startsWith('commit ') && fault.startsWith('enospc');
}

function choose(points: readonly Point[], { every, seed, only }: Choice): readonly Point[] {
  if (only.length === 0) return points.filter((_, place) => (place + seed) % every === 0);
  const chosen = points.filter((point) => only.includes(namePoint(point)));
  const unknown = only.filter((name) => !chosen.some((point) => namePoint(point) === name));
  if (unknown.length > 0)
    throw new Failure(EXIT.USAGE, {
      what: `there is no point ${unknown.join(', ')}`,
      todo: 'Take the name from a line "again" of an earlier run of this version.',
    });
  return chosen;
}

async function playAll(
  hands: readonly Handle[],
  points: readonly Point[],
  listener: Listener,
): Promise<Pick<Result, 'ran' | 'failures'>> {
  const waiting = [...points];
  const failures: Found[] = [];
  let [ran, done] = [0, 0];
  const work = async (hand: Handle): Promise<void> => {
    for (let point = waiting.shift(); point !== undefined; point = waiting.shift()) {
      const { reached, problems } = await hand.play(point);
      if (reached) ran += 1;
      const all = reached || problems.length > 0 ? problems : ['its effect did not come'];
      if (all.length > 0) {
        const failure = { point: namePoint(point), problems: all };
        failures.push(failure);
        listener.onFailure(failure);
      }
      done += 1;
      listener.onPlayed(done, points.length);
    }
  };
  await Promise.all(hands.map(work));
  return { ran, failures };
}

/** One process that plays. */
class Handle {
  readonly #child: ChildProcess = fork(HAND, [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });

  async prepare(scenes: readonly Scene[]): Promise<Extract<Tale, { kind: 'prepared' }>> {
    const tale = await this.#order({ kind: 'prepare', scenes });
    if (tale.kind !== 'prepared') throw new Error(`a ${tale.kind} where traces were due`);
    return tale;
  }

  async play(point: Point): Promise<Extract<Tale, { kind: 'played' }>> {
    const tale = await this.#order({ kind: 'play', point });
    if (tale.kind !== 'played') throw new Error(`a ${tale.kind} where a point was due`);
    return tale;
  }

  async finish(): Promise<readonly string[]> {
    const tale = await this.#order({ kind: 'finish' });
    if (tale.kind !== 'finished') throw new Error(`a ${tale.kind} where the end was due`);
    return tale.problems;
  }

  /** It closes what it has, and ends. */
  release(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  #order(order: Order): Promise<Tale> {
    return new Promise((resolve, reject) => {
      const over = (code: number | null): void =>
        reject(new Error(`a process that plays has ended with ${code}`));
      this.#child.once('exit', over);
      this.#child.once('message', (tale: Tale) => {
        this.#child.off('exit', over);
        if (tale.kind === 'broken') reject(new Error(tale.error));
        else resolve(tale);
      });
      this.#child.send(order);
    });
  }
}
