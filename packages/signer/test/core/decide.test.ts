import { digestState } from '@coldwire/policy';
import {
  Admit,
  concatBytes,
  Dead,
  Done,
  decode,
  encode,
  Freeze,
  Headers,
  Hello,
  type MessageType,
  Notice,
  SignRequest,
  State,
  Status,
  toHex,
} from '@coldwire/protocol';
import { sealContext } from '@coldwire/protocol/seal/format.ts';
import { openSealed } from '@coldwire/protocol/seal/index.ts';
import { createSighash } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { verify } from '@noble/secp256k1';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Coin, seeded } from '../../../policy/test/world.ts';
import { apply, decodeChange, encodeChange } from '../../src/core/change.ts';
import { decodeLocal, encodeLocal } from '../../src/core/event.ts';
import { createState, RESULTS_KEPT } from '../../src/core/state.ts';
import { codesOf, destination, gateSecret, type TestSigner, Treasury } from '../signing-world.ts';

let treasury: Treasury;
let signer: TestSigner;
let coins: readonly Coin[];

beforeEach(() => {
  treasury = new Treasury();
  signer = treasury.signers.A;
  coins = treasury.world.fund([20_000_000n, 20_000_000n, 20_000_000n]);
  signer.catchUp();
});

function payment(label = 'one', spent: readonly Coin[] = coins.slice(0, 2), fee = 10_000n): SignRequest {
  const intents = [
    treasury.world.intent({
      id: label,
      amount: 1_000_000n,
      script: destination(label),
      created: 1001,
      expires: 1100,
    }),
  ];
  const total = spent.reduce((sum, { amount }) => sum + amount, 0n);
  return treasury.world.request({ coins: spent, intents, change: [{ amount: total - 1_000_000n - fee }] });
}

const digest = (): string => toHex(digestState(signer.state.policy));
const bodyOf = (request: SignRequest): Uint8Array => encode(SignRequest, request);
const refusalIn = (sent: readonly { body: Uint8Array }[]): string[] =>
  codesOf(sent[0]?.body ?? new Uint8Array());

