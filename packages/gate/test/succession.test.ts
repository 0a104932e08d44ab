/** What a gate says of a charter, in words, and when what it takes comes in force. */
import { type Charter, encode, fromHex, SignedCharter } from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { describe, expect, test } from 'vitest';
import {
  CUSTODIANS,
  charterAfter,
  GENESIS_TIME,
  mineHeader,
  mustLoad,
  pointOf,
  sampleCharter,
  seeded,
  signedBy,
} from '../../policy/test/world.ts';
import type { GateChange } from '../src/core/change.ts';
import { type GateCharter, loadGateCharter, openGateCharter } from '../src/core/charter.ts';
import { applyGate, createGateState, type GateState } from '../src/core/state.ts';
import { findDue, gateNames, install } from '../src/core/succession.ts';

const MICROSECONDS = 1_000_000;
const MAINNET_GENESIS = fromHex(
  `01${'00'.repeat(35)}3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c`,
);
const sample = sampleCharter();
const first = mustLoad(sample);

function loadFirst(charter: Charter, names: readonly string[] = CUSTODIANS, name = 'gate-1') {
  return loadGateCharter(signedBy(charter, names), name);
}
function gateOf(charter: Charter): GateCharter {
  const loaded = loadFirst(charter);
  if (!loaded.ok) throw new Error(loaded.problem);
  return loaded.value;
}
const fresh = (): GateState => createGateState(gateOf(sample));
const next = (change: Partial<Charter> = {}): Charter => charterAfter(first, change);
const policy = (change: Partial<Charter['policy']>): Partial<Charter> => ({
  policy: { ...sample.policy, ...change },
});

/** The refusal's code and facts; nothing if it is taken. */
function told(charter: Charter, state = fresh(), names?: readonly string[]) {
  const installation = install(state, signedBy(charter, names), 0);
  return installation.ok ? [] : [installation.refusal.code, Object.fromEntries(installation.refusal.facts)];
}
const unfit = (problem: string) => ['CHARTER_UNFIT', { problem }];

describe('The first charter of a gate', () => {
  const problemOf = (charter: Charter, names?: readonly string[], name?: string): string => {
    const loaded = loadFirst(charter, names, name);
    return loaded.ok ? 'none' : loaded.problem;
  };

  test('is taken from every custodian, for a gate that it lists', () => {
    const { place, own, first: hash, charter, wallets } = gateOf(sample);
    expect({ place, own, hash, charter }).toEqual({
      place: 0,
      own: sample.gates[0],
      hash: first.hash,
      charter: sample,
    });
    expect(wallets.map(({ accounts }) => accounts.length)).toEqual([3]);
    expect(problemOf(sample, CUSTODIANS, 'gate-2')).toBe('none');
    expect(problemOf(sample, CUSTODIANS, 'gate-3')).toBe(
      'it has no gate "gate-3"; its gates are gate-1, gate-2',
    );
  });

  test('is refused when a signature is missing, doubled, wrong, or a stranger’s', () => {
    expect(problemOf(sample, ['ada', 'cyd'])).toBe('the signature of ben is missing or wrong');
    expect(problemOf(sample, ['ada', 'ada', 'ben', 'cyd'])).toBe('the signature of ada is missing or wrong');
    expect(problemOf(sample, [...CUSTODIANS, 'eve'])).toBe(
      'it has signatures of people who are no custodians',
    );
    const [bytes, rows] = signedBy(sample, CUSTODIANS);
    const [ada, ben, cyd] = rows;
    if (ada === undefined || ben === undefined || cyd === undefined) throw new Error('three signed');
    const swapped = loadGateCharter([bytes, [ada, [ben[0], cyd[1]], cyd]], 'gate-1');
    expect(swapped).toEqual({ ok: false, problem: 'the signature of ben is missing or wrong' });
  });

  test('is refused when it is none, a later one, or does not hold together', () => {
    expect(loadGateCharter([Uint8Array.of(0xa0), []], 'gate-1')).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/^it is not a charter: /),
    });
    expect(problemOf(next(), CUSTODIANS)).toBe(
      'it succeeds another one: name the first, later ones come over the line',
    );
    const wrong = { ...sample, policy: { ...sample.policy, maxInputs: 0, changeGap: 0 } };
    expect(problemOf(wrong)).toBe(
      'it does not hold together: policy: maxInputs is 0, must be 1 to 1024; policy: changeGap is 0, must be 1 to 10000',
    );
  });

  test('is refused when a wallet’s key is no point, or stands twice', () => {
    const problem = 'a wallet has a key that is not a point of the curve, or the same key twice';
    const [wallet] = sample.wallets;
    if (wallet === undefined) throw new Error('no wallet');
    const [a, b, c] = wallet.keys;
    if (a === undefined || b === undefined || c === undefined) throw new Error('no keys');
    const keys = (...list: (typeof a)[]) => problemOf({ ...sample, wallets: [{ ...wallet, keys: list }] });
    expect(keys(a, { ...b, publicKey: a.publicKey }, c)).toBe(problem);
    const none = Uint8Array.from([2, ...new Uint8Array(32).fill(255)]);
    expect(keys(a, { ...b, publicKey: none }, c)).toBe(problem);
    expect(() => noblePointMath.addTweak(none, seeded('tweak'))).toThrow();
  });
});

