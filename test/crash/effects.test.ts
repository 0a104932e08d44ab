/**
 * A few of the points of `npm run test:crash`, and what that run rests on: that its faults are real, that what they break would
 * be told, and that each effect has its faults.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Devchain, startDevchain } from '@coldwire/devchain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GATES } from '../world/charter.ts';
import { runAnswering, type Stage } from './effects/answering.ts';
import { programsOf, startFreshGates } from './effects/peers.ts';
import { enumerate, namePoint, type Part } from './effects/points.ts';
import { type Recorded, record } from './effects/record.ts';
import type { Process } from './effects/role.ts';
import { stagesOf } from './effects/stage.ts';
import { runFirstStart } from './effects/vault.ts';
import { VaultEnd } from './effects/vault-end.ts';

const LOG = 'write evidence-000000.cborseq';
/** The request at this place of the script in which rules change. */
const ruleId = (place: number): string => place.toString(16).padStart(32, '9');
/** Requests at the end of each script: intents once more, and one sat too many. */
const [AGAIN, OVER] = ['6'.repeat(32), '8'.repeat(32)];

describe('with the whole system', () => {
  let recorded: Recorded;
  let chain: Devchain;
  let witnesses: readonly Process[];
  let gates: readonly VaultEnd[];
  let stages: ReadonlyMap<Part, Stage>;

  beforeAll(async () => {
    recorded = await record();
    const { directory } = recorded.world;
    const lines = join(directory, 'witnesses');
    witnesses = await startFreshGates(recorded.world, lines);
    gates = GATES.map((name) => new VaultEnd(recorded.world.deployment, name, lines));
    stages = stagesOf(recorded, gates);
    mkdirSync(join(directory, 'young'), { recursive: true });
    chain = await startDevchain({ dir: join(directory, 'young') });
  }, 180_000);

  afterAll(async () => {
    for (const gate of gates ?? []) await gate.stop();
    for (const witness of witnesses ?? []) {
      witness.signal('SIGTERM');
      await witness.end;
    }
    await chain?.stop();
    await recorded?.world.close();
  }, 60_000);

  function stage(part: Part): Stage {
    const found = stages.get(part);
    if (found === undefined) throw new Error(`${part} is no part of a signer or a gate`);
    return found;
  }

  test('a signer whose log is torn gives the answers that were cleared', async () => {
    const judged = await runAnswering(stage('signer'), { label: LOG, nth: 12, kind: 'torn' });
    expect(judged).toMatchObject({ fired: true, problems: [] });
    expect(judged.trace.at(-1)).toBe(`!12\t${LOG}`);
  }, 120_000);

  test('a signer that finds no room in the midst of its greeting says the rest later', async () => {
    const before = await runAnswering(stage('signer'), null);
    const rows = before.trace.slice(before.trace.indexOf(' 1\tline vault SYN_ACK'));
    // The greeting itself, and the first notice that follows it.
    const [, notice = ''] = rows.filter((row) => row.endsWith(LOG));
    const judged = await runAnswering(stage('signer'), {
      label: LOG,
      nth: Number.parseInt(notice, 10),
      kind: 'enospc',
    });
    expect(judged).toMatchObject({ fired: true, problems: [] });
  }, 120_000);

  test('a gate goes on through a full disk', async () => {
    const judged = await runAnswering(stage('gate'), { label: LOG, nth: 8, kind: 'enospc' });
    expect(judged).toMatchObject({ fired: true, problems: [] });
  }, 120_000);

  test('a gate whose sync fails says again what it synced before, and nothing else', async () => {
    const label = 'sync evidence-000000.cborseq';
    const judged = await runAnswering(stage('gate'), { label, nth: 4, kind: 'eio' });
    expect(judged).toMatchObject({ fired: true, problems: [] });
  }, 120_000);

  test('a vault that is killed right after it has taken an intent has it', async () => {
    const label = 'commit INSERT INTO withdrawals, INSERT INTO events';
    const judged = await runFirstStart(recorded.world, chain, { label, nth: 1, kind: 'kill-after' });
    expect(judged).toMatchObject({ fired: true, problems: [] });
  }, 120_000);

  test('an answer other than the recorded one is told', async () => {
    const honest = stage('gate');
    const [id = ''] = honest.answers.keys();
    const answers = new Map([...honest.answers, [id, 'CLEARED 00']]);
    const { fired, problems } = await runAnswering({ ...honest, answers }, null);
    expect(fired).toBe(false);
    expect(problems).toEqual([expect.stringContaining(`${id} is answered`)]);
  }, 120_000);

  /** The program with this in its one file, as long as `work` takes. */
  async function altered<T>(
    role: 'signer' | 'gate',
    what: RegExp,
    by: string,
    work: () => Promise<T>,
  ): Promise<T> {
    const file = join(programsOf(recorded.world), `${role}.mjs`);
    const honest = readFileSync(file, 'utf8');
    const other = honest.replace(what, by);
    expect(other).not.toBe(honest);
    writeFileSync(file, other);
    try {
      return await work();
    } finally {
      writeFileSync(file, honest);
    }
  }

  test.each(['signer', 'gate'] as const)(
    'a %s that answers before its log is synced is told, without any fault',
    async (role) => {
      const run = () => runAnswering(stage(role), null);
      const { problems } = await altered(role, /\bfdatasyncSync\d*\(fd\);/, '', run);
      expect(problems).toEqual(['DATA leaves on line vault before its evidence-000000.cborseq is synced']);
    },
    120_000,
  );

  test.each([
    ['signer', 'charges', OVER, /\baddCharge\(state\.ledger, [^;]*;/],
    ['signer', 'intents', AGAIN, /\bstate\.intents\.set\(toHex\d*\(id\d*\), \{ hash[^;]*;/],
    ['gate', 'charges', OVER, /\bstate\.charges\.push\([^;]*;/],
    ['gate', 'intents', AGAIN, /\bstate\.intents\.set\([^;]*(?=;)/],
  ] as const)(
    'a %s that forgets %s is told by the answers at the end',
    async (role, _, id, memory) => {
      const { problems } = await altered(role, memory, '', () => runAnswering(stage(role), null));
      expect(problems).toContainEqual(expect.stringContaining(`${id} is answered`));
    },
    120_000,
  );

  test.each([
    ['gate', 'charters', 'a payment that the first refuses', 'installed|enacted', 13, ruleId(2)],
    ['gate', 'burials', 'a payment before the second charter', 'dead', 9, ruleId(6)],
    ['signer', 'registrations', 'an order to freeze', 'registered', 20, ruleId(10)],
    ['signer', 'orders', 'a payment that a freeze refuses', 'ordered', 18, ruleId(5)],
  ] as const)(
    'a %s that keeps %s in memory only is told by the answers, when it dies at %s',
    async (role, _, __, kinds, writesLeft, id) => {
      const changed = stage(`${role}-rule`);
      const journal = /\breturn changes\.map\((?=\(change\) => \(\{ kind: "change")/;
      const without = `return changes.filter(({ kind, value }) => !/${kinds}/.test(value?.kind ?? kind)).map(`;
      const { trace } = await runAnswering(changed, null);
      const nth = trace.filter((row) => row.endsWith(LOG)).length - writesLeft;
      const run = () => runAnswering(changed, { label: LOG, nth, kind: 'kill' });
      expect(await run()).toMatchObject({ fired: true, problems: [] });
      const { problems } = await altered(role, journal, without, run);
      expect(problems).toContainEqual(expect.stringContaining(`${id} is answered`));
    },
    180_000,
  );
});

describe('the points', () => {
  const names = (...points: Parameters<typeof enumerate>): readonly string[] =>
    enumerate(...points).map(namePoint);

  test('are every effect with every fault that can come there', () => {
    const trace = [` 1\t${LOG}`, ' 1\tsync evidence-000000.cborseq', ' 1\tline vault ACK', ` 2\t${LOG}`];
    expect(names('gate', [{ gate: trace }])).toEqual([
      ...['1', '2'].flatMap((nth) =>
        ['kill', 'torn', 'enospc', 'enospc-stays', 'eio', 'eio-stays'].map(
          (kind) => `gate/${LOG}/${nth}/${kind}`,
        ),
      ),
      'gate/sync evidence-000000.cborseq/1/eio',
      'gate/line vault ACK/1/kill',
    ]);
  });

  test('are what all recordings have, and a vault’s start is not played twice', () => {
    const twice = [' 1\tcommit UPDATE coins', ' 2\tcommit UPDATE coins'];
    const traces = [
      { vault: [...twice, ' 3\tcommit UPDATE coins'], 'vault-start': twice.slice(1) },
      { vault: twice, 'vault-start': twice.slice(1) },
    ];
    expect(names('vault', traces)).toEqual(
      ['kill', 'torn', 'enospc', 'eio'].map((kind) => `vault/commit UPDATE coins/2/${kind}`),
    );
  });

  test('while rules change are what comes behind the recorded beginning, with what a write leaves behind', () => {
    const beginning = [` 1\t${LOG}`, ' 1\tline vault ACK'];
    const traces = {
      'gate-prelude': beginning,
      'gate-rule': [...beginning, ` 2\t${LOG}`, ' 2\tline vault ACK'],
    };
    expect(names('gate-rule', [traces])).toEqual([
      ...['kill', 'torn', 'enospc'].map((kind) => `gate-rule/${LOG}/2/${kind}`),
      'gate-rule/line vault ACK/2/kill',
    ]);
  });

  test('of a class that nobody thought of stop the run', () => {
    expect(() => names('gate', [{ gate: [' 1\tdefrag disk'] }])).toThrow('defrag disk');
  });
});
