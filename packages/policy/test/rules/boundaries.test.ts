/** Rules where a whole request cannot show the difference: judged on facts of one real request, with single facts replaced. */
import { describe, expect, it } from 'vitest';
import { buildFacts, decodeIntents, type SpendFacts } from '../../src/facts.ts';
import type { Refusal } from '../../src/index.ts';
import { amountWindow } from '../../src/rules/amount-window.ts';
import { countWindow } from '../../src/rules/count-window.ts';
import { destinationDelay } from '../../src/rules/destination-delay.ts';
import { destinationUnknown } from '../../src/rules/destination-unknown.ts';
import { dust } from '../../src/rules/dust.ts';
import { feeRate } from '../../src/rules/fee-rate.ts';
import { feeShare } from '../../src/rules/fee-share.ts';
import { feeWindow } from '../../src/rules/fee-window.ts';
import { intentLife } from '../../src/rules/intent-life.ts';
import { intentSignature } from '../../src/rules/intent-signature.ts';
import { checkCounts, checkSize } from '../../src/rules/limit.ts';
import { pathRange } from '../../src/rules/path-range.ts';
import { screening } from '../../src/rules/screening.ts';
import { txFields } from '../../src/rules/tx-fields.ts';
import { valueRange } from '../../src/rules/value-range.ts';
import { type DraftPlan, factsOf, sampleCharter, World } from '../world.ts';

function factsIn(world: World, plan: DraftPlan): SpendFacts {
  const request = world.request(plan);
  const intents = decodeIntents(request.draft.intents);
  if (!intents.ok) throw new Error(intents.fault.detail);
  return buildFacts(world.state, request, intents.value, world.now, world.uptime);
}

function paying(policy: Parameters<typeof withPolicy>[0] = {}) {
  const world = new World(withPolicy(policy));
  const coins = world.fund([5_000_000n]);
  const intents = [world.intent()];
  const facts = factsIn(world, { coins, intents, change: [{ amount: 3_990_000n }] });
  return { world, coins, intents, facts };
}

function withPolicy(policy: Partial<ReturnType<typeof sampleCharter>['policy']>) {
  const charter = sampleCharter();
  return { ...charter, policy: { ...charter.policy, ...policy } };
}

const said = (refusals: readonly Refusal[]) => refusals.map((refusal) => [refusal.code, factsOf(refusal)]);

/** The same intents, as if each had been signed before. */
function atSecondSight(facts: SpendFacts): SpendFacts {
  const { world, coins, intents } = paying();
  world.approve(world.request({ coins, intents, change: [{ amount: 3_990_000n }] }));
  const [record] = world.state.intents.values();
  return { ...facts, intents: facts.intents.map((one) => ({ ...one, record })) };
}

describe('a window that a tighter charter left over its limit', () => {
  /** 1,000,000 sat, one intent and 10,000 sat of fees are used of next to nothing. */
  function overfull() {
    const { world, coins, intents, facts } = paying();
    world.approve(world.request({ coins, intents, change: [{ amount: 3_990_000n }] }));
    const windows = [{ ticks: 6, amount: 3n, count: 1, fee: 3n }];
    world.state.charter = { ...world.loaded, policy: { ...world.loaded.policy, windows } };
    const judge = (amount: bigint, count: number, fee: bigint) => {
      const charged = { ...facts, charge: { amount, count, fee } };
      return [amountWindow, countWindow, feeWindow].flatMap((rule) => said(rule(charged, world.state)));
    };
    return { world, coins, intents, judge };
  }

  it('lets through what charges nothing to it', () => {
    const { world, coins, intents, judge } = overfull();
    expect(judge(0n, 0, 0n)).toEqual([]);
    const cheaper = world.request({ coins, intents, change: [{ amount: 3_991_000n }] });
    expect(world.refusals(cheaper)).toEqual([]);
  });

  it('refuses the smallest charge to it', () => {
    expect(overfull().judge(1n, 1, 1n)).toEqual([
      ['AMOUNT_WINDOW', { spent: '1000000', amount: '1', limit: '2' }],
      ['COUNT_WINDOW', { spent: '1', count: '1', limit: '0' }],
      ['FEE_WINDOW', { spent: '10000', fee: '1', limit: '2' }],
    ]);
  });
});

