import {
  Clear,
  decode,
  encode,
  type SignRequest,
  SignRequest as SignRequestSchema,
} from '@coldwire/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inForm } from '../../../test/world/form.ts';
import type { Coin } from '../../policy/test/world.ts';
import { decodeGateChange, encodeGateChange } from '../src/core/change.ts';
import { applyGate, createGateState, type GateState } from '../src/core/state.ts';
import { GateWorld, idAtHome, SECOND } from './gate-world.ts';

const world = new GateWorld();
const coins: readonly Coin[] = world.world.fund(Array.from({ length: 4 }, () => 20_000_000n));

/** Everything that a gate remembers, as one comparable value. */
const memoryOf = ({ charter: _, ...memory }: GateState): unknown => memory;

function requestOf(
  spent: readonly number[],
  labels: readonly number[],
  fee: number,
  place: number,
): SignRequest {
  const intents = labels.map((label) =>
    world.world.intent({
      id: idAtHome(place, `p ${label}`),
      amount: 1_000_000n,
      created: 1000,
      expires: 1100,
    }),
  );
  const left = BigInt(spent.length) * 20_000_000n - BigInt(labels.length) * 1_000_000n - BigInt(fee);
  return world.world.request({
    coins: spent.flatMap((place) => coins[place] ?? []),
    intents,
    change: [{ amount: left }],
  });
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('clear' as const),
        spent: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }),
        labels: fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
        fee: fc.integer({ min: 1_000, max: 40_000 }),
        place: fc.nat(1),
        id: fc.nat(30),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.nat(900) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  ),
  { maxLength: 14 },
);

describe('Whatever is asked of a gate', () => {
  test('its state folded from the journal is the live one and intents keep their promise', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const { gate } = world;
        gate.forget();
        for (const step of plan) {
          if (step.kind === 'wait') gate.uptime += step.seconds * SECOND;
          else if (step.kind === 'restart') gate.start();
          else {
            const request = requestOf(step.spent, step.labels, step.fee, step.place);
            const id = new Uint8Array(16).fill(step.id);
            const signed = [world.forced('A', request), world.forced('B', request)];
            gate.deliver('CLEAR', encode(Clear, { request: encode(SignRequestSchema, request), signed }), id);
          }
          const folded = gate.journal.reduce(applyGate, createGateState(gate.charter));
          expect(memoryOf(folded)).toEqual(memoryOf(gate.state));
          expectPromises(gate.state);
        }
      }),
      { numRuns: inForm(12, 100) },
    );
  });

  /** Every two cleared transactions of one intent share a coin. */
  function expectPromises(state: GateState): void {
    for (const { txids } of state.intents.values()) {
      for (const one of txids) {
        for (const other of txids) {
          const inputs = state.cleared.get(one)?.inputs ?? [];
          expect(inputs.some((input) => state.cleared.get(other)?.inputs.includes(input))).toBe(true);
        }
      }
    }
  }

  test('no bytes make it throw or change what it remembers', () => {
    const { gate } = world;
    gate.forget();
    const request = requestOf([0], [1], 10_000, 0);
    const signed = [world.forced('A', request), world.forced('B', request)];
    const good = encode(Clear, { request: encode(SignRequestSchema, request), signed });
    // At places of their own: two changes of one byte could take each other back.
    const mutate = fc.uniqueArray(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 4,
      selector: ([at]) => at,
    });
    fc.assert(
      fc.property(fc.oneof(mutate, fc.uint8Array({ maxLength: 200 })), (how) => {
        const body = how instanceof Uint8Array ? how : applyFlips(good, how);
        const { changes, replies } = gate.decide('CLEAR', body);
        expect(replies.map(({ type }) => type)).toEqual(['REFUSED']);
        // What two signers have signed is remembered, whatever becomes of the request.
        expect(changes.filter(({ kind }) => kind !== 'result' && kind !== 'head')).toEqual([]);
      }),
      { numRuns: inForm(60, 1_000) },
    );
    expect(gate.deliver('CLEAR', good).type).toBe('CLEARED');
  });

  test('no request of random contents makes it throw', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const amount = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    const u32 = fc.nat(0xffffffff);
    const rows = fc.record({
      draft: fc.record({
        locktime: u32,
        inputs: fc.array(fc.tuple(bytes(32), u32, amount, fc.nat(2), u32, u32), {
          minLength: 1,
          maxLength: 4,
        }),
        intents: fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 160 }), bytes(64)), {
          maxLength: 3,
        }),
        change: fc.array(fc.tuple(fc.nat(2), u32, amount, fc.nat(1032)), { maxLength: 4 }),
      }),
      verdicts: fc.array(
        fc.record({
          screen: fc.constantFrom('screen-1', 'x'),
          covers: fc.array(fc.nat(1023), { minLength: 1, maxLength: 5 }),
          issued: u32,
          signature: bytes(64),
        }),
        { maxLength: 2 },
      ),
    });
    const harmless = requestOf([0], [1], 10_000, 0);
    const signed = [world.forced('A', harmless), world.forced('B', harmless)];
    fc.assert(
      fc.property(rows, (request) => {
        const body = encode(SignRequestSchema, request);
        expect(world.gate.deliver('CLEAR', encode(Clear, { request: body, signed })).type).toBe('REFUSED');
      }),
      { numRuns: inForm(150, 3_000) },
    );
  });

  test('its decisions do not touch the state, and changes survive their encoding', () => {
    const { gate } = world;
    gate.forget();
    const request = requestOf([0], [1], 10_000, 0);
    const signed = [world.forced('A', request), world.forced('B', request)];
    const body = encode(Clear, { request: encode(SignRequestSchema, request), signed });
    const before = structuredClone(memoryOf(gate.state));
    const decision = gate.decide('CLEAR', body);
    expect(memoryOf(gate.state)).toEqual(before);
    expect(decision.changes.map(({ kind }) => kind)).toEqual(['head', 'head', 'cleared', 'result']);
    for (const change of decision.changes) expect(decodeGateChange(encodeGateChange(change))).toEqual(change);
    expect(() => decodeGateChange(Uint8Array.of(0x82, 9, 9))).toThrow('damaged');
    expect(decode(Clear, body, 524_288).ok).toBe(true);
  });
});

function applyFlips(good: Uint8Array, flips: readonly (readonly [number, number])[]): Uint8Array {
  const body = Uint8Array.from(good);
  for (const [at, mask] of flips) body[at] = (body[at] ?? 0) ^ mask;
  // Two flips of the same place may undo each other.
  return body.every((byte, i) => byte === good[i]) ? body.subarray(1) : body;
}
