/** Every field of a charter with a change that tightens it and one that loosens it: what policy and gates must agree on. */
import type { Charter } from '@coldwire/protocol';
import { identity, sampleCharter, seeded } from '../world.ts';

const velocity = { per: 'destination', ticks: 144, amount: 5n, count: 5 } as const;
const tier = { above: 10n, approvals: 1, approvers: ['eve', 'fay'] };
const sample = sampleCharter();
/** With something of everything that can be taken away. */
export const before: Charter = {
  ...sample,
  requesters: sample.requesters.map((row) => ({ ...row, people: ['eve'] })),
  approvers: ['eve', 'fay'].map((name) => ({
    name,
    keys: [{ kind: 'ssh-ed25519', key: identity(name).publicKey, application: '' }],
  })),
  policy: {
    ...sample.policy,
    velocity: [velocity],
    destinations: 'registered',
    destinationTicks: 6,
    allow: [seeded('allowed')],
    deny: [seeded('denied')],
    tiers: [tier],
  },
};
export const policy = (change: Partial<Charter['policy']>): Charter => ({
  ...before,
  policy: { ...before.policy, ...change },
});
const clock = (change: Partial<Charter['clock']>): Charter => ({
  ...before,
  clock: { ...before.clock, ...change },
});
const [first, second] = before.policy.windows;
if (first === undefined || second === undefined) throw new Error('no windows');

/** Every field, with a change that tightens it (where one can) and one that loosens it. */
export const moves: Record<string, readonly [tightening: Charter | null, loosening: Charter | null]> = {
  network: [null, { ...before, network: 'signet' }],
  title: [null, { ...before, title: 'Other' }],
  wallets: [null, { ...before, wallets: [...before.wallets, ...before.wallets] }],
  vaults: [
    { ...before, vaults: before.vaults.slice(1) },
    { ...before, vaults: [...before.vaults, { name: 'vault-3', key: identity('vault-3').publicKey }] },
  ],
  signers: [null, { ...before, signers: before.signers.toReversed() }],
  gates: [
    { ...before, gates: before.gates.slice(1) },
    { ...before, gates: before.gates.map((gate) => ({ ...gate, sealKey: seeded(gate.name) })) },
  ],
  screens: [
    { ...before, screens: before.screens.slice(1) },
    {
      ...before,
      screens: before.screens.map(({ name }) => ({ name, key: identity(`new ${name}`).publicKey })),
    },
  ],
  requesters: [
    { ...before, requesters: before.requesters.map((row) => ({ ...row, keys: row.keys.slice(1) })) },
    {
      ...before,
      requesters: before.requesters.map((row) => ({ ...row, keys: [...row.keys, seeded(row.name)] })),
    },
  ],
  'requesters.people': [
    { ...before, requesters: before.requesters.map((row) => ({ ...row, people: ['eve', 'fay'] })) },
    { ...before, requesters: before.requesters.map((row) => ({ ...row, people: [] })) },
  ],
  custodians: [null, { ...before, custodians: before.custodians.slice(1) }],
  'policy.maxInputs': [policy({ maxInputs: 999 }), policy({ maxInputs: 1001 })],
  'policy.maxOutputs': [policy({ maxOutputs: 999 }), policy({ maxOutputs: 1001 })],
  'policy.maxIntents': [policy({ maxIntents: 999 }), policy({ maxIntents: 1001 })],
  'policy.maxVsize': [policy({ maxVsize: 99_999 }), policy({ maxVsize: 100_001 })],
  'policy.amountPerTransaction': [
    policy({ amountPerTransaction: 59_999_999n }),
    policy({ amountPerTransaction: 60_000_001n }),
  ],
  'policy.windows': [
    policy({ windows: [{ ...first, ticks: 7, count: 29 }, second, { ...second, ticks: 2000 }] }),
    policy({ windows: [second] }),
  ],
  'policy.feeAbsolute': [policy({ feeAbsolute: 1n }), policy({ feeAbsolute: 100_001n })],
  'policy.feeRate': [policy({ feeRate: 199_999 }), policy({ feeRate: 200_001 })],
  'policy.feeShare': [policy({ feeShare: 49 }), policy({ feeShare: 51 })],
  'policy.feeShareFloor': [policy({ feeShareFloor: 0n }), policy({ feeShareFloor: 20_001n })],
  'policy.scripts': [policy({ scripts: ['p2tr', 'p2wpkh'] }), null],
  'policy.changeGap': [policy({ changeGap: 19 }), policy({ changeGap: 21 })],
  'policy.receiveLimit': [policy({ receiveLimit: 999 }), policy({ receiveLimit: 1001 })],
  'policy.intentLife': [policy({ intentLife: 143 }), policy({ intentLife: 145 })],
  'policy.intentAhead': [policy({ intentAhead: 1 }), policy({ intentAhead: 3 })],
  'policy.freezeTicks': [null, policy({ freezeTicks: 35 })],
  'policy.gateDelay': [policy({ gateDelay: 601 }), policy({ gateDelay: 599 })],
  'policy.velocity': [
    policy({
      velocity: [
        { ...velocity, ticks: 145, amount: 4n },
        { ...velocity, per: 'requester' },
      ],
    }),
    policy({ velocity: [{ ...velocity, per: 'requester' }] }),
  ],
  'policy.destinations': [policy({ destinations: 'listed' }), policy({ destinations: 'any' })],
  'policy.destinationTicks': [policy({ destinationTicks: 7 }), policy({ destinationTicks: 5 })],
  'policy.allow': [policy({ allow: [] }), policy({ allow: [seeded('allowed'), seeded('other')] })],
  'policy.deny': [policy({ deny: [seeded('other'), seeded('denied')] }), policy({ deny: [] })],
  'policy.tiers': [
    policy({ tiers: [{ above: 9n, approvals: 1, approvers: ['eve'] }] }),
    policy({ tiers: [{ ...tier, above: 20n }] }),
  ],
  'policy.loosenTicks': [policy({ loosenTicks: 145 }), policy({ loosenTicks: 143 })],
  custody: [
    null,
    { ...before, custody: { shares: before.custody.shares.map((row) => ({ ...row, epoch: 1 })) } },
  ],
  'clock.checkpointHeight': [null, clock({ checkpointHeight: 1001 })],
  'clock.checkpoint': [null, clock({ checkpoint: new Uint8Array(80) })],
  'clock.spacing': [null, clock({ spacing: 300 })],
  'clock.burial': [clock({ burial: 7 }), clock({ burial: 5 })],
  'clock.fresh': [clock({ fresh: 43_199 }), clock({ fresh: 43_201 })],
  approvers: [
    { ...before, approvers: before.approvers.slice(1) },
    { ...before, approvers: before.approvers.map((row) => ({ ...row, name: `${row.name}2` })) },
  ],
  quorum: [
    { ...before, quorum: 3 },
    { ...before, quorum: 1 },
  ],
};

