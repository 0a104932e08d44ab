import { digestState } from '@coldwire/policy';
import {
  concatBytes,
  encode,
  fromHex,
  type SignRequest,
  SignRequest as SignRequestSchema,
  toHex,
} from '@coldwire/protocol';
import { MAX_MONEY } from '@coldwire/wallet';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Coin, type DraftPlan, seeded } from '../../../policy/test/world.ts';
import { codesOf, destination, realCharter, type TestSigner, Treasury } from '../signing-world.ts';

let treasury: Treasury;
let signer: TestSigner;
let coins: readonly Coin[];

beforeEach(() => {
  treasury = new Treasury();
  signer = treasury.signers.A;
  coins = treasury.world.fund([20_000_000n, 20_000_000n, 20_000_000n]);
});

const intent = (label: string, amount = 1_000_000n, more: Parameters<typeof treasury.world.intent>[0] = {}) =>
  treasury.world.intent({ id: label, amount, script: destination(label), ...more });

/** Pays one intent of a million from all coins with 10,000 sat of fee, unless the plan says otherwise. */
function plan(more: Partial<DraftPlan> = {}, fee = 10_000n): SignRequest {
  const spent = more.coins ?? coins;
  const intents = more.intents ?? [intent('good')];
  const total = spent.reduce((sum, { amount }) => sum + amount, 0n);
  const left = total - BigInt(intents.length) * 1_000_000n - fee;
  return treasury.world.request({
    coins: spent,
    intents,
    change: left > 0n ? [{ amount: left }] : [],
    ...more,
  });
}

const withDraft = (draft: Partial<SignRequest['draft']>, base = plan()): SignRequest => ({
  ...base,
  draft: { ...base.draft, ...draft },
});

/** Exactly these codes, no signature, nothing changed but the stored result; and then a good request is signed. */
function expectRefused(request: SignRequest, ...codes: string[]): void {
  signer.catchUp();
  const before = [toHex(digestState(signer.state.policy)), signer.signatures, signer.journal.length];
  const { policy: _, results, ...rest } = signer.state;
  const memory = structuredClone({ notices: rest.notices, session: rest.session, kept: results.size });
  expect(signer.ask(request).codes).toEqual(codes);
  const after = [toHex(digestState(signer.state.policy)), signer.signatures, signer.journal.length - 1];
  expect(after).toEqual(before);
  expect(signer.journal.at(-1)?.kind).toBe('result');
  expect({
    notices: signer.state.notices,
    session: signer.state.session,
    kept: signer.state.results.size - 1,
  }).toEqual(memory);
}

/** After every test: the attack has not spoilt anything for the honest. */
function expectGood(request = plan()): void {
  const before = signer.signatures;
  expect(signer.ask(request).codes).toEqual([]);
  expect(signer.signatures).toBe(before + request.draft.inputs.length);
}

