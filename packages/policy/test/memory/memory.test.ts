import { messageHash, type SignRequest } from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { describe, expect, it } from 'vitest';
import {
  applyChange,
  attest,
  createPolicyState,
  decodeChange,
  digestState,
  encodeChange,
  freeze,
  noteBirth,
  witnessNonce,
} from '../../src/index.ts';
import { type Coin, charterAfter, identity, sampleCharter, seeded } from '../world.ts';
import { MemoryWorld, NONCE, seenHead, testify } from './memory-world.ts';

const headIn = (world: MemoryWorld, seq = 7, label = 'head') => seenHead(world, seq, label);

function started(): { world: MemoryWorld; coin: Coin } {
  const charter = sampleCharter();
  const windows = [{ ticks: 2, amount: 90_000_000n, count: 30, fee: 300_000n }];
  const clock = { ...charter.clock, fresh: 1_200 };
  const world = new MemoryWorld({ ...charter, policy: { ...charter.policy, windows }, clock });
  const [coin] = world.fund([5_000_000n]);
  if (coin === undefined) throw new Error('no coin');
  world.start();
  return { world, coin };
}

const pay = (world: MemoryWorld, coin: Coin, id: string, created = world.height) =>
  world.request({
    coins: [coin],
    intents: [world.intent({ id, created, expires: created + 144 })],
    change: [{ amount: 3_990_000n }],
  });

const codes = (world: MemoryWorld, request: SignRequest) => [
  ...new Set(world.refusals(request).map(([code]) => code)),
];

describe('the witness of a start', () => {
  it('is wanted from every gate of the charter in force, and then no more', () => {
    const { world, coin } = started();
    expect(witnessNonce(world.state)).toEqual(NONCE);
    expect(codes(world, pay(world, coin, 'one'))).toEqual(['UNWITNESSED']);
    expect(world.attest(testify(world, 'gate-2'))).toBe('ok');
    expect(codes(world, pay(world, coin, 'one'))).toEqual(['UNWITNESSED']);
    expect(world.attest(testify(world, 'gate-1'))).toBe('ok');
    expect(witnessNonce(world.state)).toBeUndefined();
    expect(codes(world, pay(world, coin, 'one'))).toEqual([]);
    world.start(seeded('next').slice(0, 16));
    expect(codes(world, pay(world, coin, 'one'))).toEqual(['UNWITNESSED']);
  });

  it('is not wanted of a gate that a charter adds later, unless others are missing or the signer starts anew', () => {
    const added = (world: MemoryWorld) => {
      const { gates, policy } = world.loaded.charter;
      const gate = { name: 'gate-3', key: identity('gate-3').publicKey, sealKey: seeded('seal gate-3') };
      world.install(charterAfter(world.loaded, { gates: [...gates, gate] }));
      world.pass(policy.loosenTicks);
      world.enact();
      expect(world.state.charter.charter.epoch).toBe(1);
    };
    const whole = started().world;
    whole.attest(testify(whole, 'gate-1'), testify(whole, 'gate-2'));
    added(whole);
    expect(witnessNonce(whole.state)).toBeUndefined();
    const next = seeded('next').slice(0, 16);
    whole.start(next);
    whole.attest(testify(whole, 'gate-1', { nonce: next }), testify(whole, 'gate-2', { nonce: next }));
    expect(witnessNonce(whole.state)).toEqual(next);
    const half = started().world;
    half.attest(testify(half, 'gate-1'));
    added(half);
    half.attest(testify(half, 'gate-2'));
    expect(witnessNonce(half.state)).toEqual(NONCE);
  });

  it.each([
    ['of an earlier start', { nonce: seeded('earlier').slice(0, 16) }],
    ['about another signer', { signer: 'B' }],
    ['signed by another key', { key: 'gate-2' }],
    ['that is another message', { type: 'CLEARED' }],
  ] as const)('is refused %s, and nothing changes', (_, how) => {
    const { world } = started();
    const before = digestState(world.state);
    expect(world.attest(testify(world, 'gate-2'), testify(world, 'gate-1', how))).toBe('WITNESS_BAD');
    expect(digestState(world.state)).toEqual(before);
  });

  it('that is by no gate of the charter is refused', () => {
    const { world } = started();
    expect(world.attest(testify(world, 'vault-1'))).toBe('WITNESS_BAD');
  });

  it('that a gate is too long away to give is replaced by a longest window of ticks, for intents made after it', () => {
    const { world, coin } = started();
    world.attest(testify(world, 'gate-1'));
    const old = pay(world, coin, 'old');
    for (let block = 0; block < 4; block += 1) {
      expect(codes(world, pay(world, coin, 'new'))).toEqual(['UNWITNESSED']);
      world.pass(1);
    }
    // No tip was known to be fresh yet.
    expect(codes(world, pay(world, coin, 'new'))).toEqual(['UNWITNESSED']);
    world.apply(noteBirth(world.state, world.now + 1_201));
    expect(world.state.memory.born).toBeNull();
    world.apply(noteBirth(world.state, world.now));
    const born = world.state.memory.born ?? 0;
    expect(born).toBe(world.height + 2 * (1_200 / 600) + 100);
    expect(codes(world, old)).toEqual(['RESTORED']);
    expect(codes(world, pay(world, coin, 'new', world.height + 2))).toEqual(['RESTORED']);
    world.pass(born + 1 - world.height);
    expect(codes(world, pay(world, coin, 'newer'))).toEqual([]);
    // The gate comes back: nothing was lost, and the old intent may be paid here again.
    world.attest(testify(world, 'gate-2'));
    expect(codes(world, old)).toEqual([]);
  });
});

