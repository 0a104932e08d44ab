/** Checks where a whole request cannot show the difference: called with one value replaced. */
import { describe, expect, test } from 'vitest';
import { homeOf } from '../src/core/conflict.ts';
import { rebuild } from '../src/core/rebuild.ts';
import { hashInputs } from '../src/core/sighash.ts';
import { GateWorld } from './gate-world.ts';

const { gate, world } = new GateWorld();

describe('The home of an intent', () => {
  test('is told by all of its first four bytes, however many gates there are', () => {
    const { charter } = gate.state.charter;
    const [first] = charter.gates;
    if (first === undefined) throw new Error('no gate');
    const three = { ...gate.state.charter, charter: { ...charter, gates: [first, first, first] } };
    const state = { ...gate.state, charter: three };
    const homes = ['10000000', '00000002', '0000000a', 'ffffffff'].map((id) =>
      homeOf(state, `${id}ffffffff`),
    );
    expect(homes).toEqual([1, 2, 1, 0]);
  });
});

describe('The hash that is signed', () => {
  test('is made of scripts whose length is one byte; a longer one is a bug and is told as one', () => {
    const coins = world.fund([20_000_000n]);
    const built = rebuild(gate.charter, world.request({ coins, change: [{ amount: 19_990_000n }] }));
    if (!built.ok) throw new Error('cannot be built');
    const { value } = built;
    const hashWith = (length: number) => {
      const long = { witnessScript: new Uint8Array(length) };
      return hashInputs({
        ...value,
        inputs: value.inputs.map((one) => ({ ...one, script: { ...one.script, ...long } })),
      });
    };
    expect(hashWith(252)).toHaveLength(1);
    expect(() => hashWith(253)).toThrow('a script of more than 252 bytes');
  });
});
