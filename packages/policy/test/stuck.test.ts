/**
 * Attacks, row 52: whatever makes a signed payment stick, a draft that gets it out is approved: bumped, split, merged with new
 * ones, paid from other coins, or taken back. Each case is judged by the real `evaluate`, under the charter's fee ceiling.
 */
import { type Charter, concatBytes, type SignedIntent } from '@coldwire/protocol';
import { displayTxid, serializeStripped } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { approvalOf, withApprovers } from './approvals.ts';
import { type Coin, charterAfter, type DraftPlan, sampleCharter, seeded, World } from './world.ts';

const FEE = 10_000n;
const PAID = concatBytes(Uint8Array.of(0, 20), seeded('paid').slice(0, 20));

/** A payment of one million from one of two coins of five millions, signed and then forgotten by the miners. */
function makeStuck(adjust: (charter: Charter) => Charter = (same) => same) {
  const world = new World(adjust(sampleCharter()));
  const coins = world.fund([5_000_000n, 5_000_000n]);
  const [a, b] = coins;
  if (a === undefined || b === undefined) throw new Error('no coins');
  const intent = world.intent({ script: PAID });
  const pay = (
    spent: readonly Coin[],
    intents: readonly SignedIntent[],
    fee: bigint,
    plan: Pick<DraftPlan, 'verdicts'> = {},
  ) => {
    const left = BigInt(spent.length) * 5_000_000n - BigInt(intents.length) * 1_000_000n - fee;
    return world.request({ coins: spent, intents, change: [{ amount: left }], ...plan });
  };
  const first = world.approve(pay([a], [intent], FEE));
  return { world, a, b, intent, pay, first };
}
type Stuck = ReturnType<typeof makeStuck>;

/** Same intent, same coin, more fee; without verdicts or approvals, as they may not be had any more. */
const bump = ({ pay, a, intent }: Stuck, fee = 2n * FEE) => pay([a], [intent], fee, { verdicts: [] });
const cancel = ({ pay, a }: Stuck, fee = 2n * FEE) => pay([a], [], fee);

/** The charter in force now has another policy or roster; people have signed it, and its delay is over. */
function moveOn(world: World, change: Partial<Charter>): void {
  world.install(charterAfter(world.state.charter, change));
}

