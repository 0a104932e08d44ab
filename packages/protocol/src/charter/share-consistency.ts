/**
 * Whether what one transaction may do fits into the parts of the windows that signers and gates enforce: two thirds for each
 * signer, the whole divided by their number for each gate. A transaction that fits no part would be signed and never cleared.
 * Spec: protocol-spec/5-charter.md, "Consistency".
 */
import type { Charter } from './charter.ts';

type Limit = readonly [what: string, amount: bigint];

/** The narrower of a signer's and a gate's part. */
function shareOf(whole: bigint, gates: number): bigint {
  const signer = (whole * 2n) / 3n;
  const gate = whole / BigInt(gates);
  return signer < gate ? signer : gate;
}

/** Parts of which nothing is left; what is below 2 is found elsewhere. */
function findEmptyShares({ policy, gates }: Charter): string[] {
  const rows: readonly Limit[] = [
    ...policy.windows.flatMap(({ amount, count, fee }, place): Limit[] => [
      [`window ${place}: amount`, amount],
      [`window ${place}: count`, BigInt(count)],
      [`window ${place}: fee`, fee],
    ]),
    ...policy.velocity.flatMap(({ amount, count }, place): Limit[] => [
      [`velocity ${place}: amount`, amount],
      [`velocity ${place}: count`, BigInt(count)],
    ]),
  ];
  return rows
    .filter(([, whole]) => whole >= 2n && shareOf(whole, gates.length) < 1n)
    .map(([what, whole]) => `${what} is ${whole}: nothing is left of it for each of ${gates.length} gates`);
}

/** Mainnet only: a test may want a window that one transaction fills. */
function findOversize({ policy, gates, network }: Charter): string[] {
  if (network !== 'mainnet') return [];
  return policy.windows.flatMap((window, place) => {
    const rows: readonly (readonly [...Limit, bigint])[] = [
      ['amountPerTransaction', policy.amountPerTransaction, window.amount],
      ['maxIntents', BigInt(policy.maxIntents), BigInt(window.count)],
      ['feeAbsolute', policy.feeAbsolute, window.fee],
    ];
    return rows.flatMap(([what, value, whole]) => {
      const share = shareOf(whole, gates.length);
      const problem = `${what} is ${value}, and a signer or gate lets ${share} pass in window ${place}`;
      return value > share ? [problem] : [];
    });
  });
}

export function findShareProblems(charter: Charter): string[] {
  return [...findEmptyShares(charter), ...findOversize(charter)].map((problem) => `policy: ${problem}`);
}
