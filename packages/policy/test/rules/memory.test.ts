/** The rules on a signer's memory, at their boundaries: judged on facts of real requests, with what it remembers of itself put in. */
import type { SignedIntent } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { buildFacts, decodeIntents, type SpendFacts } from '../../src/facts.ts';
import type { Refusal } from '../../src/index.ts';
import { longestWindow } from '../../src/memory/memory.ts';
import { clone } from '../../src/rules/clone.ts';
import { restored } from '../../src/rules/restored.ts';
import { stateRollback } from '../../src/rules/state-rollback.ts';
import { unwitnessed } from '../../src/rules/unwitnessed.ts';
import { type Coin, factsOf, World } from '../world.ts';

const NONCE = 'ab'.repeat(16);
const CHANGE = [{ amount: 2_990_000n }];

const said = (refusals: readonly Refusal[]) => refusals.map((refusal) => [refusal.code, factsOf(refusal)]);

function factsIn(world: World, coins: readonly Coin[], intents: readonly SignedIntent[]): SpendFacts {
  const request = world.request({ coins, intents, change: CHANGE });
  const decoded = decodeIntents(request.draft.intents);
  if (!decoded.ok) throw new Error(decoded.fault.detail);
  return buildFacts(world.state, request, decoded.value, world.now, world.uptime);
}

/** A payment of two intents. */
function paying() {
  const world = new World();
  const coins = world.fund([5_000_000n]);
  const intents = [world.intent(), world.intent()];
  return { world, coins, intents, facts: factsIn(world, coins, intents) };
}

/** Puts in that a quorum took this signer back: intents up to `height`, windows from `since` (milliticks) on. */
function restore({ state }: World, height: number, since = 0): void {
  state.memory.restored = { height, since, nonce: NONCE };
}

/** Puts in that no gate has spoken since this start, above which height an intent was made after it. */
function startBefore({ state }: World, born: number): void {
  Object.assign(state.memory, { nonce: NONCE, born, since: 0 });
}

describe('after a loss, an intent', () => {
  /** Heights among `created` at which an intent is refused, where windows count as spent no more. */
  function refusedAt(prepare: (world: World) => void, created: readonly number[]): readonly number[] {
    const { world, facts } = paying();
    prepare(world);
    const later = { ...facts, millitick: longestWindow(world.loaded) };
    return created.filter((height) => {
      const intents = facts.intents.slice(0, 1).map((one) => {
        return { ...one, intent: { ...one.intent, created: height } };
      });
      return restored({ ...later, intents }, world.state).length > 0;
    });
  }

  it('that was created up to the height of the loss is refused, and none above it', () => {
    expect(refusedAt((world) => restore(world, 120), [0, 119, 120, 121])).toEqual([0, 119, 120]);
    expect(refusedAt((world) => restore(world, 0), [0, 1])).toEqual([0]);
  });

  it('is refused up to the height of a start that gates have not witnessed, too', () => {
    expect(refusedAt((world) => startBefore(world, 120), [0, 120, 121])).toEqual([0, 120]);
    expect(refusedAt((world) => startBefore(world, 0), [0, 1])).toEqual([0]);
  });

  it('is judged by the higher of the two heights', () => {
    const both = (lost: number, born: number) => (world: World) => {
      restore(world, lost);
      startBefore(world, born);
    };
    expect(refusedAt(both(120, 130), [120, 130, 131])).toEqual([120, 130]);
    expect(refusedAt(both(130, 120), [120, 130, 131])).toEqual([120, 130]);
  });

  it('of any height is let through where nothing was lost', () => {
    expect(refusedAt(() => undefined, [0, 1, 2])).toEqual([]);
  });

  it('is named by itself, with its height and that of the loss', () => {
    const { world, facts } = paying();
    restore(world, world.height + 5);
    expect(said(restored({ ...facts, millitick: longestWindow(world.loaded) }, world.state))).toEqual(
      facts.intents.map(({ id, intent }) => [
        'RESTORED',
        { intent: id, created: `${intent.created}`, height: `${world.height + 5}` },
      ]),
    );
  });

  it('that is new waits a longest window from the loss on; one that was signed since does not', () => {
    const { world, coins, intents, facts } = paying();
    const end = 7_000 + longestWindow(world.loaded);
    const refusedIn = (one: SpendFacts) =>
      [7_000, end - 1, end].map((millitick) => restored({ ...one, millitick }, world.state).length);
    world.approve(world.request({ coins, intents, change: CHANGE }));
    const bumped = { ...factsIn(world, coins, intents), txid: '00'.repeat(32) };
    restore(world, 0, 7_000);
    expect(refusedIn(facts)).toEqual([2, 2, 0]);
    expect(refusedIn(bumped)).toEqual([0, 0, 0]);
  });
});

