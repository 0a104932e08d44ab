/** What gates say of a signer, field by field, against a log of its own that is made up. */
import {
  concatBytes,
  encode,
  Header,
  hashBody,
  MESSAGE_TYPES,
  messageHash,
  type SeenHead,
  Witnessed,
} from '@coldwire/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { attest, noteBirth, witnessNonce } from '../../src/index.ts';
import type { OwnHeads } from '../../src/memory/attest.ts';
import { factsOf, identity, seeded } from '../world.ts';
import { MemoryWorld, NONCE, seenHead, testify } from './memory-world.ts';

let world: MemoryWorld;

beforeEach(() => {
  world = new MemoryWorld();
  world.start();
});

type Message = ReturnType<typeof testify>;

/** A signed header of these fields; what is not said is as a gate says it of signer A. */
function sealed(body: Uint8Array, by: string, change: Partial<Header> = {}): Message {
  const header = encode(Header, {
    version: 1,
    type: MESSAGE_TYPES.WITNESSED.number,
    charter: world.loaded.first,
    sender: by,
    recipient: 'vault-1',
    seq: 5,
    previous: seeded('previous'),
    receiptSeq: 7,
    receipt: seeded('receipt'),
    session: 1,
    request: seeded('request').slice(0, 16),
    bodyHash: hashBody(body),
    bodyLength: body.length,
    time: 1_700_000_000,
    uptime: 1,
    ...change,
  });
  return [header, body, identity(by).sign(messageHash(header))];
}

const bodyOf = (heads: readonly SeenHead[] = [], signer = 'A'): Uint8Array =>
  concatBytes(seeded('salt').slice(0, 16), encode(Witnessed, { signer, nonce: NONCE, heads }));

/** A SIGNED of the signer to a vault. */
function head(seq: number, vault = 'vault-1', by = 'A', change: Partial<Header> = {}): SeenHead {
  const type = MESSAGE_TYPES.SIGNED.number;
  const [header, , signature] = sealed(new Uint8Array(), by, { type, recipient: vault, seq, ...change });
  return [header, signature];
}

const NOTHING: OwnHeads = { newest: 0, at: () => undefined };

function ask(witnessed: readonly Message[], own: OwnHeads = NOTHING, name = 'A') {
  const outcome = attest(world.state, { name, ownHeads: () => own }, { witnessed }, world.uptime);
  return {
    refusals: outcome.refusals.map((refusal) => [refusal.code, factsOf(refusal)]),
    changes: outcome.changes,
  };
}
const bad = (at: number) => ({ refusals: [['WITNESS_BAD', { at: `${at}` }]], changes: [] });

describe('the word of a gate', () => {
  it('is taken when all of it holds', () => {
    expect(ask([sealed(bodyOf([head(1)]), 'gate-1')], { newest: 1, at: () => null })).toMatchObject({
      refusals: [],
      changes: [{ kind: 'attested', value: { gates: ['gate-1'], heads: [['vault-1', 1]] } }],
    });
  });

  it.each<[string, Partial<Header>]>([
    ['of another version', { version: 2 }],
    ['for another deployment', { charter: seeded('other') }],
    ['of another type', { type: MESSAGE_TYPES.STATE.number }],
    ['with another length than that of its body', { bodyLength: 17 }],
    ['with another hash than that of its body', { bodyHash: seeded('other') }],
  ])('is none %s, and the place is told', (_, change) => {
    expect(ask([testify(world, 'gate-2'), sealed(bodyOf(), 'gate-1', change)])).toEqual(bad(1));
  });

  it('is none where its header or its body is no such thing', () => {
    const [, body, signature] = sealed(bodyOf(), 'gate-1');
    expect(ask([[Uint8Array.of(0xa0), body, signature]])).toEqual(bad(0));
    expect(ask([sealed(seeded('salt').slice(0, 16), 'gate-1')])).toEqual(bad(0));
    expect(ask([sealed(concatBytes(seeded('salt').slice(0, 16), Uint8Array.of(0xa0)), 'gate-1')])).toEqual(
      bad(0),
    );
  });

  it('is about the signer that asks, whichever of the three it is', () => {
    const about = (signer: string) => [sealed(bodyOf([head(1, 'vault-1', signer)], signer), 'gate-1')];
    const own: OwnHeads = { newest: 1, at: () => null };
    expect(ask(about('B'), own, 'B').refusals).toEqual([]);
    expect(ask(about('B'), own, 'A')).toEqual(bad(0));
    // Nobody whom the charter knows.
    expect(ask(about('vault-2'), own, 'vault-2')).toEqual(bad(0));
  });

  it('is of messages that the signer signed to a vault, and of nothing else', () => {
    const own: OwnHeads = { newest: 9, at: () => null };
    for (const change of [
      { version: 2 },
      { charter: seeded('other') },
      { type: MESSAGE_TYPES.STATE.number },
      { sender: 'B' },
    ]) {
      expect(ask([sealed(bodyOf([head(1, 'vault-1', 'A', change)]), 'gate-1')], own)).toEqual(bad(0));
    }
    const [bytes] = head(1);
    const forged: SeenHead = [bytes, identity('B').sign(messageHash(bytes))];
    expect(ask([sealed(bodyOf([forged]), 'gate-1')], own)).toEqual(bad(0));
    expect(ask([sealed(bodyOf([[Uint8Array.of(0xa0), forged[1]]]), 'gate-1')], own)).toEqual(bad(0));
  });
});