describe('how far a requester may have been ahead', () => {
  it('of what was lost is what any charter has allowed that was in force here', () => {
    const { world } = started();
    const { policy } = world.loaded.charter;
    const ahead = (intentAhead: number) => {
      world.install(charterAfter(world.state.charter, { policy: { ...policy, intentAhead } }));
      world.pass(144);
      world.enact();
    };
    ahead(7);
    ahead(1);
    expect([world.state.charter.policy.intentAhead, world.state.memory.ahead]).toEqual([1, 7]);
    expect(world.order('restore')).toBe('ok');
    expect(world.state.memory.restored?.height).toBe(world.height + 7);
    const folded = createPolicyState(world.loaded, noblePointMath);
    for (const change of world.journal) applyChange(folded, change);
    expect(digestState(folded)).toEqual(digestState(world.state));
    folded.memory.ahead = 8;
    expect(digestState(folded)).not.toEqual(digestState(world.state));
  });
});

describe('a gate that has seen more than this disk holds', () => {
  it('latches the signer until a quorum takes it back; its windows count as spent, older intents are not its own', () => {
    const { world, coin } = started();
    expect(world.attest(testify(world, 'gate-1', { heads: [headIn(world)] }), testify(world, 'gate-2'))).toBe(
      'STATE_ROLLBACK',
    );
    const old = pay(world, coin, 'old');
    expect(codes(world, old)).toEqual(['STATE_ROLLBACK']);
    const next = seeded('next').slice(0, 16);
    world.start(next);
    expect(codes(world, old)).toEqual(['STATE_ROLLBACK', 'UNWITNESSED']);
    world.attest(
      testify(world, 'gate-1', { heads: [headIn(world)], nonce: next }),
      testify(world, 'gate-2', { nonce: next }),
    );
    expect(world.order('restore', { by: ['ada'], id: next })).toBe('ORDER_QUORUM');
    expect(world.order('restore')).toBe('ORDER_TARGET');
    expect(world.order('restore', { id: next, signer: 'B' })).toBe('ORDER_TARGET');
    expect(world.order('restore', { id: next, height: world.height - 1 })).toBe('ORDER_TARGET');
    expect(world.order('restore', { id: next })).toBe('ok');
    expect(codes(world, old)).toEqual(['RESTORED', 'FEE_WINDOW', 'AMOUNT_WINDOW', 'COUNT_WINDOW']);
    for (let block = 0; block < 4; block += 1) world.pass(1);
    expect(codes(world, old)).toEqual(['RESTORED']);
    expect(codes(world, pay(world, coin, 'new'))).toEqual([]);
    // What was given up is not held against it at the next start.
    world.start(seeded('third').slice(0, 16));
    const nonce = seeded('third').slice(0, 16);
    expect(
      world.attest(
        ...['gate-1', 'gate-2'].map((gate) => testify(world, gate, { heads: [headIn(world)], nonce })),
      ),
    ).toBe('ok');
  });

  it('must show the message: none that another key has signed, of another type, or of another signer stops anybody', () => {
    const forgeries = [
      { key: 'gate-1' },
      { type: 'STATE' },
      { sender: 'B' },
      { sender: 'B', key: 'B' },
    ] as const;
    for (const how of forgeries) {
      const { world, coin } = started();
      const forged = testify(world, 'gate-1', { heads: [seenHead(world, 7, 'forged', how)] });
      expect(world.attest(forged, testify(world, 'gate-2'))).toBe('WITNESS_BAD');
      expect(world.attest(testify(world, 'gate-1'), testify(world, 'gate-2'))).toBe('ok');
      expect(codes(world, pay(world, coin, 'good'))).toEqual([]);
    }
  });

  it('shows a message of before the signer had another key: one that this disk holds is known without its signature', () => {
    const { world } = started();
    const head = seenHead(world, 7, 'before', { key: 'A of before' });
    const told = { witnessed: [testify(world, 'gate-1', { heads: [head] })] };
    const ask = (hash: Uint8Array) =>
      attest(world.state, { name: 'A', ownHeads: () => ({ newest: 9, at: () => hash }) }, told, world.uptime);
    const mine = ask(messageHash(head[0]));
    expect(mine.refusals).toEqual([]);
    expect(mine.changes.map(({ kind }) => kind)).toEqual(['attested']);
    expect(ask(seeded('other')).refusals.map(({ code }) => code)).toEqual(['WITNESS_BAD']);
  });

  it('cannot be answered by the restore of an earlier loss', () => {
    const { world } = started();
    world.attest(testify(world, 'gate-1', { heads: [headIn(world)] }));
    expect(world.order('restore')).toBe('ok');
    world.start(seeded('next').slice(0, 16));
    const nonce = seeded('next').slice(0, 16);
    expect(world.attest(testify(world, 'gate-1', { heads: [headIn(world, 9, 'later')], nonce }))).toBe(
      'STATE_ROLLBACK',
    );
    expect(world.order('restore')).toBe('ORDER_TARGET');
  });

  it('but that another gate tells of after the restore, of the same loss, latches nothing', () => {
    const { world } = started();
    world.attest(testify(world, 'gate-1', { heads: [headIn(world)] }));
    world.order('restore');
    expect(world.attest(testify(world, 'gate-2', { heads: [headIn(world, 8, 'h8')] }))).toBe('ok');
    expect(world.state.memory.forgiven.get('vault-1')).toBe(8);
  });

  it('is no reason to restore where there is none', () => {
    const { world } = started();
    world.attest(testify(world, 'gate-1'), testify(world, 'gate-2'));
    expect(world.order('restore')).toBe('ORDER_TARGET');
  });
});