describe('SIGN', () => {
  test('is answered with signatures of every input that open at both gates and verify on another stack', () => {
    const request = payment();
    const { signed } = signer.ask(request);
    if (signed === undefined) throw new Error('refused');
    const outcome = treasury.world.evaluate(request);
    if (outcome.kind !== 'approved') throw new Error('not approved');
    const { spend } = outcome;
    expect(signed.txid).toEqual(spend.txid);
    const context = sealContext(treasury.world.loaded.hash, signed.requestHash, signed.txid);
    const sealed = {
      ...signed.sealed,
      wraps: signed.sealed.wraps.map(([, bytes], gate) => ({ gate, bytes })),
    };
    for (const [place, gate] of ['gate-1', 'gate-2'].entries()) {
      const plaintext = openSealed(gateSecret(gate), place, context, sealed)?.plaintext ?? new Uint8Array();
      expect(plaintext.length).toBe(128);
      const sighash = createSighash(spend.transaction);
      for (const [i, { script, amount }] of spend.inputs.entries()) {
        const hash = sighash.sighashAll(i, script.witnessScript, amount);
        const signature = plaintext.slice(64 * i, 64 * i + 64);
        expect(verify(signature, hash, script.publicKeys[0] ?? new Uint8Array(), { prehash: false })).toBe(
          true,
        );
      }
    }
    expect(openSealed(gateSecret('gate-1'), 1, context, sealed)).toBe(null);
    expect(openSealed(seeded('mallory'), 0, context, sealed)).toBe(null);
  });

  test('changes nothing before its changes are applied, and does not touch the state to decide', () => {
    const before = digest();
    const received = signer.receive('SIGN', bodyOf(payment()), signer.newId());
    const decision = signer.decide({ kind: 'message', received, ...signer.clock() });
    expect(decision.effects.map(({ kind }) => kind)).toEqual(['sign']);
    expect(decision.changes.map(({ kind }) => kind)).toEqual(['policy']);
    expect(digest()).toBe(before);
    expect(signer.state.results.size).toBe(0);
  });

  test('asked again with the same id gives the same bytes, and evaluates, signs and changes nothing', () => {
    const id = signer.newId();
    const first = signer.deliver('SIGN', bodyOf(payment()), id);
    const [made, journal] = [signer.signatures, signer.journal.length];
    // Frozen, the same request would be refused if any rule ran again.
    signer.happen('freeze', 'console');
    const again = signer.deliver('SIGN', bodyOf(payment()), id);
    expect(again).toEqual(first);
    expect(signer.signatures).toBe(made);
    expect(signer.journal.length).toBe(journal + 2);
  });

  test('refused once is refused with the same bytes when asked again, whatever has changed since', () => {
    const id = signer.newId();
    const foreign = { ...payment(), verdicts: [] };
    const first = signer.deliver('SIGN', bodyOf(foreign), id);
    expect(refusalIn(first)).toEqual(['SCREENING']);
    expect(signer.deliver('SIGN', bodyOf(foreign), id)).toEqual(first);
    expect(signer.signatures).toBe(0);
  });

  test('with the id of another request is CONFLICT_ID, and the first result stays', () => {
    const id = signer.newId();
    const first = signer.deliver('SIGN', bodyOf(payment('one')), id);
    const before = [digest(), signer.journal.length, signer.signatures];
    expect(refusalIn(signer.deliver('SIGN', bodyOf(payment('two', coins.slice(2))), id))).toEqual([
      'CONFLICT_ID',
    ]);
    expect([digest(), signer.journal.length, signer.signatures]).toEqual(before);
    expect(signer.deliver('SIGN', bodyOf(payment('one')), id)).toEqual(first);
  });

  test('of the same transaction under a new id is charged nothing and sealed to the same bytes', () => {
    const first = signer.ask(payment());
    const before = digest();
    const again = signer.ask(payment());
    expect(again).toEqual(first);
    expect(digest()).toBe(before);
    expect(signer.signatures).toBe(4);
  });

  test('more than a thousand requests later is judged again, charges nothing and gives the same bytes', () => {
    const id = signer.newId();
    const first = signer.deliver('SIGN', bodyOf(payment()), id);
    const bad = bodyOf({ ...payment('other', coins.slice(2)), verdicts: [] });
    for (let i = 0; i < RESULTS_KEPT; i++) signer.deliver('SIGN', bad, seeded(`flood ${i}`).slice(0, 16));
    expect(signer.state.results.size).toBe(RESULTS_KEPT);
    expect(signer.state.results.has(toHex(id))).toBe(false);
    const before = digest();
    expect(signer.deliver('SIGN', bodyOf(payment()), id)).toEqual(first);
    expect(digest()).toBe(before);
  });

  test('that a bug signs twice is an error, not a second result', () => {
    const id = signer.newId();
    signer.deliver('SIGN', bodyOf(payment()), id);
    const { signed } = signer.ask(payment());
    if (signed === undefined) throw new Error('refused');
    expect(() => signer.decide({ kind: 'signed', request: id, signed, ...signer.clock() })).toThrow(
      'signed twice',
    );
  });

  test('is answered byte for byte alike by the same signer twice over', () => {
    const other = new Treasury();
    const same = other.world.fund([20_000_000n, 20_000_000n, 20_000_000n]);
    expect(same).toEqual(coins);
    const request = payment();
    other.signers.A.catchUp();
    expect(other.signers.A.deliver('SIGN', bodyOf(request))).toEqual(signer.deliver('SIGN', bodyOf(request)));
  });
});

