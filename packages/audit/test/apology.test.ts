/** A signer that met an error of its own in place of signing says so to whom asked, and journals nothing beside it. */
import { createEd25519Signer, encode, Refused } from '@coldwire/protocol';
import { encodeChange, type SignerChange } from '@coldwire/signer/core/change.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { idAtHome } from '../../gate/test/gate-world.ts';
import { identity, seeded } from '../../policy/test/world.ts';
import { materials } from '../../signer/test/signing-world.ts';
import { replayLogs } from '../src/index.ts';
import {
  type Batch,
  mapMessages,
  newDirectory,
  readBatches,
  readTold,
  retell,
  writeBatches,
} from './forge.ts';
import { Town } from './town.ts';

const APOLOGY = encode(Refused, { refusals: [{ code: 'INTERNAL', facts: [] }] });
/** Another policy state than the rules come to, whatever was decided. */
const SMUGGLED: SignerChange = {
  kind: 'policy',
  value: { kind: 'unfrozen', value: { uptime: 1, order: seeded('order'), expires: 5000 } },
};
const keys = new Map([
  ['A', createEd25519Signer(materials.A.identitySeed)],
  ['vault-1', identity('vault-1')],
]);

let town: Town;
beforeAll(async () => {
  town = new Town();
  for (const name of ['A', 'B', 'gate-1']) await town.open(name);
  const { world } = town;
  const [coin] = world.fund([3_000_000n]);
  if (coin === undefined) throw new Error('one coin');
  await town.tell(['A', 'B']);
  const intents = [world.intent({ id: idAtHome(0, 'one'), amount: 1_000_000n })];
  const request = world.request({ coins: [coin], intents, change: [{ amount: 1_990_000n }] });
  await town.pay(request, ['A', 'B'], 'gate-1');
});
afterAll(() => town.remove());

/** The log of A had it met an error of its own in place of SIGNED. @param beside what it journalled with that */
function replayApology(beside: Batch, request?: Uint8Array) {
  const batches = readBatches(town.own('A'));
  const told = retell(batches, keys, ({ type }) =>
    type === 'SIGNED' ? { type: 'REFUSED', body: APOLOGY, ...(request && { request }) } : undefined,
  );
  const forged = batches.map((batch): Batch => {
    const signed = batch.find(({ kind, bytes }) => kind === 'sent' && readTold(bytes).type === 'SIGNED');
    if (signed === undefined) return batch;
    return [...beside.map((entry) => ({ ...entry, uptime: signed.uptime, time: signed.time })), signed];
  });
  const own = writeBatches(newDirectory(town.directory), 'A', mapMessages(forged, told));
  return replayLogs([own], town.charter);
}

const codesOf = ({ findings }: ReturnType<typeof replayApology>) => findings.map(({ code }) => code);
const whats = ({ findings }: ReturnType<typeof replayApology>) => findings.map(({ what }) => what).join('\n');
const isNoted = ({ notes }: ReturnType<typeof replayApology>) =>
  notes.some(({ what }) => what.includes('the machine met an error of its own and says so'));

it('that it says so is a note', () => {
  const report = replayApology([]);
  expect(codesOf(report)).toEqual([]);
  expect(isNoted(report)).toBe(true);
});

it('what it journals beside is found', () => {
  const report = replayApology([{ kind: 'change', uptime: 0, time: 0, bytes: encodeChange(SMUGGLED) }]);
  expect(codesOf(report)).toContain('AUDIT_REPLAY');
  expect(whats(report)).toContain('it journalled 1 changes where the rules make 0');
  expect(report.mismatches).toBe(1);
});

it('what answers another request is no apology for this one', () => {
  const report = replayApology([], seeded('another').slice(0, 16));
  expect(whats(report)).toContain('REFUSED where the rules say SIGNED');
  expect(isNoted(report)).toBe(false);
  expect(report.mismatches).toBeGreaterThan(0);
});
