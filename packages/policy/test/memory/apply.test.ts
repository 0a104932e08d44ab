/** What orders and restorations leave in a signer's memory. */
import { encode, taggedHash, toHex } from '@coldwire/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { freeze, longestWindow, missingGates, PolicyRow, snapshotRows } from '../../src/index.ts';
import { birthMargin, createMemory, strictHeight, usedOrder } from '../../src/memory/memory.ts';
import { charterAfter, identity, sampleCharter, seeded } from '../world.ts';
import { MemoryWorld, NONCE, testify } from './memory-world.ts';

let world: MemoryWorld;

beforeEach(() => {
  world = new MemoryWorld();
  world.start();
});

const { freezeTicks } = sampleCharter().policy;
const order = seeded('order');

describe('a memory', () => {
  it('of nothing is empty', () => {
    expect(createMemory(3)).toEqual({
      nonce: null,
      since: 0,
      attested: [],
      born: null,
      ahead: 3,
      seen: new Map(),
      latch: null,
      restored: null,
      forgiven: new Map(),
      orders: new Map(),
      ordered: new Map(),
      confirmed: null,
    });
    expect(missingGates(createMemory(3), world.loaded)).toEqual([]);
    expect(missingGates(world.state.memory, world.loaded)).toEqual(['gate-1', 'gate-2']);
  });

  it('of a start without its gates is strict for the longest window, of whatever kind, and a tick', () => {
    expect(longestWindow(world.loaded)).toBe(145_000);
    const { policy } = sampleCharter();
    const velocity = [{ per: 'requester', ticks: 200, amount: 9n, count: 9 }] as const;
    const other = new MemoryWorld({ ...sampleCharter(), policy: { ...policy, velocity } });
    expect(longestWindow(other.loaded)).toBe(201_000);
    const { memory } = world.state;
    const strict = (millitick: number) => strictHeight(memory, world.loaded, millitick);
    memory.since = 7;
    expect(strict(145_007)).toBeUndefined();
    memory.born = 1234;
    expect([145_006, 145_007].map(strict)).toEqual([undefined, 1234]);
    memory.attested = ['gate-1', 'gate-2'];
    expect(strict(145_007)).toBeUndefined();
  });

  it('allows for a clock that lags and for requesters that were ahead', () => {
    const margin = (fresh: number, spacing: number) => {
      const charter = { ...world.loaded.charter, clock: { ...world.loaded.charter.clock, fresh, spacing } };
      return birthMargin({ ...world.loaded, charter });
    };
    expect([margin(1200, 600), margin(1201, 600), margin(1, 600)]).toEqual([104, 106, 102]);
  });

  it('knows an order by its hash, and a freeze by each who froze', () => {
    expect(usedOrder(order)).toBe(toHex(order));
    const name = new TextEncoder().encode('ada');
    expect(usedOrder(order, 'ada')).toBe(toHex(taggedHash('order', order, name)));
  });
});

describe('orders that were carried out', () => {
  const unfreeze = (label: string, expires: number) =>
    world.apply([{ kind: 'unfrozen', value: { uptime: world.uptime, order: seeded(label), expires } }]);
  const known = () => [...world.state.memory.orders.values()];

  it('are remembered up to the height at which they expire', () => {
    unfreeze('one', world.height);
    unfreeze('two', world.height + 5);
    expect(known()).toEqual([1000, 1005]);
    world.pass(1);
    unfreeze('three', 2000);
    expect(known()).toEqual([1005, 2000]);
  });
});

