/**
 * Limits per destination and per requester, and the lists of destinations.
 * Spec: protocol-spec/5-charter.md, "Consistency".
 */
import { toHex } from '../bytes.ts';
import type { Policy } from './charter.ts';

function findVelocityProblems({ velocity }: Policy): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const [place, { per, ticks, amount, count }] of velocity.entries()) {
    const key = `${per} ${ticks}`;
    if (seen.has(key)) problems.push(`velocity ${place}: a second limit per ${per} for ${ticks} ticks`);
    seen.add(key);
    if (ticks < 1) problems.push(`velocity ${place}: ticks is 0`);
    // Each signer enforces two thirds, rounded down: less than 2 would be nothing.
    if (amount < 2n) problems.push(`velocity ${place}: amount is ${amount}, must be at least 2`);
    if (count < 2) problems.push(`velocity ${place}: count is ${count}, must be at least 2`);
  }
  return problems;
}

export function findDestinationProblems(policy: Policy): string[] {
  const { destinations, destinationTicks, allow, deny } = policy;
  const allowed = new Set(allow.map(toHex));
  const denied = new Set(deny.map(toHex));
  const problems = findVelocityProblems(policy);
  if (allowed.size !== allow.length) problems.push('allow: a destination stands twice');
  if (denied.size !== deny.length) problems.push('deny: a destination stands twice');
  for (const script of denied) if (allowed.has(script)) problems.push(`${script} is both allowed and denied`);
  if (destinations === 'listed' && allow.length === 0)
    problems.push('destinations is listed, and allow is empty: nothing could be paid');
  if (destinations === 'registered' && destinationTicks < 1)
    problems.push('destinations is registered, and destinationTicks is 0');
  return problems.map((problem) => `policy: ${problem}`);
}
