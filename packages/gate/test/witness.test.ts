import {
  Clear,
  createEd25519Signer,
  decode,
  encode,
  Header,
  MESSAGE_TYPES,
  messageHash,
  Witness,
  Witnessed,
} from '@coldwire/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Coin, seeded } from '../../policy/test/world.ts';
import { materials } from '../../signer/test/signing-world.ts';
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

type Row = Clear['signed'][number];

function readClear(body: Uint8Array): Clear {
  const clear = decode(Clear, body, 524_288);
  if (!clear.ok) throw new Error(clear.fault.detail);
  return clear.value;
}

/** A's answer of this CLEAR under another header, signed by A. */
function rowUnder(body: Uint8Array, change: Partial<Header>): Row {
  const [row] = readClear(body).signed;
  const header = decode(Header, row?.[0] ?? new Uint8Array(), 1024);
  if (row === undefined || !header.ok) throw new Error('no header');
  const bytes = encode(Header, { ...header.value, ...change });
  return [bytes, row[1], createEd25519Signer(materials.A.identitySeed).sign(messageHash(bytes))];
}

/** Whatever becomes of it. */
function show(body: Uint8Array, signed: readonly Row[]): void {
  world.gate.deliver('CLEAR', encode(Clear, { request: readClear(body).request, signed }));
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

  test.each([
    ['to somebody who is no vault', { recipient: 'mallory' }],
    ['of another version', { version: 2 }],
    ['of another deployment', { charter: seeded('other') }],
    ['of another type', { type: MESSAGE_TYPES.STATE.number }],
  ])('remembers no message %s, though the signer signed it', (_, change) => {
    const body = world.clear(payment('one'));
    const [, other] = readClear(body).signed;
    if (other === undefined) throw new Error('two signed');
    show(body, [rowUnder(body, change), other]);
    expect([ask('A').heads, ask('B').heads]).toEqual([[], [headOf(body, 1)]]);
    show(body, [rowUnder(body, {}), other]);
    expect(ask('A').heads).toEqual([headOf(body, 0)]);
  });

  test('remembers of one request the first to each vault: an older one behind it does not take its place', () => {
    const body = world.clear(payment('one'));
    const [newer, older] = [rowUnder(body, { seq: 9 }), rowUnder(body, { seq: 8 })];
    const elsewhere = rowUnder(body, { seq: 5, recipient: 'vault-2' });
    show(body, [newer, older, elsewhere]);
    const heads = [newer, elsewhere].map(([header, , signature]) => [header, signature]);
    expect(ask('A').heads).toEqual(heads);
    world.gate.start();
    expect(ask('A').heads).toEqual(heads);
  });

  test('writes down what it was shown once, however often it is shown', () => {
    const body = world.clear(payment('one'));
    const kinds = () => world.gate.decide('CLEAR', body).changes.map(({ kind }) => kind);
    expect(kinds()).toEqual(['head', 'head', 'cleared', 'result']);
    world.gate.clear(body);
    expect(kinds()).toEqual(['result']);
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
