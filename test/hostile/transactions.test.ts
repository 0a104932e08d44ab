// Rows 1 to 17 of the catalogue: a vault that lies in its drafts, to signers and to the gate behind them.
import { Admit, Clear, type Draft, encode, fromHex, Headers, type SignRequest } from '@coldwire/protocol';
import { MAX_MONEY, serializeStripped } from '@coldwire/wallet';
import { p2ms, p2wsh } from '@scure/btc-signer';
import { beforeEach, expect, test } from 'vitest';
import { type Coin, claimOf, pointOf, SIGNERS, seeded } from '../../packages/policy/test/world.ts';
import { bodyOf, COIN, Siege } from './siege.ts';

let siege: Siege;
beforeEach(() => {
  siege = new Siege();
});

type Input = Draft['inputs'][number];

/** A good draft whose first input is this. */
function withFirst(change: (input: Input) => Input): SignRequest {
  const [first, ...rest] = siege.plan().draft.inputs;
  if (first === undefined) throw new Error('no input');
  return siege.withDraft({ inputs: [change(first), ...rest] });
}

const total = (coins: readonly Coin[]): bigint => coins.reduce((sum, { amount }) => sum + amount, 0n);

/** Six ticks go by, as signers and gate see them. */
function passWindow(): void {
  siege.world.pass(7);
  siege.gate.uptime += 7 * 600 * 1_000_000;
}

test('row 1: amounts are lied about to one signer, to each differently, and in the previous transaction itself', () => {
  const lie = (by: bigint) =>
    withFirst(([txid, vout, amount, ...place]) => [txid, vout, amount + by, ...place]);
  siege.signerRefuses('A', lie(-1n), 'AMOUNT_MISMATCH');
  siege.signerRefuses('B', lie(5_000n), 'AMOUNT_MISMATCH');
  const unknown = withFirst(([, vout, amount, ...place]) => [seeded('no coin'), vout, amount, ...place]);
  siege.signerRefuses('C', unknown, 'UNKNOWN_OUTPOINT');
  // The gate knows no coins: signatures over the true amounts do not fit a lie.
  const [a, b] = [siege.signed('A', siege.plan()), siege.signed('B', siege.plan())];
  const rows = [a, b].map(({ header, body, signature }) => [header, body, signature] as const);
  siege.clearRefused(
    encode(Clear, { request: bodyOf(lie(-1n)), signed: rows }),
    'GATE_SIGNED',
    'GATE_SIGNED',
  );
  // Under another amount the previous transaction is another one, which no block holds.
  const [coin] = siege.coins;
  if (coin === undefined) throw new Error('no coin');
  const outputs = siege.coins.map(({ index }) => ({
    amount: COIN * 2n,
    script: siege.world.script(0, index),
  }));
  const inputs = [{ outpoint: { txid: seeded('foreign 1'), vout: 0 }, sequence: 0xffffffff }];
  const transaction = serializeStripped({ version: 2, locktime: 0, inputs, outputs });
  const admission = { transaction, coins: siege.coins.map(claimOf), proof: siege.world.proofOf(coin.txid) };
  for (const name of SIGNERS) siege.messageRefused(name, 'ADMIT', encode(Admit, admission), 'MERKLE_PROOF');
  siege.goesThrough();
});

test('row 2: an intent is paid from other coins, and two halves of different answers are spliced', () => {
  const [first, second] = siege.coins;
  if (first === undefined || second === undefined) throw new Error('two coins');
  siege.goesThrough(siege.plan({ coins: [first] }));
  const again = siege.plan({ coins: [second] });
  siege.signerRefuses('A', again, 'CONFLICT');
  siege.signerRefuses('B', again, 'CONFLICT');
  // C was not asked before: it may sign, and stays alone.
  const alone = siege.signed('C', again);
  const other = siege.signed('A', siege.plan({ coins: [first] }));
  const rows = [other, alone].map(({ header, body, signature }) => [header, body, signature] as const);
  siege.clearRefused(encode(Clear, { request: bodyOf(again), signed: rows }), 'GATE_SIGNED');
  siege.gateRefuses(again, 'GATE_CONFLICT');
  // What replaces: it spends the first's coin as well.
  siege.goesThrough(siege.plan({ coins: [first, second] }, 20_000n));
});

test('row 4: change to another quorum, to another cosigner, to a wallet that is none', () => {
  const amount = total(siege.coins) - 1_010_000n;
  siege.everyoneRefuses(siege.plan({ change: [{ amount, wallet: 1 }] }), 'NOT_CHANGE');
  siege.everyoneRefuses(siege.plan({ change: [{ amount, position: 7 }] }), 'NOT_CHANGE');
  // A script can only come as an intent, and no requester signs this one.
  const keys = [
    pointOf('mallory'),
    ...(siege.gate.charter.charter.wallets[0]?.keys ?? []).map((key) => key.publicKey),
  ];
  const theirs = p2wsh(p2ms(1, keys.slice(0, 3), true)).script;
  const made = siege.order('good', { script: theirs, key: 'mallory' });
  siege.everyoneRefuses(siege.plan({ intents: [made] }), 'INTENT_SIGNATURE');
  siege.goesThrough();
});

