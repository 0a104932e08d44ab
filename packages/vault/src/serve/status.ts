/**
 * What the vault's status says of the machines around it: who is there, since when, and who or what keeps withdrawals waiting.
 * The queue's own numbers stand beside it. Codes are of protocol-spec/codes.json: RUNBOOK.md says what to do.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DiskSample, type DiskState, DiskWatch, describeDisk, measureDisk } from '@coldwire/evidence';
import { describeProgram, type JsonValue } from '@coldwire/program';
import type { Readiness } from '../session/session.ts';
import type { Report } from './report.ts';

const EVERY_MS = 60_000;

export interface PeerView {
  readonly name: string;
  readonly readiness: Readiness;
  /** ms since 1970. */
  readonly since: number;
  readonly frozen: boolean;
}

export interface Situation {
  readonly signers: readonly PeerView[];
  readonly gates: readonly PeerView[];
  readonly disk: DiskState | null;
}

/** Signatures that a transaction needs. */
const QUORUM = 2;

export function describeSituation({ signers, gates, disk }: Situation): {
  readonly [name: string]: JsonValue;
} {
  return {
    program: describeProgram(),
    blockers: findBlockers({ signers, gates, disk }),
    peers: [...signers, ...gates].map(({ name, readiness, since, frozen }) => ({
      name,
      is: readiness,
      since: iso(since),
      frozen,
    })),
    disk: disk === null ? null : { ...disk },
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const canWork = ({ readiness, frozen }: PeerView): boolean => readiness === 'ready' && !frozen;

function findBlockers({ signers, gates, disk }: Situation): JsonValue[] {
  const able = signers.filter(canWork).length;
  return [
    ...(able < QUORUM
      ? [{ code: 'LOCKED', since: null, text: `${able} of ${QUORUM} signers can sign` }]
      : []),
    ...(gates.some(canWork) ? [] : [{ code: 'GATE_HOME', since: null, text: 'no gate is there to clear' }]),
    ...[...signers, ...gates].flatMap(findTrouble),
    ...(disk === null || disk.level === 'ok'
      ? []
      : [{ code: 'DISK_LOW', since: null, text: `disk: ${describeDisk(disk)}` }]),
  ];
}

function findTrouble({ name, readiness, since, frozen }: PeerView): JsonValue[] {
  if (readiness === 'away') return [{ code: 'LINE_GONE', since: iso(since), text: `${name} is away` }];
  if (readiness === 'locked')
    return [
      { code: 'LOCKED', since: iso(since), text: `${name} is sealed: its own status names who can open it` },
    ];
  return frozen ? [{ code: 'FROZEN', since: null, text: `${name} is frozen` }] : [];
}

/** The disk under the queue and the logs of all lines. */
export function watchVaultDisk(state: string, report: Report): () => DiskState | null {
  const disk = new DiskWatch(state, () => measureLines(state));
  const look = (): void => {
    try {
      const changed = disk.lookForChange();
      if (changed !== undefined && changed.level !== 'ok')
        report.alarm('DISK_LOW', state, `${changed.level}: ${describeDisk(changed)}`);
    } catch (error) {
      report.alarm('DISK_LOW', state, error instanceof Error ? error.message : 'it does not answer');
    }
  };
  look();
  setInterval(look, EVERY_MS).unref();
  return () => {
    try {
      return disk.look();
    } catch {
      return null;
    }
  };
}

function measureLines(state: string): DiskSample {
  const at = performance.now() / 1000;
  const lines = join(state, 'lines');
  const names = existsSync(lines) ? readdirSync(lines) : [];
  const logs = names.map((name) => measureDisk(join(lines, name), at).log);
  return { ...measureDisk(state, at), log: logs.reduce((sum, size) => sum + size, 0) };
}
