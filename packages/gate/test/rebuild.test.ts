/** What can be built, to its last satoshi, index and place: on drafts alone, without any signature. */
import { concatBytes, fromHex, type SignRequest } from '@coldwire/protocol';
import { createScripts } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { HDKey } from '@scure/bip32';
import { describe, expect, test } from 'vitest';
import {
  CUSTODIANS,
  mustLoad,
  pointOf,
  sampleCharter,
  seeded,
  signedBy,
  World,
} from '../../policy/test/world.ts';
import { type GateCharter, loadGateCharter } from '../src/core/charter.ts';
import { deriveScript, MAX_SAT, rebuild } from '../src/core/rebuild.ts';

const world = new World();
const [coin] = world.fund([20_000_000n]);
if (coin === undefined) throw new Error('no coin');
const own = coin;

function gateOf(charter = sampleCharter()): GateCharter {
  const loaded = loadGateCharter(signedBy(charter, CUSTODIANS), 'gate-1');
  if (!loaded.ok) throw new Error(loaded.problem);
  return loaded.value;
}
const gate = gateOf();

/** The refusals' codes and facts; nothing if it can be built. */
function told(request: SignRequest, charter = gate) {
  const built = rebuild(charter, request);
  return built.ok ? [] : built.refusals.map(({ code, facts }) => [code, Object.fromEntries(facts)]);
}
const move = (amount: bigint, index = 0) => world.request({ coins: [own], change: [{ amount, index }] });

describe('A draft', () => {
  test('is built with what it says: version 2, every sequence replaceable, sums to the satoshi', () => {
    const intents = [world.intent({ amount: 700n }), world.intent({ amount: 800n })];
    const change = [{ amount: 900n, index: 5, position: 1 }];
    const built = rebuild(gate, world.request({ coins: [own], intents, change, locktime: 7 }));
    if (!built.ok) throw new Error('cannot be built');
    const { transaction, outputs, paid, moved, fee, inputs } = built.value;
    expect([transaction.version, transaction.lockTime, transaction.getInput(0).sequence]).toEqual([
      2, 7, 0xfffffffd,
    ]);
    expect(outputs.map(({ amount }) => amount)).toEqual([700n, 900n, 800n]);
    expect([paid, moved, fee]).toEqual([1_500n, 2_400n, 20_000_000n - 2_400n]);
    expect(inputs.map(({ outpoint, amount }) => [outpoint.slice(-2), amount])).toEqual([[':0', 20_000_000n]]);
    expect(outputs[1]?.script).toEqual(world.script(1, 5));
  });

  test('may spend all and leave no fee, and not a satoshi more', () => {
    expect(told(move(20_000_000n))).toEqual([]);
    expect(told(move(20_000_001n))).toEqual([['VALUE_RANGE', { what: 'fee', value: '-1' }]]);
  });

  test('has amounts that there can be, each and together', () => {
    const with_ = (...amounts: bigint[]) =>
      world.request({
        coins: amounts.map((amount, vout) => ({ ...own, vout, amount })),
        change: [{ amount: 1_000n }],
      });
    expect(told(with_(MAX_SAT))).toEqual([]);
    expect(told(with_(MAX_SAT + 1n))).toEqual([
      ['VALUE_RANGE', { what: 'amount', value: `${MAX_SAT + 1n}` }],
    ]);
    expect(told(with_(MAX_SAT, 1n))).toEqual([['VALUE_RANGE', { what: 'amount', value: `${MAX_SAT + 1n}` }]]);
    expect(MAX_SAT).toBe(2_100_000_000_000_000n);
    const change = [{ amount: MAX_SAT + 1n }];
    expect(told(world.request({ coins: [own], change }))).toMatchObject([
      ['VALUE_RANGE', { what: 'amount' }],
    ]);
  });

  test('has a locktime that is a height', () => {
    const locktime = (value: number) => told({ ...move(1n), draft: { ...move(1n).draft, locktime: value } });
    expect(locktime(499_999_999)).toEqual([]);
    expect(locktime(500_000_000)).toEqual([['TX_FIELDS', { field: 'locktime', value: '500000000' }]]);
  });

  test('has an output', () => {
    expect(told(world.request({ coins: [own] }))).toEqual([['TX_FIELDS', { field: 'outputs', value: '0' }]]);
  });

  test('keeps to the numbers of the charter, and is read no further where it does not', () => {
    const sample = sampleCharter();
    const tight = gateOf({
      ...sample,
      policy: { ...sample.policy, maxInputs: 1, maxIntents: 1, maxOutputs: 2 },
    });
    const intents = [world.intent(), world.intent()];
    const request = (count: number, changes: number, inputs = 1) =>
      world.request({
        coins: Array.from({ length: inputs }, (_, vout) => ({ ...own, vout })),
        intents: intents.slice(0, count),
        change: Array.from({ length: changes }, (_, i) => ({ amount: 1n, index: i })),
      });
    expect(told(request(1, 1), tight)).toEqual([]);
    expect(told(request(1, 2), tight)).toEqual([['LIMIT', { what: 'outputs', got: '3', limit: '2' }]]);
    expect(told(request(2, 0), tight)).toEqual([['LIMIT', { what: 'intents', got: '2', limit: '1' }]]);
    expect(told(request(1, 1, 2), tight)).toEqual([['LIMIT', { what: 'inputs', got: '2', limit: '1' }]]);
    const { draft, verdicts } = request(1, 2);
    const bad = { draft: { ...draft, locktime: 500_000_000 }, verdicts };
    expect(told(bad, tight)).toEqual([['LIMIT', { what: 'outputs', got: '3', limit: '2' }]]);
  });
});