type Change = 'tightening' | 'loosening';
type Tiers = Charter['policy']['tiers'];

const low = { above: 10n, approvals: 2, approvers: ['eve', 'fay'] };
const high = { above: 100n, approvals: 3, approvers: ['gus', 'hal', 'ivy'] };
const fewer = { ...low, above: 100n, approvals: 1 };
const more = { ...low, above: 50n, approvers: ['eve', 'fay'], approvals: 3 };

const tierMoves: readonly (readonly [what: string, old: Tiers, now: Tiers, change: Change])[] = [
  [
    'amounts from 51 to 100 go from some people to others',
    [low, high],
    [low, { ...high, above: 50n }],
    'loosening',
  ],
  [
    'amounts from 51 to 100 go from two approvals to one',
    [low, fewer],
    [low, { ...fewer, above: 50n }],
    'loosening',
  ],
  ['amounts above 50 need a third approval', [low], [low, more], 'tightening'],
  ['the higher tier begins where the lower did', [low, more], [{ ...more, above: 10n }], 'tightening'],
  ['the higher tier is gone', [low, more], [low], 'loosening'],
  ['approvals are needed where none were', [], [low], 'tightening'],
  ['none is needed any more', [low], [], 'loosening'],
  ['smaller amounts need them too', [low], [{ ...low, above: 9n }], 'tightening'],
  [
    'one of two people is left',
    [{ ...low, approvals: 1 }],
    [{ ...low, approvals: 1, approvers: ['fay'] }],
    'tightening',
  ],
  ['a third person may approve', [low], [{ ...low, approvers: ['eve', 'fay', 'gus'] }], 'loosening'],
];

