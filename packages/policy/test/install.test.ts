import { type Charter, encode, fromHex, SignedCharter, toHex } from '@coldwire/protocol';
import { accountPath } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { describe, expect, it } from 'vitest';
import {
  applyChange,
  type CharterInForce,
  createPolicyState,
  decodeChange,
  describeState,
  digestState,
  encodeChange,
  installCharter,
  judgeSuccessor,
  newestCharter,
} from '../src/index.ts';
import {
  charterAfter,
  factsOf,
  identity,
  MINUTE,
  mustLoad,
  pointOf,
  sampleCharter,
  seeded,
  signedBy,
  World,
} from './world.ts';

/** The header of the first block of Bitcoin's main chain. */
const MAINNET_GENESIS = fromHex(
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
);
const DELAY = sampleCharter().policy.loosenTicks;

const withPolicy = (head: CharterInForce, change: Partial<Charter['policy']>): Charter =>
  charterAfter(head, { policy: { ...head.charter.policy, ...change } });

function refusalOf(world: World, signed: ReturnType<typeof signedBy>) {
  const outcome = installCharter(world.state, signed, world.uptime);
  if (outcome.kind === 'ok') return [];
  return outcome.refusals.map((refusal) => [refusal.code, factsOf(refusal)]);
}

const limitOf = ({ state }: World): bigint => state.charter.policy.amountPerTransaction;

/** Ticks go by, and what is due comes in force, as a machine does it before each message. */
function pass(world: World, blocks: number): void {
  for (let i = 0; i < blocks; i++) {
    world.pass(1);
    world.enact();
  }
}

describe('a charter that only tightens', () => {
  it('is in force at once, and nothing else of the state changes', () => {
    const world = new World();
    const coins = world.fund([5_000_000n, 5_000_000n]);
    world.approve(world.request({ coins, intents: [world.intent()], change: [{ amount: 8_990_000n }] }));
    world.pass(2);
    const { ledger, coins: kept, intents, ticks } = world.state;
    const next = world.install(withPolicy(world.loaded, { amountPerTransaction: 1_000_000n }));
    expect(limitOf(world)).toBe(1_000_000n);
    expect(describeState(world.state, world.uptime)).toMatchObject({
      epoch: 1,
      charter: next.hash,
      pending: [],
    });
    expect(world.state.ledger).toBe(ledger);
    expect(world.state.coins).toBe(kept);
    expect(world.state.intents).toBe(intents);
    expect(world.state.ticks.credited).toBe(ticks.credited);
  });

  it('takes a requester’s and a screen’s key away at once, for intents at first sight', () => {
    const world = new World();
    const coins = world.fund([5_000_000n, 5_000_000n]);
    const [first, second] = coins;
    if (first === undefined || second === undefined) throw new Error('no coins');
    const old = world.intent({ key: 'shop spare' });
    world.approve(world.request({ coins: [first], intents: [old], change: [{ amount: 3_990_000n }] }));
    const fresh = world.intent({ key: 'shop spare' });
    const other = world.intent();
    const one = (...intents: (typeof old)[]) =>
      world.request({ coins: [second], intents, change: [{ amount: 3_990_000n, index: 1 }] });
    const { requesters, screens } = world.loaded.charter;
    world.install(
      charterAfter(world.loaded, {
        requesters: requesters.map((row) => ({ ...row, keys: row.keys.slice(0, 1) })),
        screens: screens.filter(({ name }) => name !== 'screen-1'),
      }),
    );
    expect(world.refusals(one(fresh)).map(([code]) => code)).toEqual(['INTENT_SIGNATURE', 'SCREENING']);
    expect(world.refusals(one(other)).map(([code]) => code)).toEqual(['SCREENING']);
    const again = world.request({
      coins: [first],
      intents: [old],
      change: [{ amount: 3_980_000n }],
      verdicts: [],
    });
    expect(world.refusals(again)).toEqual([]);
  });

  it('may be taken over again and again, and one that was passed over too', () => {
    const world = new World();
    const next = withPolicy(world.loaded, { maxInputs: 10 });
    world.install(next);
    const digest = digestState(world.state);
    for (const charter of [next, world.loaded.charter]) {
      const outcome = installCharter(world.state, signedBy(charter), world.uptime);
      expect(outcome).toEqual({ kind: 'ok', changes: [] });
    }
    expect(digestState(world.state)).toEqual(digest);
  });
});

