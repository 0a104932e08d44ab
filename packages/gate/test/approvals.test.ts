import { writeApproval } from '@coldwire/policy';
import { type Charter, concatBytes, encode, fromHex, hashIntent, Intent, toHex } from '@coldwire/protocol';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { type ApprovalPlan, approvalOf, withApprovers } from '../../policy/test/approvals.ts';
import { type Coin, identity, seeded } from '../../policy/test/world.ts';
import { realCharter } from '../../signer/test/signing-world.ts';
import { writeText } from '../src/core/approvals.ts';
import { GateWorld, idAtHome, SECOND } from './gate-world.ts';

const TIERS = [
  { above: 500_000n, approvals: 1, approvers: ['ann', 'bob', 'cat'] },
  { above: 999_999n, approvals: 2, approvers: ['ann', 'bob', 'cat'] },
];
let world: GateWorld;
let coins: readonly Coin[];

function start(adjust: (charter: Charter) => Charter): void {
  world = new GateWorld(realCharter(adjust));
  coins = world.world.fund(Array.from({ length: 6 }, () => 20_000_000n));
}
const withPolicy =
  (policy: Partial<Charter['policy']>) =>
  (charter: Charter): Charter => ({ ...charter, policy: { ...charter.policy, ...policy } });

type Payment = { readonly amount?: bigint; readonly requester?: string; readonly script?: Uint8Array };
const intentOf = (label: string, payment: Payment = {}) =>
  world.world.intent({ id: idAtHome(0, label), requester: 'desk', amount: 1_000_000n, ...payment });

/** Pays these intents from one coin. */
function spend(
  place: number,
  intents: readonly ReturnType<typeof intentOf>[],
  paid: bigint,
  approvals: ReturnType<typeof approvalOf>[] = [],
  fee = 10_000n,
) {
  return world.world.request({
    coins: coins.slice(place, place + 1),
    intents,
    change: [{ amount: 20_000_000n - paid - fee }],
    ...(approvals.length === 0 ? {} : { approvals }),
  });
}

describe('A gate counts approvals by its own code', () => {
  beforeEach(() => start((charter) => withApprovers(charter, TIERS)));

  function judge(payment: Payment, ...rows: (readonly [approver: string, plan?: ApprovalPlan])[]) {
    const intent = intentOf('one', payment);
    const approvals = rows.map(([name, plan]) => approvalOf(world.world, intent, name, plan));
    return world.force(spend(0, [intent], payment.amount ?? 1_000_000n, approvals));
  }
  const missing = (got: number, want: number) => [
    [
      'APPROVAL_MISSING',
      { intent: toHex(seeded(idAtHome(0, 'one')).slice(0, 16)), got: `${got}`, want: `${want}` },
    ],
  ];

  test('by the last tier that the amount exceeds', () => {
    expect(judge({ amount: 500_001n })).toEqual(missing(0, 1));
    expect(judge({ amount: 999_999n })).toEqual(missing(0, 1));
    expect(judge({ amount: 1_000_000n })).toEqual(missing(0, 2));
    expect(judge({ amount: 500_000n })).toEqual([]);
  });

  test('whichever key of a person signed, each person once', () => {
    expect(judge({}, ['ann'], ['ann', { key: 'ann spare' }])).toEqual(missing(1, 2));
    expect(judge({}, ['cat'], ['cat'])).toEqual(missing(1, 2));
    expect(judge({}, ['ann', { key: 'ann spare' }], ['cat'])).toEqual([]);
  });

  test('and none that does not hold', () => {
    const bad: ApprovalPlan[] = [
      { text: 'bob' },
      { namespace: 'file' },
      { key: 'bob' },
      { key: 'cat' },
      { place: 1 },
    ];
    for (const plan of bad)
      expect(judge({}, ['ann', plan], ['bob']), JSON.stringify(plan)).toEqual(missing(1, 2));
    for (const flags of [0, 4, 0x41, 0x81])
      expect(judge({}, ['ann'], ['cat', { flags }]), `${flags}`).toEqual(missing(1, 2));
    // A file's key passes for no security key, nor the other way round.
    expect(judge({}, ['ann'], ['cat', { key: 'ann' }])).toEqual(missing(1, 2));
    expect(judge({}, ['ann'], ['nobody', { key: 'bob' }])).toEqual(missing(1, 2));
  });

  test('a signature without a touch for no security key, though its key made it', () => {
    const key = {
      kind: 'sk-ssh-ed25519@openssh.com',
      key: identity('dan').publicKey,
      application: 'ssh:',
    } as const;
    start((charter) => {
      const made = withApprovers(charter, TIERS);
      return {
        ...made,
        approvers: made.approvers.map((row) => (row.name === 'cat' ? { ...row, keys: [key] } : row)),
      };
    });
    expect(judge({}, ['ann'], ['cat', { key: 'dan' }])).toEqual(missing(1, 2));
  });

  test("not those of the requester's own people", () => {
    expect(judge({ requester: 'shop' }, ['ann'], ['bob'])).toEqual(missing(1, 2));
    expect(judge({ requester: 'shop' }, ['ann'], ['cat'])).toEqual([]);
  });

  test('the first of each person decides', () => {
    expect(judge({}, ['cat'], ['ann', { namespace: 'file' }], ['ann'])).toEqual(missing(1, 2));
  });

  test('once: a bump of what was cleared needs none', () => {
    const intent = intentOf('one');
    const approvals = ['ann', 'cat'].map((name) => approvalOf(world.world, intent, name));
    expect(world.pass(spend(0, [intent], 1_000_000n, approvals)).codes).toEqual([]);
    expect(world.pass(spend(0, [intent], 1_000_000n, [], 20_000n)).codes).toEqual([]);
  });
});