describe('A place of the wallet', () => {
  const MAX = 0x7fffffff;

  test('is on chain 0 or 1, up to the last index', () => {
    const from = (chain: number, index: number, wallet = 0) => {
      const { draft, verdicts } = move(1n);
      const [row] = draft.inputs;
      if (row === undefined) throw new Error('no input');
      const [txid, vout, amount] = row;
      return told({ draft: { ...draft, inputs: [[txid, vout, amount, wallet, chain, index]] }, verdicts });
    };
    expect([from(0, MAX), from(1, MAX), from(1, 0)]).toEqual([[], [], []]);
    const foreign = [['INPUT_FOREIGN', { outpoint: expect.stringMatching(/^[0-9a-f]{64}:0$/) }]];
    expect([from(0, MAX + 1), from(2, 0), from(0, 0, 1)]).toEqual([foreign, foreign, foreign]);
  });

  test('is our own change at its place in the order, up to the last index', () => {
    const change = (...rows: { amount: bigint; index?: number; wallet?: number; position?: number }[]) =>
      told(world.request({ coins: [own], intents: [world.intent({ amount: 1n })], change: rows }));
    const amount = 1n;
    expect(change({ amount, index: MAX, position: 0 }, { amount, position: 2 })).toEqual([]);
    const no = (output: number) => [['NOT_CHANGE', { output: `${output}` }]];
    expect(change({ amount, index: MAX + 1, position: 0 })).toEqual(no(0));
    expect(change({ amount, wallet: 1, position: 0 })).toEqual(no(0));
    expect(change({ amount, position: 2 })).toEqual(no(2));
    expect(change({ amount, position: 1 }, { amount, position: 1 })).toEqual(no(1));
    expect(change({ amount, position: 1 }, { amount, position: 0 })).toEqual(no(0));
    // After one that is refused the others are judged by their places all the same.
    expect(change({ amount, wallet: 1, position: 1 }, { amount, position: 0 })).toEqual(no(1));
  });

  test('is our own change in the newest wallet only, though coins of older ones are spent', () => {
    const two = { ...gate, wallets: [...gate.wallets, ...gate.wallets] };
    const change = (wallet: number) =>
      told(world.request({ coins: [own], change: [{ amount: 1n, wallet }] }), two);
    expect([change(0), change(1)]).toEqual([[['NOT_CHANGE', { output: '0' }]], []]);
  });

  test('is derived as the signers derive it, however many were derived before', () => {
    const [wallet] = gate.wallets;
    const [row] = mustLoad(sampleCharter()).charter.wallets;
    if (wallet === undefined || row === undefined) throw new Error('no wallet');
    const scripts = createScripts({ network: 'regtest', ...row }, noblePointMath);
    for (const [chain, index] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 7],
      [0, MAX],
      [0, 0],
    ] as const) {
      const { witnessScript, scriptPubKey, publicKeys } = deriveScript(wallet, chain, index);
      const other = scripts.at(chain, index);
      expect({ witnessScript, scriptPubKey }).toEqual({
        witnessScript: other.witnessScript,
        scriptPubKey: other.scriptPubKey,
      });
      expect(publicKeys).toEqual(other.publicKeys);
      expect(deriveScript(wallet, chain, index)).toBe(deriveScript(wallet, chain, index));
    }
  });
});

