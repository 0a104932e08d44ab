/** What must hold after a point, whichever role it was. */
import { replayLogs } from '@coldwire/audit';
import type { Plan } from './plan.ts';
import type { Ended, RoleName } from './role.ts';

export interface Judgement {
  /** Lines `[ !]NTH<TAB>LABEL`, in the order of the effects until the program first ended. */
  readonly trace: readonly string[];
  /** Whether the fault was injected. */
  readonly fired: boolean;
  /** In words; none: the point holds. */
  readonly problems: readonly string[];
}

/** Findings of `coldwire-audit replay`, which does all that `verify` does, over whole logs. */
export function auditLogs(logs: readonly string[], charter: string): readonly string[] {
  const { findings, mismatches } = replayLogs(logs, charter);
  const rows = findings.map((finding) => `the auditor: ${JSON.stringify(finding)}`);
  return mismatches === 0 ? rows : [...rows, `the auditor: ${mismatches} decisions come out otherwise`];
}

export const KILLS: readonly string[] = ['kill', 'kill-after', 'torn'];

/** One line for people, last: what was wrong, where, what to do. */
const LINE = /^coldwire-(signer|gate|vault): (\[[A-Z_]+\] )?.+\. [A-Z].*\.\n$/m;
const IO = 6;
/** What each ends with when it is told to (SIGTERM). */
export const STOPPED: Readonly<Record<RoleName, number>> = { signer: 143, gate: 0, vault: 0 };

/** Whether it ended as documented: killed, or with the code of input and output and a line that says what to do. */
export function judgeEnd(
  role: RoleName,
  fault: Plan['fault'],
  { code, signal }: Ended,
  log: string,
): readonly string[] {
  if (signal !== null) {
    const wanted = KILLS.includes(fault?.kind ?? '');
    return wanted && signal === 'SIGKILL' ? [] : [`${role} ended by ${signal}`];
  }
  if (code === STOPPED[role]) return [];
  const last = log.slice(log.lastIndexOf('\n', log.length - 2) + 1);
  const problems = code === IO ? [] : [`exit code ${code}, not ${IO}: ${last}`];
  return LINE.test(last) ? problems : [...problems, `it ends without a line that says what to do: ${last}`];
}