describe('what a gate has seen', () => {
  const seen = (own: OwnHeads, seq = 7) => ask([sealed(bodyOf([head(seq)]), 'gate-1')], own);
  const hash = () => messageHash(head(7)[0]);
  const codes = (own: OwnHeads, seq?: number) => seen(own, seq).refusals;

  it('is no difference while this disk holds it, be it the newest, or too old to be remembered', () => {
    expect(codes({ newest: 7, at: hash })).toEqual([]);
    expect(codes({ newest: 8, at: hash })).toEqual([]);
    expect(codes({ newest: 8, at: () => null })).toEqual([]);
  });

  it('is a rollback where it is newer than all that this disk holds', () => {
    const told = [['STATE_ROLLBACK', { have: '6', seen: '7', gate: 'gate-1' }]];
    expect(codes({ newest: 6, at: hash })).toEqual(told);
    expect(codes(NOTHING, 1)).toEqual([['STATE_ROLLBACK', { have: '0', seen: '1', gate: 'gate-1' }]]);
  });

  it('is a clone where this disk holds something else in its place, or no SIGNED', () => {
    const told = [['CLONE', { seq: '7', gate: 'gate-1' }]];
    expect(codes({ newest: 7, at: () => seeded('other') })).toEqual(told);
    expect(codes({ newest: 9, at: () => undefined })).toEqual(told);
    expect(seen({ newest: 9, at: () => undefined }).changes).toMatchObject([
      { kind: 'attested' },
      { kind: 'latched', value: { code: 'CLONE', gate: 'gate-1', vault: 'vault-1', have: 9, seen: 7 } },
    ]);
  });

  it('is no difference up to the number that was given up', () => {
    world.state.memory.forgiven.set('vault-1', 7);
    expect(codes(NOTHING, 7)).toEqual([]);
    expect(codes(NOTHING, 8)).toHaveLength(1);
    world.state.memory.forgiven.clear();
    world.state.memory.forgiven.set('vault-2', 7);
    expect(codes(NOTHING, 7)).toHaveLength(1);
  });

  it('is remembered as the highest number for each vault, by their names, eight to a change', () => {
    const own: OwnHeads = { newest: 99, at: () => null };
    const vaults = ['h', 'g', 'f', 'e', 'd', 'c', 'b', 'i'];
    const one = sealed(bodyOf(vaults.map((vault) => head(5, vault))), 'gate-1');
    const two = sealed(bodyOf([head(9, 'h'), head(3, 'g'), head(4, 'a')]), 'gate-2');
    const rows = [
      ['a', 4],
      ['b', 5],
      ['c', 5],
      ['d', 5],
      ['e', 5],
      ['f', 5],
      ['g', 5],
      ['h', 9],
      ['i', 5],
    ] as const;
    const gates = ['gate-1', 'gate-2'];
    expect(ask([one, two], own).changes).toEqual([
      { kind: 'attested', value: { gates, heads: rows.slice(0, 8) } },
      { kind: 'attested', value: { gates, heads: rows.slice(8) } },
    ]);
    // As many as fit in one are in one.
    expect(ask([one], own).changes).toHaveLength(1);
  });

  it('is forgiven by a restore whole, of however many vaults gates have told together', () => {
    const former = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const tell = (nonce: Uint8Array): readonly string[] => {
      const first = testify(world, 'gate-1', { nonce, heads: former.map((vault) => head(5, vault)) });
      const second = testify(world, 'gate-2', { nonce, heads: [head(7)] });
      const told = ask([first, second]);
      world.apply(told.changes);
      return told.refusals.map(([code]) => `${code}`);
    };
    expect(tell(NONCE)).toEqual(['STATE_ROLLBACK']);
    expect(world.order('restore')).toBe('ok');
    expect([...world.state.memory.forgiven]).toEqual([...former.map((vault) => [vault, 5]), ['vault-1', 7]]);
    const next = seeded('next').slice(0, 16);
    world.start(next);
    expect(tell(next)).toEqual([]);
  });
});

