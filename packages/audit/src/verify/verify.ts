/**
 * `verify`: every check that needs no rule of a machine run again, on another crypto stack than the machines'. In the order
 * of what rests on what: logs, messages, chains, both ends, requests, signatures, payments.
 * Spec: protocol-spec/9-evidence.md, "Audit".
 */
import {
  BODY_MAX,
  Clear,
  decode,
  encode,
  hashRequest,
  MessageBytes,
  SignRequest,
  toHex,
} from '@coldwire/protocol';
import { Findings } from '../finding.ts';
import { followCharters } from '../log/charters.ts';
import { findLogs } from '../log/find-logs.ts';
import { loadLog } from '../log/load-log.ts';
import { type LoggedMessage, nameOf, readMessage } from '../log/message.ts';
import { readTranscript, type Transcript } from '../log/transcript.ts';
import { makeReport, type Report } from '../report.ts';
import { openRoster, type Roster } from '../roster.ts';
import { Burials } from './burials.ts';
import { checkChains } from './chain.ts';
import { type ClearedSpend, checkCleared } from './cleared.ts';
import { buildTable, checkEnds, checkSame, logsOf, type Table } from './ends.ts';
import { checkFirstSights } from './first-sight.ts';
import { gatherLines, groupByMachine, type Line } from './line.ts';
import { checkNotices, checkStarts } from './notices.ts';
import { checkOrigin, checkOwner } from './origin.ts';
import { checkPayments } from './payments.ts';
import { checkReadings } from './readings.ts';
import { checkRequests, checkVerdictsGiven, pairVerdicts } from './requests.ts';
import { checkSigned, Spends } from './signed.ts';

/** Says what is being worked on; for a person who waits. */
export type Progress = (line: string) => void;

/**
 * @param paths evidence log directories, or directories above them
 * @param charter path of charter.cbor
 * @throws Failure when there is no log, or the charter is not in force
 */
export function verifyLogs(paths: readonly string[], charter: string, progress?: Progress): Report {
  const roster = openRoster(charter);
  const findings = new Findings();
  const transcripts = loadTranscripts(paths, roster, findings, progress);
  const verified = verifyTranscripts(transcripts, roster, findings, progress);
  return makeReport('verify', transcripts, findings, { cleared: verified.cleared.length });
}

export function loadTranscripts(
  paths: readonly string[],
  roster: Roster,
  findings: Findings,
  progress?: Progress,
): readonly Transcript[] {
  const logs = findLogs(paths).map((directory) => {
    progress?.(`reading ${directory}`);
    return loadLog(directory, findings);
  });
  followCharters(logs, roster);
  return logs.flatMap((log) => readTranscript(log, roster, findings) ?? []);
}

export interface Verified {
  readonly table: Table;
  readonly lines: readonly Line[];
  readonly cleared: readonly ClearedSpend[];
}

export function verifyTranscripts(
  transcripts: readonly Transcript[],
  roster: Roster,
  findings: Findings,
  progress?: Progress,
): Verified {
  for (const transcript of transcripts) {
    progress?.(`verifying ${transcript.messages.length} messages of ${transcript.owner}`);
    for (const message of transcript.messages) {
      checkOrigin(message, roster, findings);
      checkOwner(message, transcript.owner, findings);
    }
    checkChains(transcript, findings);
    checkReadings(transcript, roster, findings);
    checkStarts(transcript, roster, findings);
    if (transcript.role === 'signer') checkNotices(transcript, findings);
  }
  const table = buildTable(transcripts, findings);
  checkEnds(transcripts, findings);
  const lines = gatherLines(table, roster);
  for (const line of lines) checkRequests(line, findings);
  for (const peer of new Set(lines.map((line) => line.peer))) {
    const theirs = lines.filter((line) => line.peer === peer);
    for (const machine of groupByMachine(theirs, roster).values()) checkVerdictsGiven(machine, findings);
  }
  checkFirstSights(transcripts, lines, roster, findings);
  const cleared = verifySpends({ transcripts, roster, findings, table, lines }, progress);
  return { table, lines, cleared };
}

interface Scene {
  readonly transcripts: readonly Transcript[];
  readonly roster: Roster;
  readonly findings: Findings;
  readonly table: Table;
  readonly lines: readonly Line[];
}

function verifySpends(scene: Scene, progress?: Progress): readonly ClearedSpend[] {
  const { roster, findings, lines } = scene;
  const spends = new Spends(roster, findings);
  for (const { down } of lines) for (const message of down) takeRequest(spends, message);
  const cleared: ClearedSpend[] = [];
  const seen = new Set<string>();
  for (const line of lines) {
    progress?.(`verifying spends on the line ${line.vault} to ${line.peer}`);
    for (const { result, request } of pairVerdicts(line)) {
      // A result that is repeated is the same body: what it says was verified.
      const body = `${result.type} ${toHex(hashRequest(result.body))}`;
      if (seen.has(body)) continue;
      if (result.type === 'SIGNED') checkSigned(spends, result, request.body);
      if (result.type !== 'CLEARED') continue;
      const spend = checkCleared(spends, result, request.body, readCarried(scene, request));
      if (spend !== undefined) cleared.push(spend);
      seen.add(body);
    }
  }
  checkPayments(spends, cleared, new Burials(lines, roster), findings);
  return cleared;
}

function takeRequest(spends: Spends, { type, body }: LoggedMessage): void {
  const clear = type === 'CLEAR' ? decode(Clear, body, BODY_MAX) : undefined;
  const inner = clear?.ok === true ? clear.value.request : type === 'SIGN' ? body : undefined;
  const request = inner === undefined ? undefined : decode(SignRequest, inner, BODY_MAX);
  if (inner !== undefined && request?.ok === true) spends.take(inner, request.value);
}

/** The SIGNED messages inside of a CLEAR: each a message of its own, which its signer's logs must hold. */
function readCarried(scene: Scene, request: LoggedMessage): readonly LoggedMessage[] {
  const { roster, findings, table, transcripts } = scene;
  const clear = decode(Clear, request.body, BODY_MAX);
  if (!clear.ok) return [];
  return clear.value.signed.flatMap((parts) => {
    const message = readMessage(encode(MessageBytes, parts), request, 'sent', findings);
    if (message === undefined) return [];
    checkOrigin(message, roster, findings);
    const { sender, recipient } = message.header;
    const known = table.get(nameOf(message));
    if (known !== undefined) checkSame(known, message, findings);
    else if (
      [...logsOf(transcripts, sender, recipient), ...logsOf(transcripts, recipient, sender)].length > 0
    ) {
      const what = `the gate was given ${nameOf(message)}, which the logs of its line do not hold`;
      findings.find('AUDIT_MISSING', request.place, what);
    }
    return [message];
  });
}
