/**
 * `replay`: everything that `verify` checks, and then every rule run again. From a machine's own log where it was given, with
 * the exact readings; else from the vault's logs of its line. Spec: protocol-spec/9-evidence.md, "Audit".
 */
import { readSignedCharter } from '@coldwire/channel';
import { type GateCharter, loadJoinedCharter } from '@coldwire/gate/core/charter.ts';
import { type CharterInForce, loadCharter } from '@coldwire/policy';
import { EXIT, Failure } from '@coldwire/program';
import { BODY_MAX, Clear, Cleared, decode, Header, SALT_LENGTH, Signed, toHex } from '@coldwire/protocol';
import { Findings } from '../finding.ts';
import type { Transcript } from '../log/transcript.ts';
import { makeReport, type Report } from '../report.ts';
import { listGates, openRoster, type Roster } from '../roster.ts';
import { groupByMachine, type Line, machineOf } from '../verify/line.ts';
import { pairVerdicts } from '../verify/requests.ts';
import { loadTranscripts, type Progress, type Verified, verifyTranscripts } from '../verify/verify.ts';
import type { Core } from './core.ts';
import { type Disclosed, GateCore } from './gate-core.ts';
import { replayOwnLog } from './own-log.ts';
import { SignerCore } from './signer-core.ts';
import { Tally } from './tally.ts';
import { replayVaultLogs } from './vault-log.ts';

/**
 * @param paths evidence log directories, or directories above them
 * @param charter path of charter.cbor
 * @throws Failure when there is no log, or the charter is not in force
 */
export function replayLogs(paths: readonly string[], charter: string, progress?: Progress): Report {
  const roster = openRoster(charter);
  const findings = new Findings();
  const transcripts = loadTranscripts(paths, roster, findings, progress);
  const verified = verifyTranscripts(transcripts, roster, findings, progress);
  const tally = new Tally(findings);
  const open = makeCores(charter, roster, verified);
  for (const [name, role] of roster.roles) {
    if (role === 'vault') continue;
    const own = transcripts.filter(({ owner }) => owner === name);
    const lines = verified.lines.filter(({ peer, up }) => peer === name && up.length > 0);
    if (own.length > 0) replayOwn(own, () => open(name), tally, findings, progress);
    const told = new Set(own.map((log) => machineOf(log, roster)));
    for (const [machine, theirs] of groupByMachine(lines, roster)) {
      if (told.has(machine)) continue;
      progress?.(`replaying ${name} from the vault's logs`);
      replayVaultLogs(theirs, open(name), roster, tally);
    }
  }
  tally.noteSkipped();
  const { replayed, mismatches } = tally;
  return makeReport('replay', transcripts, findings, {
    cleared: verified.cleared.length,
    replayed,
    mismatches,
  });
}

/** Each copy of a log by itself: a copy that forks from another is a finding of `verify`. */
function replayOwn(
  own: readonly Transcript[],
  open: () => Core,
  tally: Tally,
  findings: Findings,
  progress?: Progress,
): void {
  for (const transcript of own) {
    progress?.(`replaying ${transcript.owner}, ${transcript.log.directory}`);
    replayOwnLog(transcript, open(), open(), tally, findings);
  }
}

/** A fresh core for a machine of the charter, with everything that the logs disclose. */
function makeCores(path: string, roster: Roster, { lines, cleared }: Verified): (name: string) => Core {
  const charter = openCharter(path, roster);
  const witnesses = new Map(cleared.map((spend) => [spend.txid, spend]));
  const disclosed = gatherKeys(lines);
  return (name) => {
    if (roster.roles.get(name) === 'signer') return new SignerCore(charter, name, witnesses);
    return new GateCore(openGateCharter(path, roster, name), disclosed);
  };
}

/** A gate has one pair of keys for life: those of the first charter that lists it. */
function openGateCharter(path: string, roster: Roster, name: string): GateCharter {
  const [own] = listGates(roster, name);
  if (own === undefined) throw new Error(`no charter has a gate ${name}`);
  const loaded = loadJoinedCharter(readSignedCharter(path), own);
  if (loaded.ok) return loaded.value;
  throw new Error(`the gate's own code refuses the charter: ${loaded.problem}`);
}

function openCharter(path: string, roster: Roster): CharterInForce {
  const loaded = loadCharter(roster.bytes);
  if (loaded.ok) return loaded.value;
  throw new Failure(EXIT.BAD_INPUT, {
    what: `the charter does not hold together: ${loaded.problems.join('; ')}`,
    where: path,
    todo: 'Name the charter.cbor that the machines run under.',
  });
}

/** Every content key that a gate disclosed, by the sealed message that it opens. */
function gatherKeys(lines: readonly Line[]): Disclosed {
  const disclosed = new Map<string, Uint8Array>();
  for (const { result, request } of lines.flatMap(pairVerdicts)) {
    if (result.type !== 'CLEARED') continue;
    const cleared = decode(Cleared, result.body, BODY_MAX);
    const clear = decode(Clear, request.body, BODY_MAX);
    if (!cleared.ok || !clear.ok) continue; // findings of verify
    const keys = new Map(cleared.value.keys);
    for (const [headerBytes, body] of clear.value.signed) {
      const header = decode(Header, headerBytes, 1024);
      const signed = decode(Signed, body.subarray(SALT_LENGTH), BODY_MAX);
      const key = header.ok ? keys.get(header.value.sender) : undefined;
      if (signed.ok && key !== undefined) disclosed.set(toHex(signed.value.sealed.ephemeral), key);
    }
  }
  return disclosed;
}
