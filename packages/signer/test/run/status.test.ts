import { freeze } from '@coldwire/policy';
import { applyChange } from '@coldwire/policy/state/apply.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { formatStatus } from '../../src/run/format-status.ts';
import { type Circumstances, findBlockers } from '../../src/run/status.ts';
import { type TestSigner, Treasury } from '../signing-world.ts';

const HOUR = 3_600_000;
let treasury: Treasury;
let signer: TestSigner;
let fine: Circumstances;

beforeEach(() => {
  treasury = new Treasury();
  signer = treasury.signers.A;
  treasury.world.fund([20_000_000n]);
  signer.catchUp();
  const now = treasury.world.now * 1000;
  fine = {
    now,
    uptime: treasury.world.uptime,
    started: now - 9 * HOUR,
    unlocked: true,
    lockChanged: now - 2 * HOUR,
    connected: true,
    lineChanged: now - HOUR,
    portGone: null,
    disk: { level: 'ok', free: 8e9, log: 1e6, perDay: 0, days: null },
  };
});

const iso = (ms: number): string => new Date(ms).toISOString();
const find = (changed: Partial<Circumstances> = {}) => findBlockers(signer.state, { ...fine, ...changed });

describe('Status names who blocks, and since when', () => {
  test('nobody, when a signer is well', () => {
    expect(find()).toEqual([]);
  });

  test('a sealed signer waits for its custodians, by name and number', () => {
    expect(find({ unlocked: false })).toEqual([
      { code: 'LOCKED', since: iso(fine.lockChanged), text: 'sealed: waiting for 2 of ada, ben, cyd' },
    ]);
  });

  test('a start that no gate has witnessed waits for them', () => {
    signer.state.policy.memory.nonce = '00'.repeat(32);
    signer.state.policy.memory.attested = ['gate-1'];
    expect(find()).toEqual([
      { code: 'UNWITNESSED', since: iso(fine.started), text: 'unwitnessed: waiting for gate-2' },
    ]);
  });

  test('a freeze has a name and an end', () => {
    const { policy } = signer.state;
    const frozen = freeze(policy, 'ada at the console', fine.uptime);
    if (frozen.kind !== 'ok') throw new Error('a freeze is never refused');
    for (const change of frozen.changes) applyChange(policy, change);
    const [blocker, ...more] = find();
    expect(more).toEqual([]);
    expect(blocker).toMatchObject({ code: 'FROZEN', since: iso(fine.now) });
    expect(blocker?.text).toMatch(
      /^frozen by ada at the console for \d+(\.\d+)? ticks more, until about 20\d\d-/,
    );
  });

  test('a latch names the gate that knows better', () => {
    const latch = {
      code: 'STATE_ROLLBACK',
      gate: 'gate-2',
      vault: 'vault-1',
      have: 7,
      seen: 9,
      since: 0,
    } as const;
    signer.state.policy.memory.latch = latch;
    expect(find()[0]).toMatchObject({
      code: 'STATE_ROLLBACK',
      text: expect.stringMatching(/^latched: gate-2 has seen its message 9, this disk holds 7; waiting for/),
    });
  });

  test('missing headers are waited for since the newest one went stale; a clock that lags is told apart', () => {
    const { fresh } = signer.state.policy.charter.charter.clock;
    const late = fine.now + (fresh + 3_600) * 1000;
    const [blocker] = find({ now: late });
    expect(blocker).toMatchObject({ code: 'CLOCK_STALE', since: iso(late - HOUR) });
    expect(blocker?.text).toMatch(/^waiting for headers: the newest \(\d+\) is of 20/);
    expect(find({ now: fine.now - (fresh + 3_600) * 1000 })[0]?.text).toMatch(/is its clock right/);
  });

  test('a line that is down, and a port that is gone', () => {
    expect(find({ connected: false })).toMatchObject([
      { code: 'LINE_GONE', since: iso(fine.lineChanged), text: expect.stringContaining('no connection') },
    ]);
    expect(find({ connected: false, portGone: 'no such file' })[0]?.text).toBe(
      'the port is away: no such file',
    );
  });

  test('a port that is gone counts at once, before the link above it notices the silence', () => {
    expect(find({ portGone: 'no such file' })).toMatchObject([{ code: 'LINE_GONE' }]);
  });

  test('a disk that fills up, with the day; or does not answer', () => {
    const disk = { level: 'low', free: 3e9, log: 2e9, perDay: 3e8, days: 10 } as const;
    expect(find({ disk })[0]?.text).toBe('disk: 2.8 GiB free, log 1.9 GiB, full in 10 days');
    expect(find({ disk: null })[0]?.code).toBe('DISK_LOW');
  });
});

test('For people, what is waited for comes first, with its code', () => {
  const blockers = find({ unlocked: false, connected: false }).map((one) => ({ ...one }));
  const text = formatStatus({ signer: 'A', state: 'locked', since: '2026-11-21', blockers, coins: 2 });
  expect(text.split('\n')).toEqual([
    'signer A: locked since 2026-11-21',
    expect.stringMatching(
      /^ {2}sealed: waiting for 2 of ada, ben, cyd, since 20.*\[LOCKED: see RUNBOOK.md\]$/,
    ),
    expect.stringMatching(/^ {2}no connection: .*\[LINE_GONE: see RUNBOOK.md\]$/),
    'coins:        2',
  ]);
  expect(formatStatus({ signer: 'A', state: 'unlocked', since: 'x', blockers: [] })).toContain(
    'nothing keeps it from signing',
  );
});