describe('Attacks on transactions (catalogue 1 to 17)', () => {
  test('1: a lie about an amount, and a coin that was never admitted', () => {
    const [first, ...rest] = plan().draft.inputs;
    if (first === undefined) throw new Error('no input');
    const [txid, vout, amount, ...place] = first;
    expectRefused(
      withDraft({ inputs: [[txid, vout, amount - 1n, ...place] as const, ...rest] }),
      'AMOUNT_MISMATCH',
    );
    expectRefused(
      withDraft({ inputs: [[seeded('no coin'), vout, amount, ...place] as const, ...rest] }),
      'UNKNOWN_OUTPOINT',
    );
    expectGood();
  });

  test('2: a second payment of an intent that spends other coins', () => {
    expectGood(plan({ coins: coins.slice(0, 1) }));
    expectRefused(plan({ coins: coins.slice(1, 2) }), 'CONFLICT');
    expectGood(plan({ coins: coins.slice(0, 2) }));
  });

  test('2: a payment of one intent told again as that of another with equal amount and destination', () => {
    const script = destination('same');
    const [one, two] = ['one', 'two'].map((label) => intent(label, 1_000_000n, { script }));
    if (one === undefined || two === undefined) throw new Error('two intents');
    const first = plan({ coins: coins.slice(0, 1), intents: [one] });
    const alias = plan({ coins: coins.slice(0, 1), intents: [two] });
    expectGood(first);
    expectGood(alias);
    expect(signer.state.policy.transactions.size).toBe(1);
    // From now on the transaction carries both, and no other pays either of them.
    expectRefused(plan({ coins: coins.slice(1, 2), intents: [two] }), 'CONFLICT');
    expectRefused(plan({ coins: coins.slice(1, 2), intents: [one] }), 'CONFLICT');
    expectGood(alias);
  });

  test('4 and 6: change to another wallet, or to an index that nobody would find', () => {
    expectRefused(plan({ change: [{ amount: 58_990_000n, wallet: 1 }] }), 'NOT_CHANGE');
    expectRefused(plan({ change: [{ amount: 58_990_000n, index: 20 }] }), 'PATH_RANGE');
    expectRefused(plan({ change: [{ amount: 58_990_000n, index: 0xffffffff }] }), 'PATH_RANGE');
    expectRefused(plan({ change: [{ amount: 58_990_000n, position: 7 }] }), 'NOT_CHANGE');
    expectGood();
  });

  test('9: one bad input among good ones, and no signature for any', () => {
    const inputs = plan().draft.inputs;
    for (const [bad] of inputs.entries()) {
      const altered = inputs.map(([txid, vout, ...row], i) => [txid, i === bad ? 99 : vout, ...row] as const);
      expectRefused(withDraft({ inputs: altered }), 'UNKNOWN_OUTPOINT');
    }
    expectGood();
  });

  test('10: a coin at another place than the one that was admitted', () => {
    const [first, ...rest] = plan().draft.inputs;
    if (first === undefined) throw new Error('no input');
    const [txid, vout, amount] = first;
    for (const place of [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
      [0, 2, 0],
      [0, 0, 0x80000000],
    ] as const) {
      expectRefused(
        withDraft({ inputs: [[txid, vout, amount, ...place] as const, ...rest] }),
        'INPUT_FOREIGN',
      );
    }
    expectGood();
  });

  test('11: a coin twice', () => {
    expectRefused(
      plan({ coins: [...coins, ...coins.slice(0, 1)], change: [{ amount: 58_990_000n }] }),
      'DUP_INPUT',
      'FEE_ABSOLUTE',
      'FEE_RATE',
      'FEE_SHARE',
      'FEE_WINDOW',
      'FEE_WINDOW',
    );
    expectGood();
  });

  test('12: outputs above inputs, amounts above 21 million, sums that would overflow 64 bits', () => {
    expectRefused(plan({ change: [{ amount: 59_000_001n }] }), 'VALUE_RANGE');
    // The amount by itself, what goes out in sum, and the fee that is left; of three, each amount.
    const codes = Array(3).fill('VALUE_RANGE');
    expectRefused(plan({ change: [{ amount: MAX_MONEY + 1n }] }), ...codes);
    const max = 2n ** 63n - 1n;
    const wrapped = plan({ change: [0, 1, 2].map((index) => ({ amount: max, index })) });
    expectRefused(wrapped, ...codes, 'VALUE_RANGE', 'VALUE_RANGE');
    expect(signer.signatures).toBe(0);
    expectGood();
  });

  test('12: nothing paid and no change: a coin given to miners', () => {
    const [small] = treasury.world.fund([1_000n], 5);
    if (small === undefined) throw new Error('no coin');
    expectRefused(treasury.world.request({ coins: [small] }), 'TX_FIELDS');
    expectGood();
  });

  test('13: fees burnt in one transaction', () => {
    expectRefused(plan({}, 100_001n), 'FEE_ABSOLUTE', 'FEE_RATE', 'FEE_SHARE');
    expectRefused(plan({}, 99_999n), 'FEE_RATE', 'FEE_SHARE');
    expectRefused(plan({}, 50_001n), 'FEE_SHARE');
    expectGood(plan({}, 50_000n));
  });

  test('13: fees burnt in many small transactions', () => {
    const many = treasury.world.fund(
      Array.from({ length: 12 }, () => 1_000_000n),
      5,
    );
    const burn = many.map((coin) =>
      treasury.world.request({ coins: [coin], change: [{ amount: 980_000n }] }),
    );
    // Two thirds of 300,000 sat.
    for (const request of burn.slice(0, 10)) expectGood(request);
    for (const request of burn.slice(10)) expectRefused(request, 'FEE_WINDOW');
    treasury.world.pass(7);
    expectGood();
  });

  test('14: burning to OP_RETURN, to a witness version of the future, to dust', () => {
    const burnt = intent('burn', 1_000_000n, { script: fromHex('6a0568656c6c6f') });
    expectRefused(plan({ intents: [burnt] }), 'OUTPUT_TYPE');
    const future = intent('future', 1_000_000n, { script: concatBytes(fromHex('5220'), seeded('future')) });
    expectRefused(plan({ intents: [future] }), 'OUTPUT_TYPE');
    expectRefused(plan({ intents: [intent('dust', 293n)], change: [{ amount: 59_989_707n }] }), 'DUST');
    expectGood();
  });

  test('15: split under the limits, over drafts and requesters', () => {
    const many = treasury.world.fund(
      Array.from({ length: 4 }, () => 25_000_000n),
      5,
    );
    const split = many.map((coin, i) => {
      const requester = i % 2 === 0 ? 'shop' : 'desk';
      const paid = intent(`split ${i}`, 20_000_000n, { requester });
      return treasury.world.request({ coins: [coin], intents: [paid], change: [{ amount: 4_990_000n }] });
    });
    // Two thirds of 90,000,000 sat.
    for (const request of split.slice(0, 3)) expectGood(request);
    for (const request of split.slice(3)) expectRefused(request, 'AMOUNT_WINDOW');
    treasury.world.pass(7);
    expectGood();
  });

  test('15: over all pairs of signers, the whole window is never passed', () => {
    const many = treasury.world.fund(
      Array.from({ length: 12 }, () => 11_000_000n),
      5,
    );
    const pairs = [
      ['A', 'B'],
      ['B', 'C'],
      ['C', 'A'],
    ] as const;
    for (const [i, coin] of many.entries()) {
      const request = treasury.world.request({
        coins: [coin],
        intents: [intent(`pair ${i}`, 10_000_000n)],
        change: [{ amount: 990_000n }],
      });
      for (const name of pairs[i % 3] ?? []) {
        signer = treasury.signers[name];
        // Nine by two signers each: what is left at every one of the three is nothing.
        if (i < 9) expectGood(request);
        else expectRefused(request, 'AMOUNT_WINDOW');
      }
    }
    treasury.world.pass(7);
    expectGood();
  });

  test('16 and 31: a locktime that is a time, or a height that blocks later spends', () => {
    for (const locktime of [500_000_000, 0xffffffff, 499_999_999]) {
      expectRefused(plan({ locktime }), 'TX_FIELDS');
    }
    expectGood();
  });

  test('17: more inputs than the charter allows are refused before anything is computed', () => {
    treasury = new Treasury(
      realCharter((charter) => ({ ...charter, policy: { ...charter.policy, maxInputs: 2 } })),
    );
    signer = treasury.signers.A;
    coins = treasury.world.fund([20_000_000n, 20_000_000n]);
    const [first] = plan().draft.inputs;
    if (first === undefined) throw new Error('no input');
    const flood = withDraft({ inputs: Array.from({ length: 1024 }, () => first) });
    signer.catchUp();
    const began = process.cpuUsage();
    expectRefused(flood, 'LIMIT');
    const { user } = process.cpuUsage(began);
    expect(user).toBeLessThan(1_000_000);
    expectGood();
  });
});

