import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Charter, encode, SignedCharter } from '@coldwire/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { charterAfter, signedBy } from '../../policy/test/world.ts';
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
});