describe('a freeze', () => {
  const half = sampleCharter().policy.freezeTicks;

  function witnessed(): { world: MemoryWorld; coin: Coin } {
    const made = started();
    made.world.attest(testify(made.world, 'gate-1'), testify(made.world, 'gate-2'));
    return made;
  }
  const frozen = (world: MemoryWorld, coin: Coin): boolean =>
    codes(world, pay(world, coin, `probe ${world.number()}`)).includes('FROZEN');
  /** Ticks of `total` in which signing is frozen, while `again` is done before each. */
  function countFrozen(world: MemoryWorld, coin: Coin, total: number, again: () => void): number {
    let count = 0;
    for (let tick = 0; tick < total; tick += 1) {
      again();
      if (frozen(world, coin)) count += 1;
      world.pass(1);
    }
    return count;
  }

  it('by one custodian, however often it is ordered, holds half of the time at most', () => {
    const { world, coin } = witnessed();
    const count = countFrozen(world, coin, 4 * half, () => world.order('freeze', { by: ['ada'] }));
    expect(count).toBe(2 * half);
  });

  it('by a hostile vault with two identities and the console lapses: neither confirms the other', () => {
    const { world, coin } = witnessed();
    for (const by of ['vault-1', 'vault-2', 'console'])
      world.apply(freeze(world.state, by, world.uptime).changes);
    expect(frozen(world, coin)).toBe(true);
    world.order('freeze', { by: ['ada'] });
    expect(world.state.memory.confirmed).toBeNull();
    world.pass(half + 1);
    expect(frozen(world, coin)).toBe(false);
  });

  it('that was ordered once is not to be had again from the same bytes', () => {
    const { world, coin } = witnessed();
    const plan = { id: seeded('kept').slice(0, 16), expires: world.height + 1000 };
    expect(world.order('freeze', plan)).toBe('ok');
    world.pass(2 * half + 2);
    expect(frozen(world, coin)).toBe(false);
    expect(world.order('freeze', plan)).toBe('ORDER_USED');
    expect(frozen(world, coin)).toBe(false);
  });

  it('by two custodians holds until a quorum ends it, and then both rest', () => {
    const { world, coin } = witnessed();
    world.order('freeze', { by: ['ada'] });
    world.pass(half - 1);
    world.order('freeze', { by: ['ben'] });
    world.pass(4 * half);
    expect(frozen(world, coin)).toBe(true);
    expect(world.order('unfreeze', { by: ['cyd'] })).toBe('ORDER_QUORUM');
    expect(world.order('unfreeze', { by: ['ada', 'cyd'] })).toBe('ok');
    expect(frozen(world, coin)).toBe(false);
  });

  it('that one custodian began as another one lapsed is not two at once', () => {
    const { world, coin } = witnessed();
    world.order('freeze', { by: ['ada'] });
    world.pass(half);
    world.order('freeze', { by: ['ben'] });
    expect(world.state.memory.confirmed).toBeNull();
    world.pass(half);
    expect(frozen(world, coin)).toBe(false);
  });

  it('is ended by a quorum also where one party alone froze, who cannot freeze again at once', () => {
    const { world, coin } = witnessed();
    world.apply(freeze(world.state, 'vault-1', world.uptime).changes);
    world.order('unfreeze');
    expect(frozen(world, coin)).toBe(false);
    world.apply(freeze(world.state, 'vault-1', world.uptime).changes);
    expect(frozen(world, coin)).toBe(false);
  });
});

it('the changes of a memory, encoded and decoded, fold to the same digest', () => {
  const { world } = started();
  world.attest(testify(world, 'gate-1'));
  world.order('freeze', { by: ['ada', 'ben'] });
  world.order('unfreeze');
  world.order('restore');
  const again = new MemoryWorld(world.loaded.charter);
  for (const change of world.journal) {
    const decoded = decodeChange(encodeChange(change));
    if (!decoded.ok) throw new Error(decoded.fault.detail);
    again.apply([decoded.value]);
  }
  expect(digestState(again.state)).toEqual(digestState(world.state));
});
