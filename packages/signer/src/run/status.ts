/**
 * What `coldwire-signer status` says: how this signer is, and above all who or what keeps it from signing, since when, and
 * what it waits for. Computed from the state at the moment of the question; changes nothing.
 */
import { type DiskState, type DiskWatch, describeDisk } from '@coldwire/evidence';
import { type CharterInForce, describeState, formatTicks, missingGates } from '@coldwire/policy';
import { freezeInForce } from '@coldwire/policy/state/view.ts';
import { describeProgram } from '@coldwire/program';
import { toHex } from '@coldwire/protocol';
import { isListed, type SignerState } from '../core/state.ts';
import type { Verdict } from '../io/preflight.ts';
import type { Answer } from './console.ts';
import type { Machine } from './machine.ts';
import type { Report } from './report.ts';

/** Something that keeps this signer from signing, or soon will. */
export interface Blocker {
  /** Of protocol-spec/codes.json: RUNBOOK.md says what to do. */
  readonly code: string;
  /** Since when, as ISO 8601; null where that is not known. */
  readonly since: string | null;
  readonly text: string;
}

/** What only the running program knows. Times in ms since 1970. */
export interface Circumstances {
  readonly now: number;
  /** µs of running time. */
  readonly uptime: number;
  readonly started: number;
  readonly unlocked: boolean;
  readonly lockChanged: number;
  readonly connected: boolean;
  readonly lineChanged: number;
  /** Why the port is away; null while it is there. */
  readonly portGone: string | null;
  /** Null where the disk does not answer. */
  readonly disk: DiskState | null;
}

export function findBlockers(state: SignerState, at: Circumstances): Blocker[] {
  return [
    ...findMissingListing(state),
    ...findLatch(state, at),
    ...findSeal(state, at),
    ...findMissingWitness(state, at),
    ...findFreeze(state, at),
    ...findStaleClock(state, at),
    ...findLine(at),
    ...findDisk(at),
  ];
}

const iso = (ms: number): string => new Date(ms).toISOString();

function findMissingListing(state: SignerState): Blocker[] {
  if (isListed(state)) return [];
  const text = `no charter in force here gives ${state.name} its key: it waits for one, handed over by the vault (coldwire-vault charter FILE)`;
  return [{ code: 'WRONG_PEER', since: null, text }];
}

function findLatch({ name, policy }: SignerState, at: Circumstances): Blocker[] {
  const { latch } = policy.memory;
  if (latch === null) return [];
  const { code, gate, have, seen } = latch;
  const why =
    gate === name
      ? 'latched: new under this name, without the memory of the one before'
      : `latched: ${gate} has seen its message ${seen}, this disk holds ${have}`;
  const text = `${why}; waiting for ${policy.charter.charter.quorum} custodians: coldwire-custody order restore --start ${policy.memory.nonce ?? ''}`;
  return [
    {
      code,
      since: iso(at.now - age(policy.charter, describeState(policy, at.uptime).millitick - latch.since)),
      text,
    },
  ];
}

function findSeal({ name, policy }: SignerState, at: Circumstances): Blocker[] {
  if (at.unlocked) return [];
  const shares = policy.charter.charter.custody.shares.find(({ signer }) => signer === name);
  const holders = shares?.holders.map(([holder]) => holder) ?? [];
  const text = `sealed: waiting for ${shares?.threshold ?? '?'} of ${holders.join(', ')}`;
  return [{ code: 'LOCKED', since: iso(at.lockChanged), text }];
}

function findMissingWitness({ policy }: SignerState, at: Circumstances): Blocker[] {
  const missing = missingGates(policy.memory, policy.charter);
  if (missing.length === 0) return [];
  return [
    { code: 'UNWITNESSED', since: iso(at.started), text: `unwitnessed: waiting for ${missing.join(', ')}` },
  ];
}

function findFreeze({ policy }: SignerState, at: Circumstances): Blocker[] {
  const { millitick } = describeState(policy, at.uptime);
  const freeze = freezeInForce(policy, millitick);
  if (freeze === undefined) return [];
  const left = freeze.until - millitick;
  const until = Number.isFinite(left)
    ? `for ${formatTicks(left)} ticks more, until about ${iso(at.now + age(policy.charter, left))}`
    : 'until a quorum of custodians ends it';
  const since = iso(at.now - age(policy.charter, millitick - freeze.since));
  return [{ code: 'FROZEN', since, text: `frozen by ${freeze.by} ${until}` }];
}