describe('a charter that loosens anything', () => {
  it('waits for the ticks of the charter in force, counted from its install', () => {
    const world = new World();
    pass(world, 3);
    const next = world.install(withPolicy(world.loaded, { amountPerTransaction: 70_000_000n, maxInputs: 1 }));
    pass(world, DELAY - 1);
    expect(world.state.charter).toBe(world.loaded);
    expect(describeState(world.state, world.uptime).pending).toEqual([[1, next.hash, 1000]]);
    pass(world, 1);
    expect(limitOf(world)).toBe(70_000_000n);
    expect(world.state.charter.policy.maxInputs).toBe(1);
    expect(world.state.pending).toEqual([]);
  });

  it('waits no shorter when headers are withheld, given at once, or the machine starts anew', () => {
    const world = new World();
    world.install(withPolicy(world.loaded, { maxInputs: 1001 }));
    const withheld = world.mine(2 * DELAY);
    world.uptime += 10_000 * MINUTE;
    for (let at = 0; at < withheld.length; at += DELAY) world.feed(withheld.slice(at, at + DELAY));
    world.enact();
    expect(describeState(world.state, world.uptime).pending[0]?.[2]).toBe((DELAY - 1) * 1000);
    world.apply([{ kind: 'boot', value: {} }]);
    world.uptime = 0;
    world.enact();
    expect(describeState(world.state, world.uptime).pending[0]?.[2]).toBe((DELAY - 1) * 1000);
    world.uptime = 5 * MINUTE * (DELAY - 1) - 1;
    world.enact();
    expect(world.state.pending).toHaveLength(1);
    world.uptime += 1;
    world.enact();
    expect(world.state.charter.charter.epoch).toBe(1);
  });

  it('waits no shorter for a later charter with a shorter delay', () => {
    const world = new World();
    const first = world.install(withPolicy(world.loaded, { loosenTicks: 1 }));
    world.install(withPolicy(first, { maxInputs: 1001 }));
    pass(world, DELAY - 1);
    expect(world.state.charter).toBe(world.loaded);
    pass(world, 1);
    expect(world.state.charter.charter.epoch).toBe(2);
  });

  it('comes in force before a later one that loosens more, each at its own time', () => {
    const world = new World();
    const first = world.install(withPolicy(world.loaded, { maxInputs: 1001 }));
    pass(world, 10);
    world.install(withPolicy(first, { maxInputs: 1002 }));
    pass(world, DELAY - 10);
    expect(world.state.charter.policy.maxInputs).toBe(1001);
    pass(world, 10);
    expect(world.state.charter.policy.maxInputs).toBe(1002);
  });

  it('is taken back by a later one that returns to the old limits, or loosens less', () => {
    const world = new World();
    const large = world.install(withPolicy(world.loaded, { maxInputs: 1010 }));
    pass(world, 100);
    const less = world.install(withPolicy(large, { maxInputs: 1005 }));
    expect(world.state.pending.map(({ charter }) => charter.charter.epoch)).toEqual([2]);
    pass(world, 100);
    expect(world.state.charter).toBe(world.loaded);
    world.install(withPolicy(less, { maxInputs: 1000 }));
    expect(world.state.charter.charter.epoch).toBe(3);
    pass(world, 2 * DELAY);
    expect(world.state.charter.charter).toMatchObject({ epoch: 3, policy: { maxInputs: 1000 } });
  });

  it('is one of a bounded number', () => {
    const world = new World();
    for (let i = 1; i <= 8; i++)
      world.install(withPolicy(newestCharter(world.state), { feeRate: 200_000 + i }));
    const ninth = withPolicy(newestCharter(world.state), { feeRate: 300_000 });
    expect(refusalOf(world, signedBy(ninth))).toEqual([
      ['LIMIT', { what: 'pending charters', got: '9', limit: '8' }],
    ]);
  });

  it('adds no wallet: no signer could hold its keys', () => {
    const world = new World();
    const [wallet] = world.loaded.charter.wallets;
    if (wallet === undefined) throw new Error('no wallet');
    const keys = wallet.keys.map((row) => ({ ...row, publicKey: pointOf(`second account ${row.signer}`) }));
    const charter = charterAfter(world.loaded, { wallets: [wallet, { ...wallet, keys }] });
    const problem =
      '2 wallets: a key block holds one account key; further wallets need signers that hold several';
    expect(refusalOf(world, signedBy(charter))).toEqual([['CHARTER_UNFIT', { problem }]]);
  });
});