describe('a payment that is stuck', () => {
  it('can be bumped, split, merged with new ones, or taken back', () => {
    const stuck = makeStuck();
    const { world, a, b, intent, pay } = stuck;
    expect(world.refusals(bump(stuck))).toEqual([]);
    expect(world.refusals(cancel(stuck))).toEqual([]);
    const other = world.intent();
    world.approve(pay([a, b], [intent, other], 2n * FEE));
    // Split: each of the two keeps a coin of the batch, and of every earlier carrier of its intent.
    expect(world.refusals(pay([a], [intent], 3n * FEE, { verdicts: [] }))).toEqual([]);
    expect(world.refusals(pay([b], [other], 2n * FEE, { verdicts: [] }))).toEqual([]);
    expect(world.refusals(pay([b], [intent], 2n * FEE, { verdicts: [] }))).toMatchObject([['CONFLICT', {}]]);
  });

  it('after it expired, and its screen has gone: first sight decided', () => {
    const stuck = makeStuck();
    stuck.world.feed(stuck.world.mine(120));
    moveOn(stuck.world, { screens: stuck.world.state.charter.charter.screens.slice(1) });
    expect(stuck.world.refusals(bump(stuck))).toEqual([]);
    expect(stuck.world.refusals(cancel(stuck))).toEqual([]);
  });

  it('after its approvals were used up and have expired, and its approver has gone', () => {
    const tiers = [{ above: 1n, approvals: 1, approvers: ['ann', 'cat'] }];
    const world = new World(withApprovers(sampleCharter(), tiers));
    const [a] = world.fund([5_000_000n]);
    if (a === undefined) throw new Error('no coin');
    const intent = world.intent();
    const approvals = [approvalOf(world, intent, 'cat', { expires: world.height })];
    const plan = { coins: [a], intents: [intent], change: [{ amount: 3_990_000n }] };
    world.approve(world.request({ ...plan, approvals }));
    world.feed(world.mine(2));
    const { policy, approvers } = world.state.charter.charter;
    const fewer = [{ above: 1n, approvals: 1, approvers: ['ann'] }];
    moveOn(world, { approvers: approvers.slice(0, 2), policy: { ...policy, tiers: fewer } });
    expect(world.refusals(world.request({ ...plan, change: [{ amount: 3_980_000n }] }))).toEqual([]);
    expect(world.refusals(world.request({ coins: [a], change: [{ amount: 4_980_000n }] }))).toEqual([]);
  });

  it('after the charter took its requester, its destination, or its window away', () => {
    const stuck = makeStuck();
    const { world } = stuck;
    const { policy, requesters } = world.state.charter.charter;
    moveOn(world, {
      requesters: requesters.filter(({ name }) => name !== 'shop'),
      policy: {
        ...policy,
        deny: [PAID],
        velocity: [{ per: 'destination', ticks: 6, amount: 2n, count: 2 }],
        windows: policy.windows.map((window) => ({ ...window, amount: 2n, count: 2 })),
      },
    });
    const fresh = stuck.pay([stuck.b], [world.intent({ script: PAID })], FEE);
    expect([...new Set(world.refusals(fresh).map(([code]) => code))]).toEqual([
      'INTENT_SIGNATURE',
      'DESTINATION_DENIED',
      'AMOUNT_WINDOW',
      'COUNT_WINDOW',
      'DESTINATION_WINDOW',
    ]);
    expect(world.refusals(bump(stuck))).toEqual([]);
    expect(world.refusals(cancel(stuck))).toEqual([]);
  });

  it('when later charters let so much be paid no more: it is taken back', () => {
    const stuck = makeStuck();
    const { world } = stuck;
    const { policy } = world.state.charter.charter;
    moveOn(world, { policy: { ...policy, amountPerTransaction: 1n, scripts: ['p2tr'] } });
    expect(world.refusals(bump(stuck)).map(([code]) => code)).toEqual(['OUTPUT_TYPE', 'AMOUNT_TX']);
    expect(world.refusals(cancel(stuck))).toEqual([]);
  });

  it('while every window is full: what pays no more fee than was charged adds nothing', () => {
    const windows = [{ ticks: 6, amount: 1_500_000n, count: 2, fee: 15_000n }];
    const stuck = makeStuck((charter) => ({ ...charter, policy: { ...charter.policy, windows } }));
    const { world, b, pay } = stuck;
    expect(world.refusals(pay([b], [world.intent()], FEE)).map(([code]) => code)).toEqual([
      'FEE_WINDOW',
      'AMOUNT_WINDOW',
      'COUNT_WINDOW',
    ]);
    expect(world.refusals(bump(stuck, FEE + 1n)).map(([code]) => code)).toEqual(['FEE_WINDOW']);
    expect(world.refusals(cancel(stuck, FEE))).toEqual([]);
    world.pass(7);
    expect(world.refusals(bump(stuck))).toEqual([]);
  });

  it('when its coin’s own transaction was replaced: proven dead, it is paid from another coin', () => {
    const { world, a, b, intent, pay, first } = makeStuck();
    const taken = world.approve(pay([a], [], 2n * FEE));
    world.feed(world.mine(1, [taken.txid]));
    world.feed(world.mine(5));
    const later = pay([b], [intent], FEE);
    expect(world.refusals(later)).toMatchObject([['CONFLICT', { txid: displayTxid(first.txid) }]]);
    const spender = serializeStripped(taken.transaction);
    world.bury({ txid: first.txid, spender, proof: world.proofOf(taken.txid) });
    expect(world.refusals(later)).toEqual([]);
  });

  it('when people froze it: the freeze lapses', () => {
    const stuck = makeStuck();
    stuck.world.freeze('vault-1');
    expect(stuck.world.refusals(cancel(stuck)).map(([code]) => code)).toEqual(['FROZEN']);
    stuck.world.pass(36);
    expect(stuck.world.refusals(bump(stuck))).toEqual([]);
    expect(stuck.world.refusals(cancel(stuck))).toEqual([]);
  });

  it('never above the fee ceiling, however it is replaced', () => {
    const stuck = makeStuck((charter) => ({
      ...charter,
      policy: { ...charter.policy, feeAbsolute: 30_000n, feeRate: 1_000_000_000 },
    }));
    for (const request of [bump(stuck, 30_000n), cancel(stuck, 30_000n)])
      expect(stuck.world.refusals(request)).toEqual([]);
    for (const request of [bump(stuck, 30_001n), cancel(stuck, 30_001n)])
      expect(stuck.world.refusals(request)).toEqual([['FEE_ABSOLUTE', { fee: '30001', limit: '30000' }]]);
  });
});
