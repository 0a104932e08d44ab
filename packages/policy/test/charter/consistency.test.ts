/** Each limit of what a charter may say: at it nothing is wrong, one step beyond it that very problem is told. */
import { type Charter, findCharterProblems, NETWORKS } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { identity, sampleCharter, seeded } from '../world.ts';

const regtest = sampleCharter();
const mainnet = sampleCharter('mainnet');
type Policy = Charter['policy'];

const withPolicy = (base: Charter, policy: Partial<Policy>): Charter => ({
  ...base,
  policy: { ...base.policy, ...policy },
});
/** The problems that begin with these words. */
const about = (charter: Charter, words: string): readonly string[] =>
  findCharterProblems(charter).filter((problem) => problem.startsWith(words));

const named = (name: string): Charter['network'] => NETWORKS.find((network) => network === name) ?? 'mainnet';

const MONEY = 2_100_000_000_000_000n;

describe('a limit of the policy', () => {
  it.each([
    ['maxInputs', 1, 1024],
    ['maxOutputs', 1, 1032],
    ['maxIntents', 1, 1024],
    ['maxVsize', 200, 1_000_000],
    ['feeRate', 1000, 1_000_000_000],
    ['changeGap', 1, 10_000],
    ['receiveLimit', 1, 2_147_483_647],
    ['intentLife', 1, 100_000],
    ['freezeTicks', 1, 10_000],
  ] as const)('is a number in its range: %s from %i to %i', (name, low, high) => {
    const check = (value: number) => about(withPolicy(regtest, { [name]: value }), `policy: ${name} `);
    const problem = (value: number) => [`policy: ${name} is ${value}, must be ${low} to ${high}`];
    expect([low, high].map(check)).toEqual([[], []]);
    expect([low - 1, high + 1].map(check)).toEqual([low - 1, high + 1].map(problem));
  });

  it.each([
    ['amountPerTransaction', 1n],
    ['feeAbsolute', 1n],
    ['feeShareFloor', 0n],
  ] as const)('is an amount that there can be: %s', (name, low) => {
    const check = (value: bigint) => about(withPolicy(regtest, { [name]: value }), `policy: ${name} `);
    const problem = (value: bigint) => [`policy: ${name} is ${value}, must be ${low} to ${MONEY}`];
    expect([low, MONEY].map(check)).toEqual([[], []]);
    expect([low - 1n, MONEY + 1n].map(check)).toEqual([low - 1n, MONEY + 1n].map(problem));
  });

  it('on mainnet is no larger transaction than nodes relay', () => {
    const check = (maxVsize: number) => about(withPolicy(mainnet, { maxVsize }), 'policy: maxVsize ');
    expect(check(100_000)).toEqual([]);
    expect(check(100_001)).toEqual(['policy: maxVsize is 100001, must be 200 to 100000']);
  });

  it('on mainnet leaves a homeward transaction of any size a power of two that nodes relay', () => {
    const check = (feeRate: number) => about(withPolicy(mainnet, { feeRate }), 'policy: feeRate ');
    expect(check(2000)).toEqual([]);
    expect(check(1999)).toEqual(['policy: feeRate is 1999, must be 2000 to 1000000000']);
    const powers = Array.from({ length: 40 }, (_, i) => 2 ** i);
    for (let vsize = 158; vsize <= 1_000; vsize++)
      expect(powers.some((fee) => fee >= vsize && fee * 1000 <= 2000 * vsize)).toBe(true);
  });
});