describe('A later charter', () => {
  test('is refused for its bytes, its wallets and all that does not hold together', () => {
    const state = fresh();
    const broken = install(state, [Uint8Array.of(0xa0), []], 0);
    expect(broken).toMatchObject({ refusal: { code: 'CHARTER_UNFIT' } });
    expect(openGateCharter(Uint8Array.of(0xa0), state.charter)).toMatch(/^not a charter: /);
    expect(told(next(policy({ maxInputs: 0 })))).toEqual(unfit('policy: maxInputs is 0, must be 1 to 1024'));
    expect(told(next(policy({ maxInputs: 0, changeGap: 0 })))).toEqual(
      unfit('policy: maxInputs is 0, must be 1 to 1024; policy: changeGap is 0, must be 1 to 10000'),
    );
    const long = told(next(policy({ maxInputs: 0, maxOutputs: 0, maxIntents: 0, maxVsize: 0 })));
    expect(long).toMatchObject(['CHARTER_UNFIT', { problem: expect.stringMatching(/^policy: .{152}$/) }]);
    const tiers = [{ above: 1n, approvals: 1, approvers: ['é'] }];
    expect(told(next(policy({ tiers })))).toMatchObject([
      'CHARTER_UNFIT',
      { problem: expect.stringMatching(/^tier 0: \? is no approver/) },
    ]);
  });

  test('is unfit with a wallet key that is no point, whatever it follows and whoever signed it', () => {
    const none = Uint8Array.from({ length: 33 }, (_, i) => (i === 0 ? 2 : i === 32 ? 5 : 0));
    const wallets = sample.wallets.map((row) => ({
      ...row,
      keys: row.keys.map((key, place) => (place === 0 ? { ...key, publicKey: none } : key)),
    }));
    const problem = unfit('a wallet has a key that is not a point of the curve, or the same key twice');
    expect(told(next({ wallets }))).toEqual(problem);
    expect(told({ ...next({ wallets }), epoch: 9 })).toEqual(problem);
    expect(told(next({ wallets }), fresh(), ['ada'])).toEqual(problem);
  });

  test('is about the same deployment: signers, clock, wallets', () => {
    const rename = (name: string) => (name === 'A' ? 'D' : name);
    const { signers, wallets, custody, clock } = sample;
    const renamed = {
      signers: signers.map((row) => ({ ...row, name: rename(row.name) })),
      wallets: wallets.map((row) => ({
        ...row,
        keys: row.keys.map((key) => ({ ...key, signer: rename(key.signer) })),
      })),
      custody: { shares: custody.shares.map((row) => ({ ...row, signer: rename(row.signer) })) },
    };
    expect(told(next(renamed))).toEqual(unfit('the signers are others, or in another order'));
    // The first block of mainnet has as much work as testnet4 asks for.
    const elsewhere = { ...clock, checkpoint: MAINNET_GENESIS, checkpointHeight: 0 };
    expect(told(next({ network: 'testnet4', clock: elsewhere }))).toEqual(unfit('the network is another'));
    const spacing = unfit('the checkpoint or the spacing of the clock is another');
    expect(told(next({ clock: { ...clock, spacing: 599 } }))).toEqual(spacing);
    expect(told(next({ clock: { ...clock, checkpointHeight: 1001 } }))).toEqual(spacing);
    const checkpoint = mineHeader(new Uint8Array(32), seeded('another root'), GENESIS_TIME);
    expect(told(next({ clock: { ...clock, checkpoint } }))).toEqual(spacing);
    expect(told(next({ clock: { ...clock, burial: 7 } }))).toEqual([]);
    const gone = unfit('a wallet is gone or another; wallets are only added at the end');
    const changed = (place: number, change: Partial<(typeof sample.wallets)[number]['keys'][number]>) =>
      told(
        next({
          wallets: wallets.map((row) => ({
            ...row,
            keys: row.keys.map((key, i) => (i === place ? { ...key, ...change } : key)),
          })),
        }),
      );
    for (const place of [0, 1, 2]) {
      expect(changed(place, { publicKey: pointOf('another') })).toEqual(gone);
      expect(changed(place, { chainCode: seeded('another') })).toEqual(gone);
      expect(changed(place, { fingerprint: seeded('another').slice(0, 4) })).toEqual(gone);
    }
  });

  test('keeps every wallet of the one in force, with the paths of its keys', () => {
    const [wallet] = sample.wallets;
    if (wallet === undefined) throw new Error('no wallet');
    const after = (wallets: Charter['wallets']) => {
      const state = fresh();
      const before = { ...state.charter, charter: { ...sample, wallets } };
      return told(next(), { ...state, charter: before });
    };
    const gone = unfit('a wallet is gone or another; wallets are only added at the end');
    const keys = wallet.keys.map((row, i) => (i === 1 ? { ...row, path: [...row.path, 7] } : row));
    expect(after([wallet])).toEqual([]);
    expect(after([wallet, wallet])).toEqual(gone);
    expect(after([{ ...wallet, keys }])).toEqual(gone);
  });

  test('follows the newest one, waiting or in force, and has its quorum', () => {
    const chain = (epoch: number, want: number) => ['CHARTER_CHAIN', { epoch: `${epoch}`, want: `${want}` }];
    expect(told({ ...next(), epoch: 0 })).toEqual(chain(0, 1));
    expect(told({ ...next(), first: null, previous: null })).toEqual(chain(1, 1));
    expect(told({ ...next(), first: seeded('other') })).toEqual(chain(1, 1));
    expect(told({ ...next(), previous: seeded('other') })).toEqual(chain(1, 1));
    const state = fresh();
    const waiting = next(policy({ maxInputs: 1010 }));
    perform(state, waiting, 0);
    expect(told(next(policy({ maxInputs: 1011 })), state)).toEqual(chain(1, 2));
    expect(told(charterAfter(mustLoad(waiting)), state)).toEqual([]);
    const quorum = (...names: string[]) => told(next(), fresh(), names);
    const short = (signed: number) => ['CHARTER_QUORUM', { signed: `${signed}`, needed: '2' }];
    expect(quorum('ada', 'cyd')).toEqual([]);
    expect(quorum('ada', 'ada', 'ben')).toEqual(short(1));
    expect(quorum('ada', 'eve')).toEqual(short(1));
    expect(quorum()).toEqual(short(0));
  });

  test('of eight that wait is the last, unless it takes some back', () => {
    const state = fresh();
    let head = first;
    const loosen = (feeRate: number) => {
      head = mustLoad(charterAfter(head, policy({ feeRate })));
      return head.charter;
    };
    for (let i = 1; i <= 8; i++) perform(state, loosen(200_000 + i), 0);
    expect(told(charterAfter(head, policy({ feeRate: 300_000 })), state)).toEqual([
      'LIMIT',
      { what: 'pending charters', got: '9', limit: '8' },
    ]);
    const strict = charterAfter(head, policy({ feeRate: 200_001 }));
    expect(told(strict, state)).toEqual([]);
    perform(state, strict, 0);
    expect(state.waiting.map(({ charter }) => charter.charter.epoch)).toEqual([1, 9]);
  });
});

