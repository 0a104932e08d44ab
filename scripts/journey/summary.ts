/** What the journey observed, and whether it is what was promised. */

/** The summary; fields are filled as the journey observes them. */
export interface Summary {
  ok: boolean;
  withdrawals: number;
  confirmed: number;
  txids: string[];
  refusals: string[];
  signersUsed: (readonly string[])[];
  memory: { unlocked: number; locked: number; secrets: Record<string, number> } | null;
  audit: {
    messages: number;
    findings: number;
    replayed: number;
    mismatches: number;
    tamperDetected: boolean;
  } | null;
  networkSyscalls: number | null;
  networkNamespaces: boolean | null;
  notObserved: Record<string, string>;
}

export function emptySummary(): Summary {
  return {
    ok: false,
    withdrawals: 0,
    confirmed: 0,
    txids: [],
    refusals: [],
    signersUsed: [],
    memory: null,
    audit: null,
    networkSyscalls: null,
    networkNamespaces: null,
    notObserved: {},
  };
}

/** What was promised, against what was seen. A value that could not be observed counts against it only if strict. */
export function judge(summary: Summary, strict: boolean): boolean {
  const { memory, audit: audited } = summary;
  const unobserved = Object.keys(summary.notObserved).length > 0;
  const codes = ['AMOUNT_TX', 'SCREEN_AMOUNT', 'NOT_CHANGE', 'INTENT_SIGNATURE'];
  return (
    !(strict && unobserved) &&
    summary.withdrawals === 7 &&
    summary.confirmed === 7 &&
    codes.every((code) => summary.refusals.includes(code)) &&
    summary.signersUsed.every((signers) => signers.length === 2) &&
    new Set(summary.signersUsed.map(String)).size >= 2 &&
    (memory === null ? 'memory' in summary.notObserved : memory.unlocked === 1 && memory.locked === 0) &&
    audited !== null &&
    audited.findings === 0 &&
    audited.mismatches === 0 &&
    audited.replayed > 0 &&
    audited.tamperDetected &&
    (summary.networkSyscalls ?? 0) === 0 &&
    summary.networkNamespaces !== false
  );
}