const window = { ticks: 10, amount: 10n, count: 10, fee: 10n };
const longer = { ...window, ticks: 20, amount: 20n };
const limit = { per: 'requester', ticks: 10, amount: 10n, count: 10 } as const;
const [shop, desk] = before.requesters;
if (shop === undefined || desk === undefined) throw new Error('no requesters');
const people = (shops: readonly string[], desks: readonly string[]): Charter => ({
  ...before,
  requesters: [
    { ...shop, people: shops },
    { ...desk, people: desks },
  ],
});

type Windows = Charter['policy']['windows'];
const windowMoves: readonly (readonly [what: string, old: Windows, now: Windows, change: Change])[] = [
  ['is longer', [window], [{ ...window, ticks: 11 }], 'tightening'],
  ['is shorter', [window], [{ ...window, ticks: 9 }], 'loosening'],
  ['lets a smaller amount pass', [window], [{ ...window, amount: 9n }], 'tightening'],
  ['lets a larger amount pass', [window], [{ ...window, amount: 11n }], 'loosening'],
  ['lets fewer pass', [window], [{ ...window, count: 9 }], 'tightening'],
  ['lets more pass', [window], [{ ...window, count: 11 }], 'loosening'],
  ['lets smaller fees pass', [window], [{ ...window, fee: 9n }], 'tightening'],
  ['lets larger fees pass', [window], [{ ...window, fee: 11n }], 'loosening'],
  ['covers two old ones', [window, longer], [{ ...longer, amount: 10n }], 'tightening'],
  ['covers the longer of two only', [window, longer], [longer], 'loosening'],
  ['covers the shorter of two only', [window, longer], [window], 'loosening'],
];

type Limits = Charter['policy']['velocity'];
const velocityMoves: readonly (readonly [what: string, old: Limits, now: Limits, change: Change])[] = [
  ['is longer', [limit], [{ ...limit, ticks: 11 }], 'tightening'],
  ['is shorter', [limit], [{ ...limit, ticks: 9 }], 'loosening'],
  ['lets a smaller amount pass', [limit], [{ ...limit, amount: 9n }], 'tightening'],
  ['lets a larger amount pass', [limit], [{ ...limit, amount: 11n }], 'loosening'],
  ['lets fewer pass', [limit], [{ ...limit, count: 9 }], 'tightening'],
  ['lets more pass', [limit], [{ ...limit, count: 11 }], 'loosening'],
  ['is of another kind', [limit], [{ ...limit, per: 'destination' }], 'loosening'],
  ['is one of two', [limit, { ...limit, per: 'destination' }], [limit], 'loosening'],
];

/** Lists that are compared by what they keep back. */
export const listMoves: readonly (readonly [what: string, old: Charter, now: Charter, change: Change])[] = [
  ...tierMoves.map(([what, old, now, change]) => {
    return [`tiers: ${what}`, policy({ tiers: old }), policy({ tiers: now }), change] as const;
  }),
  ...windowMoves.map(([what, old, now, change]) => {
    return [`a window that ${what}`, policy({ windows: old }), policy({ windows: now }), change] as const;
  }),
  ...velocityMoves.map(([what, old, now, change]) => {
    return [`a limit that ${what}`, policy({ velocity: old }), policy({ velocity: now }), change] as const;
  }),
  ['a requester that is gone, with its people', before, { ...before, requesters: [desk] }, 'tightening'],
  ['one more of the people of a requester', before, people(['eve'], ['fay', 'eve']), 'tightening'],
  ['none of the people of a requester', before, people(['eve'], []), 'loosening'],
  ['another of the people of a requester', before, people(['eve'], ['fay']), 'loosening'],
  [
    'one of two people of a requester',
    people(['eve'], ['eve', 'fay']),
    people(['eve'], ['fay']),
    'loosening',
  ],
  ['people who go from one requester to the other', people(['eve'], []), people([], ['eve']), 'loosening'],
];