describe('mainnet', () => {
  it('pays something: amounts and fees of a thousand satoshis are not too much', () => {
    const of = (policy: Partial<Policy>) =>
      about(withPolicy(mainnet, policy), 'policy: ').filter((problem) => problem.includes('on mainnet'));
    const least = (what: string) => [`policy: ${what}, on mainnet at least 1000: nothing would ever be paid`];
    expect(of({ amountPerTransaction: 1_000n, feeAbsolute: 1_000n })).toEqual([]);
    expect(of({ amountPerTransaction: 999n })).toEqual(least('amountPerTransaction is 999'));
    expect(of({ feeAbsolute: 999n })).toEqual(least('feeAbsolute is 999'));
    expect(of({ feeShare: 0, feeShareFloor: 1_000n })).toEqual([]);
    const homeless = 'policy: feeShareFloor is 999, on mainnet at least 1000: small coins could not go home';
    expect(of({ feeShare: 1, feeShareFloor: 1_000n })).toEqual([]);
    expect(of({ feeShare: 1, feeShareFloor: 999n })).toEqual([homeless]);
    expect(of({ feeShare: 0, feeShareFloor: 999n })).toEqual(least('feeShare is 0 and feeShareFloor 999'));
    const poor = withPolicy(regtest, {
      amountPerTransaction: 1n,
      feeAbsolute: 1n,
      feeShare: 0,
      feeShareFloor: 0n,
    });
    expect(about(poor, 'policy: ')).toEqual([]);
  });

  it('believes headers of a day ago at most', () => {
    const of = (fresh: number) => about({ ...mainnet, clock: { ...mainnet.clock, fresh } }, 'clock: fresh');
    expect(of(86_400)).toEqual([]);
    expect(of(86_401)).toEqual(['clock: fresh is 86401 seconds, on mainnet 7200 to 86400']);
  });

  it('starts at its own first block, and other networks at any', () => {
    const first = (base: Charter) =>
      about({ ...base, clock: { ...base.clock, checkpointHeight: 0 } }, 'clock: the checkpoint of height 0');
    expect(first(mainnet)).toEqual(["clock: the checkpoint of height 0 is not the network's first block"]);
    expect(
      ['signet', 'testnet4', 'regtest'].map((name) => first({ ...regtest, network: named(name) })),
    ).toEqual([[], [], []]);
  });
});

describe('a window', () => {
  const window = { ticks: 6, amount: 100n, count: 10, fee: 10n };

  it.each([
    ['ticks', 1, 1_000_000],
    ['count', 2, 1_000_000],
  ] as const)('has a number in its range: %s from %i to %i', (name, low, high) => {
    const check = (value: number) =>
      about(
        withPolicy(
          { ...regtest, gates: regtest.gates.slice(0, 1) },
          { windows: [{ ...window, [name]: value }] },
        ),
        'policy: ',
      );
    const problem = (value: number) => [`policy: window 0: ${name} is ${value}, must be ${low} to ${high}`];
    expect([low, high].map(check)).toEqual([[], []]);
    expect([low - 1, high + 1].map(check)).toEqual([low - 1, high + 1].map(problem));
  });

  it.each(['amount', 'fee'] as const)('has an amount of which two thirds are something: %s', (name) => {
    const check = (value: bigint) =>
      about(withPolicy(regtest, { windows: [{ ...window, [name]: value }] }), 'policy: ');
    const problem = (value: bigint) => [`policy: window 0: ${name} is ${value}, must be 2 to ${MONEY}`];
    expect([2n, MONEY].map(check)).toEqual([[], []]);
    expect([1n, MONEY + 1n].map(check)).toEqual([1n, MONEY + 1n].map(problem));
  });

  it('that is longer than another allows as much or more, of everything', () => {
    const second = (change: Partial<typeof window>) =>
      about(withPolicy(regtest, { windows: [window, { ...window, ticks: 7, ...change }] }), 'policy: window');
    expect(second({})).toEqual([]);
    const less = ['policy: window 1: allows less than the shorter one before it'];
    expect(second({ amount: 99n })).toEqual(less);
    expect(second({ count: 9 })).toEqual(less);
    expect(second({ fee: 9n })).toEqual(less);
    expect(second({ ticks: 6 })).toEqual(['policy: window 1: windows go from short to long']);
    expect(second({ ticks: 5 })).toEqual(['policy: window 1: windows go from short to long']);
  });

  it('leaves each of three gates something, as does each limit per destination', () => {
    const gate = (name: string) => ({ name, key: identity(name).publicKey, sealKey: seeded(`seal ${name}`) });
    const three = { ...regtest, gates: ['gate-1', 'gate-2', 'gate-3'].map(gate) };
    const of = (policy: Partial<Policy>) => about(withPolicy(three, policy), 'policy: ');
    const left = (what: string) => `policy: ${what} is 2: nothing is left of it for each of 3 gates`;
    const least = { ticks: 6, amount: 3n, count: 3, fee: 3n };
    expect(of({ windows: [least] })).toEqual([]);
    expect(of({ windows: [{ ...least, amount: 2n, count: 2, fee: 2n }] })).toEqual(
      ['window 0: amount', 'window 0: count', 'window 0: fee'].map(left),
    );
    const limit = { per: 'destination', ticks: 6, amount: 3n, count: 3 } as const;
    expect(of({ velocity: [limit] })).toEqual([]);
    expect(of({ velocity: [{ ...limit, amount: 2n, count: 2 }] })).toEqual(
      ['velocity 0: amount', 'velocity 0: count'].map(left),
    );
  });

  it('of mainnet lets the largest transaction pass: two thirds by a signer', () => {
    const one = { ...mainnet, gates: mainnet.gates.slice(0, 1) };
    const windows = [{ ticks: 6, amount: 91_001n, count: 31, fee: 10_001n }];
    const of = (amountPerTransaction: bigint, maxIntents: number, feeAbsolute: bigint) =>
      about(withPolicy(one, { windows, amountPerTransaction, maxIntents, feeAbsolute }), 'policy: ');
    expect(of(60_667n, 20, 6_667n)).toEqual([]);
    expect(of(60_668n, 21, 6_668n)).toEqual([
      'policy: amountPerTransaction is 60668, and a signer or gate lets 60667 pass in window 0',
      'policy: maxIntents is 21, and a signer or gate lets 20 pass in window 0',
      'policy: feeAbsolute is 6668, and a signer or gate lets 6667 pass in window 0',
    ]);
  });
});

