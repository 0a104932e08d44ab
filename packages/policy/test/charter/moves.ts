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

type Tiers = Charter['policy']['tiers'];

const low = { above: 10n, approvals: 2, approvers: ['eve', 'fay'] };
const high = { above: 100n, approvals: 3, approvers: ['gus', 'hal', 'ivy'] };
const fewer = { ...low, above: 100n, approvals: 1 };
const more = { ...low, above: 50n, approvers: ['eve', 'fay'], approvals: 3 };

/** Tiers are compared by what each amount needs, not by their places. */
export const tierMoves: readonly (readonly [
  what: string,
  old: Tiers,
  now: Tiers,
  change: 'tightening' | 'loosening',
])[] = [
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