test('Gate and signers write the same text, whatever is paid', () => {
  const scripts = [
    fromHex(`76a914${toHex(seeded('a').slice(0, 20))}88ac`),
    fromHex(`a914${toHex(seeded('b').slice(0, 20))}87`),
    concatBytes(Uint8Array.of(0, 20), seeded('d').slice(0, 20)),
    concatBytes(Uint8Array.of(0, 32), seeded('e')),
    fromHex('512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'),
    fromHex('6a026869'),
    fromHex('5202abcd'),
  ];
  const sample = realCharter();
  fc.assert(
    fc.property(
      fc.constantFrom(...scripts),
      fc.constantFrom('mainnet', 'testnet4', 'signet', 'regtest'),
      fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n }),
      fc.nat(0xffffffff),
      (script, network, amount, expires) => {
        const intent = {
          id: seeded(`${amount}`).slice(0, 16),
          requester: 'shop ü',
          amount,
          script,
          created: 1,
          expires: 2,
        };
        const bytes = encode(Intent, intent);
        const first = seeded(`first ${expires}`);
        const approver = 'ann';
        expect(
          writeText(
            { charter: { ...sample, network }, first },
            { intent, id: toHex(intent.id), bytes },
            { approver, expires },
          ),
        ).toBe(writeApproval({ network, first, intent, hash: hashIntent(first, bytes), approver, expires }));
      },
    ),
  );
});

describe('Lists of destinations', () => {
  const script = (label: string) => concatBytes(Uint8Array.of(0, 20), seeded(label).slice(0, 20));
  const judge = (label: string) =>
    world.force(spend(0, [intentOf('one', { script: script(label) })], 1_000_000n)).map(([code, facts]) => {
      expect(facts).toEqual({ intent: toHex(seeded(idAtHome(0, 'one')).slice(0, 16)) });
      return code;
    });

  test('deny what is denied, in every mode', () => {
    for (const destinations of ['any', 'registered', 'listed'] as const) {
      start(
        withPolicy({ destinations, destinationTicks: 1, deny: [script('bad')], allow: [script('good')] }),
      );
      expect(judge('bad')).toEqual(['DESTINATION_DENIED']);
      expect(judge('good')).toEqual([]);
    }
  });

  test('pay only what is listed where the charter says so; registrations are the signers’ to judge', () => {
    start(withPolicy({ destinations: 'listed', allow: [script('good')] }));
    expect(judge('other')).toEqual(['DESTINATION_UNKNOWN']);
    start(withPolicy({ destinations: 'registered', destinationTicks: 1, allow: [script('good')] }));
    expect(judge('other')).toEqual([]);
  });

  test('are not asked again for what was cleared', () => {
    start(withPolicy({}));
    const intent = intentOf('one', { script: script('later') });
    expect(world.pass(spend(0, [intent], 1_000_000n)).codes).toEqual([]);
    const { charter } = world.gate.state.charter;
    const policy = { ...charter.policy, deny: [script('later')] };
    Object.assign(world.gate.state, {
      charter: { ...world.gate.state.charter, charter: { ...charter, policy } },
    });
    expect(world.force(spend(0, [intent], 1_000_000n, [], 20_000n))).toEqual([]);
    expect(world.force(spend(1, [intentOf('two', { script: script('later') })], 1_000_000n))).toMatchObject([
      ['DESTINATION_DENIED', {}],
    ]);
  });
});

