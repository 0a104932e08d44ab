import { toHex } from '@coldwire/protocol';
import { describe, expect, it } from 'vitest';
import { type ApprovalPlan, approvalOf, withApprovers } from '../approvals.ts';
import { sampleCharter, seeded, World } from '../world.ts';

const idOf = (label: string): string => toHex(seeded(label).slice(0, 16));
const missing = (got: number, want = 2): [string, Record<string, string>][] => [
  ['APPROVAL_MISSING', { intent: idOf('x'), got: `${got}`, want: `${want}` }],
];

const TIERS = [
  { above: 100_000n, approvals: 1, approvers: ['ann', 'bob', 'cat'] },
  { above: 500_000n, approvals: 2, approvers: ['ann', 'bob', 'cat'] },
];

function makeWorld(tiers = TIERS) {
  const world = new World(withApprovers(sampleCharter(), tiers));
  const coins = world.fund([5_000_000n, 5_000_000n]);
  const intent = world.intent({ id: 'x', requester: 'desk' });
  const judge = (...rows: (readonly [approver: string, plan?: ApprovalPlan])[]) =>
    world.refusals(
      world.request({
        coins,
        intents: [intent],
        change: [{ amount: 8_990_000n }],
        ...(rows.length === 0
          ? {}
          : { approvals: rows.map(([name, plan]) => approvalOf(world, intent, name, plan)) }),
      }),
    );
  return { world, coins, intent, judge };
}

describe('approvals', () => {
  it('are asked for by the last tier whose amount is exceeded, and by none below the first', () => {
    const { world, coins } = makeWorld();
    const want = (amount: bigint) =>
      world
        .refusals(
          world.request({
            coins,
            intents: [world.intent({ id: 'x', amount })],
            change: [{ amount: 9_990_000n - amount }],
          }),
        )
        .map(([, facts]) => facts['want']);
    expect([100_000n, 100_001n, 500_000n, 500_001n].map(want)).toEqual([[], ['1'], ['1'], ['2']]);
  });

  it('count by keys in files and by security keys, any key of the person, with or without a verified person', () => {
    const { judge } = makeWorld();
    expect(judge()).toEqual(missing(0));
    expect(judge(['ann'], ['cat'])).toEqual([]);
    expect(judge(['ann', { key: 'ann spare' }], ['cat', { flags: 5 }])).toEqual([]);
    expect(judge(['bob'], ['ann'])).toEqual([]);
  });

  it('count once for each person, whatever the key', () => {
    const { judge } = makeWorld();
    expect(judge(['ann'], ['ann'])).toEqual(missing(1));
    expect(judge(['ann'], ['ann', { key: 'ann spare' }])).toEqual(missing(1));
    expect(judge(['cat'], ['cat'])).toEqual(missing(1));
  });

  it('do not count for another place, under another name, namespace or key, or untouched', () => {
    const { judge } = makeWorld();
    const bad: ApprovalPlan[] = [
      { place: 1 },
      { text: 'bob' },
      { namespace: 'file' },
      { key: 'bob' },
      { key: 'shop' },
    ];
    for (const plan of bad) expect(judge(['ann', plan], ['cat']), JSON.stringify(plan)).toEqual(missing(1));
    expect(judge(['ann'], ['cat', { flags: 4 }])).toEqual(missing(1));
  });

  it('of another intent do not count, also of one that differs in its life only', () => {
    const { world, coins, intent } = makeWorld();
    const other = world.intent({ id: 'x', requester: 'desk', expires: world.height + 99 });
    const approvals = ['ann', 'cat'].map((name) =>
      approvalOf(world, other, name, { expires: world.height + 100 }),
    );
    const request = world.request({ coins, intents: [intent], change: [{ amount: 8_990_000n }], approvals });
    expect(world.refusals(request)).toEqual(missing(0));
  });

  it('of another deployment do not count', () => {
    const { world, coins, intent } = makeWorld();
    const elsewhere = { loaded: { first: seeded('another charter'), network: 'regtest' } } as const;
    const approvals = [approvalOf(elsewhere, intent, 'ann'), approvalOf(world, intent, 'cat')];
    const request = world.request({ coins, intents: [intent], change: [{ amount: 8_990_000n }], approvals });
    expect(world.refusals(request)).toEqual(missing(1));
  });

  it("of the requester's own people do not count, and those of people outside the tier neither", () => {
    const tiers = [{ above: 1n, approvals: 1, approvers: ['bob', 'cat'] }];
    const world = new World(withApprovers(sampleCharter(), tiers));
    const coins = world.fund([5_000_000n]);
    const judge = (requester: string, approver: string) => {
      const intent = world.intent({ id: 'x', requester });
      const approvals = [approvalOf(world, intent, approver)];
      return world.refusals(
        world.request({ coins, intents: [intent], change: [{ amount: 3_990_000n }], approvals }),
      );
    };
    expect(judge('desk', 'bob')).toEqual([]);
    expect(judge('shop', 'bob')).toEqual(missing(0, 1));
    expect(judge('desk', 'ann')).toEqual(missing(0, 1));
    expect(judge('desk', 'nobody')).toEqual(missing(0, 1));
  });

  it('expire, and are not asked for again once the intent was signed: first sight decides', () => {
    const { world, coins, intent, judge } = makeWorld();
    const last = { expires: world.height };
    expect(judge(['ann', last], ['cat', last])).toEqual([]);
    const approvals = ['ann', 'cat'].map((name) => approvalOf(world, intent, name, last));
    const good = { coins, intents: [intent], change: [{ amount: 8_990_000n }], approvals };
    world.pass(1);
    expect(judge(['ann', last], ['cat'])).toEqual(missing(1));
    world.approve(
      world.request({ ...good, approvals: ['ann', 'cat'].map((name) => approvalOf(world, intent, name)) }),
    );
    world.pass(1);
    const bump = world.request({ coins, intents: [intent], change: [{ amount: 8_980_000n }] });
    expect(world.refusals(bump)).toEqual([]);
  });

  it('of one intent of a batch say nothing of another', () => {
    const { world, coins, intent } = makeWorld();
    const second = world.intent({ id: 'y', requester: 'desk' });
    const request = (place: number) =>
      world.request({
        coins,
        intents: [intent, second],
        change: [{ amount: 7_990_000n }],
        approvals: ['ann', 'cat'].flatMap((name) => [
          approvalOf(world, intent, name),
          approvalOf(world, second, name, { place }),
        ]),
      });
    expect(world.refusals(request(1))).toEqual([]);
    expect(world.refusals(request(0))).toEqual([
      ['APPROVAL_MISSING', { intent: idOf('y'), got: '0', want: '2' }],
    ]);
  });
});