describe('the feerate', () => {
  const judge = (fee: bigint, vsize: number) => {
    const { world, facts } = paying({ feeRate: 100_000 });
    return said(feeRate({ ...facts, fee, vsize }, world.state));
  };

  it('is told rounded up to whole sat per 1,000 vB', () => {
    expect(judge(1_000n, 3)).toEqual([['FEE_RATE', { feerate: '333334', limit: '100000' }]]);
    expect(judge(900n, 3)).toEqual([['FEE_RATE', { feerate: '300000', limit: '100000' }]]);
    expect(judge(300n, 3)).toEqual([]);
  });
});

describe('the share of the fee', () => {
  it('is of what is moved when there is no intent', () => {
    const { world, facts } = paying({ feeShare: 100, feeShareFloor: 10n });
    const cancel = { ...facts, intents: [], paid: 0n, sumOut: 4_000_000n };
    expect(feeShare({ ...cancel, fee: 400_000n }, world.state)).toEqual([]);
    expect(said(feeShare({ ...cancel, fee: 400_001n }, world.state))).toEqual([
      ['FEE_SHARE', { fee: '400001', amount: '4000000', limit: '400000' }],
    ]);
  });

  it('is of what is paid, also where less was paid by what is replaced', () => {
    const { world, coins, intents } = paying({ feeShare: 100, feeShareFloor: 0n });
    world.approve(world.request({ coins, intents, change: [{ amount: 3_990_000n }] }));
    const more = [...intents, world.intent({ amount: 2_000_000n })];
    const facts = factsIn(world, { coins, intents: more, change: [{ amount: 1_950_000n }] });
    expect(facts.conflicting.size).toBe(1);
    expect(feeShare({ ...facts, fee: 300_000n }, world.state)).toEqual([]);
    expect(said(feeShare({ ...facts, fee: 300_001n }, world.state))).toEqual([
      ['FEE_SHARE', { fee: '300001', amount: '3000000', limit: '300000' }],
    ]);
  });
});

describe('an output whose change cannot be derived', () => {
  it('is no dust: the rule on change refuses it', () => {
    const { world, facts } = paying();
    expect(
      dust({ ...facts, outputs: [{ amount: 0n, script: undefined, from: 'change' }] }, world.state),
    ).toEqual([]);
  });
});

describe('the destination of an intent that was signed before', () => {
  it('is not asked for again, neither while it waits nor when it is unknown', () => {
    const { world, facts } = paying({ destinations: 'registered', destinationTicks: 3 });
    const again = atSecondSight(facts);
    expect(destinationUnknown(facts, world.state)).toHaveLength(1);
    expect(destinationUnknown(again, world.state)).toEqual([]);
    const [first] = facts.intents;
    if (first === undefined) throw new Error('no intent');
    world.register(first.intent.requester, first.intent.script);
    expect(destinationDelay(facts, world.state)).toHaveLength(1);
    expect(destinationDelay(again, world.state)).toEqual([]);
    expect(destinationUnknown(facts, world.state)).toEqual([]);
  });
});

describe('the life and the signature of an intent', () => {
  it('may be of one block', () => {
    const { world, facts } = paying();
    const [first] = facts.intents;
    if (first === undefined) throw new Error('no intent');
    const lasting = (blocks: number) => {
      const intent = { ...first.intent, expires: first.intent.created + blocks };
      return intentLife({ ...facts, intents: [{ ...first, intent }] }, world.state).length;
    };
    expect([-1, 0, 1].map(lasting)).toEqual([1, 0, 0]);
  });

  it('are judged at first sight only, whatever the charter says later', () => {
    const { world, facts } = paying();
    const { policy } = world.loaded;
    world.state.charter = { ...world.loaded, policy: { ...policy, intentLife: 1 }, requesters: new Map() };
    expect(intentLife(facts, world.state)).toHaveLength(1);
    expect(intentSignature(facts, world.state)).toHaveLength(1);
    expect(intentLife(atSecondSight(facts), world.state)).toEqual([]);
    expect(intentSignature(atSecondSight(facts), world.state)).toEqual([]);
  });
});

