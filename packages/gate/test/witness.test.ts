import { Clear, decode, encode, Witness, Witnessed } from '@coldwire/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Coin, seeded } from '../../policy/test/world.ts';
import { applyHead, type SeenHeads, witness } from '../src/core/witness.ts';
import { GateWorld, refusalsOf } from './gate-world.ts';

let world: GateWorld;
let coins: readonly Coin[];
const nonce = seeded('nonce').slice(0, 16);

beforeEach(() => {
  world = new GateWorld();
  coins = world.world.fund([20_000_000n]);
});

function payment(label: string, amount = 1_000_000n) {
  return world.world.request({
    coins,
    intents: [world.intent(label, amount)],
    change: [{ amount: 20_000_000n - amount - 10_000n }],
  });
}

function ask(signer: string): Witnessed {
  const reply = world.gate.deliver('WITNESS', encode(Witness, { signer, nonce }));
  const witnessed = decode(Witnessed, reply.body);
  if (reply.type !== 'WITNESSED' || !witnessed.ok) throw new Error(reply.type);
  return witnessed.value;
}

/** Header and signature of a SIGNED in a CLEAR. */
function headOf(body: Uint8Array, place: number): readonly [Uint8Array, Uint8Array] {
  const clear = decode(Clear, body, 524_288);
  const row = clear.ok ? clear.value.signed[place] : undefined;
  if (row === undefined) throw new Error('no header');
  return [row[0], row[2]];
}

describe('A gate that is asked for its witness', () => {
  test('knows nothing of a signer that it was never shown', () => {
    expect(ask('A')).toEqual({ signer: 'A', nonce, heads: [] });
  });

  test('names the newest SIGNED to each vault, also after a start', () => {
    const body = world.clear(payment('one'));
    world.gate.clear(body);
    const first = headOf(body, 0);
    expect(ask('A').heads).toEqual([first]);
    expect(ask('B').heads).toEqual([headOf(body, 1)]);
    expect(ask('C').heads).toEqual([]);
    world.gate.start();
    expect(ask('A').heads).toEqual([first]);
  });

  test('remembers what it was shown in a CLEAR that it refused, and never an older one again', () => {
    const older = world.clear(payment('one'));
    const newer = world.clear(payment('two', 2_000_000n));
    const seen = headOf(newer, 0);
    // Two answers for another request: refused, and still a sign of what A has signed.
    const clear = decode(Clear, older, 524_288);
    const other = decode(Clear, newer, 524_288);
    if (!clear.ok || !other.ok) throw new Error('no clear');
    const mixed = encode(Clear, { request: clear.value.request, signed: other.value.signed });
    const reply = world.gate.deliver('CLEAR', mixed);
    expect(refusalsOf(reply).map(([code]) => code)).toEqual(['GATE_SIGNED', 'GATE_SIGNED']);
    expect(ask('A').heads).toEqual([seen]);
    world.gate.clear(older);
    expect(ask('A').heads).toEqual([seen]);
  });

  test('remembers nothing that the signer did not sign', () => {
    const body = world.clear(payment('one'));
    const clear = decode(Clear, body, 524_288);
    if (!clear.ok) throw new Error('no clear');
    const signed = clear.value.signed.map(([header, inner]) => [header, inner, new Uint8Array(64)] as const);
    world.gate.deliver('CLEAR', encode(Clear, { request: clear.value.request, signed }));
    expect(ask('A').heads).toEqual([]);
  });

  test('refuses a question that has not its form', () => {
    const reply = world.gate.deliver('WITNESS', Uint8Array.of(0xa0));
    expect(refusalsOf(reply).map(([code]) => code)).toEqual(['MALFORMED']);
  });
});

test('A gate shows the heads to every vault of the charter in force, and of former ones those that were shown last', () => {
  const { charter } = world.gate.charter;
  const heads: SeenHeads = new Map();
  const show = (vault: string, seq: number) =>
    applyHead(heads, { signer: 'A', vault, seq, header: Uint8Array.of(seq), signature: new Uint8Array(64) });
  const former = Array.from({ length: 9 }, (_, i) => `a-vault-${i}`);
  show('vault-1', 1);
  for (const [i, name] of former.entries()) show(name, 10 + i);
  show('vault-2', 2);
  show('a-vault-0', 30);
  const shown = () => witness(world.gate.charter, heads, 'A', nonce).heads.map(([header]) => header[0]);
  // Six of before, by name: the first one was shown last of all, the next three longest ago.
  expect(shown()).toEqual([30, 14, 15, 16, 17, 18, 1, 2]);
  expect(charter.vaults.map(({ name }) => name)).toEqual(['vault-1', 'vault-2']);
});