/** Installs, and enacts what tightens. */
function perform(state: GateState, charter: Charter, at: number): readonly GateChange[] {
  const installation = install(state, signedBy(charter), at);
  if (!installation.ok) throw new Error(installation.refusal.code);
  for (const change of installation.changes) applyGate(state, change);
  return installation.changes;
}

describe('What is installed', () => {
  const delay = sample.policy.loosenTicks * 600 * MICROSECONDS;

  test('is due after its delay, or at once when it only tightens', () => {
    const state = fresh();
    const [change] = perform(state, next(policy({ maxInputs: 1010 })), 7);
    expect(change).toMatchObject({ kind: 'installed', value: { at: 7, due: 7 + delay, revoked: [] } });
    expect(findDue(state, 6 + delay)).toBeUndefined();
    expect(findDue(state, 7 + delay)?.charter.charter.epoch).toBe(1);
    expect([state.lastRunning, state.former, state.joined]).toEqual([7, [], null]);
    const strict = fresh();
    const changes = perform(strict, next(policy({ maxInputs: 10 })), 9);
    expect(changes).toMatchObject([
      { kind: 'installed', value: { at: 9, due: 9 } },
      { kind: 'enacted', value: { at: 9 } },
    ]);
    const former = [{ until: 9, gates: 2, place: 0, delay: 600 * MICROSECONDS }];
    expect([strict.charter.charter.epoch, strict.waiting, strict.former]).toEqual([1, [], former]);
    expect([strict.lastRunning, strict.joined]).toEqual([9, null]);
  });

  test('is known by its hash, with the names of its gates, and changes nothing when it comes again', () => {
    const state = fresh();
    const one = next(policy({ maxInputs: 1010 }));
    perform(state, one, 7);
    expect([...state.charters.values()]).toEqual(['gate-1,gate-2', 'gate-1,gate-2']);
    expect(gateNames(state.charter)).toBe('gate-1,gate-2');
    expect(install(state, signedBy(one), 8)).toEqual({ ok: true, changes: [] });
    expect(encode(SignedCharter, signedBy(one)).length).toBeGreaterThan(1000);
  });

  test('that is damaged, or was never installed, is a damaged log', () => {
    const state = fresh();
    const charter = [Uint8Array.of(0xa0), []] as const;
    expect(() =>
      applyGate(state, { kind: 'installed', value: { charter, at: 0, due: 0, revoked: [] } }),
    ).toThrow('a journalled charter cannot be used: not a charter');
    expect(() => applyGate(state, { kind: 'enacted', value: { hash: seeded('x'), at: 0 } })).toThrow(
      'a charter comes in force that was not installed',
    );
  });

  test('comes in force alone: one that follows it waits for the end of its own delay', () => {
    const state = fresh();
    const one = next(policy({ maxInputs: 1010 }));
    perform(state, one, 0);
    const two = charterAfter(mustLoad(one), policy({ maxInputs: 1011 }));
    perform(state, two, 5);
    applyGate(state, { kind: 'enacted', value: { hash: mustLoad(one).hash, at: delay } });
    expect([state.charter.charter.epoch, findDue(state, 4 + delay)]).toEqual([1, undefined]);
    expect(findDue(state, 5 + delay)?.charter.charter.epoch).toBe(2);
  });

  test('and passed over by a later one that is due is forgotten', () => {
    const state = fresh();
    const one = next(policy({ maxInputs: 1010 }));
    perform(state, one, 0);
    const two = charterAfter(mustLoad(one), policy({ maxInputs: 1011 }));
    perform(state, two, 5);
    const due = findDue(state, 5 + delay);
    expect(due?.charter.charter.epoch).toBe(2);
    applyGate(state, { kind: 'enacted', value: { hash: mustLoad(two).hash, at: 5 + delay } });
    expect([state.charter.charter.epoch, state.waiting]).toEqual([2, []]);
    expect(state.lastRunning).toBe(5 + delay);
  });
});
