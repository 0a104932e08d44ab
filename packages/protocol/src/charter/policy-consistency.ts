/**
 * Limits that could never be kept, could never be reached, or contradict each other.
 * Spec: protocol-spec/5-charter.md, "Consistency".
 */
import { MAX_MONEY } from '../amount.ts';
import { MAX_CHANGE, MAX_INPUTS, MAX_INTENTS } from '../message/bodies.ts';
import { MAX_INDEX } from './account-path.ts';
import type { NetworkName, Policy } from './charter.ts';

/** vB: nodes relay nothing larger (400,000 weight units; Bitcoin Core, MAX_STANDARD_TX_WEIGHT). */
const MAX_VSIZE = 100_000;
/** Test networks may mine what they do not relay. */
const MAX_TEST_VSIZE = 1_000_000;
/** sat per 1,000 vB: what nodes relay from on (Bitcoin Core, minrelaytxfee until 29). */
const LEAST_FEE_RATE = 1000;
/** A homeward transaction pays a power of two (10-policy.md, LIMIT): for each size there is one from 1 to 2 sat per vB. */
const MAINNET_FEE_RATE = 2 * LEAST_FEE_RATE;

/**
 * sat, mainnet: below, nothing would ever be paid. Nodes relay from 1 sat/vB on: some 160 sat for one input of 2-of-3 and one
 * output, and this leaves room for six times as much. An amount below it costs about as much to send as it is worth.
 */
const MAINNET_LEAST = 1_000n;

type Range = readonly [what: string, value: number | bigint, low: number | bigint, high: number | bigint];

function findWindowProblems(windows: Policy['windows']): string[] {
  const problems: string[] = [];
  for (const [place, window] of windows.entries()) {
    const before = windows[place - 1];
    if (before === undefined) continue;
    if (window.ticks <= before.ticks) problems.push(`window ${place}: windows go from short to long`);
    if (window.amount < before.amount || window.count < before.count || window.fee < before.fee) {
      problems.push(`window ${place}: allows less than the shorter one before it`);
    }
  }
  return problems;
}

function findUnpayable({ feeAbsolute, amountPerTransaction, feeShare, feeShareFloor }: Policy): string[] {
  const rows: readonly (readonly [boolean, string])[] = [
    [amountPerTransaction < MAINNET_LEAST, `amountPerTransaction is ${amountPerTransaction}`],
    [feeAbsolute < MAINNET_LEAST, `feeAbsolute is ${feeAbsolute}`],
    [feeShare < 1 && feeShareFloor < MAINNET_LEAST, `feeShare is 0 and feeShareFloor ${feeShareFloor}`],
  ];
  return rows
    .filter(([isSo]) => isSo)
    .map(([, problem]) => `${problem}, on mainnet at least ${MAINNET_LEAST}: nothing would ever be paid`);
}

/** A share of a small coin is no fee for its way home (10-policy.md, "Bounded spends"). */
function findHomeless({ feeShare, feeShareFloor }: Policy): string[] {
  return feeShare < 1 || feeShareFloor >= MAINNET_LEAST
    ? []
    : [
        `feeShareFloor is ${feeShareFloor}, on mainnet at least ${MAINNET_LEAST}: small coins could not go home`,
      ];
}

export function findPolicyProblems(policy: Policy, network: NetworkName): string[] {
  // Each signer enforces two thirds, rounded down: less than 2 would be nothing.
  const windows = policy.windows.flatMap((window, place): Range[] => [
    [`window ${place}: ticks`, window.ticks, 1, 1_000_000],
    [`window ${place}: amount`, window.amount, 2n, MAX_MONEY],
    [`window ${place}: count`, window.count, 2, 1_000_000],
    [`window ${place}: fee`, window.fee, 2n, MAX_MONEY],
  ]);
  const ranges: readonly Range[] = [
    ['maxInputs', policy.maxInputs, 1, MAX_INPUTS],
    ['maxOutputs', policy.maxOutputs, 1, MAX_INTENTS + MAX_CHANGE],
    ['maxIntents', policy.maxIntents, 1, MAX_INTENTS],
    ['maxVsize', policy.maxVsize, 200, network === 'mainnet' ? MAX_VSIZE : MAX_TEST_VSIZE],
    ['amountPerTransaction', policy.amountPerTransaction, 1n, MAX_MONEY],
    ['feeAbsolute', policy.feeAbsolute, 1n, MAX_MONEY],
    ['feeRate', policy.feeRate, network === 'mainnet' ? MAINNET_FEE_RATE : LEAST_FEE_RATE, 1_000_000_000],
    ['feeShareFloor', policy.feeShareFloor, 0n, MAX_MONEY],
    ['changeGap', policy.changeGap, 1, 10_000],
    ['receiveLimit', policy.receiveLimit, 1, MAX_INDEX],
    ['intentLife', policy.intentLife, 1, 100_000],
    ['freezeTicks', policy.freezeTicks, 1, 10_000],
    ...windows,
  ];
  const outside = ranges.filter(([, value, low, high]) => value < low || value > high);
  const scripts =
    new Set(policy.scripts).size === policy.scripts.length ? [] : ['scripts: one is named twice'];
  return [
    ...outside.map(([what, value, low, high]) => `policy: ${what} is ${value}, must be ${low} to ${high}`),
    ...scripts.map((problem) => `policy: ${problem}`),
    ...findWindowProblems(policy.windows).map((problem) => `policy: ${problem}`),
    ...(network === 'mainnet' ? [...findUnpayable(policy), ...findHomeless(policy)] : []).map(
      (problem) => `policy: ${problem}`,
    ),
  ];
}
