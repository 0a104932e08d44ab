/** Whether the newest header and the machine's own clock agree. Refuses CLOCK_STALE. Spec: protocol-spec/11-clock.md, "Fresh". */
import { type Refusal, refuse } from '../refusal.ts';
import type { PolicyState } from '../state/state.ts';
import { tipOf } from './header-tree.ts';

/** To within the charter's time, in either direction. @param time seconds since 1970 */
export function isFresh({ tree, charter }: PolicyState, time: number): boolean {
  return Math.abs(time - tipOf(tree).header.time) <= charter.charter.clock.fresh;
}

export function refuseStale({ tree }: PolicyState, time: number): Refusal {
  return refuse('CLOCK_STALE', { newest: tipOf(tree).header.time, now: time });
}