describe('destinations', () => {
  const limit = { per: 'destination', ticks: 6, amount: 90n, count: 9 } as const;
  const of = (policy: Partial<Policy>) => about(withPolicy(regtest, policy), 'policy: ');

  it('have limits of which two thirds are something', () => {
    expect(of({ velocity: [{ ...limit, ticks: 1, amount: 2n, count: 2 }] })).toEqual([]);
    expect(of({ velocity: [{ ...limit, ticks: 0, amount: 1n, count: 1 }] })).toEqual([
      'policy: velocity 0: ticks is 0',
      'policy: velocity 0: amount is 1, must be at least 2',
      'policy: velocity 0: count is 1, must be at least 2',
    ]);
  });

  it('have one limit of a kind for each length', () => {
    const other = { ...limit, ticks: 7 };
    const requester = { ...limit, per: 'requester' } as const;
    expect(of({ velocity: [limit, other, requester] })).toEqual([]);
    expect(of({ velocity: [limit, other, limit] })).toEqual([
      'policy: velocity 2: a second limit per destination for 6 ticks',
    ]);
  });

  it('stand once, in one list', () => {
    const [one, two] = [Uint8Array.of(0, 20, 1), Uint8Array.of(0, 20, 2)];
    expect(of({ allow: [one], deny: [two] })).toEqual([]);
    expect(of({ allow: [one, one] })).toEqual(['policy: allow: a destination stands twice']);
    expect(of({ deny: [two, one, two] })).toEqual(['policy: deny: a destination stands twice']);
    expect(of({ allow: [one, two], deny: [two] })).toEqual(['policy: 001402 is both allowed and denied']);
  });

  it('can be paid at all, and new ones wait', () => {
    const allow = [Uint8Array.of(0, 20, 1)];
    expect(of({ destinations: 'listed', allow })).toEqual([]);
    expect(of({ destinations: 'listed' })).toEqual([
      'policy: destinations is listed, and allow is empty: nothing could be paid',
    ]);
    expect(of({ destinations: 'registered', destinationTicks: 1 })).toEqual([]);
    expect(of({ destinations: 'registered', destinationTicks: 0 })).toEqual([
      'policy: destinations is registered, and destinationTicks is 0',
    ]);
    expect(of({ destinations: 'any', allow: [], destinationTicks: 0 })).toEqual([]);
  });
});