describe('Attacks on intents and policy (catalogue 24 to 30)', () => {
  test('24: an invented withdrawal, an altered amount, an altered address', () => {
    const [bytes, signature] = intent('good');
    expectRefused(plan({ intents: [intent('good', 1_000_000n, { key: 'mallory' })] }), 'INTENT_SIGNATURE');
    expectRefused(plan({ intents: [[intent('good', 1_000_001n)[0], signature]] }), 'INTENT_SIGNATURE');
    const elsewhere = intent('good', 1_000_000n, { script: destination('mallory') });
    expectRefused(plan({ intents: [[elsewhere[0], signature]] }), 'INTENT_SIGNATURE');
    expectGood(plan({ intents: [[bytes, signature]] }));
  });

  test('25: an intent twice, after its life, with other contents under its id', () => {
    const twice = intent('good');
    expectRefused(plan({ intents: [twice, twice] }), 'DUP_INTENT');
    const old = intent('old', 1_000_000n, { created: 1000, expires: 1000 });
    expectRefused(plan({ intents: [old] }), 'EXPIRED');
    const early = intent('early', 1_000_000n, { created: 1004, expires: 1010 });
    expectRefused(plan({ intents: [early] }), 'INTENT_LIFE');
    expectGood();
    expectRefused(plan({ intents: [intent('good', 1_000_000n, { expires: 1050 })] }), 'INTENT_REUSED');
  });

  test('25: an intent and a verdict of another deployment', () => {
    const elsewhere = new Treasury(realCharter((charter) => ({ ...charter, title: 'Another treasury' })));
    const foreign = elsewhere.world.intent({ id: 'good', created: 1001, expires: 1100 });
    expectRefused(plan({ intents: [foreign] }), 'INTENT_SIGNATURE');
    const own = [intent('good')];
    const verdicts = [{ ...elsewhere.world.verdict(own), issued: 1001 }];
    expectRefused(plan({ intents: own, verdicts }), 'SCREENING');
    expectGood();
  });

  test('27: no verdict, one of nobody, one for another intent', () => {
    const own = [intent('good')];
    expectRefused(plan({ intents: own, verdicts: [] }), 'SCREENING');
    expectRefused(
      plan({ intents: own, verdicts: [treasury.world.verdict(own, [0], 'mallory')] }),
      'SCREENING',
    );
    expectRefused(plan({ intents: own, verdicts: [treasury.world.verdict([intent('other')])] }), 'SCREENING');
    expectGood();
  });

  test('28: no message raises a limit or changes the charter', () => {
    signer.catchUp();
    const before = [toHex(digestState(signer.state.policy)), signer.signatures, signer.journal.length];
    const draft = encode(SignRequestSchema, plan());
    expect(signer.deliver('HELLO', draft)).toEqual([]);
    for (const type of ['STATUS', 'HEADERS', 'ADMIT', 'DEAD', 'FREEZE', 'CHARTER'] as const) {
      const answers = signer.deliver(type, draft);
      expect(answers.map(({ type, body }) => [type, codesOf(body)])).toEqual([['REFUSED', ['MALFORMED']]]);
    }
    expect(signer.state.policy.charter).toBe(treasury.world.loaded);
    expect([toHex(digestState(signer.state.policy)), signer.signatures, signer.journal.length]).toEqual(
      before,
    );
    expectGood();
  });

  test('29: windows survive a reboot and a clock set back or ahead', () => {
    const many = treasury.world.fund(
      Array.from({ length: 4 }, () => 25_000_000n),
      5,
    );
    const pay = (i: number) => {
      const coin = many[i];
      if (coin === undefined) throw new Error('no coin');
      return treasury.world.request({
        coins: [coin],
        intents: [intent(`clock ${i}`, 20_000_000n)],
        change: [{ amount: 4_990_000n }],
      });
    };
    for (const i of [0, 1, 2]) expect(signer.ask(pay(i)).codes).toEqual([]);
    signer.happen('start', toHex(treasury.world.loaded.hash));
    expect(signer.ask(pay(3)).codes).toEqual(['AMOUNT_WINDOW']);
    const { time, uptime } = signer.clock();
    for (const days of [-30, 30, -19_000, 5_000]) {
      const received = signer.receive('SIGN', encode(SignRequestSchema, pay(3)), signer.newId());
      const decision = signer.decide({
        kind: 'message',
        received,
        uptime,
        time: Math.max(0, time + days * 86_400),
      });
      expect(decision.effects.map(({ kind }) => kind)).toEqual(['send']);
    }
  });

  test('30: a destination that only looks alike is another one, and its intent another intent', () => {
    const script = destination('good');
    const alike = Uint8Array.from(script, (byte, i) => (i === 11 ? byte ^ 1 : byte));
    const [, signature] = intent('good');
    expectRefused(
      plan({ intents: [[intent('good', 1_000_000n, { script: alike })[0], signature]] }),
      'INTENT_SIGNATURE',
    );
    expectGood();
  });
});

test('49: two signers with the same past answer with the same bytes, and another past changes nothing of them', () => {
  const other = new Treasury();
  other.world.fund([20_000_000n, 20_000_000n, 20_000_000n]);
  const request = plan();
  const id = seeded('id').slice(0, 16);
  other.signers.A.happen('lock', 'SIGUSR2');
  other.signers.A.happen('start', 'x');
  other.signers.A.catchUp();
  signer.catchUp();
  const body = encode(SignRequestSchema, request);
  expect(other.signers.A.deliver('SIGN', body, id)).toEqual(signer.deliver('SIGN', body, id));
});