describe('a freeze that is ordered', () => {
  const ordered = (by: readonly string[]) =>
    world.apply([{ kind: 'ordered', value: { uptime: world.uptime, by, order, expires: 2000 } }]);

  it('lasts for the time of the charter', () => {
    world.pass(3);
    ordered(['ada']);
    expect([...world.state.memory.ordered]).toEqual([
      ['ada', { since: 3000, until: 3000 + freezeTicks * 1000 }],
    ]);
    expect(world.state.memory.confirmed).toBeNull();
  });

  it('by two names them in order, and the first two decide since when', () => {
    ordered(['ben', 'ada']);
    const confirmed = { by: 'ada, ben', since: 0 };
    expect(world.state.memory.confirmed).toEqual(confirmed);
    world.pass(1);
    ordered(['cyd']);
    expect(world.state.memory.confirmed).toEqual(confirmed);
  });

  it('begins again when it has lapsed and as long again has passed, as one of the console does', () => {
    const changesOf = () => freeze(world.state, 'console', world.uptime);
    expect(changesOf()).toEqual({
      kind: 'ok',
      changes: [{ kind: 'frozen', value: { uptime: world.uptime, by: 'console' } }],
    });
    world.freeze('console');
    world.pass(2 * freezeTicks - 1);
    expect(changesOf()).toEqual({ kind: 'ok', changes: [] });
    world.pass(1);
    expect(changesOf().changes).toHaveLength(1);
  });
});

describe('a freeze that a crowd orders', () => {
  /** What it says of who froze: they sign in reverse. */
  const namesOf = (names: readonly string[]) => {
    const value = { uptime: 0, by: names.toReversed(), order, expires: 2000 };
    const crowd = new MemoryWorld();
    crowd.apply([{ kind: 'ordered', value }]);
    return crowd.state.memory.confirmed?.by;
  };
  const long = ['a', 'b', 'c', 'd'].map((first) => first.repeat(32));

  it('names as many of them as 160 bytes hold, all whole and the first ones', () => {
    const fits = [...long, 'e'.repeat(24)];
    expect(namesOf(fits)).toBe(fits.join(', '));
    expect(namesOf(fits)).toHaveLength(160);
    expect(namesOf([...long, 'e'.repeat(25)])).toBe(long.join(', '));
    expect(namesOf([...long, 'e'.repeat(32), 'f'])).toBe(long.join(', '));
  });

  it('counts bytes of UTF-8, whatever script the names are in', () => {
    for (const [name, fit] of [
      ['ж'.repeat(15), 4],
      ['𝔛'.repeat(7), 5],
    ] as const) {
      const names = ['1', '2', '3', '4', '5', '6'].map((digit) => `${digit}${name}`);
      expect(namesOf(names)).toBe(names.slice(0, fit).join(', '));
    }
  });
});

describe('the end of freezes', () => {
  it('ends those that last, and leaves those that have lapsed as they were', () => {
    world.freeze('vault-1');
    world.order('freeze', { by: ['ada'] });
    const lapsed = freezeTicks * 1000;
    world.pass(freezeTicks + 1);
    world.freeze('vault-2');
    world.order('freeze', { by: ['ben'] });
    world.pass(1);
    expect(world.order('unfreeze')).toBe('ok');
    const now = (freezeTicks + 2) * 1000;
    const { freezes, memory } = world.state;
    expect([freezes.get('vault-1')?.until, freezes.get('vault-2')?.until]).toEqual([lapsed, now]);
    expect([memory.ordered.get('ada')?.until, memory.ordered.get('ben')?.until]).toEqual([lapsed, now]);
    expect(freezes.get('vault-2')).toEqual({ by: 'vault-2', since: now - 1000, until: now });
  });
});

describe('a restoration', () => {
  it('is of this start, up to the higher of the heights, and spends the longest window', () => {
    world.pass(2);
    const restore = (height: number) =>
      world.apply([{ kind: 'restored', value: { uptime: world.uptime, height } }]);
    restore(5000);
    expect(world.state.memory.restored).toEqual({ height: 5002, since: 2000, nonce: toHex(NONCE) });
    restore(4000);
    expect(world.state.memory.restored?.height).toBe(5002);
    const last = world.loaded.policy.windows.at(-1);
    if (last === undefined) throw new Error('no window');
    expect(world.state.ledger.totals.at(-1)).toEqual({
      tick: 3,
      amount: 2n * last.amount,
      count: 2 * last.count,
      fee: 2n * last.fee,
    });
    const never = new MemoryWorld();
    never.apply([{ kind: 'restored', value: { uptime: 0, height: 1 } }]);
    expect(never.state.memory.restored?.nonce).toBe('');
  });
});

