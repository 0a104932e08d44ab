/** The points: every effect of the recorded traces, with every fault that can happen there. */
import { type Effect, type Fault, faultsOf, type Plan } from './plan.ts';

export const SCENES = ['signer', 'gate', 'vault-first', 'vault-start', 'vault'] as const;
/** A signer, a gate; a vault's first start, a later start until its lines are up, and a vault at work. */
export type Scene = (typeof SCENES)[number];

export interface Point {
  readonly scene: Scene;
  readonly effect: Effect;
  readonly fault: Fault;
}

export type Traces = Readonly<Partial<Record<Scene, readonly string[]>>>;

export function roleOf(scene: Scene): 'signer' | 'gate' | 'vault' {
  return scene === 'signer' || scene === 'gate' ? scene : 'vault';
}

/** `gate/write evidence-000000.cborseq/3/torn`: names a point on the command line, again and again. */
export function namePoint({ scene, effect: { label, nth }, fault }: Point): string {
  return [scene, label, nth, fault].join('/');
}

export function planOf({ effect, fault }: Point): Plan['fault'] {
  return { ...effect, kind: fault };
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
 * of these, the ones that every recorded run had. What a vault does until its lines are up is played without its work.
 */
export function enumerate(scene: Scene, traces: readonly Traces[]): readonly Point[] {
  const counts = traces.map((one) => count(one[scene] ?? []));
  const before = traces.map((one) => count(scene === 'vault' ? (one['vault-start'] ?? []) : []));
  const labels = new Set(counts.flatMap((one) => [...one.keys()]));
  return [...labels].flatMap((label) => {
    const times = counts.map((one) => one.get(label) ?? 0);
    const least = Math.min(...times);
    const last = /^rpc (?!send)/.test(label) ? Math.min(least, QUESTIONS) : least;
    const played = Math.min(...before.map((one) => one.get(label) ?? 0));
    const nths = Array.from({ length: last }, (_, place) => place + 1).slice(played);
    return nths.flatMap((nth) => faultsOf(label).map((fault) => ({ scene, effect: { label, nth }, fault })));
  });
}