describe('after a loss, what was approved before', () => {
  /** Two intents were paid; the same transaction comes for `again`, after a loss of all that was before. */
  function comesFor(again: (world: World, intents: readonly SignedIntent[]) => readonly SignedIntent[]) {
    const { world, coins, intents } = paying();
    world.approve(world.request({ coins, intents, change: CHANGE }));
    restore(world, world.height);
    const facts = factsIn(world, coins, again(world, intents));
    expect(world.state.transactions.has(facts.txid ?? '')).toBe(true);
    return { world, facts };
  }

  it('is signed again, for the same intents', () => {
    const { world, facts } = comesFor((_, intents) => intents);
    expect(restored(facts, world.state)).toEqual([]);
  });

  it('is refused for intents that look alike, be it one of them only', () => {
    const all = comesFor((world) => [world.intent(), world.intent()]);
    expect(restored(all.facts, all.world.state)).toHaveLength(2);
    const one = comesFor((world, intents) => [...intents.slice(0, 1), world.intent()]);
    expect(restored(one.facts, one.world.state)).toHaveLength(2);
  });

  it('is refused for intents that another transaction has paid', () => {
    const { world, facts } = comesFor((_, intents) => intents);
    const intents = facts.intents.map((one) => {
      return { ...one, ...(one.record === undefined ? {} : { record: { ...one.record, carriers: ['00'] } }) };
    });
    expect(restored({ ...facts, intents }, world.state)).toHaveLength(2);
  });

  it('is refused when it is so deep in the chain that it was forgotten', () => {
    const { world, facts } = comesFor((_, intents) => intents);
    world.state.transactions.delete(facts.txid ?? '');
    expect(restored(facts, world.state)).toHaveLength(2);
  });
});

describe('a latch', () => {
  const latched = (code: 'CLONE' | 'STATE_ROLLBACK') => {
    const { world, coins, intents } = paying();
    world.state.memory.latch = { code, gate: 'gate-1', vault: 'vault-1', have: 3, seen: 7, since: 0 };
    return { world, coins, intents, facts: factsIn(world, coins, intents) };
  };

  it('of another machine with this identity refuses as CLONE alone', () => {
    const { world, coins, intents, facts } = latched('CLONE');
    const refusal = [['CLONE', { seq: '7', gate: 'gate-1' }]];
    expect(said(clone(facts, world.state))).toEqual(refusal);
    expect(stateRollback(facts, world.state)).toEqual([]);
    expect(world.refusals(world.request({ coins, intents, change: CHANGE }))).toEqual(refusal);
  });

  it('of an older copy refuses as STATE_ROLLBACK alone', () => {
    const { world, facts } = latched('STATE_ROLLBACK');
    expect(said(stateRollback(facts, world.state))).toEqual([
      ['STATE_ROLLBACK', { have: '3', seen: '7', gate: 'gate-1' }],
    ]);
    expect(clone(facts, world.state)).toEqual([]);
  });

  it('that is not set refuses nothing', () => {
    const { world, facts } = paying();
    expect([...clone(facts, world.state), ...stateRollback(facts, world.state)]).toEqual([]);
  });
});

describe('a witness that is missing', () => {
  it('is named with every gate that owes it, and with the tick of its end', () => {
    const { world, facts } = paying();
    Object.assign(world.state.memory, { nonce: NONCE, since: 7_000 });
    const until = `${(7_000 + longestWindow(world.loaded)) / 1_000}.000`;
    expect(said(unwitnessed(facts, world.state))).toEqual([
      ['UNWITNESSED', { missing: 'gate-1 gate-2', until }],
    ]);
    world.state.memory.attested = ['gate-1'];
    expect(said(unwitnessed(facts, world.state))).toEqual([['UNWITNESSED', { missing: 'gate-2', until }]]);
    world.state.memory.attested = ['gate-1', 'gate-2'];
    expect(unwitnessed(facts, world.state)).toEqual([]);
  });
});
