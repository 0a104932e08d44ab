/**
 * What every one of several charters allows: for drafts that machines under different charters are to sign and clear. A convenience:
 * each of them judges by its own. Lists and rows are the newest one's, because which of two is stricter is not always a question.
 * What is dead to one machine and not yet to another is dead to no draft: so the deepest burial counts.
 */
import type { CharterInForce } from '@coldwire/policy';
import type { Policy } from '@coldwire/protocol';

const least = <T extends number | bigint>(values: readonly T[], first: T): T =>
  values.reduce((low, value) => (value < low ? value : low), first);

const LEAST = [
  'maxInputs',
  'maxOutputs',
  'maxIntents',
  'maxVsize',
  'feeRate',
  'feeShare',
  'changeGap',
  'receiveLimit',
  'intentLife',
  'intentAhead',
] as const satisfies readonly (keyof Policy)[];
const LEAST_SATS = [
  'amountPerTransaction',
  'feeAbsolute',
  'feeShareFloor',
] as const satisfies readonly (keyof Policy)[];

/** @param charters of one chain, oldest first; undefined for none */
export function strictest(charters: readonly CharterInForce[]): CharterInForce | undefined {
  const newest = charters.at(-1);
  if (newest === undefined || charters.length === 1) return newest;
  const policies = charters.map(({ policy }) => policy);
  const numbers = LEAST.map(
    (key) =>
      [
        key,
        least(
          policies.map((one) => one[key]),
          newest.policy[key],
        ),
      ] as const,
  );
  const sats = LEAST_SATS.map(
    (key) =>
      [
        key,
        least(
          policies.map((one) => one[key]),
          newest.policy[key],
        ),
      ] as const,
  );
  const policy: Policy = {
    ...newest.policy,
    ...Object.fromEntries(numbers),
    ...Object.fromEntries(sats),
    gateDelay: Math.max(...policies.map(({ gateDelay }) => gateDelay)),
    scripts: newest.policy.scripts.filter((type) => policies.every(({ scripts }) => scripts.includes(type))),
  };
  const burial = Math.max(...charters.map(({ charter }) => charter.clock.burial));
  const clock = { ...newest.charter.clock, burial };
  return { ...newest, policy, charter: { ...newest.charter, policy, clock } };
}
