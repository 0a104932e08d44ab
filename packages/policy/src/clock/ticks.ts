/**
 * Ticks: the signer's only measure of time. Headers earn them; the machine's own monotonic running time bounds how fast
 * they are credited; nothing ever takes one back.
 *
 * The bound is a bucket that holds one tick's worth of running time at most: time during which no header waited buys
 * nothing later, so headers withheld for weeks are credited one by one when they come. A start empties the bucket.
 * Spec: protocol-spec/11-clock.md, "Ticks".
 */
import { MILLITICKS } from './header-tree.ts';

/** Earned and credited in thousandths of a tick, times in µs of running time. */
export type Ticks = {
  /** The most that any best branch was worth: a branch that loses takes nothing back, its successor earns no twice. */
  readonly earned: number;
  readonly credited: number;
  /** Running time that was not used for credit yet. */
  readonly saved: number;
  readonly settledAt: number;
  /** Running time that one millitick takes: half of the charter's spacing per tick. */
  readonly price: number;
};

/** @param spacing seconds between blocks, from the charter's clock */
export function createTicks(spacing: number): Ticks {
  return { earned: 0, credited: 0, saved: 0, settledAt: 0, price: (spacing * 1_000_000) / 2 / MILLITICKS };
}

/** Credits what running time allows. How often this is called makes no difference to what is credited. */
export function settle(ticks: Ticks, uptime: number): Ticks {
  const now = Math.max(uptime, ticks.settledAt);
  const available = ticks.saved + (now - ticks.settledAt);
  const gained = Math.min(ticks.earned - ticks.credited, Math.floor(available / ticks.price));
  return {
    ...ticks,
    credited: ticks.credited + gained,
    saved: Math.min(available - gained * ticks.price, MILLITICKS * ticks.price),
    settledAt: now,
  };
}

/** Headers came: settles first, so that what they earn is credited from running time after the last use of it. */
export function earn(ticks: Ticks, totalWorth: number, uptime: number): Ticks {
  const settled = settle(ticks, uptime);
  return settle({ ...settled, earned: Math.max(settled.earned, totalWorth) }, uptime);
}

/** The program starts: running time begins at zero and nothing is saved. */
export function restart(ticks: Ticks): Ticks {
  return { ...ticks, saved: 0, settledAt: 0 };
}

/** Ticks as people read them: `12.345`. */
export function formatTicks(milliticks: number): string {
  return `${Math.floor(milliticks / MILLITICKS)}.${`${milliticks % MILLITICKS}`.padStart(3, '0')}`;
}
