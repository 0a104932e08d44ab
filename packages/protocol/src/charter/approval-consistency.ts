/**
 * Approvers, their tiers, and the quorum of custodians: everybody who is named exists, enough of them can act without the
 * one who asks, and on mainnet without one who is away.
 * Spec: protocol-spec/5-charter.md, "Consistency".
 */
import type { Charter } from './charter.ts';

/** Mainnet: a charter that loosens anything, as every one that replaces somebody does, counts after a day to a month. */
const MAINNET_LOOSEN_TICKS = [144, 4_320] as const;

function findRepeats(what: string, items: readonly string[]): string[] {
  return new Set(items).size === items.length ? [] : [`${what}: one is named twice`];
}

function findApproverProblems({ approvers, requesters }: Charter): string[] {
  const names = new Set(approvers.map(({ name }) => name));
  const keys = approvers.flatMap(({ name, keys }) => keys.map((key) => ({ name, ...key })));
  const strangers = requesters.flatMap(({ name, people }) =>
    people
      .filter((person) => !names.has(person))
      .map((person) => `requester ${name}: ${person} is no approver`),
  );
  return [
    ...keys
      .filter(({ kind, application }) => (kind === 'ssh-ed25519') !== (application === ''))
      .map(({ name }) => `a key of ${name}: a security key has an application, a key in a file has none`),
    ...requesters.flatMap(({ name, people }) => findRepeats(`requester ${name}: people`, people)),
    ...strangers,
  ];
}

/** Who could approve an intent of this requester. */
function eligible(approvers: readonly string[], people: readonly string[]): number {
  return approvers.filter((name) => !people.includes(name)).length;
}

function findTierProblems({ approvers, requesters, policy, network }: Charter): string[] {
  const names = new Set(approvers.map(({ name }) => name));
  const spare = network === 'mainnet' ? 1 : 0;
  return policy.tiers.flatMap((tier, place) => {
    const at = `tier ${place}`;
    const before = policy.tiers[place - 1];
    const short = requesters.filter(
      ({ people }) => eligible(tier.approvers, people) < tier.approvals + spare,
    );
    return [
      ...(before !== undefined && tier.above <= before.above
        ? [`${at}: tiers go from small to large amounts`]
        : []),
      ...(tier.approvals < 1 ? [`${at}: needs no approval`] : []),
      ...findRepeats(`${at}: approvers`, tier.approvers),
      ...tier.approvers.filter((name) => !names.has(name)).map((name) => `${at}: ${name} is no approver`),
      ...short.map(
        ({ name, people }) =>
          `${at}: ${tier.approvals} approvals needed, ${eligible(tier.approvers, people)} could approve for ${name}${spare === 1 ? ', and one may be away' : ''}`,
      ),
    ];
  });
}

function findQuorumProblems({ quorum, custodians, policy, network }: Charter): string[] {
  const problems: string[] = [];
  if (quorum < 2) problems.push(`quorum is ${quorum}: one person alone could change the charter`);
  if (quorum > custodians.length) problems.push(`quorum is ${quorum} of ${custodians.length} custodians`);
  if (policy.loosenTicks < 1) problems.push('loosenTicks is 0');
  if (network !== 'mainnet') return problems;
  if (quorum * 2 <= custodians.length)
    problems.push(
      `quorum is ${quorum} of ${custodians.length}: less than a majority could change the charter`,
    );
  if (quorum >= custodians.length)
    problems.push('quorum: every custodian is needed, so one absence would stop every change');
  const [least, most] = MAINNET_LOOSEN_TICKS;
  if (policy.loosenTicks < least || policy.loosenTicks > most)
    problems.push(`loosenTicks is ${policy.loosenTicks}, on mainnet ${least} to ${most}`);
  return problems;
}

/** Every problem of approvers, tiers and quorum. */
export function findApprovalProblems(charter: Charter): string[] {
  return [...findApproverProblems(charter), ...findTierProblems(charter), ...findQuorumProblems(charter)];
}