describe('The other requests', () => {
  test('STATUS tells windows, coins and clock', () => {
    signer.ask(payment());
    const [reply] = signer.deliver('STATUS', encode(Status, {}));
    expect(reply?.type).toBe('STATE');
    const state = decode(State, reply?.body ?? new Uint8Array());
    expect(state).toMatchObject({
      ok: true,
      value: {
        coins: 3,
        frozen: false,
        tipHeight: 1001,
        windows: [{ amount: 1_000_000n, count: 1, fee: 10_000n }, {}],
      },
    });
  });

  test('HEADERS and ADMIT are done, and unknown ones are refused and change nothing', () => {
    const blocks = treasury.world.mine(2);
    const headers = encode(Headers, { headers: concatBytes(...blocks.map(({ header }) => header)) });
    expect(signer.deliver('HEADERS', headers)[0]?.type).toBe('DONE');
    expect(signer.deliver('HEADERS', headers)[0]?.body).toEqual(encode(Done, {}));
    const before = digest();
    const foreign = encode(Headers, { headers: new Uint8Array(80) });
    expect(refusalIn(signer.deliver('HEADERS', foreign))).toEqual(['HEADER_LINK']);
    const { bytes, txid } = treasury.world.foreign([
      { amount: 1_000_000n, script: treasury.world.script(0, 9) },
    ]);
    const proof = { block: seeded('no block'), position: 0, path: new Uint8Array() };
    const claim = [{ vout: 0, wallet: 0, chain: 0, index: 9 }];
    const unproven = encode(Admit, { transaction: bytes, coins: claim, proof });
    expect(refusalIn(signer.deliver('ADMIT', unproven))).toEqual(['MERKLE_PROOF']);
    expect(
      refusalIn(signer.deliver('ADMIT', encode(Admit, { transaction: bytes, coins: claim, proof: null }))),
    ).toEqual(['UNPROVEN_PARENT']);
    const dead = encode(Dead, { txid, spender: bytes, proof });
    expect(refusalIn(signer.deliver('DEAD', dead))).toEqual(['DEAD_PROOF']);
    expect(digest()).toBe(before);
    expect(signer.ask(payment()).codes).toEqual([]);
  });

  test('FREEZE stops signing for a bounded time, counted by the sender', () => {
    expect(signer.deliver('FREEZE', encode(Freeze, { reason: 'test' }))[0]?.type).toBe('DONE');
    expect(signer.ask(payment()).codes).toEqual(['FROZEN']);
    treasury.world.pass(37);
    signer.catchUp();
    expect(signer.ask(payment()).codes).toEqual([]);
  });

  test('HELLO is taken and not answered', () => {
    const received = signer.receive('HELLO', new Uint8Array(), null);
    expect(signer.decide({ kind: 'message', received, ...signer.clock() })).toEqual({
      changes: [],
      effects: [],
    });
  });

  test('a request without an id is MALFORMED', () => {
    for (const type of ['STATUS', 'SIGN', 'HEADERS'] as const) {
      expect(refusalIn(signer.deliver(type, encode(Status, {}), null))).toEqual(['MALFORMED']);
    }
  });

  test('what only a signer or a gate says, and what only a gate is asked, is UNKNOWN_TYPE', () => {
    for (const type of ['STATE', 'SIGNED', 'REFUSED', 'DONE', 'NOTICE', 'CLEAR', 'CLEARED'] as const) {
      expect(refusalIn(signer.deliver(type, encode(Status, {})))).toEqual(['UNKNOWN_TYPE']);
    }
  });

  test('a body of a wrong form is refused by the fault’s code and changes nothing', () => {
    const before = [digest(), signer.journal.length];
    const types: readonly MessageType[] = ['STATUS', 'HEADERS', 'ADMIT', 'DEAD', 'FREEZE', 'SIGN'];
    const bodies: readonly (readonly [string, number[]])[] = [
      ['MALFORMED', [0xa1, 0x18, 0x63, 0x01]],
      ['MALFORMED', [0x80]],
      ['NONCANONICAL', [0xbf, 0xff]],
      ['MALFORMED', [0xa0, 0x00]],
      ['NONCANONICAL', [0xc0, 0xa0]],
      ['MALFORMED', []],
    ];
    for (const type of types) {
      for (const [code, body] of bodies)
        expect(refusalIn(signer.deliver(type, Uint8Array.from(body)))).toEqual([code]);
    }
    expect([digest(), signer.journal.length]).toEqual(before);
    expect(signer.ask(payment()).codes).toEqual([]);
  });

  test('an intent in a draft that is no intent is malformed, and no result is kept', () => {
    const good = payment();
    const request = {
      ...good,
      draft: { ...good.draft, intents: [[Uint8Array.of(0xa0), new Uint8Array(64)] as const] },
    };
    expect(refusalIn(signer.deliver('SIGN', bodyOf(request)))).toEqual(['MALFORMED']);
    expect(signer.state.results.size).toBe(0);
  });
});