describe('Velocity', () => {
  const script = (label: string) => concatBytes(Uint8Array.of(0, 20), seeded(label).slice(0, 20));
  const TICK = 600 * SECOND;
  const row = { per: 'destination', ticks: 6, amount: 4_000_001n, count: 7 } as const;
  const facts = { destination: toHex(script('a')), limit: '2000000' };

  test('is the charter’s, divided by the number of gates and rounded down, by destination', () => {
    start(withPolicy({ velocity: [row] }));
    const pay = (place: number, label: string, amount: bigint, to = 'a', requester = 'desk') =>
      world.force(spend(place, [intentOf(label, { amount, script: script(to), requester })], amount));
    expect(pay(0, 'one', 1_500_000n)).toEqual([]);
    expect(pay(1, 'two', 500_001n, 'a', 'shop')).toEqual([
      ['DESTINATION_WINDOW', { ...facts, what: 'amount', spent: '1500000', asked: '500001' }],
    ]);
    expect(pay(1, 'two', 500_000n, 'a', 'shop')).toEqual([]);
    expect(pay(2, 'three', 2_000_000n, 'b')).toEqual([]);
    world.gate.uptime += 6 * TICK - 1;
    expect(pay(3, 'four', 10_000n)).toMatchObject([['DESTINATION_WINDOW', { spent: '2000000' }]]);
    world.gate.uptime += 1;
    expect(pay(3, 'four', 2_000_000n)).toEqual([]);
    expect(world.gate.state.payments.length).toBe(1);
  });

  test('counts intents of each requester, what one draft holds included, and survives a restart', () => {
    start(withPolicy({ velocity: [{ ...row, per: 'requester', amount: 40_000_000n, count: 5 }] }));
    const pay = (place: number, labels: readonly string[], requester = 'desk') =>
      world.force(
        spend(
          place,
          labels.map((label) => intentOf(label, { amount: 100_000n, script: script(label), requester })),
          100_000n * BigInt(labels.length),
        ),
      );
    const refusal = (spent: string, asked: string) => [
      ['REQUESTER_WINDOW', { requester: 'desk', what: 'count', spent, asked, limit: '2' }],
    ];
    expect(pay(0, ['one', 'two', 'three'])).toEqual(refusal('0', '3'));
    expect(pay(0, ['one'])).toEqual([]);
    world.gate.start();
    expect(pay(1, ['two', 'three'])).toEqual(refusal('1', '2'));
    expect(pay(1, ['two'])).toEqual([]);
    expect(pay(2, ['x', 'y'], 'shop')).toEqual([]);
  });

  test('charges an intent once, however often it is bumped', () => {
    start(withPolicy({ velocity: [row] }));
    const intent = intentOf('one', { amount: 2_000_000n, script: script('a') });
    for (const fee of [10_000n, 20_000n, 30_000n])
      expect(world.force(spend(0, [intent], 2_000_000n, [], fee))).toEqual([]);
    expect(world.gate.state.payments).toMatchObject([{ amount: 2_000_000n }]);
  });

  test('looks at what was paid once, however many are to be paid', () => {
    start(withPolicy({ velocity: [row, { ...row, ticks: 12 }] }));
    let reads = 0;
    const paid = (i: number) => ({
      at: 0,
      requester: 'desk',
      amount: 1n,
      get destination() {
        reads += 1;
        return `${i}`;
      },
    });
    world.gate.state.payments = Array.from({ length: 100 }, (_, i) => paid(i));
    const intents = Array.from({ length: 15 }, (_, i) =>
      intentOf(`${i}`, { amount: 10_000n, script: script(`${i}`) }),
    );
    expect(world.force(spend(0, intents, 150_000n))).toEqual([]);
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThanOrEqual(300);
  });
});
