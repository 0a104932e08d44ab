import { decodeIntent, hashIntent } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { countApprovals, findTier, verifyApproval } from '../../src/index.ts';
import { approvalOf, withApprovers } from '../approvals.ts';
import { sampleCharter, World } from '../world.ts';

const tier = { above: 1_000_000n, approvals: 1, approvers: ['ann', 'bob', 'cat'] };
const tiers = [tier, { ...tier, above: 2_000_000n, approvals: 2 }];
const world = new World(withApprovers(sampleCharter(), tiers));
const { loaded } = world;

describe('the tier of an intent', () => {
  it('is the last one that its amount exceeds', () => {
    const needed = (amount: bigint) => findTier(loaded, { amount, requester: 'desk' })?.approvals;
    expect([1_000_000n, 1_000_001n, 2_000_000n, 2_000_001n].map(needed)).toEqual([undefined, 1, 1, 2]);
  });

  it('is without the people of its requester, of whom a stranger has none', () => {
    const who = (requester: string) => findTier(loaded, { amount: 1_500_000n, requester })?.approvers;
    expect(who('shop')).toEqual(['ann', 'cat']);
    expect(who('desk')).toEqual(['ann', 'bob', 'cat']);
    expect(who('nobody')).toEqual(['ann', 'bob', 'cat']);
  });
});

describe('an approval', () => {
  const signed = world.intent({ requester: 'desk', amount: 1_500_000n });
  const decoded = decodeIntent(signed[0]);
  if (!decoded.ok) throw new Error(decoded.fault.detail);
  const subject = { intent: decoded.value, hash: hashIntent(loaded.first, signed[0]) };
  const { expires } = decoded.value;

  it('is by a key of its approver, or nobody’s', () => {
    const ann = approvalOf(world, signed, 'ann');
    const check = (approver: string) => verifyApproval(loaded, subject, { ...ann, approver });
    expect(['ann', 'bob', 'nobody'].map(check)).toEqual([true, false, false]);
  });

  it('counts up to the height that it names', () => {
    const count = (height: number) =>
      countApprovals(loaded, subject, tier, [approvalOf(world, signed, 'ann')], height);
    expect([expires - 1, expires, expires + 1].map(count)).toEqual([['ann'], ['ann'], []]);
  });

  it('counts once for each, and the first of each decides', () => {
    const [ann, forged] = [
      approvalOf(world, signed, 'ann'),
      approvalOf(world, signed, 'ann', { key: 'bob' }),
    ];
    const cat = approvalOf(world, signed, 'cat', { key: 'cat' });
    const count = (...approvals: (typeof ann)[]) => countApprovals(loaded, subject, tier, approvals, expires);
    expect(count(ann, ann, cat)).toEqual(['ann', 'cat']);
    expect(count(forged, ann, cat)).toEqual(['cat']);
    expect(count({ ...cat, touch: null })).toEqual([]);
  });
});