describe('Scripts that were derived', () => {
  /** The key of every place below it is its own: deriving thousands takes long, and which ones they are does not matter here. */
  class Account extends HDKey {
    constructor(label: string) {
      super({ publicKey: pointOf(label), chainCode: seeded(label) });
    }
    override deriveChild(): this {
      return this;
    }
  }

  test('are kept, 4,096 of them, and then forgotten: whoever audits a gate sees years of them', () => {
    const wallet = { accounts: [new Account('one'), new Account('two')] };
    const first = deriveScript(wallet, 0, 0);
    for (let index = 1; index < 4095; index++) deriveScript(wallet, 0, index);
    expect(deriveScript(wallet, 0, 0)).toBe(first);
    deriveScript(wallet, 0, 4095);
    expect(deriveScript(wallet, 0, 0)).not.toBe(first);
  });
});

describe('A destination', () => {
  const hash20 = seeded('destination').slice(0, 20);
  const scripts = {
    p2pkh: concatBytes(fromHex('76a914'), hash20, fromHex('88ac')),
    p2sh: concatBytes(fromHex('a914'), hash20, fromHex('87')),
    p2wpkh: concatBytes(fromHex('0014'), hash20),
    p2wsh: concatBytes(fromHex('0020'), seeded('destination')),
    p2tr: concatBytes(fromHex('5120'), gate.wallets[0]?.accounts[0]?.publicKey?.slice(1) ?? hash20),
  } as const;
  const names = ['p2pkh', 'p2sh', 'p2wpkh', 'p2wsh', 'p2tr'] as const;

  test.each(names)('of a type is allowed where the charter names it: %s', (name) => {
    const sample = sampleCharter();
    const only = gateOf({ ...sample, policy: { ...sample.policy, scripts: [name] } });
    const allowed = names.filter((type) => {
      const intents = [world.intent({ amount: 1n, script: scripts[type] })];
      return told(world.request({ coins: [own], intents }), only).length === 0;
    });
    expect(allowed).toEqual([name]);
  });

  /** The same script with its one push said in a longer way. */
  const longer = (script: Uint8Array, opcode: number): Uint8Array => {
    const size = script.includes(0x20) && script.length === 34 ? 32 : 20;
    const at = script.indexOf(size);
    const length = Uint8Array.from({ length: 2 ** (opcode - 0x4c) }, (_, i) => (i === 0 ? size : 0));
    return concatBytes(script.slice(0, at), Uint8Array.of(opcode), length, script.slice(at + 1));
  };

  test.each(names)('is a type byte for byte: no longer push of the same bytes, denied or not: %s', (name) => {
    const sample = sampleCharter();
    const open = gateOf({ ...sample, policy: { ...sample.policy, scripts: [...names] } });
    const pay = (script: Uint8Array) =>
      told(world.request({ coins: [own], intents: [world.intent({ amount: 1n, script })] }), open);
    expect(pay(scripts[name])).toEqual([]);
    for (const opcode of [0x4c, 0x4d, 0x4e]) {
      expect(pay(longer(scripts[name], opcode))).toEqual([['OUTPUT_TYPE', { output: '0' }]]);
    }
    // The version of a witness program too.
    if (scripts[name][0] === 0)
      expect(pay(concatBytes(Uint8Array.of(0x4c, 0), scripts[name].slice(1)))).toEqual([
        ['OUTPUT_TYPE', { output: '0' }],
      ]);
    expect(pay(concatBytes(scripts[name], Uint8Array.of(0x61)))).toEqual([['OUTPUT_TYPE', { output: '0' }]]);
  });
});

describe('What stands twice', () => {
  test('is refused where it stands again', () => {
    const twice = world.request({ coins: [own, own], change: [{ amount: 1n }] });
    expect(told(twice)).toEqual([['DUP_INPUT', { outpoint: expect.stringMatching(/:0$/) }]]);
    const other = world.request({ coins: [own, { ...own, vout: 1 }], change: [{ amount: 1n }] });
    expect(told(other)).toEqual([]);
    const intent = world.intent({ amount: 1n });
    const intents = [intent, world.intent({ amount: 1n }), intent];
    expect(told(world.request({ coins: [own], intents }))).toEqual([
      ['DUP_INTENT', { intent: expect.stringMatching(/^[0-9a-f]{32}$/) }],
    ]);
  });

  test('and an intent that is none is told as not signed', () => {
    const intent = world.intent({ amount: 1n });
    const { draft, verdicts } = world.request({ coins: [own], intents: [intent] });
    const none = { ...draft, intents: [intent, [Uint8Array.of(0xa0), intent[1]] as const] };
    expect(told({ draft: none, verdicts })).toEqual([['INTENT_SIGNATURE', { intent: 'not an intent' }]]);
  });
});
