import { type BlockHeader, parseHeader } from '@coldwire/wallet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTree, makeNode, tipOf } from '../../src/clock/header-tree.ts';
import { createTicks, earn, formatTicks, restart, settle, type Ticks } from '../../src/clock/ticks.ts';
import { describeState } from '../../src/index.ts';
import { CHECKPOINT, MINUTE, seeded, World } from '../world.ts';

const HALF = 5 * MINUTE;
const millitick = (world: World) => describeState(world.state, world.uptime).millitick;

describe('ticks', () => {
  it('are one for each header that comes in its time', () => {
    const world = new World();
    world.pass(10);
    expect(millitick(world)).toBe(10_000);
  });

  it('are credited one by one, five minutes apart, for headers that were withheld for weeks', () => {
    const world = new World();
    world.pass(3);
    const withheld = world.mine(3000);
    world.uptime += 21 * 24 * 60 * MINUTE;
    for (let from = 0; from < withheld.length; from += 150) world.feed(withheld.slice(from, from + 150));
    expect(millitick(world)).toBe(4_000);
    world.uptime += 100 * HALF - 1;
    expect(millitick(world)).toBe(103_999);
    world.uptime += 1;
    expect(millitick(world)).toBe(104_000);
    world.uptime += 5000 * HALF;
    expect(millitick(world)).toBe(3_003_000);
  });

  it('begin again from nothing saved when the program starts, and are not lost', () => {
    const world = new World();
    world.pass(3);
    world.uptime += 60 * MINUTE;
    world.apply([{ kind: 'boot', value: {} }]);
    world.uptime = 0;
    world.feed(world.mine(5));
    expect(millitick(world)).toBe(3_000);
    world.uptime = HALF;
    expect(millitick(world)).toBe(4_000);
  });

  it('are earned once only when branches take turns, and are not taken back', () => {
    const world = new World();
    world.pass(10);
    world.rewind(4);
    world.pass(5);
    world.uptime += 1000 * MINUTE;
    expect(millitick(world)).toBe(11_000);
  });

  it('are not earned by a branch of less work', () => {
    const world = new World();
    world.pass(10);
    world.rewind(9);
    world.pass(8);
    expect(millitick(world)).toBe(10_000);
  });

  it('begin with nothing saved: the first thousandth takes its whole time', () => {
    const earned = earn(createTicks(600), 1000, 0);
    const price = HALF / 1000;
    expect([price - 1, price, 2 * price - 1].map((uptime) => settle(earned, uptime).credited)).toEqual([
      0, 1, 1,
    ]);
  });

  it('print with three decimals', () => {
    expect([0, 7, 1000, 12_345].map(formatTicks)).toEqual(['0.000', '0.007', '1.000', '12.345']);
  });
});

type Event = readonly ['run', number] | readonly ['headers', number] | readonly ['start', null];
const events = fc.array(
  fc.oneof(
    fc.tuple(fc.constant<'run'>('run'), fc.integer({ min: 0, max: 4 * HALF })),
    fc.tuple(fc.constant<'headers'>('headers'), fc.integer({ min: 1, max: 20_000 })),
    fc.tuple(fc.constant<'start'>('start'), fc.constant(null)),
  ),
  { maxLength: 60 },
);

/** Ticks after the events, the most that was credited within one run, and each credit on the way. */
function follow(
  list: readonly Event[],
  ask: (ticks: Ticks, uptime: number) => void = () => undefined,
): Ticks {
  let ticks = createTicks(600);
  let uptime = 0;
  for (const [what, amount] of list) {
    if (what === 'run') uptime += amount;
    if (what === 'headers') ticks = earn(ticks, ticks.earned + amount, uptime);
    if (what === 'start') {
      ticks = restart(ticks);
      uptime = 0;
    }
    ask(ticks, uptime);
  }
  return settle(ticks, uptime);
}

describe('whatever happens', () => {
  it('ticks never go back, never pass what headers earned, never pass running time over half the spacing', () => {
    fc.assert(
      fc.property(events, (list) => {
        let recorded = 0;
        let atStart = 0;
        let started = 0;
        follow(list, (ticks, uptime) => {
          const { credited, earned } = settle(ticks, uptime);
          if (uptime < started) atStart = ticks.credited;
          started = uptime;
          expect(ticks.credited).toBeGreaterThanOrEqual(recorded);
          expect(credited).toBeGreaterThanOrEqual(ticks.credited);
          expect(credited).toBeLessThanOrEqual(earned);
          expect(credited - atStart).toBeLessThanOrEqual((uptime / HALF) * 1000);
          recorded = ticks.credited;
        });
      }),
    );
  });

  it('any stretch of running time credits at most what it lasts over half the spacing, plus one tick', () => {
    fc.assert(
      fc.property(events, fc.nat(59), (list, from) => {
        const runs = list.filter(([what]) => what !== 'start');
        const head = runs.slice(0, from);
        const before = follow(head);
        const after = follow(runs);
        const lasted = after.settledAt - before.settledAt;
        expect(after.credited - before.credited).toBeLessThanOrEqual((lasted / HALF) * 1000 + 1000);
      }),
    );
  });

  it('how often the ticks are asked for makes no difference', () => {
    fc.assert(
      fc.property(events, (list) => {
        const asked = list.flatMap((event): Event[] =>
          event[0] === 'run'
            ? [
                ['run', Math.floor(event[1] / 2)],
                ['run', Math.ceil(event[1] / 2)],
              ]
            : [event],
        );
        let settled = createTicks(600);
        let uptime = 0;
        for (const [what, amount] of asked) {
          if (what === 'run') uptime += amount;
          if (what === 'headers') settled = earn(settled, settled.earned + amount, uptime);
          if (what === 'start') {
            settled = restart(settle(settled, uptime));
            uptime = 0;
          }
          if (what === 'run') settled = settle(settled, uptime);
        }
        const quiet = list.every(([what]) => what !== 'start');
        if (quiet) expect(settle(settled, uptime)).toEqual(follow(list));
      }),
    );
  });
});

describe('what a header is worth', () => {
  const root = () => {
    const parsed = parseHeader(CHECKPOINT);
    if (!parsed.ok) throw new Error('no header');
    return tipOf(createTree({ ...parsed.value, bits: 0x1c010000 }, 0));
  };
  const next = (header: BlockHeader, bits: number, label: string): BlockHeader => ({
    ...header,
    bits,
    hash: seeded(label),
  });
  const grow = (from: ReturnType<typeof root>, length: number, bits: number) => {
    let node = from;
    for (let i = 0; i < length; i++) node = makeNode(next(node.header, bits, `${bits} ${i}`), node);
    return node;
  };

  it('is one tick, also when the difficulty has doubled, and also before it has come down again', () => {
    const doubled = grow(root(), 10, 0x1c008000);
    expect(doubled.totalWorth).toBe(10_000);
    const half = grow(doubled, 10, 0x1c010000);
    expect(half.totalWorth - doubled.totalWorth).toBeGreaterThanOrEqual(9_990);
  });

  it('is less when it was made with less than half of the highest work of the last 2,016', () => {
    const cheap = grow(root(), 4, 0x1c080000);
    expect(cheap.totalWorth).toBe(4 * 249);
  });

  it('recovers when the work that it is measured by is 2,016 headers past', () => {
    const cheap = grow(root(), 2016, 0x1c080000);
    expect(cheap.totalWorth - (cheap.parent?.totalWorth ?? 0)).toBe(1000);
    expect((cheap.parent?.totalWorth ?? 0) - (cheap.parent?.parent?.totalWorth ?? 0)).toBe(249);
  });
});