describe('the chain of charters', () => {
  const next = (world: World): Charter => withPolicy(world.loaded, { maxInputs: 10 });

  it('takes only what follows the newest one', () => {
    const world = new World();
    const one = next(world);
    for (const charter of [
      { ...one, epoch: 2 },
      { ...one, previous: seeded('other') },
      { ...one, first: seeded('other') },
    ])
      expect(refusalOf(world, signedBy(charter))).toEqual([
        ['CHARTER_CHAIN', { epoch: `${charter.epoch}`, want: '1' }],
      ]);
    world.install(one);
    const fork = withPolicy(world.loaded, { maxInputs: 9 });
    expect(refusalOf(world, signedBy(fork))).toEqual([['CHARTER_CHAIN', { epoch: '1', want: '2' }]]);
  });

  it('takes only what a quorum of the charter in force signed, each once, whoever signed besides', () => {
    const world = new World();
    const charter = next(world);
    const refused = (signed: string) => [['CHARTER_QUORUM', { signed, needed: '2' }]];
    expect(refusalOf(world, signedBy(charter, ['ada']))).toEqual(refused('1'));
    expect(refusalOf(world, signedBy(charter, ['ada', 'ada', 'ben']))).toEqual(refused('1'));
    expect(refusalOf(world, signedBy(charter, ['ada', 'eve']))).toEqual(refused('1'));
    const [bytes, rows] = signedBy(charter, ['ada', 'eve']);
    const forged = rows.map(([, signature], i) => [['ada', 'ben'][i] ?? '', signature] as const);
    expect(refusalOf(world, [bytes, forged])).toEqual(refused('1'));
    expect(refusalOf(world, signedBy(charter, ['eve', 'ben', 'cyd']))).toEqual([]);
  });

  it('asks the custodians in force, not those of a charter that waits', () => {
    const world = new World();
    const custodians = ['dan', 'eva'].map((name) => {
      return { name, group: name, key: identity(name).publicKey, recipient: `age1${name}` };
    });
    const shares = world.loaded.charter.custody.shares.map((row) => ({
      ...row,
      holders: custodians.map(({ name }) => [name, seeded(`${row.signer} ${name}`)] as const),
    }));
    const first = world.install(charterAfter(world.loaded, { custodians, custody: { shares } }));
    const second = withPolicy(first, { maxInputs: 10 });
    expect(refusalOf(world, signedBy(second, ['dan', 'eva']))).toEqual([
      ['CHARTER_QUORUM', { signed: '0', needed: '2' }],
    ]);
    pass(world, DELAY);
    expect(refusalOf(world, signedBy(second, ['ada', 'ben']))).toEqual([
      ['CHARTER_QUORUM', { signed: '0', needed: '2' }],
    ]);
    world.install(second, ['dan', 'eva']);
    expect(world.state.charter.charter.epoch).toBe(2);
  });

  it.each<[string, (charter: Charter) => Partial<Charter>, string]>([
    [
      'the clock’s spacing',
      ({ clock }) => ({ clock: { ...clock, spacing: 300 } }),
      'the checkpoint or the spacing of the clock is another',
    ],
    [
      'a wallet',
      ({ wallets }) => ({
        wallets: wallets.map((row) => ({
          ...row,
          keys: row.keys.map((key) => ({ ...key, publicKey: pointOf(key.signer) })),
        })),
      }),
      'a wallet is gone or another; wallets are only added at the end',
    ],
    [
      'a wallet’s keys to none of the curve',
      ({ wallets }) => ({
        wallets: wallets.map((row) => ({
          ...row,
          keys: row.keys.map((key, i) => ({
            ...key,
            publicKey: Uint8Array.from([2, ...new Uint8Array(31).fill(255), i]),
          })),
        })),
      }),
      'wallet: key 0: it is not a point of the curve',
    ],
    [
      'a limit to nonsense',
      ({ policy }) => ({ policy: { ...policy, maxInputs: 0 } }),
      'policy: maxInputs is 0, must be 1 to 1024',
    ],
    [
      'a name to one that no fact can carry',
      () => ({ title: 'Größer', quorum: 1 }),
      'quorum is 1: one person alone could change the charter',
    ],
  ])('refuses one that changes %s', (_what, change, problem) => {
    const world = new World();
    const charter = charterAfter(world.loaded, change(world.loaded.charter));
    expect(refusalOf(world, signedBy(charter))).toEqual([['CHARTER_UNFIT', { problem }]]);
  });

  it('refuses one that changes the network', () => {
    const mainnet = sampleCharter('mainnet');
    const clock = { ...mainnet.clock, checkpoint: MAINNET_GENESIS };
    const head = mustLoad({ ...mainnet, clock });
    const path = accountPath('signet');
    const wallets = mainnet.wallets.map((row) => ({
      ...row,
      keys: row.keys.map((key) => ({ ...key, path })),
    }));
    const signed = signedBy(charterAfter(head, { network: 'signet', wallets }));
    expect(judgeSuccessor(signed, head, head, noblePointMath)).toMatchObject({
      code: 'CHARTER_UNFIT',
      facts: [['problem', 'the network is another']],
    });
  });

  it('is in the journal: folded, it is the same state, and each change gives another digest', () => {
    const world = new World();
    const first = world.install(withPolicy(world.loaded, { maxInputs: 1010 }));
    const second = world.install(withPolicy(first, { maxInputs: 1005 }));
    pass(world, DELAY);
    world.install(withPolicy(second, { maxInputs: 7 }));
    world.install(withPolicy(newestCharter(world.state), { maxInputs: 8 }));
    const folded = createPolicyState(world.loaded, noblePointMath);
    const digests = new Set<string>([toHex(digestState(folded))]);
    for (const change of world.journal) {
      const decoded = decodeChange(encodeChange(change));
      if (!decoded.ok) throw new Error(decoded.fault.detail);
      applyChange(folded, decoded.value);
      digests.add(toHex(digestState(folded)));
    }
    expect(digestState(folded)).toEqual(digestState(world.state));
    expect(digests.size).toBe(world.journal.length + 1);
    const kinds = world.journal.map(({ kind }) => kind).filter((kind) => kind !== 'headers');
    expect(kinds).toEqual(['installed', 'installed', 'enacted', 'installed', 'enacted', 'installed']);
  });

  it('refuses a charter that is too long to be one before it looks at signatures', () => {
    expect(() => encode(SignedCharter, [new Uint8Array(65_537), []])).toThrow();
  });
});