describe('a cap', () => {
  it('is reached without a refusal, each by itself, and passed with one', () => {
    const { world, facts } = paying();
    const { request } = facts;
    const tight = { ...world.loaded.policy, maxInputs: 1, maxIntents: 1, maxOutputs: 2, maxVsize: 200 };
    expect(checkCounts(request, tight)).toEqual([]);
    expect(checkSize(200, tight)).toEqual([]);
    const over = [
      checkCounts(request, { ...tight, maxInputs: 0 }),
      checkCounts(request, { ...tight, maxIntents: 0 }),
      checkCounts(request, { ...tight, maxOutputs: 1 }),
      checkSize(201, tight),
    ];
    expect(over.map(said)).toEqual([
      [['LIMIT', { what: 'inputs', got: '1', limit: '0' }]],
      [['LIMIT', { what: 'intents', got: '1', limit: '0' }]],
      [['LIMIT', { what: 'outputs', got: '2', limit: '1' }]],
      [['LIMIT', { what: 'vsize', got: '201', limit: '200' }]],
    ]);
  });
});

describe('a verdict', () => {
  it('may be issued as far ahead as an intent may be created, and no block further', () => {
    const { world, facts } = paying();
    const { intentAhead } = world.loaded.policy;
    const issuedAt = (ahead: number): number => {
      const now = { ...facts, height: facts.height - ahead };
      return screening(now, world.state).length;
    };
    expect([0, intentAhead, intentAhead + 1].map(issuedAt)).toEqual([0, 0, 1]);
  });

  it('that names a place without an intent covers nothing, though its screen signed the rest', () => {
    const { world, intents, facts } = paying();
    const verdict = { ...world.verdict(intents), covers: [0, 5] };
    const request = { ...facts.request, verdicts: [verdict] };
    expect(said(screening({ ...facts, request }, world.state))).toEqual([
      ['SCREENING', { intent: facts.intents[0]?.id }],
    ]);
  });
});

describe('a locktime', () => {
  it('is a height below 500,000,000, also in a chain that is longer', () => {
    const { world, facts } = paying();
    const judge = (locktime: number) => {
      const request = { ...facts.request, draft: { ...facts.request.draft, locktime } };
      return said(txFields({ ...facts, request, height: 600_000_000 }, world.state));
    };
    expect(judge(499_999_999)).toEqual([]);
    expect(judge(500_000_000)).toEqual([['TX_FIELDS', { field: 'locktime', value: '500000000' }]]);
  });
});

describe('change of another wallet than the newest', () => {
  it('is refused as no change, not for its index', () => {
    const { world, facts } = paying();
    const at = (wallet: number) => [{ wallet, index: 20_000, amount: 1n, position: 1, script: undefined }];
    expect(pathRange({ ...facts, change: at(0) }, world.state)).toHaveLength(1);
    expect(pathRange({ ...facts, change: at(1) }, world.state)).toEqual([]);
  });
});

describe('an amount out of range', () => {
  it('is named by its place, sums by what they are of', () => {
    const { world, facts } = paying();
    const below = {
      ...facts,
      inputs: facts.inputs.map((one) => ({ ...one, amount: -1n })),
      outputs: facts.outputs.slice(0, 1).map((one) => ({ ...one, amount: -2n })),
    };
    const sums = { sumIn: -3n, sumOut: -4n, fee: -5n };
    const named = (refusals: readonly Refusal[]) => said(refusals).map(([, facts]) => facts);
    expect(named(valueRange({ ...below, ...sums }, world.state))).toEqual([
      { what: 'input 0', value: '-1' },
      { what: 'output 0', value: '-2' },
      { what: 'sum of inputs', value: '-3' },
      { what: 'sum of outputs', value: '-4' },
      { what: 'fee', value: '-5' },
    ]);
    expect(valueRange({ ...facts, sumIn: 2_100_000_000_000_000n, sumOut: 0n, fee: 0n }, world.state)).toEqual(
      [],
    );
    expect(
      valueRange({ ...facts, sumIn: 2_100_000_000_000_001n, sumOut: 0n, fee: 0n }, world.state),
    ).toHaveLength(1);
  });
});