test('row 5: hints of derivation in a request are no part of it', () => {
  const bytes = bodyOf(siege.plan());
  // A fourth field behind draft and verdicts, as hints would be.
  const hinted = Uint8Array.from([
    0xa0 | (((bytes[0] ?? 0) & 0x1f) + 1),
    ...bytes.subarray(1),
    0x09,
    0x81,
    0x00,
  ]);
  siege.messageRefused('A', 'SIGN', hinted, 'MALFORMED');
  siege.goesThrough();
});

test('row 6: change where nobody would find it', () => {
  const amount = total(siege.coins) - 1_010_000n;
  for (const index of [20, 0x7fffffff])
    siege.signersRefuse(siege.plan({ change: [{ amount, index }] }), 'PATH_RANGE');
  siege.gateRefuses(siege.plan({ change: [{ amount, index: 0x80000000 }] }), 'NOT_CHANGE');
  siege.goesThrough(siege.plan({ change: [{ amount, index: 19 }] }));
});

test('row 7: headers of another network, and an intent signed for another deployment', () => {
  const mainnet = fromHex(
    '010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299',
  );
  for (const name of SIGNERS)
    siege.messageRefused(name, 'HEADERS', encode(Headers, { headers: mainnet }), 'NETWORK');
  const elsewhere = new Siege((charter) => ({ ...charter, title: 'The same on another network' }));
  siege.everyoneRefuses(siege.plan({ intents: [elsewhere.order('good')] }), 'INTENT_SIGNATURE');
  siege.goesThrough();
});

test('row 9: one bad input among good ones, and no signature for any', () => {
  const inputs = siege.plan().draft.inputs;
  for (const bad of inputs.keys()) {
    const altered = inputs.map(([txid, vout, ...row], at): Input => [txid, at === bad ? 99 : vout, ...row]);
    siege.signersRefuse(siege.withDraft({ inputs: altered }), 'UNKNOWN_OUTPOINT');
  }
  siege.goesThrough();
});

test('row 10: an output that one of our keys could spend, and one of theirs', () => {
  const own = siege.world.state.scripts[0]?.at(0, 3).publicKeys[0];
  if (own === undefined) throw new Error('no key');
  const script = p2wsh(p2ms(1, [own, pointOf('theirs')], true)).script;
  const { bytes, txid } = siege.world.foreign([{ amount: COIN, script }]);
  siege.world.pass(1, [txid]);
  const coin: Coin = { txid, vout: 0, amount: COIN, wallet: 0, chain: 0, index: 3 };
  const admission = { transaction: bytes, coins: [claimOf(coin)], proof: siege.world.proofOf(txid) };
  for (const name of SIGNERS) siege.messageRefused(name, 'ADMIT', encode(Admit, admission), 'INPUT_FOREIGN');
  siege.signersRefuse(siege.plan({ coins: [coin, ...siege.coins] }), 'UNKNOWN_OUTPOINT');
  const elsewhere = withFirst(([id, vout, amount]) => [id, vout, amount, 0, 0, 7]);
  siege.signersRefuse(elsewhere, 'INPUT_FOREIGN');
  siege.gateRefuses(
    withFirst(([id, vout, amount]) => [id, vout, amount, 0, 2, 0]),
    'INPUT_FOREIGN',
  );
  siege.goesThrough();
});

test('row 11: a coin twice', () => {
  const coins = [...siege.coins, ...siege.coins.slice(0, 1)];
  const change = [{ amount: total(coins) - 1_010_000n }];
  siege.everyoneRefuses(siege.plan({ coins, change }), 'DUP_INPUT');
  siege.goesThrough();
});

test('row 12: a negative fee, more than there is, sums that overflow 64 bits', () => {
  const spend = (...amounts: bigint[]) =>
    siege.plan({ change: amounts.map((amount, index) => ({ amount, index })) });
  siege.everyoneRefuses(spend(total(siege.coins) - 999_999n), 'VALUE_RANGE');
  // Each amount by itself, what goes out in sum, and the fee that is left.
  const [one, two] = [Array(3).fill('VALUE_RANGE'), Array(4).fill('VALUE_RANGE')];
  const attacks = [
    [[MAX_MONEY + 1n], one],
    [[2n ** 63n - 1n], one],
    [[2n ** 63n, 2n ** 63n], two],
    [
      [2n ** 64n - 1n, 2n],
      [...one, 'DUST'],
    ],
  ] as const;
  for (const [amounts, codes] of attacks) {
    siege.signersRefuse(spend(...amounts), ...codes);
    siege.gateRefuses(spend(...amounts), 'VALUE_RANGE');
  }
  siege.goesThrough();
});

