/**
 * What an audit comes to: for programs one JSON object, for people what was checked, what that proves, every finding with its
 * place and what to do, and what no audit of these logs can show.
 */
import type { JsonValue } from '@coldwire/program';
import { AUDIT_CODES, type Finding, type Findings, type Note } from './finding.ts';
import { CHECK_LOG } from './log/load-log.ts';
import type { Transcript } from './log/transcript.ts';
import { CHECK_CHAIN } from './verify/chain.ts';
import { CHECK_CLEARED, CHECK_SIGNATURES } from './verify/cleared.ts';
import { CHECK_ENDS } from './verify/ends.ts';
import { CHECK_FIRST_SIGHT } from './verify/first-sight.ts';
import { CHECK_NOTICES } from './verify/notices.ts';
import { CHECK_ORIGIN } from './verify/origin.ts';
import { CHECK_PAYMENTS } from './verify/payments.ts';
import { CHECK_READINGS } from './verify/readings.ts';
import { CHECK_REQUESTS } from './verify/requests.ts';
import { CHECK_INTENTS, CHECK_SIGNED } from './verify/signed.ts';

export interface LogSummary {
  readonly directory: string;
  readonly owner: string;
  readonly role: string;
  readonly records: number;
  readonly messages: number;
  /** SHA-256 of the programs that wrote it, hexadecimal, in their order; one that ran several times is named once. */
  readonly programs: readonly string[];
}

export interface Check {
  /** How many things it looked at. */
  readonly number: number;
  /** One sentence: what was checked, and what that proves. */
  readonly proves: string;
}

export interface Report {
  readonly kind: 'verify' | 'replay';
  readonly logs: readonly LogSummary[];
  readonly messages: number;
  /** Decisions that were reached again, and those that came out otherwise. */
  readonly replayed: number;
  readonly mismatches: number;
  /** Transactions that a gate cleared and whose every signature verified. */
  readonly cleared: number;
  readonly checks: readonly Check[];
  readonly findings: readonly Finding[];
  readonly notes: readonly Note[];
}

export const CHECK_REPLAY = 'replay';
export const CHECK_STATE = 'state';

const PROVES: { readonly [check: string]: string } = {
  [CHECK_LOG]:
    'batches follow each other by hash, without a gap: nothing in a log was changed since it was written',
  [CHECK_ORIGIN]: 'messages are signed by the charter’s key of their sender: nobody else said them',
  [CHECK_CHAIN]:
    'messages name the one before and acknowledge what was taken: none is missing, doubled or moved',
  [CHECK_READINGS]: 'records have clock readings that only go forward: a replay is given what decided',
  [CHECK_ENDS]:
    'messages stand in more than one log, byte for byte the same: no log was forked or rolled back',
  [CHECK_REQUESTS]: 'results answer a request, in kind and once: nothing was signed or cleared unasked',
  [CHECK_NOTICES]: 'notices tell what the machine’s own log says: no start or freeze was invented',
  [CHECK_SIGNED]:
    'SIGNED are for the transaction that the auditor builds from the draft: signers signed that and no other',
  [CHECK_INTENTS]: 'signatures of requesters and screens verify: what was paid was asked for and screened',
  [CHECK_FIRST_SIGHT]:
    'intents had requester, screen and approvals by the charter then in force: nobody was believed longer than it named them',
  [CHECK_CLEARED]:
    'cleared transactions are the draft’s, and sealed bytes follow from the witness: nothing was added or hidden',
  [CHECK_SIGNATURES]: 'Bitcoin signatures verify on another library, in the one allowed form',
  [CHECK_PAYMENTS]: 'paid intents have no second transaction that could be mined beside the first',
  [CHECK_REPLAY]: 'decisions were reached again from the logged inputs: the same changes, the same bytes',
  [CHECK_STATE]: 'states at the end of a log are the ones that the rules come to',
};

export function makeReport(
  kind: Report['kind'],
  transcripts: readonly Transcript[],
  findings: Findings,
  numbers: { readonly cleared: number; readonly replayed?: number; readonly mismatches?: number },
): Report {
  const logs = transcripts.map(({ log, owner, role, items, messages }) => {
    const stated = items.flatMap((item) => (item.kind === 'local' ? (item.local.program ?? []) : []));
    return {
      directory: log.directory,
      owner,
      role,
      records: log.entries.length,
      messages: messages.length,
      programs: [...new Set(stated)],
    };
  });
  const checks = Object.entries(PROVES).flatMap(([check, proves]) => {
    const number = findings.counted(check);
    return number === 0 ? [] : [{ number, proves }];
  });
  const messages = logs.reduce((sum, log) => sum + log.messages, 0);
  const { cleared, replayed = 0, mismatches = 0 } = numbers;
  const { list, notes } = findings;
  return { kind, logs, messages, replayed, mismatches, cleared, checks, findings: list, notes };
}

/** The last line with `--json`. */
export function reportJson(report: Report): JsonValue {
  const { messages, replayed, mismatches, cleared, findings, logs, notes } = report;
  const list = findings.map((finding) => ({ ...finding, todo: AUDIT_CODES[finding.code].action }));
  return {
    messages,
    findings: findings.length,
    replayed,
    mismatches,
    cleared,
    list,
    logs: logs.map((log) => ({ ...log, programs: [...log.programs] })),
    notes: notes.map((note) => ({ ...note })),
  };
}

const LIMITS = [
  'A program states its own hash: compare it with the SHA256SUMS of the release, and what is installed with sha256sum.',
  'A log that was cut at its end is whole up to there. Only the other end of the line, or a later copy, shows the cut:',
  'audit all logs of a line together, and keep what you audited.',
  'That a nonce follows RFC 6979 cannot be seen without the key; here it shows as one signature per transaction, ever.',
];

/** One cause can have thousands of findings; people start at the first. */
const SHOWN_MAX = 100;

export function reportText(report: Report): string {
  const lines = [
    ...report.logs.flatMap(({ role, owner, records, messages, directory, programs }) => [
      `${role} ${owner}: ${records} records, ${messages} messages (${directory})`,
      ...programs.map((program) => `    by the program ${program}`),
    ]),
    '',
    ...report.checks.map(({ number, proves }) => `${`${number}`.padStart(9)}  ${proves}`),
    '',
    ...report.notes.map((note) => `note: record ${note.record} of ${note.log}: ${note.what}`),
    ...report.findings.slice(0, SHOWN_MAX).flatMap(findingLines),
    ...(report.findings.length > SHOWN_MAX ? ['Only the first are shown; --json lists all.'] : []),
    report.findings.length === 0 ? 'No findings.' : `${report.findings.length} findings.`,
    ...(report.kind === 'replay'
      ? [`${report.replayed} decisions replayed, ${report.mismatches} came out otherwise.`]
      : [`${report.cleared} cleared transactions verified.`]),
    '',
    ...LIMITS,
  ];
  return lines.join('\n');
}

function findingLines({ code, file, at, record, what }: Finding): readonly string[] {
  const { means, action } = AUDIT_CODES[code];
  return [
    `FINDING ${code}: ${what}`,
    `    where: record ${record}, ${file}, batch at byte ${at}`,
    `    means: ${means}`,
    `    do:    ${action}`,
  ];
}