/** Puts a charter with these gates in force. */
function change(target: MemoryWorld, names: readonly string[]): void {
  const gates = names.map((name) => {
    return { name, key: identity(name).publicKey, sealKey: seeded(`seal ${name}`) };
  });
  target.install(charterAfter(target.state.charter, { gates }));
  target.pass(target.loaded.charter.policy.loosenTicks);
  target.enact();
  expect(target.state.charter.charter.gates).toEqual(gates);
}

describe('a charter that adds a gate', () => {
  it('finds it heard, in its place, where all others are', () => {
    world.attest(testify(world, 'gate-1'), testify(world, 'gate-2'));
    change(world, ['gate-1', 'gate-2', 'a-gate']);
    expect(world.state.memory.attested).toEqual(['a-gate', 'gate-1', 'gate-2']);
  });

  it('waits for it where another one is missing', () => {
    world.attest(testify(world, 'gate-2'));
    change(world, ['gate-1', 'gate-2', 'a-gate']);
    expect(world.state.memory.attested).toEqual(['gate-2']);
  });

  it('changes nothing of a memory that no start has asked for', () => {
    const never = new MemoryWorld();
    change(never, ['gate-1', 'gate-2', 'a-gate']);
    expect(never.state.memory.attested).toEqual([]);
  });
});

describe('a charter that drops a gate', () => {
  it('forgets that it was heard, whether all were or not', () => {
    world.attest(testify(world, 'gate-1'));
    change(world, ['gate-2', 'gate-3']);
    expect(world.state.memory.attested).toEqual([]);
    world.start();
    world.attest(testify(world, 'gate-2'), testify(world, 'gate-3'));
    change(world, ['gate-3', 'gate-4']);
    expect(world.state.memory.attested).toEqual(['gate-3', 'gate-4']);
  });

  it('takes no room from those that come after it, however many they are', () => {
    world.attest(testify(world, 'gate-1'), testify(world, 'gate-2'));
    for (let i = 3; i < 12; i++) change(world, ['gate-1', `gate-${i}`]);
    expect(world.state.memory.attested).toEqual(['gate-1', 'gate-11']);
  });
});

describe('what gates have said', () => {
  it('counts for those of the charter in force, in their order', () => {
    const gates = ['gate-9', 'gate-2', 'gate-1'];
    world.apply([{ kind: 'attested', value: { gates, heads: [] } }]);
    expect(world.state.memory.attested).toEqual(['gate-1', 'gate-2']);
  });

  it('is kept of as many vaults as a snapshot holds, those of the charter in force among them', () => {
    const names = ['vault-1', ...Array.from({ length: 71 }, (_, place) => `former-${place}`)];
    const tell = () => {
      for (let from = 0; from < names.length; from += 8) {
        const heads = names.slice(from, from + 8).map((name) => [name, 5] as const);
        world.apply([{ kind: 'attested', value: { gates: ['gate-1'], heads } }]);
      }
    };
    const kept = ['vault-1', ...names.slice(-63)];
    tell();
    expect([...world.state.memory.seen.keys()]).toEqual(kept);
    world.apply([{ kind: 'restored', value: { uptime: 0, height: 1 } }]);
    expect([...world.state.memory.forgiven.keys()]).toEqual(kept);
    tell();
    expect(world.state.memory.forgiven.size).toBe(64);
    expect(() => [...snapshotRows(world.state)].map((row) => encode(PolicyRow, row))).not.toThrow();
  });
});
