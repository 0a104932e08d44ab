import {
  Clear,
  type Cleared,
  decode,
  encode,
  equalBytes,
  Hello,
  Signed,
  State,
  Status,
} from '@coldwire/protocol';
import { sealContext } from '@coldwire/protocol/seal/format.ts';
import { rebuildSealed } from '@coldwire/protocol/seal/index.ts';
import { createSighash, serializeStripped, txidOf } from '@coldwire/wallet';
import { verify } from '@noble/secp256k1';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseTransaction } from '../../devchain/src/primitives/transaction.ts';
import { verifyTransaction } from '../../devchain/src/script/verify.ts';
import { type Coin, SIGNERS } from '../../policy/test/world.ts';
import { decideGreeting } from '../src/core/decide.ts';
import { GateWorld, refusalsOf } from './gate-world.ts';

let world: GateWorld;
let coins: readonly Coin[];

beforeEach(() => {
  world = new GateWorld();
  coins = world.world.fund([20_000_000n, 20_000_000n, 20_000_000n]);
});

function payment(label = 'one', amount = 1_000_000n) {
  const intents = [world.intent(label, amount)];
  return world.world.request({ coins, intents, change: [{ amount: 60_000_000n - amount - 10_000n }] });
}

/** Runs the scripts of the final bytes on an interpreter that shares no code with gate or wallet. */
function mustSpend({ transaction }: Cleared): void {
  const spent = coins.map(({ amount, index }) => ({ amount, script: world.world.script(0, index) }));
  verifyTransaction(parseTransaction(transaction).tx, spent);
}

describe('A good request', () => {
  test('is cleared with final bytes that another interpreter accepts, whichever two signers sign', () => {
    const pairs = [
      ['A', 'B'],
      ['B', 'A'],
      ['A', 'C'],
      ['C', 'B'],
    ] as const;
    for (const [first, second] of pairs) {
      const { codes, cleared } = world.pass(payment(), [first, second]);
      expect(codes).toEqual([]);
      if (cleared === undefined) throw new Error('nothing was cleared');
      mustSpend(cleared);
      expect(cleared.keys.map(([signer]) => signer)).toEqual([first, second]);
    }
  });

  test('is cleared with the txid that the signers named, and content keys that give their sealed bytes again', () => {
    const request = payment();
    const body = world.clear(request);
    const { cleared } = world.gate.clear(body);
    const clear = decode(Clear, body, 524_288);
    if (!clear.ok || cleared === undefined) throw new Error('nothing was cleared');
    const gates = world.world.loaded.charter.gates.map(({ sealKey }) => sealKey);
    const witness = parseTransaction(cleared.transaction).tx.inputs.map((input) => input.witness);
    expect(witness.every((stack) => stack.length === 4)).toBe(true);
    for (const [place, [, signedBody]] of clear.value.signed.entries()) {
      const signed = decode(Signed, signedBody.subarray(16));
      if (!signed.ok) throw new Error(signed.fault.detail);
      expect(signed.value.txid).toEqual(cleared.txid);
      const { requestHash, txid, sealed } = signed.value;
      const contentKey = cleared.keys[place]?.[1] ?? new Uint8Array();
      const context = sealContext(world.world.loaded.hash, requestHash, txid);
      const plaintext = signaturesOf(request, place, cleared);
      const again = rebuildSealed(contentKey, context, gates, plaintext);
      expect(again.ciphertext).toEqual(sealed.ciphertext);
      expect(again.ephemeral).toEqual(sealed.ephemeral);
      expect(again.wraps.map(({ bytes }) => bytes)).toEqual(sealed.wraps.map(([, bytes]) => bytes));
    }
  });

  /** The compact signatures of one signer, taken back out of the final witness. */
  function signaturesOf(
    request: Parameters<GateWorld['clear']>[0],
    place: number,
    cleared: Cleared,
  ): Uint8Array {
    const outcome = world.world.evaluate(request);
    if (outcome.kind !== 'approved') throw new Error('not approved');
    const sighash = createSighash(outcome.spend.transaction);
    const parts = outcome.spend.inputs.map(({ script, amount }, input) => {
      const hash = sighash.sighashAll(input, script.witnessScript, amount);
      const key = script.publicKeys[place] ?? new Uint8Array();
      const stack = parseTransaction(cleared.transaction).tx.inputs[input]?.witness.slice(1, 3) ?? [];
      const found = stack
        .map(compactOf)
        .find((signature) => verify(signature, hash, key, { prehash: false }));
      if (found === undefined) throw new Error('no signature of this signer');
      return [...found];
    });
    return Uint8Array.from(parts.flat());
  }

  test('asked again with the same id gives the same body, and judges nothing again', () => {
    const body = world.clear(payment());
    const id = world.gate.newId();
    const first = world.gate.deliver('CLEAR', body, id);
    const before = world.gate.journal.length;
    const again = world.gate.decide('CLEAR', body, id);
    expect(again.changes).toEqual([]);
    expect(again.replies).toEqual([first]);
    world.gate.start();
    expect(world.gate.decide('CLEAR', body, id).replies).toEqual([first]);
    expect(world.gate.journal.length).toBe(before + 1);
  });

  test('asked again under a new id is cleared to the same bytes and charged nothing', () => {
    const body = world.clear(payment());
    const first = world.gate.clear(body);
    const charged = world.gate.state.charges.length;
    const again = world.gate.clear(body);
    expect(again).toEqual(first);
    expect(world.gate.state.charges.length).toBe(charged);
  });

  test('with the id of another request is CONFLICT_ID', () => {
    const id = world.gate.newId();
    world.gate.clear(world.clear(payment('one')), id);
    const before = world.gate.journal.length;
    expect(world.gate.clear(world.clear(payment('two')), id).codes).toEqual(['CONFLICT_ID']);
    expect(world.gate.journal.length).toBe(before);
  });

  test('may come with the answers of all three signers', () => {
    expect(world.pass(payment(), SIGNERS).codes).toEqual([]);
  });

  test('that only moves coins to our own change is cleared', () => {
    const request = world.world.request({ coins, change: [{ amount: 59_990_000n }] });
    const { codes, cleared } = world.pass(request);
    expect(codes).toEqual([]);
    if (cleared !== undefined) mustSpend(cleared);
  });

  test('makes the transaction that the signers’ code makes', () => {
    const request = payment();
    const outcome = world.world.evaluate(request);
    const { cleared } = world.pass(request);
    if (outcome.kind !== 'approved' || cleared === undefined) throw new Error('not cleared');
    expect(cleared.txid).toEqual(txidOf(outcome.spend.transaction));
    const stripped = serializeStripped(outcome.spend.transaction);
    expect(
      equalBytes(cleared.transaction.subarray(6, 6 + stripped.length - 8), stripped.subarray(4, -4)),
    ).toBe(true);
  });
});