describe('approvals', () => {
  const file = (name: string) =>
    ({ kind: 'ssh-ed25519', key: identity(name).publicKey, application: '' }) as const;
  const approver = (name: string) => ({ name, keys: [file(name)] });
  const approvers = ['eve', 'fay', 'gus'].map(approver);
  const of = (base: Charter, change: Partial<Charter>) => findCharterProblems({ ...base, ...change });
  const tiers = (...rows: Policy['tiers']) => ({ ...regtest.policy, tiers: rows });

  it('are made with keys that say where they are', () => {
    const touch = { kind: 'sk-ssh-ed25519@openssh.com', key: identity('eve').publicKey } as const;
    const keyed = (key: Charter['approvers'][number]['keys'][number]) =>
      of(regtest, { approvers: [{ name: 'eve', keys: [key] }] });
    expect(keyed(file('eve'))).toEqual([]);
    expect(keyed({ ...touch, application: 'ssh:' })).toEqual([]);
    const problem = ['a key of eve: a security key has an application, a key in a file has none'];
    expect(keyed({ ...file('eve'), application: 'ssh:' })).toEqual(problem);
    expect(keyed({ ...touch, application: '' })).toEqual(problem);
  });

  it('are made by people who exist, each named once', () => {
    const [shop, desk] = regtest.requesters;
    if (shop === undefined || desk === undefined) throw new Error('no requesters');
    const people = (...names: string[]) => ({ approvers, requesters: [{ ...shop, people: names }, desk] });
    expect(of(regtest, people('eve', 'fay'))).toEqual([]);
    expect(of(regtest, people('eve', 'hal'))).toEqual(['requester shop: hal is no approver']);
    expect(of(regtest, people('eve', 'eve'))).toEqual(['requester shop: people: one is named twice']);
    const tier = { above: 10n, approvals: 1, approvers: ['eve', 'hal'] };
    expect(of(regtest, { approvers, policy: tiers(tier) })).toEqual(['tier 0: hal is no approver']);
    const twice = { ...tier, approvers: ['eve', 'eve'] };
    expect(of(regtest, { approvers, policy: tiers(twice) })).toEqual([
      'tier 0: approvers: one is named twice',
    ]);
  });

  it('are one or more, for amounts that grow from tier to tier', () => {
    const tier = { above: 10n, approvals: 1, approvers: ['eve', 'fay'] };
    const rows = (...list: Policy['tiers']) => of(regtest, { approvers, policy: tiers(...list) });
    expect(rows(tier, { ...tier, above: 11n })).toEqual([]);
    for (const above of [10n, 9n])
      expect(rows(tier, { ...tier, above })).toEqual(['tier 1: tiers go from small to large amounts']);
    expect(rows({ ...tier, approvals: 0 })).toEqual(['tier 0: needs no approval']);
  });

  it('can be had without the people of the requester, and on mainnet without one more who is away', () => {
    const [shop, desk] = regtest.requesters;
    if (shop === undefined || desk === undefined) throw new Error('no requesters');
    const tier = { above: 10n, approvals: 2, approvers: ['eve', 'fay', 'gus'] };
    const own = (...names: string[]) => [{ ...shop, people: names }, desk];
    const policy = tiers(tier);
    expect(of(regtest, { approvers, requesters: own('eve'), policy })).toEqual([]);
    expect(of(regtest, { approvers, requesters: own('eve', 'gus'), policy })).toEqual([
      'tier 0: 2 approvals needed, 1 could approve for shop',
    ]);
    const tiersOf = (change: Partial<Charter>) =>
      of(mainnet, { approvers, policy: { ...mainnet.policy, tiers: [tier] }, ...change }).filter((problem) =>
        problem.startsWith('tier'),
      );
    expect(tiersOf({})).toEqual([]);
    expect(tiersOf({ requesters: own('eve') })).toEqual([
      'tier 0: 2 approvals needed, 2 could approve for shop, and one may be away',
    ]);
  });
});

describe('the quorum', () => {
  const custodian = (name: string) => ({
    name,
    key: identity(name).publicKey,
    group: name,
    recipient: `age1${name}`,
  });
  const of = (base: Charter, quorum: number, names: readonly string[]) =>
    findCharterProblems({ ...base, quorum, custodians: names.map(custodian) }).filter((problem) =>
      problem.startsWith('quorum'),
    );
  const three = ['ada', 'ben', 'cyd'];
  const four = [...three, 'dan'];

  it('is two people or more, and no more than there are', () => {
    expect(of(regtest, 2, three)).toEqual([]);
    expect(of(regtest, 1, three)).toEqual(['quorum is 1: one person alone could change the charter']);
    expect(of(regtest, 3, three)).toEqual([]);
    expect(of(regtest, 4, three)).toEqual(['quorum is 4 of 3 custodians']);
    expect(of(regtest, 2, [...four, 'eli'])).toEqual([]);
  });

  it('of mainnet is a majority, and can be had without one of them', () => {
    expect(of(mainnet, 3, four)).toEqual([]);
    expect(of(mainnet, 2, four)).toEqual(['quorum is 2 of 4: less than a majority could change the charter']);
    expect(of(mainnet, 3, [...four, 'eli'])).toEqual([]);
    expect(of(mainnet, 4, four)).toEqual([
      'quorum: every custodian is needed, so one absence would stop every change',
    ]);
  });

  it('waits before it loosens', () => {
    const of = (base: Charter, loosenTicks: number) =>
      about(withPolicy(base, { loosenTicks }), 'loosenTicks');
    expect(of(regtest, 1)).toEqual([]);
    expect(of(regtest, 0)).toEqual(['loosenTicks is 0']);
    expect([144, 4_320].map((ticks) => of(mainnet, ticks))).toEqual([[], []]);
    expect(of(mainnet, 143)).toEqual(['loosenTicks is 143, on mainnet 144 to 4320']);
    expect(of(mainnet, 4_321)).toEqual(['loosenTicks is 4321, on mainnet 144 to 4320']);
  });
});