test('row 13: fees burnt at once, in many small transactions, and by a draft that is smaller than it says', () => {
  siege.everyoneRefuses(siege.plan({}, 100_001n), 'FEE_ABSOLUTE', 'FEE_RATE', 'FEE_SHARE');
  siege.everyoneRefuses(siege.plan({}, 50_001n), 'FEE_SHARE');
  siege.goesThrough();
  siege = new Siege(undefined, 12);
  const burn = siege.coins.map((coin) =>
    siege.plan({ coins: [coin], intents: [], change: [{ amount: COIN - 20_000n }] }),
  );
  // The gate allows half of the window's 300,000 sat, a signer two thirds.
  for (const request of burn.slice(0, 7)) siege.goesThrough(request);
  for (const request of burn.slice(7)) siege.gateRefuses(request, 'FEE_WINDOW');
  for (const request of burn.slice(7, 10))
    for (const name of ['A', 'B'] as const) expect(siege.signers[name].ask(request).codes).toEqual([]);
  for (const request of burn.slice(10))
    for (const name of ['A', 'B'] as const) siege.signerRefuses(name, request, 'FEE_WINDOW');
  // What spends a coin whose fee was charged already, for as much, goes on; after the window, all does.
  const coins = siege.coins.slice(0, 1);
  siege.goesThrough(siege.plan({ coins, intents: [siege.order('meanwhile')] }, 20_000n));
  passWindow();
  siege.goesThrough();
});

test('row 14: money burnt to data, to a witness version of the future, to dust', () => {
  for (const script of ['6a0568656c6c6f', `5220${'11'.repeat(32)}`, '51024e73'])
    siege.everyoneRefuses(
      siege.plan({ intents: [siege.order('good', { script: fromHex(script) })] }),
      'OUTPUT_TYPE',
    );
  const dust = siege.order('good', { amount: 293n });
  siege.signersRefuse(
    siege.plan({ intents: [dust], change: [{ amount: total(siege.coins) - 10_293n }] }),
    'DUST',
  );
  const crumbs = [total(siege.coins) - 1_010_200n, 200n].map((amount, index) => ({ amount, index }));
  siege.signersRefuse(siege.plan({ change: crumbs }), 'DUST');
  siege.goesThrough();
});

test('row 15: under the limits by drafts, requesters and forms of one address, over all pairs of signers', () => {
  siege = new Siege(undefined, 12);
  const hash = seeded('one owner').slice(0, 20);
  const forms = [
    Uint8Array.from([0, 20, ...hash]),
    Uint8Array.from([0x76, 0xa9, 20, ...hash, 0x88, 0xac]),
    Uint8Array.from([0xa9, 20, ...hash, 0x87]),
  ];
  const pairs = [
    ['A', 'B'],
    ['B', 'C'],
    ['C', 'A'],
  ] as const;
  const requests = siege.coins.map((coin, i) => {
    const script = forms[i % 3] ?? hash;
    const requester = i % 2 === 0 ? 'shop' : 'desk';
    const order = siege.order(`split ${i}`, { amount: 10_000_000n, script, requester });
    return siege.plan({ coins: [coin], intents: [order], change: [{ amount: 9_990_000n }] });
  });
  // Of the window's 90 million the gate allows 45, and a signer 60.
  for (const [i, request] of requests.entries()) {
    const pair = pairs[i % 3] ?? ['A', 'B'];
    if (i < 4) siege.goesThrough(request, pair);
    else if (i < 9) {
      for (const name of pair) expect(siege.signers[name].ask(request).codes).toEqual([]);
      siege.clearRefused(siege.clear(request, pair), 'AMOUNT_WINDOW');
    } else {
      siege.signersRefuse(request, 'AMOUNT_WINDOW');
      siege.gateRefuses(request, 'AMOUNT_WINDOW');
    }
  }
  passWindow();
  siege.goesThrough(requests.at(-1));
});

test('row 16: a locktime that is a time, or far ahead; no field for version or sequence', () => {
  for (const locktime of [500_000_000, 0xffffffff])
    siege.everyoneRefuses(siege.plan({ locktime }), 'TX_FIELDS');
  siege.signersRefuse(siege.plan({ locktime: siege.world.height + 1 }), 'TX_FIELDS');
  siege.goesThrough();
});

test('row 17: a thousand inputs are refused by their number, before anything is computed', () => {
  siege = new Siege((charter) => ({ ...charter, policy: { ...charter.policy, maxInputs: 3 } }));
  const [first] = siege.plan().draft.inputs;
  if (first === undefined) throw new Error('no input');
  const flood = siege.withDraft({ inputs: Array.from({ length: 1000 }, () => first) });
  const began = process.cpuUsage();
  siege.signersRefuse(flood, 'LIMIT');
  expect(process.cpuUsage(began).user).toBeLessThan(2_000_000);
  siege.gateRefuses(flood, 'LIMIT');
  siege.goesThrough();
});
