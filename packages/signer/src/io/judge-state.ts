/** Preflight of what outlives the process: the clock, and the disk and directory of its state. Pure. */
import type { ClockFacts, StateFacts } from './host-facts.ts';
import type { Check } from './preflight.ts';

/** Before this release nobody can have started it; after that the machine is not ours to worry about. */
const EARLIEST = Date.UTC(2026, 10, 1) / 1000;
const LATEST = Date.UTC(2100, 0, 1) / 1000;
/** Seconds by which the battery-backed clock may differ: clocks drift, but one on local time is an hour off or more. */
const DRIFT = 15 * 60;
/** Seconds by which the last record may lie ahead: a clock that was set back hides how stale headers are. */
const BACK = 10 * 60;

/** File systems that keep what was synced, across a power cut, on a disk of this machine. */
const LASTING = ['ext4', 'xfs', 'btrfs', 'f2fs', 'zfs'];
const MIB = 1024 * 1024;
const SPACE = 256 * MIB;

export function judgeState(state: StateFacts, clock: ClockFacts): Check[] {
  return [judgeClock(clock), judgeDisk(state), judgeAccess(state), judgeSpace(state)];
}

function judgeClock({ now, rtc, lastRecord }: ClockFacts): Check {
  const faults = [
    ...(!(now >= EARLIEST && now <= LATEST) ? ['earlier than this release, or absurd'] : []),
    ...(rtc !== null && Math.abs(rtc - now) > DRIFT ? [`the hardware clock says ${date(rtc)}`] : []),
    ...(lastRecord !== null && lastRecord > now + BACK
      ? [`the evidence log was written later, ${date(lastRecord)}`]
      : []),
  ];
  return {
    name: 'clock',
    ok: faults.length === 0,
    found: [date(now), ...faults].join('; '),
    wanted: 'the time of day, in UTC on the hardware clock, and never before the last record',
    fix: "Compare with a watch: date -u; set it: date -u -s 'YYYY-MM-DD HH:MM' && hwclock --systohc --utc",
  };
}

/** NaN, which a broken clock could give, is no date. */
function date(seconds: number): string {
  const ms = seconds * 1000;
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(seconds);
}

/** A file system in memory forgets at a power cut; an overlay may be one, and what a network keeps is not this machine's. */
function judgeDisk({ path, fileSystem }: StateFacts): Check {
  return {
    name: 'state-disk',
    ok: LASTING.includes(fileSystem),
    found: `${fileSystem} (${path})`,
    wanted: `a file system on a disk of this machine: ${LASTING.join(', ')}`,
    fix: `Name another directory with --state; df -T '${path}' shows what this one lies on.`,
  };
}

function judgeAccess({ path, mode, owner }: StateFacts): Check {
  return {
    name: 'state-access',
    ok: (mode & 0o077) === 0,
    found: `mode ${mode.toString(8)}, user ${owner}`,
    wanted: 'mode 700: nobody else reads what was signed, or speaks to the console',
    fix: `chmod 700 '${path}'`,
  };
}

function judgeSpace({ path, free }: StateFacts): Check {
  return {
    name: 'state-space',
    ok: free >= SPACE,
    found: `${Math.floor(free / MIB)} MiB free`,
    wanted: `${SPACE / MIB} MiB at least: a full disk stops signing`,
    fix: `df -h '${path}'; remove what is not Coldwire's, or name a directory on a larger disk with --state.`,
  };
}