describe('the clock', () => {
  const of = (base: Charter, clock: Partial<Charter['clock']>) =>
    about({ ...base, clock: { ...base.clock, ...clock } }, 'clock: ');

  it('has a spacing, a burial and a freshness', () => {
    expect(of(regtest, { spacing: 1, burial: 1, fresh: 1 })).toEqual([]);
    expect(of(regtest, { spacing: 0, burial: 0, fresh: 0 })).toEqual([
      'clock: spacing is 0 seconds',
      'clock: burial is 0 blocks',
      'clock: fresh is 0 seconds',
    ]);
  });

  it('of mainnet has its spacing, six blocks of burial and two hours of freshness', () => {
    const rest = ['clock: the checkpoint has no proof of work of this network'];
    const own = (clock: Partial<Charter['clock']>) =>
      of(mainnet, { checkpointHeight: 2016, ...clock }).filter((problem) => !rest.includes(problem));
    expect(own({ burial: 6, fresh: 7200 })).toEqual([]);
    expect(own({ spacing: 601, burial: 5, fresh: 7199 })).toEqual([
      'clock: spacing is 601 seconds, on mainnet it is 600',
      'clock: burial is 5 blocks, on mainnet at least 6',
      'clock: fresh is 7199 seconds, on mainnet 7200 to 86400',
    ]);
    expect(own({ checkpointHeight: 2015 })).toEqual([
      "clock: the checkpoint's height 2015 is not the first of a period of 2016",
    ]);
  });

  it('of a network whose target changes starts where it does; regtest anywhere', () => {
    expect(of({ ...regtest, network: 'signet' }, { checkpointHeight: 1000 })).toContain(
      "clock: the checkpoint's height 1000 is not the first of a period of 2016",
    );
    expect(of(regtest, { checkpointHeight: 1001 })).toEqual([]);
  });

  it('starts at a header with the work of its network', () => {
    const { checkpoint } = regtest.clock;
    const work = 'clock: the checkpoint has no proof of work of this network';
    const bits = (value: number) => {
      const changed = Uint8Array.from(checkpoint);
      new DataView(changed.buffer).setUint32(72, value, true);
      return of(regtest, { checkpoint: changed });
    };
    expect(bits(0)).toEqual([work]);
    // Easier than the network allows; and so hard that this hash cannot meet it.
    expect(bits(0x2100ffff)).toEqual([work]);
    expect(bits(0x03000001)).toEqual([work]);
    // Bytes in the middle of a larger buffer are read where they are.
    const inside = Uint8Array.from([...new Uint8Array(7), ...checkpoint]).subarray(7);
    expect(of(regtest, { checkpoint: inside })).toEqual([]);
  });
});

