/**
 * What the custodians of the run sign: charters of three degrees, each laxer than the one before in every field that differs.
 * So of any two charters one is the laxer, and the judge needs no rule of the product's to know which.
 */
import type { Approver, Charter, Policy } from '@coldwire/protocol';

export type Degree = 0 | 1 | 2;
export const DEGREES: readonly Degree[] = [0, 1, 2];

const destination = (seed: number): Uint8Array =>
  Uint8Array.from([0x00, 0x14, ...new Uint8Array(20).fill(seed)]);

/** Paid without a registration, under every charter. */
export const ALLOWED: readonly Uint8Array[] = [1, 2, 3, 4, 5, 6].map(destination);
/** Never paid: the first one under every charter, the others under the strictest. */
export const DENIED: readonly Uint8Array[] = [7, 8, 9].map(destination);

/** Bea can use the exchange's key: what she approves of the exchange's does not count. */
export const EXCHANGE_PEOPLE = ['bea'];
/** Is an approver under the two laxer charters only. */
export const REMOVED_APPROVER = 'dan';

/** Small windows, so that the run is at their limits much of the time. */
const WINDOWS = [
  { ticks: 15, amount: 12_000_000n, count: 24, fee: 400_000n },
  { ticks: 60, amount: 36_000_000n, count: 72, fee: 1_200_000n },
];
const VELOCITY: Policy['velocity'] = [
  { per: 'destination', ticks: 30, amount: 6_000_000n, count: 12 },
  { per: 'requester', ticks: 40, amount: 20_000_000n, count: 40 },
];
const TIERS: Readonly<Record<Degree, readonly [bigint, bigint]>> = {
  0: [400_000n, 1_200_000n],
  1: [800_000n, 2_000_000n],
  2: [1_200_000n, 2_600_000n],
};
const DESTINATION_TICKS: Readonly<Record<Degree, number>> = { 0: 14, 1: 10, 2: 6 };

/** A half, the whole, or half as much again. */
const scale = (amount: bigint, degree: Degree): bigint => (amount * BigInt(degree + 1)) / 2n;
const scaleCount = (count: number, degree: Degree): number => (count * (degree + 1)) / 2;

export function policyOf(degree: Degree): Partial<Policy> {
  const approvers = ['ann', 'bea', 'cat', 'eve', ...(degree === 0 ? [] : [REMOVED_APPROVER])];
  const [some, many] = TIERS[degree];
  return {
    amountPerTransaction: scale(6_000_000n, degree),
    windows: WINDOWS.map((row) => ({
      ticks: row.ticks,
      amount: scale(row.amount, degree),
      count: scaleCount(row.count, degree),
      fee: scale(row.fee, degree),
    })),
    velocity: VELOCITY.map((row) => ({
      ...row,
      amount: scale(row.amount, degree),
      count: scaleCount(row.count, degree),
    })),
    feeAbsolute: scale(60_000n, degree),
    feeShareFloor: 10_000n,
    freezeTicks: 10,
    // No gate may stand in for another within the run: that is the stated limit, and not what is looked at here.
    gateDelay: 1_000_000,
    destinations: 'registered',
    destinationTicks: DESTINATION_TICKS[degree],
    allow: [...ALLOWED],
    deny: degree === 0 ? [...DENIED] : DENIED.slice(0, 1),
    tiers: [
      { above: some, approvals: 2, approvers },
      { above: many, approvals: 3, approvers },
    ],
    loosenTicks: 12,
  };
}

/** What a charter of this degree says otherwise than the one before it. */
export function changesOf(degree: Degree, before: Charter, everybody: readonly Approver[]): Partial<Charter> {
  return {
    policy: { ...before.policy, ...policyOf(degree) },
    approvers: everybody.filter(({ name }) => degree > 0 || name !== REMOVED_APPROVER),
  };
}
