import { digestState } from '@coldwire/policy';
import { encode, type MessageType, SignRequest, toHex } from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inForm } from '../../../../test/world/form.ts';
import { apply, decodeChange, encodeChange } from '../../src/core/change.ts';
import { createState, type SignerState } from '../../src/core/state.ts';
import { destination, Treasury } from '../signing-world.ts';

const TYPES: readonly MessageType[] = [
  'STATUS',
  'HEADERS',
  'ADMIT',
  'SIGN',
  'SIGN',
  'SIGN',
  'DEAD',
  'FREEZE',
  'CLEAR',
  'DONE',
];

const memoryOf = ({ policy, results, notices, session }: SignerState): unknown => ({
  policy: toHex(digestState(policy)),
  results: [...results],
  notices: structuredClone(notices),
  session,
});

function makeWorld() {
  const treasury = new Treasury();
  const coins = treasury.world.fund([20_000_000n, 20_000_000n, 20_000_000n]);
  const signer = treasury.signers.A;
  signer.catchUp();
  const request = (label: number, spent: readonly number[], fee: number): SignRequest =>
    treasury.world.request({
      coins: spent.flatMap((place) => coins[place] ?? []),
      intents: [
        treasury.world.intent({
          id: `p ${label}`,
          amount: 1_000_000n,
          script: destination(`${label}`),
          created: 1001,
          expires: 1100,
        }),
      ],
      change: [{ amount: BigInt(spent.length) * 20_000_000n - 1_000_000n - BigInt(fee) }],
    });
  return { treasury, signer, request };
}

const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('sign' as const),
      label: fc.nat(2),
      spent: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 }),
      fee: fc.integer({ min: 1_000, max: 60_000 }),
      id: fc.nat(8),
    }),
    fc.record({ kind: fc.constantFrom('start', 'lock', 'unlock', 'freeze', 'greet') }),
    fc.record({ kind: fc.constant('blocks' as const), count: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ kind: fc.constant('status' as const) }),
  ),
  { maxLength: 12 },
);

describe('Whatever happens to a signer', () => {
  test('its journal folds to its live state, and every approved intent keeps its promise', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const { treasury, signer, request } = makeWorld();
        for (const step of plan) {
          if (step.kind === 'sign') {
            const id = new Uint8Array(16).fill(step.id);
            const body = encode(SignRequest, request(step.label, step.spent, step.fee));
            const [first] = signer.deliver('SIGN', body, id);
            expect(signer.deliver('SIGN', body, id)).toEqual([first]);
          } else if (step.kind === 'blocks') {
            treasury.world.pass(step.count);
            signer.catchUp();
          } else if (step.kind === 'status') signer.deliver('STATUS', Uint8Array.of(0xa0));
          else signer.happen(step.kind, 'test');
        }
        const blank = createState(treasury.world.loaded, 'A', noblePointMath);
        const folded = signer.journal.map(encodeChange).map(decodeChange).reduce(apply, blank);
        expect(memoryOf(folded)).toEqual(memoryOf(signer.state));
        const { intents, transactions } = signer.state.policy;
        for (const { carriers } of intents.values()) {
          for (const one of carriers)
            for (const other of carriers) {
              const inputs = transactions.get(one)?.inputs ?? [];
              expect(inputs.some((key) => transactions.get(other)?.inputs.includes(key))).toBe(true);
            }
        }
      }),
      { numRuns: inForm(12, 100) },
    );
  });

  test('no bytes in any message make it throw, or change before it is journalled', () => {
    const { signer, request } = makeWorld();
    const good = encode(SignRequest, request(0, [0, 1], 10_000));
    const before = memoryOf(signer.state);
    const flips = fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 1,
    });
    const bodies = fc.oneof(flips, fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(fc.constantFrom(...TYPES), bodies, (type, how) => {
        const body = Array.isArray(how) ? flip(good, how) : how;
        const received = signer.receive(type, body, signer.newId());
        const { changes, effects } = signer.decide({ kind: 'message', received, ...signer.clock() });
        const [effect, ...more] = effects;
        expect(more).toEqual([]);
        // A flipped bit may make another good draft; to be signed it must be one.
        if (effect?.kind === 'sign') return;
        expect(changes.every(({ kind }) => kind === 'result')).toBe(true);
        expect(['REFUSED', 'STATE']).toContain(effect?.type);
      }),
      { numRuns: inForm(300, 5_000) },
    );
    expect(memoryOf(signer.state)).toEqual(before);
    expect(signer.signatures).toBe(0);
    expect(signer.deliver('SIGN', good)[0]?.type).toBe('SIGNED');
  });
});

function flip(good: Uint8Array, flips: readonly (readonly [number, number])[]): Uint8Array {
  const body = Uint8Array.from(good);
  for (const [at, mask] of flips) body[at] = (body[at] ?? 0) ^ mask;
  return body;
}
