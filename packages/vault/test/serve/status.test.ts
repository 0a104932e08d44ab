import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatStatus } from '../../src/client/format-status.ts';
import { Report } from '../../src/serve/report.ts';
import { describeSituation, type PeerView, watchVaultDisk } from '../../src/serve/status.ts';

const since = Date.UTC(2026, 10, 21, 3);
const at = '2026-11-21T03:00:00.000Z';
const peer = (name: string, parts: Partial<PeerView> = {}): PeerView => ({
  name,
  readiness: 'ready',
  since,
  frozen: false,
  ...parts,
});
const gates = [peer('gate-1'), peer('gate-2')];
const disk = { level: 'ok', free: 8e9, log: 1e6, perDay: null, days: null } as const;

it('nobody blocks where two signers and a gate can work, but who cannot is named with the time', () => {
  const all = { signers: [peer('A'), peer('B'), peer('C')], gates, disk };
  expect(describeSituation(all)).toMatchObject({ blockers: [], peers: { length: 5 } });
  const one = { ...all, signers: [peer('A'), peer('B'), peer('C', { readiness: 'away' })] };
  expect(describeSituation(one)['blockers']).toEqual([{ code: 'LINE_GONE', since: at, text: 'C is away' }]);
});

it('with one signer sealed and another frozen nothing can be signed, and that is said first', () => {
  const signers = [peer('A'), peer('B', { readiness: 'locked' }), peer('C', { frozen: true })];
  const { blockers } = describeSituation({ signers, gates: [], disk: { ...disk, level: 'low' } });
  expect(blockers).toEqual([
    { code: 'LOCKED', since: null, text: '1 of 2 signers can sign' },
    { code: 'GATE_HOME', since: null, text: 'no gate is there to clear' },
    { code: 'LOCKED', since: at, text: 'B is sealed: its own status names who can open it' },
    { code: 'FROZEN', since: null, text: 'C is frozen' },
    { code: 'DISK_LOW', since: null, text: 'disk: 7.5 GiB free, log 0 MiB, rate not known yet' },
  ]);
});

it('people read what waits, for whom and since when before the numbers', () => {
  const signers = [peer('A'), peer('B'), peer('C', { readiness: 'locked' })];
  const states = { held: { count: 3, amount: '5' }, signing: { count: 0, amount: '0' } };
  const text = formatStatus({ tip: 7, states, ...describeSituation({ signers, gates, disk }) });
  expect(text.split('\n').slice(0, 4)).toEqual([
    'withdrawals: 3 held',
    `  C is sealed: its own status names who can open it, since ${at}  [LOCKED: see RUNBOOK.md]`,
    `A             ready since ${at}`,
    `B             ready since ${at}`,
  ]);
  expect(text).toMatch(/^tip: {10}7$/m);
});

it('the disk is the one under all lines', () => {
  const state = mkdtempSync(join(tmpdir(), 'coldwire-vault-disk-'));
  try {
    for (const name of ['A', 'B']) {
      mkdirSync(join(state, 'lines', name), { recursive: true });
      writeFileSync(join(state, 'lines', name, 'evidence-000000.cborseq'), new Uint8Array(5_000));
    }
    const look = watchVaultDisk(state, new Report(() => undefined));
    expect(look()).toMatchObject({ log: 10_000 });
  } finally {
    rmSync(state, { recursive: true });
  }
});
