import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Charter,
  encode,
  Freeze,
  hashOrder,
  Order,
  Register,
  SignedCharter,
  type SignedOrder,
} from '@coldwire/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { charterAfter, identity, seeded, signedBy } from '../../policy/test/world.ts';
import { rehearsalText, rehearse } from '../src/index.ts';
import { tellStory } from './story.ts';
import type { Town } from './town.ts';

let town: Town;
beforeAll(async () => {
  town = await tellStory();
});
afterAll(() => town.remove());

function propose(name: string, policy: Partial<Charter['policy']>): string {
  const first = town.world.loaded;
  const charter = charterAfter(first, { policy: { ...first.charter.policy, ...policy } });
  const path = join(town.directory, `${name}.cbor`);
  writeFileSync(path, encode(SignedCharter, signedBy(charter, [])));
  return path;
}

describe('a rehearsal of recorded requests', () => {
  it('changes no verdict under a charter that changes nothing', () => {
    const { requests, approvedBefore, approvedAfter, changed } = rehearse(
      [town.directory],
      town.charter,
      propose('same', {}),
    );
    expect(changed).toEqual([]);
    expect(approvedAfter).toBe(approvedBefore);
    expect(approvedBefore).toBeGreaterThan(0);
    expect(requests).toBeGreaterThan(approvedBefore);
  });

  it('names who would have refused what, and why', () => {
    const proposed = propose('tight', { amountPerTransaction: 1_600_000n });
    const rehearsal = rehearse([town.directory], town.charter, proposed);
    expect(rehearsal.changed.length).toBeGreaterThan(0);
    expect(rehearsal.approvedAfter).toBeLessThan(rehearsal.approvedBefore);
    for (const { before, after } of rehearsal.changed) {
      expect(after.approved).toBe(false);
      expect(after.codes).toContain('AMOUNT_TX');
      expect(before.codes).not.toContain('AMOUNT_TX');
    }
    expect(rehearsal.changed.some(({ before }) => before.approved)).toBe(true);
    expect(rehearsalText(rehearsal)).toContain(
      'then signed; now refused: AMOUNT_TX amount=2000000 limit=1600000',
    );
  });

  it('is a command of coldwire-charter', () => {
    const launcher = fileURLToPath(new URL('../../../scripts/coldwire-charter', import.meta.url));
    const args = ['rehearse', town.directory, '--first', town.charter];
    const run = spawnSync(launcher, [...args, '--charter', propose('fee', { feeAbsolute: 1n }), '--json'], {
      encoding: 'utf8',
    });
    expect(run.status).toBe(0);
    const answer: unknown = JSON.parse(run.stdout);
    expect(answer).toMatchObject({ approvedAfter: 0 });
  });

  it('judges registrations and orders of custodians too: who has left registers nothing, and fewer sign no order', async () => {
    const { world } = town;
    const script = seeded('rehearsed').slice(0, 22);
    const registration = encode(Register, world.registration('desk', script));
    expect((await town.ask('B', 'REGISTER', registration)).type).toBe('DONE');
    const order = encode(Order, {
      kind: 'freeze',
      first: world.loaded.first,
      signer: null,
      id: seeded('order').slice(0, 16),
      expires: world.height + 100,
    });
    const freeze: SignedOrder = [order, [['ada', identity('ada').sign(hashOrder(order))]]];
    expect((await town.ask('B', 'FREEZE', encode(Freeze, { reason: 'drill', order: freeze }))).type).toBe(
      'DONE',
    );
    const { charter } = world.loaded;
    const without = charterAfter(world.loaded, {
      requesters: charter.requesters.filter(({ name }) => name !== 'desk'),
      custodians: charter.custodians.map((row) =>
        row.name === 'ada' ? { ...row, key: identity('ada later').publicKey } : row,
      ),
    });
    const path = join(town.directory, 'left.cbor');
    writeFileSync(path, encode(SignedCharter, signedBy(without, [])));
    const { changed } = rehearse([town.own('B')], town.charter, path);
    const judged = changed.filter(({ type }) => type !== 'SIGN');
    expect(judged.map(({ type, before, after }) => [type, before.codes, after.codes])).toEqual([
      ['REGISTER', [], ['REGISTRATION_SIGNATURE']],
      ['FREEZE', [], ['ORDER_SIGNATURE']],
    ]);
    const text = rehearsalText({ requests: 2, approvedBefore: 2, approvedAfter: 0, changed: judged });
    expect(text).toMatch(/B REGISTER [0-9a-f]{8}… {2}then done; now refused: REGISTRATION_SIGNATURE/);
  });

  it('says that a charter without this vault is a charter under which nobody asks', () => {
    const { charter } = town.world.loaded;
    const path = join(town.directory, 'no-vault.cbor');
    const vaults = charter.vaults.filter(({ name }) => name !== 'vault-1');
    writeFileSync(path, encode(SignedCharter, signedBy(charterAfter(town.world.loaded, { vaults }), [])));
    const { approvedAfter, changed } = rehearse([town.own('A')], town.charter, path);
    expect(approvedAfter).toBe(0);
    expect([...new Set(changed.flatMap(({ after }) => after.codes))]).toEqual(['WRONG_PEER']);
  });
});