describe('What happens at the machine', () => {
  const told = (): string[] =>
    signer.happen('greet').map(({ type, body }) => {
      if (type === 'HELLO') return decode(Hello, body).ok ? 'HELLO' : 'damaged';
      const notice = decode(Notice, body);
      return notice.ok ? `${notice.value.event}: ${notice.value.detail}` : 'damaged';
    });

  test('is told with the greeting, in order, once', () => {
    signer.happen('unlock', 'at start');
    signer.happen('lock', 'SIGUSR2');
    signer.happen('freeze', 'console');
    const start = `start: ${toHex(treasury.world.loaded.hash)}`;
    expect(told()).toEqual(['HELLO', start, 'unlock: at start', 'lock: SIGUSR2', 'freeze: console']);
    expect(told()).toEqual(['HELLO']);
    signer.happen('unlock', 'console');
    expect(told()).toEqual(['HELLO', 'unlock: console']);
  });

  test('a machine that started two thousand times while it was locked tells so a part at a time', () => {
    for (let starts = 0; starts < 2000; starts++) signer.happen('start', toHex(treasury.world.loaded.hash));
    const counts = Array.from({ length: 9 }, () => told().length - 1);
    expect(counts).toEqual([...new Array<number>(7).fill(256), 2001 - 7 * 256, 0]);
  });

  test('counts each start, and a start restarts the running time of the clock', () => {
    expect(signer.state.session).toBe(1);
    signer.happen('start', toHex(treasury.world.loaded.hash));
    expect(signer.state.session).toBe(2);
  });

  test('a freeze at the console stops signing and lapses', () => {
    signer.happen('freeze', 'console');
    expect(signer.ask(payment()).codes).toEqual(['FROZEN']);
    const hello = decode(Hello, signer.happen('greet')[0]?.body ?? new Uint8Array());
    expect(hello).toMatchObject({ ok: true, value: { frozen: true } });
    treasury.world.pass(37);
    expect(signer.ask(payment()).codes).toEqual([]);
  });

  test('survives its encoding, and damaged records are named', () => {
    const local = { event: 'lock', detail: 'SIGUSR2' } as const;
    expect(decodeLocal(encodeLocal(local))).toEqual(local);
    expect(() => decodeLocal(Uint8Array.of(1))).toThrow('damaged');
    expect(() => decodeChange(Uint8Array.of(1))).toThrow('damaged');
    for (const change of signer.journal) expect(decodeChange(encodeChange(change))).toEqual(change);
  });

  test('a charter without this signer makes no state', () => {
    expect(() => createState(treasury.world.loaded, 'D', noblePointMath)).toThrow('no signer "D"');
  });

  test('the journal alone gives the state again', () => {
    signer.ask(payment());
    signer.happen('freeze', 'console');
    const folded = signer.journal.reduce(apply, createState(treasury.world.loaded, 'A', noblePointMath));
    expect(toHex(digestState(folded.policy))).toBe(digest());
    expect([...folded.results]).toEqual([...signer.state.results]);
    expect(folded.notices).toEqual(signer.state.notices);
  });
});
