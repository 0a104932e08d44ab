/** The points: every effect of the recorded traces, with every fault that can happen there. */
import { type Effect, type Fault, faultsOf, type Plan } from './plan.ts';

export const SCENES = [
  'signer',
  'gate',
  'signer-rule',
  'gate-rule',
  'vault-first',
  'vault-start',
  'vault',
] as const;
/**
 * A signer, a gate; both under later charters, orders, registrations and burials; a vault's first start, a later start until its
 * lines are up, and a vault at work.
 */
export type Scene = (typeof SCENES)[number];

/** What a scene begins with, which is played elsewhere. */
const PRELUDES = {
  'signer-rule': 'signer-prelude',
  'gate-rule': 'gate-prelude',
  vault: 'vault-start',
} as const;
type Prelude = (typeof PRELUDES)[keyof typeof PRELUDES];
/** All of which there are traces. */
export type Part = Scene | Prelude;

function preludeOf(scene: Scene): Prelude | undefined {
  return scene === 'signer-rule' || scene === 'gate-rule' || scene === 'vault' ? PRELUDES[scene] : undefined;
}

/** What must be traced for the points of these scenes, in the order in which it is played. */
export function partsOf(scenes: readonly Scene[]): readonly Part[] {
  const preludes = scenes.flatMap((scene) => preludeOf(scene) ?? []);
  return [...new Set<Part>([...scenes.filter((scene) => scene !== 'vault'), ...preludes, ...scenes])];
}

export interface Point {
  readonly scene: Scene;
  readonly effect: Effect;
  readonly fault: Fault;
}

export type Traces = Readonly<Partial<Record<Part, readonly string[]>>>;

export function roleOf(scene: Scene): 'signer' | 'gate' | 'vault' {
  if (scene.startsWith('signer')) return 'signer';
  return scene.startsWith('gate') ? 'gate' : 'vault';
}

/** `gate/write evidence-000000.cborseq/3/torn`: names a point on the command line, again and again. */
export function namePoint({ scene, effect: { label, nth }, fault }: Point): string {
  return [scene, label, nth, fault].join('/');
}

export function planOf({ effect, fault }: Point): Plan['fault'] {
  return { ...effect, kind: fault };
}

/** How a program goes on when writes fail is tried in its first scene; here it is what a write leaves behind. */
function kindsOf(scene: Scene, label: string): readonly Fault[] {
  const kinds = faultsOf(label);
  if (!scene.endsWith('-rule') || !label.startsWith('write ')) return kinds;
  return kinds.filter((kind) => kind === 'kill' || kind === 'torn' || kind === 'enospc');
}

/** A node is asked the same again and again; the first few times of each question are points. */
const QUESTIONS = 3;

/** By label: how often. */
function count(trace: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const row of trace) {
    const label = row.slice(row.indexOf('\t') + 1);
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return counts;
}

/**
 * In how many messages coins are admitted, how often a line acknowledges, and how often a node is asked, depends on the moment:
 * of these, the ones that every recorded run had. What a vault does until its lines are up is played without its work, and what a
 * signer and a gate do before the rules change, in their first scenes.
 */
export function enumerate(scene: Scene, traces: readonly Traces[]): readonly Point[] {
  const counts = traces.map((one) => count(one[scene] ?? []));
  const prelude = preludeOf(scene);
  const before = traces.map((one) => count(prelude === undefined ? [] : (one[prelude] ?? [])));
  const labels = new Set(counts.flatMap((one) => [...one.keys()]));
  return [...labels].flatMap((label) => {
    const times = counts.map((one) => one.get(label) ?? 0);
    const least = Math.min(...times);
    const last = /^rpc (?!send)/.test(label) ? Math.min(least, QUESTIONS) : least;
    const played = Math.min(...before.map((one) => one.get(label) ?? 0));
    const nths = Array.from({ length: last }, (_, place) => place + 1).slice(played);
    return nths.flatMap((nth) =>
      kindsOf(scene, label).map((fault) => ({ scene, effect: { label, nth }, fault })),
    );
  });
}