describe('names and keys', () => {
  const approvers = [
    { name: 'eve', keys: [{ kind: 'ssh-ed25519', key: identity('eve').publicKey, application: '' }] },
  ] as const;
  const withName = (role: string, name: string): Charter => {
    const all: Charter = { ...regtest, approvers };
    const renamed = (rows: readonly { readonly name: string }[]) =>
      rows.map((row, place) => (place === 0 ? { ...row, name } : row));
    return {
      ...all,
      ...Object.fromEntries(
        Object.entries(all).flatMap(([key, value]) =>
          key === role && Array.isArray(value) ? [[key, renamed(value)]] : [],
        ),
      ),
    };
  };

  it.each(['vaults', 'gates', 'screens', 'requesters', 'custodians', 'approvers'])(
    'differ, in whatever case they are written: one of the %s has the name of a signer',
    (role) => {
      const told = about(withName(role, 'a'), 'the ').filter((problem) =>
        problem.includes('has the name of a'),
      );
      expect(told).toHaveLength(1);
      expect(told[0]).toMatch(/^the \w+ [aA] has the name of a \w+$/);
    },
  );

  it('differ among all roles, and each is a key', () => {
    const key = identity('vault-1').publicKey;
    const twin = (change: Partial<Charter>) =>
      about({ ...regtest, ...change }, '').filter((one) => one.includes('same Ed25519'));
    const put = <T extends { readonly key: Uint8Array }>(rows: readonly T[]) =>
      rows.map((row, place) => (place === 1 ? { ...row, key } : row));
    expect(twin({})).toEqual([]);
    expect(twin({ vaults: put(regtest.vaults) })).toEqual(['vault-2 has the same Ed25519 key as vault-1']);
    expect(twin({ signers: put(regtest.signers) })).toEqual(['B has the same Ed25519 key as vault-1']);
    expect(twin({ gates: put(regtest.gates) })).toEqual(['gate-2 has the same Ed25519 key as vault-1']);
    expect(twin({ screens: put(regtest.screens) })).toEqual(['screen-2 has the same Ed25519 key as vault-1']);
    expect(twin({ custodians: put(regtest.custodians) })).toEqual([
      'ben has the same Ed25519 key as vault-1',
    ]);
    const requesters = regtest.requesters.map((row) => (row.name === 'desk' ? { ...row, keys: [key] } : row));
    expect(twin({ requesters })).toEqual(['desk has the same Ed25519 key as vault-1']);
    const people = [{ name: 'eve', keys: [{ kind: 'ssh-ed25519', key, application: '' }] }] as const;
    expect(twin({ approvers: people })).toEqual(['eve has the same Ed25519 key as vault-1']);
  });
});

describe('a first and a later charter', () => {
  it('name both the first and the one before, or none', () => {
    const both = 'either both or none of first and previous are null';
    const hash = seeded('charter');
    const of = (first: Uint8Array | null, previous: Uint8Array | null) =>
      findCharterProblems({ ...regtest, first, previous });
    expect(of(null, null)).toEqual([]);
    expect(of(hash, hash)).toEqual([]);
    expect(of(hash, null)).toEqual([both]);
    expect(of(null, hash)).toEqual([both]);
  });
});

describe('shares', () => {
  it('are listed in the order of the signers', () => {
    const shares = regtest.custody.shares.toReversed();
    expect(findCharterProblems({ ...regtest, custody: { shares } })).toEqual([
      'the shares of C: not in the order of the signers',
      'the shares of A: not in the order of the signers',
    ]);
  });
});

describe('the wallets', () => {
  it('are one', () => {
    const [wallet] = regtest.wallets;
    if (wallet === undefined) throw new Error('no wallet');
    expect(findCharterProblems({ ...regtest, wallets: [wallet, wallet] })).toContain(
      '2 wallets: a key block holds one account key; further wallets need signers that hold several',
    );
  });
});

describe('the keys of a wallet', () => {
  const [wallet] = regtest.wallets;
  if (wallet === undefined) throw new Error('no wallet');
  const of = (change: Partial<(typeof wallet.keys)[number]>) =>
    findCharterProblems({
      ...regtest,
      wallets: [
        { ...wallet, keys: wallet.keys.map((row, place) => (place === 1 ? { ...row, ...change } : row)) },
      ],
    });

  it('are compressed, whichever of the two forms', () => {
    const key = wallet.keys[1]?.publicKey ?? new Uint8Array();
    for (const prefix of [2, 3]) expect(of({ publicKey: key.with(0, prefix) })).toEqual([]);
    for (const prefix of [1, 4]) {
      expect(of({ publicKey: key.with(0, prefix) })).toEqual(['wallet 0: the key of B is not compressed']);
    }
  });

  it('are at the place of their network, every step of it', () => {
    const path = wallet.keys[1]?.path ?? [];
    for (const [place, step] of path.entries()) {
      expect(of({ path: path.with(place, step + 1) })).toEqual([
        'wallet 0: the key of B is not at 48h/1h/0h/2h',
      ]);
      const soft = path.with(place, step - 0x80000000);
      expect(of({ path: soft })).toEqual(['wallet 0: the key of B is not at 48h/1h/0h/2h']);
    }
  });
});
