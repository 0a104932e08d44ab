import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { toHex } from '@coldwire/protocol';
import { outpointKey } from '@coldwire/wallet';
import { describe, expect, it } from 'vitest';
import { inForm } from '../../../../test/world/form.ts';
import { createDraw } from '../../src/coins/draw.ts';
import {
  carriersOf,
  listWithdrawals,
  openQueue,
  rebuildWithdrawals,
  type Store,
} from '../../src/queue/index.ts';
import { makeDirectory } from '../fixture.ts';

const WRITER = join(import.meta.dirname, 'writer.ts');
const ROUNDS = inForm(8, 25);
const WITHDRAWALS = 60;

/** Runs the writer, kills it without warning after it has printed some lines, and returns those. */
async function runAndKill(path: string, lines: number, delay: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [WRITER, path, '100000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    // The writer waits for nobody: by then it is somewhere within the steps that follow.
    if (text.split('\n').length > lines) setTimeout(() => child.kill('SIGKILL'), delay);
  });
  const [, signal] = await exited;
  expect(signal).toBe('SIGKILL');
  return text.split('\n').slice(0, -1);
}

/** What must hold of the file whatever happened to its writer. */
function inspect(store: Store): void {
  const rows = listWithdrawals(store, { state: null, after: null, limit: 100_000 });
  expect(rebuildWithdrawals(store)).toEqual(rows);
  const spends = new Map<string, number>();
  for (const { id, state, batch } of rows) {
    const carriers = carriersOf(store, id);
    expect(carriers.length).toBeLessThanOrEqual(1);
    if (batch !== null) expect(carriers[0]?.id).toBe(batch);
    const status = carriers[0]?.status;
    expect(status).toBe(batch === null ? undefined : state);
    for (const input of carriers[0]?.inputs ?? []) {
      const key = outpointKey(input);
      expect(spends.get(key) ?? carriers[0]?.id).toBe(carriers[0]?.id);
      spends.set(key, carriers[0]?.id ?? 0);
    }
  }
}

describe('a queue whose process is killed at any moment', () => {
  it('loses nothing that it acknowledged and does nothing twice', async () => {
    const path = join(makeDirectory(), 'queue.db');
    const draw = createDraw(Uint8Array.of(1));
    const acknowledged = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const id of await runAndKill(path, 1 + draw.below(8), draw.below(6))) acknowledged.add(id);
      const store = openQueue(path, Date.now);
      inspect(store);
      const ids = new Set(
        listWithdrawals(store, { state: null, after: null, limit: 100_000 }).map(({ id }) => toHex(id)),
      );
      for (const id of acknowledged) expect(ids).toContain(id);
      store.db.close();
    }
    const rest = spawnSync(process.execPath, [WRITER, path, `${acknowledged.size + WITHDRAWALS}`], {
      encoding: 'utf8',
    });
    expect(rest.stderr).toBe('');
    const store = openQueue(path, Date.now);
    inspect(store);
    const states = listWithdrawals(store, { state: null, after: null, limit: 100_000 }).map(
      ({ state }) => state,
    );
    const waiting = states.filter((state) => state !== 'confirmed');
    expect(states.length).toBeGreaterThanOrEqual(acknowledged.size + WITHDRAWALS);
    // At most one may be left over: the writer drafts two or more at a time.
    expect(waiting.length).toBeLessThanOrEqual(1);
    store.db.close();
  });
});