describe('what is said again', () => {
  it('changes nothing; with something new it does', () => {
    expect(world.attest(testify(world, 'gate-1'))).toBe('ok');
    expect(ask([testify(world, 'gate-1')])).toEqual({ refusals: [], changes: [] });
    const both = ask([testify(world, 'gate-1'), testify(world, 'gate-2')]);
    expect(both.changes.map(({ kind }) => kind)).toEqual(['attested']);
  });

  it('of a loss latches once, and is refused each time', () => {
    const lost = (gate: string) => testify(world, gate, { heads: [seenHead(world, 7, 'lost')] });
    const kinds = (...gates: string[]) => {
      const { refusals, changes } = ask(gates.map(lost));
      expect(refusals).toHaveLength(1);
      return changes.map(({ kind }) => kind);
    };
    expect(kinds('gate-1')).toEqual(['attested', 'latched']);
    world.attest(lost('gate-1'));
    expect(kinds('gate-1')).toEqual([]);
    expect(kinds('gate-1', 'gate-2')).toEqual(['attested']);
  });

  it('is a loss if one gate says so, whichever place its word has', () => {
    const good = testify(world, 'gate-1');
    const lost = testify(world, 'gate-2', { heads: [seenHead(world, 7, 'lost')] });
    for (const words of [
      [good, lost],
      [lost, good],
    ])
      expect(ask(words).changes.map(({ kind }) => kind)).toEqual(['attested', 'latched']);
  });
});

describe('the memory of a start', () => {
  it('names its gates in order, and forgets them at the next', () => {
    world.attest(testify(world, 'gate-2'));
    world.attest(testify(world, 'gate-1'));
    expect(world.state.memory.attested).toEqual(['gate-1', 'gate-2']);
    world.start(seeded('next').slice(0, 16));
    expect(world.state.memory.attested).toEqual([]);
  });

  it('gives numbers up only where it was restored in this very start', () => {
    const tell = (seq: number) =>
      world.apply([{ kind: 'attested', value: { gates: ['gate-1'], heads: [['vault-1', seq]] } }]);
    tell(0);
    expect([...world.state.memory.seen]).toEqual([['vault-1', 0]]);
    tell(3);
    tell(2);
    expect([...world.state.memory.seen]).toEqual([['vault-1', 3]]);
    expect([...world.state.memory.forgiven]).toEqual([]);
    world.order('restore');
    expect([...world.state.memory.forgiven]).toEqual([['vault-1', 3]]);
    tell(4);
    expect([...world.state.memory.forgiven]).toEqual([['vault-1', 4]]);
    world.start(seeded('next').slice(0, 16));
    tell(9);
    expect([...world.state.memory.forgiven]).toEqual([['vault-1', 4]]);
  });

  it('asks for witnesses while one is missing, after a start only', () => {
    expect(witnessNonce(world.state)).toEqual(NONCE);
    expect(witnessNonce(new MemoryWorld().state)).toBeUndefined();
  });

  it('notes its birth once, from a fresh tip, while a gate is missing', () => {
    const { fresh } = world.loaded.charter.clock;
    expect(noteBirth(world.state, world.now + fresh + 1)).toEqual([]);
    const [born, ...more] = noteBirth(world.state, world.now + fresh);
    if (born === undefined) throw new Error('no birth');
    expect([born, ...more]).toEqual([{ kind: 'born', value: { height: world.height + 144 + 100 } }]);
    world.apply([born]);
    expect(noteBirth(world.state, world.now)).toEqual([]);
    const whole = new MemoryWorld();
    whole.start();
    whole.attest(testify(whole, 'gate-1'), testify(whole, 'gate-2'));
    expect(noteBirth(whole.state, whole.now)).toEqual([]);
  });
});