/** ms that so many milliticks take when blocks come at the charter's pace. */
function age(charter: CharterInForce, milliticks: number): number {
  return Math.max(0, milliticks) * charter.charter.clock.spacing;
}

function findStaleClock({ policy }: SignerState, at: Circumstances): Blocker[] {
  const { tipTime, tipHeight } = describeState(policy, at.uptime);
  const { fresh } = policy.charter.charter.clock;
  const newest = iso(tipTime * 1000);
  if (Math.abs(at.now / 1000 - tipTime) <= fresh) return [];
  const ahead = tipTime > at.now / 1000;
  const text = ahead
    ? `clock: the newest header (${tipHeight}) is of ${newest}, after this machine's time; is its clock right (date -u)?`
    : `waiting for headers: the newest (${tipHeight}) is of ${newest}`;
  return [{ code: 'CLOCK_STALE', since: ahead ? null : iso((tipTime + fresh) * 1000), text }];
}

function findLine(at: Circumstances): Blocker[] {
  // The link itself notices a port that has gone only by its silence.
  if (at.connected && at.portGone === null) return [];
  const since = iso(at.lineChanged);
  if (at.portGone !== null) return [{ code: 'LINE_GONE', since, text: `the port is away: ${at.portGone}` }];
  return [{ code: 'LINE_GONE', since, text: 'no connection: the vault does not call, or the cable is out' }];
}

function findDisk({ disk }: Circumstances): Blocker[] {
  if (disk === null) return [{ code: 'DISK_LOW', since: null, text: 'disk: its free space cannot be read' }];
  return disk.level === 'ok' ? [] : [{ code: 'DISK_LOW', since: null, text: `disk: ${describeDisk(disk)}` }];
}

export function describeSigner(machine: Machine, report: Report, verdict: Verdict, disk: DiskWatch): Answer {
  const { policy, name } = machine.state;
  const { charter } = policy;
  const { uptime } = machine.read();
  const status = describeState(policy, uptime);
  const custodians = charter.charter.custody.shares.find(({ signer }) => signer === name);
  const holders = custodians?.holders.map(([name]) => name) ?? [];
  const at = describeCircumstances(machine, report, disk);
  return {
    signer: name,
    start: policy.memory.nonce,
    state: machine.unlocked ? 'unlocked' : 'locked',
    since: iso(at.lockChanged),
    blockers: findBlockers(machine.state, at).map((blocker) => ({ ...blocker })),
    waitsFor: machine.unlocked ? [] : holders,
    sharesNeeded: custodians?.threshold ?? 0,
    connected: machine.connected && at.portGone === null,
    lineSince: iso(at.lineChanged),
    frozen: status.frozen,
    tipHeight: status.tipHeight,
    tipTime: iso(status.tipTime * 1000),
    millitick: status.millitick,
    coins: status.coins,
    lastSigned: report.lastSigned === null ? null : { ...report.lastSigned },
    lastRefused: [...report.lastRefused],
    waived: verdict.waived.map(({ name }) => name),
    disk: at.disk === null ? null : { ...at.disk },
    charter: toHex(charter.hash),
    epoch: status.epoch,
    program: describeProgram(),
    pending: status.pending.map(([epoch, hash, left]) => ({
      epoch,
      charter: toHex(hash),
      ticksLeft: formatTicks(left),
    })),
  };
}

function describeCircumstances(machine: Machine, report: Report, disk: DiskWatch): Circumstances {
  return {
    now: Date.now(),
    uptime: machine.read().uptime,
    started: report.started,
    unlocked: machine.unlocked,
    lockChanged: report.lockChanged,
    connected: machine.connected,
    lineChanged: report.lineChanged,
    portGone: report.portGone,
    disk: lookAt(disk),
  };
}

function lookAt(disk: DiskWatch): DiskState | null {
  try {
    return disk.look();
  } catch {
    return null; // said as a blocker
  }
}