function compactOf(der: Uint8Array): Uint8Array {
  const lengthR = der[3] ?? 0;
  const r = der.subarray(4, 4 + lengthR);
  const s = der.subarray(6 + lengthR, der.length - 1);
  const compact = new Uint8Array(64);
  const place = (value: Uint8Array, end: number): void => {
    const bare = value.length > 32 ? value.subarray(value.length - 32) : value;
    compact.set(bare, end - bare.length);
  };
  place(r, 32);
  place(s, 64);
  return compact;
}

describe('What is no CLEAR', () => {
  test('HELLO is taken and not answered', () => {
    const hello = decideGreeting(world.gate.state, 0).replies[0]?.body ?? new Uint8Array();
    expect(world.gate.decide('HELLO', hello, null)).toEqual({ changes: [], replies: [] });
  });

  test('the greeting names software and epoch, and a chain that the gate does not follow', () => {
    const hello = decode(Hello, decideGreeting(world.gate.state, 0).replies[0]?.body ?? new Uint8Array());
    expect(hello).toMatchObject({ ok: true, value: { epoch: 0, tipHeight: 0, frozen: false } });
  });

  test('STATUS is answered with the running time', () => {
    world.gate.uptime = 1_200_000_000;
    const reply = world.gate.deliver('STATUS', encode(Status, {}));
    expect(reply.type).toBe('STATE');
    expect(decode(State, reply.body)).toMatchObject({ ok: true, value: { millitick: 2000 } });
  });

  test('every other type is UNKNOWN_TYPE', () => {
    for (const type of ['SIGN', 'HEADERS', 'ADMIT', 'DEAD', 'FREEZE', 'CLEARED'] as const) {
      const reply = world.gate.deliver(type, new Uint8Array([0xa0]));
      expect(refusalsOf(reply)[0]?.[0]).toBe('UNKNOWN_TYPE');
    }
  });

  test('a request without an id is MALFORMED', () => {
    expect(refusalsOf(world.gate.deliver('CLEAR', new Uint8Array([0xa0]), null))[0]?.[0]).toBe('MALFORMED');
  });

  test('a request of a wrong form is refused by the fault’s code and leaves no trace', () => {
    const before = world.gate.journal.length;
    const bodies = [[0xa0], [0xa1, 0x01], [0xbf, 0xff], [], [0xa2, 0x01, 0x41, 0xa0, 0x02, 0x80]];
    for (const body of bodies) {
      const [code] = refusalsOf(world.gate.deliver('CLEAR', Uint8Array.from(body)))[0] ?? [];
      expect(['MALFORMED', 'NONCANONICAL']).toContain(code);
    }
    const good = decode(Clear, world.clear(payment()), 524_288);
    if (!good.ok) throw new Error(good.fault.detail);
    const inner = encode(Clear, { ...good.value, request: Uint8Array.of(0xa0) });
    expect(refusalsOf(world.gate.deliver('CLEAR', inner))[0]?.[0]).toBe('MALFORMED');
    expect(world.gate.journal.length).toBe(before);
  });
});
