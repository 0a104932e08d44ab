import { encode, SignRequest, Status } from '@coldwire/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Report, replayLogs } from '../src/index.ts';
import { type Batch, isMessage, readTold } from './forge.ts';
import { Town } from './town.ts';

let town: Town;
beforeAll(async () => {
  town = new Town();
  await town.open('A');
});
afterAll(() => town.remove());

const summary = ({ findings, mismatches, notes }: Report) => ({
  findings: findings.map(({ code, what }) => `${code}: ${what}`),
  mismatches,
  notes: notes.map(({ what }) => what),
});

/** Up to the batch with the last message of this type, and with it. */
function upTo(type: string, batches: readonly Batch[]): readonly Batch[] {
  const last = batches.findLastIndex((batch) =>
    batch.some((entry) => isMessage(entry) && readTold(entry.bytes).type === type),
  );
  return batches.slice(0, last + 1);
}

it('a power cut between a decision to sign and its SIGNED is a note, and both replays go on behind it', async () => {
  const { world } = town;
  const coins = world.fund([3_000_000n]);
  await town.tell(['A']);
  const request = world.request({ coins, intents: [world.intent()], change: [{ amount: 1_990_000n }] });
  const body = encode(SignRequest, request);
  const id = town.newId();
  expect((await town.ask('A', 'SIGN', body, id)).type).toBe('SIGNED');
  // On the signer's disk stands that it approved, on the vault's that it asked, and nothing of the answer.
  await town.powerCut('A', (_, batches) => upTo('SIGN', batches));
  expect((await town.ask('A', 'SIGN', body, id)).type).toBe('SIGNED');
  expect((await town.ask('A', 'STATUS', encode(Status, {}))).type).toBe('STATE');

  const own = summary(replayLogs([town.directory], town.charter));
  expect(own).toMatchObject({ findings: [], mismatches: 0 });
  expect(own.notes.join()).toContain('SIGNED was due: the machine stopped before it was sent');
  const line = summary(replayLogs([town.line('A')], town.charter));
  expect(line).toMatchObject({ findings: [], mismatches: 0 });
  expect(line.notes.join()).toContain('the reading that decided it is unknown');
});
