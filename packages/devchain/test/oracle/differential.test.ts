/**
 * The same blocks, transactions and scripts before devchain, btcd and Bitcoin Core's consensus code. What devchain
 * accepts, both must accept; what it refuses, both must refuse, except for the relay rules named here.
 */
import { SigHash } from '@scure/btc-signer';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Btcd, startBtcd } from '../../../../scripts/oracles/btcd.ts';
import { findOracles } from '../../../../scripts/oracles/find.ts';
import { inForm } from '../../../../test/world/form.ts';
import { mineBlock, planBlock } from '../../src/chain/miner.ts';
import type { Node } from '../../src/node.ts';
import {
  type Block,
  headerHash,
  meetsTarget,
  serializeBlock,
  transactionRoot,
} from '../../src/primitives/block.ts';
import {
  describeTransaction,
  type KnownTransaction,
  outpointOf,
  parseTransaction,
} from '../../src/primitives/transaction.ts';
import { toHex } from '../../src/primitives/wire.ts';
import { judge } from '../../src/rejected.ts';
import { verifyTransaction } from '../../src/script/verify.ts';
import { coinOf, fundAll, type KindCoin, makeNode, scriptOf, submit } from '../harness.ts';
import {
  addressOf,
  coinsOf,
  KINDS,
  lockedScript,
  rawOf,
  recoveryScript,
  scripts,
  spend,
  spendScript,
  type TestCoin,
} from '../signing.ts';
import { type Kernel, startKernel } from './kernel.ts';

const required = process.env['COLDWIRE_REQUIRE_ORACLES'] === '1';
const present = (name: string): boolean =>
  required || findOracles().some((oracle) => oracle.name === name && oracle.present);
const hasBtcd = present('btcd');
const hasKernel = present('python pbk');
if (!hasBtcd) console.log('left out: no btcd on this machine; scripts/oracles/install-btcd.sh');
if (!hasKernel)
  console.log('left out: no py-bitcoinkernel on this machine; scripts/oracles/install-python.sh');

const SCRIPT = scriptOf('p2wpkh');
let btcd: Btcd | undefined;
let kernel: Kernel | undefined;
let node: Node;
let coins: KindCoin[];
/** Coins with the scripts that only a hand-made witness opens. */
let special: { recovery: TestCoin; locked: TestCoin };
const LOCK_HEIGHT = 100;

/** Whether btcd and the kernel stand where devchain stands, after devchain said yes or no. */
async function offer(block: Block): Promise<{ devchain: boolean; btcd: boolean; kernel: boolean }> {
  const hash = headerHash(block.header);
  const hex = toHex(serializeBlock(block));
  const devchain = judge(() => node.submitBlock(block)) === null;
  const answer = await btcd?.call('submitblock', [hex]).catch((error: unknown) => String(error));
  const judged = await kernel?.block(hex);
  return {
    devchain,
    btcd: btcd === undefined ? devchain : answer === null,
    kernel: judged === undefined ? devchain : judged.tip === hash,
  };
}

const all = (verdict: boolean) => ({ devchain: verdict, btcd: verdict, kernel: verdict });

function remine(block: Block, change: Partial<Block['header']> = {}): Block {
  let header = { ...block.header, merkleRoot: transactionRoot(block.transactions).root, ...change, nonce: 0 };
  while (!meetsTarget(headerHash(header))) header = { ...header, nonce: header.nonce + 1 };
  return { ...block, header };
}

const coinsSpent = (known: KnownTransaction) =>
  known.tx.inputs.map((input) => {
    const coin = node.chain.coins.get(outpointOf(input));
    if (coin === undefined) throw new Error('the test spends a coin that does not exist');
    return coin;
  });

beforeAll(async () => {
  node = makeNode(Math.floor(Date.now() / 1000)).node;
  coins = fundAll(node, 4);
  const fund = spend({
    coins: [coinOf(coins, 'p2wpkh', 3)],
    outputs: [
      { script: scripts.recovery, amount: 400_000n },
      { script: scripts.locked(LOCK_HEIGHT), amount: 400_000n },
    ],
  });
  submit(node, fund);
  for (let i = 0; i < 11; i += 1) node.mineNext(SCRIPT);
  const [recovery, locked] = coinsOf(fund);
  if (recovery === undefined || locked === undefined) throw new Error('no coins');
  special = { recovery, locked };
  if (hasBtcd) btcd = await startBtcd(addressOf('p2wsh'));
  if (hasKernel) kernel = startKernel();
  for (let height = 1; height <= node.chain.tip.height; height += 1) {
    const block = node.chain.at(height)?.block;
    if (block === undefined) throw new Error(`no block ${height}`);
    const hex = toHex(serializeBlock(block));
    expect(await btcd?.call('submitblock', [hex])).toBe(btcd === undefined ? undefined : null);
    expect((await kernel?.block(hex))?.height ?? height).toBe(height);
  }
}, 60_000);

afterAll(async () => {
  await btcd?.stop();
  await kernel?.stop();
});

describe.skipIf(!hasBtcd && !hasKernel)('blocks', () => {
  it('that devchain mined brought all nodes to the same tip', async () => {
    const tip = node.chain.tip.hash;
    if (btcd !== undefined) expect(await btcd.call('getbestblockhash', [])).toBe(tip);
    expect(await offer(mineBlock(planBlock(node.chain, [], SCRIPT, node.now())))).toEqual(all(true));
  });

  it('with spends of every kind are accepted by all', async () => {
    const transactions = KINDS.map((kind) =>
      parseTransaction(
        rawOf(spend({ coins: [coinOf(coins, kind)], outputs: [{ script: SCRIPT, amount: 990_000n }] })),
      ),
    );
    expect(await offer(node.buildBlock(SCRIPT, transactions))).toEqual(all(true));
  });

  it.each(KINDS)('with a wrong signature for %s are refused by all', async (kind) => {
    const good = spend({ coins: [coinOf(coins, kind, 1)], outputs: [{ script: SCRIPT, amount: 990_000n }] });
    const { tx } = parseTransaction(rawOf(good));
    const bad = { ...tx, outputs: [{ script: SCRIPT, amount: 990_001n }] };
    expect(await offer(node.buildBlock(SCRIPT, [describeTransaction(bad)]))).toEqual(all(false));
  });

  it('with a coinbase that takes too much, a missing coin or a wrong time are refused by all', async () => {
    const plan = planBlock(node.chain, [], SCRIPT, node.now());
    expect(await offer(mineBlock({ ...plan, fees: 1n }))).toEqual(all(false));
    const gone = spend({ coins: [coinOf(coins, 'p2wpkh')], outputs: [{ script: SCRIPT, amount: 980_000n }] });
    expect(await offer(node.buildBlock(SCRIPT, [parseTransaction(rawOf(gone))]))).toEqual(all(false));
    const old = mineBlock({ ...plan, time: node.chain.medianTime(node.chain.tip) });
    expect(await offer(old)).toEqual(all(false));
    expect(await offer(mineBlock({ ...plan, height: plan.height + 1 }))).toEqual(all(false));
  });

  it('with a missing or wrong witness commitment are refused by all', async () => {
    const paid = spend({
      coins: [coinOf(coins, 'p2wsh', 1)],
      outputs: [{ script: SCRIPT, amount: 990_000n }],
    });
    const block = node.buildBlock(SCRIPT, [parseTransaction(rawOf(paid))]);
    const [coinbase, ...rest] = block.transactions;
    if (coinbase === undefined) throw new Error('no coinbase');
    const bare = describeTransaction({ ...coinbase.tx, outputs: coinbase.tx.outputs.slice(0, 1) });
    expect(await offer(remine({ ...block, transactions: [bare, ...rest] }))).toEqual(all(false));
    const outputs = coinbase.tx.outputs.map((output, i) =>
      i === 1
        ? { ...output, script: output.script.map((byte, at) => (at === 10 ? byte ^ 1 : byte)) }
        : output,
    );
    const wrong = describeTransaction({ ...coinbase.tx, outputs });
    expect(await offer(remine({ ...block, transactions: [wrong, ...rest] }))).toEqual(all(false));
    expect(await offer(block)).toEqual(all(true));
  });

  it('across the halving at height 150 are accepted by all, and a full subsidy is refused', async () => {
    while (node.chain.tip.height < 149) {
      expect(await offer(mineBlock(planBlock(node.chain, [], SCRIPT, node.now())))).toEqual(all(true));
    }
    const plan = planBlock(node.chain, [], SCRIPT, node.now());
    expect(await offer(mineBlock({ ...plan, fees: 2_500_000_000n }))).toEqual(all(false));
    expect(await offer(mineBlock(plan))).toEqual(all(true));
  });

  it('with too many signature operations are refused by all, even behind a script that breaks off', async () => {
    // 0x4c wants a length that is not there; everything before it counts.
    const script = new Uint8Array(4_002).fill(0xac).fill(0x4c, 4_001);
    const withOutputs = (count: number) => {
      const outputs = Array.from({ length: count }, () => ({ amount: 1_000n, script }));
      const paid = spend({ coins: [coinOf(coins, 'p2tr', 1)], outputs });
      return node.buildBlock(SCRIPT, [parseTransaction(rawOf(paid))]);
    };
    expect(await offer(withOutputs(5))).toEqual(all(false));
    expect(await offer(withOutputs(4))).toEqual(all(true));
  });

  it('of a longer branch make all reorganize', async () => {
    const fork = node.chain.tip.parent;
    if (fork === null) throw new Error('no fork');
    let previous = fork;
    for (let i = 0; i < 2; i += 1) {
      const height = previous.height + 1;
      const time = previous.block.header.time + 1;
      const block = mineBlock({
        height,
        previous: previous.hash,
        time,
        script: SCRIPT,
        fees: 0n,
        transactions: [],
      });
      const verdict = await offer(block);
      if (i === 1) expect(verdict).toEqual(all(true));
      const added = node.chain.node(headerHash(block.header));
      if (added === undefined) throw new Error('devchain lost the block');
      previous = added;
    }
    expect(node.chain.tip).toBe(previous);
    if (btcd !== undefined) expect(await btcd.call('getbestblockhash', [])).toBe(previous.hash);
  });
});

describe.skipIf(!hasBtcd)('transactions offered to devchain and btcd', () => {
  async function both(raw: Uint8Array): Promise<{ devchain: boolean; btcd: boolean }> {
    const hex = toHex(raw);
    const devchain = judge(() => node.mempool.accept(parseTransaction(raw))) === null;
    const answer = btcd?.call('sendrawtransaction', [hex]);
    return {
      devchain,
      btcd: await (answer?.then(
        () => true,
        () => false,
      ) ?? devchain),
    };
  }
  const agreed = (verdict: boolean) => ({ devchain: verdict, btcd: verdict });
  const pay = (kind: (typeof KINDS)[number], fee: bigint, more = {}) =>
    rawOf(
      spend({
        coins: [coinOf(coins, kind, 2)],
        outputs: [{ script: SCRIPT, amount: 1_000_000n - fee }],
        ...more,
      }),
    );

  it('are refused by both below the relay fee, as dust and before their time', async () => {
    expect(await both(pay('p2wsh', 0n))).toEqual(agreed(false));
    expect(await both(pay('p2wsh', 999_900n))).toEqual(agreed(false));
    expect(await both(pay('p2wsh', 10_000n, { locktime: node.chain.tip.height + 1 }))).toEqual(agreed(false));
    expect(await both(pay('p2wsh', 10_000n, { sequence: 60_000 }))).toEqual(agreed(false));
  });

  it.each(KINDS)('are accepted by both for %s, and then replaced by a better one in both', async (kind) => {
    expect(await both(pay(kind, 10_000n))).toEqual(agreed(true));
    expect(await both(pay(kind, 10_050n))).toEqual(agreed(false));
    expect(await both(pay(kind, 40_000n))).toEqual(agreed(true));
  });

  it('are refused by both with a signature for another amount', async () => {
    const lie = { ...coinOf(coins, 'p2wsh', 3), amount: 2_000_000n };
    expect(
      await both(rawOf(spend({ coins: [lie], outputs: [{ script: SCRIPT, amount: 900_000n }] }))),
    ).toEqual(agreed(false));
  });
});

describe.skipIf(!hasKernel)('scripts before devchain and the consensus code of Bitcoin Core', () => {
  /** Rules by which nodes do not relay, though a block may hold it. */
  const RELAY_RULES = [
    'bad-witness-nonstandard',
    'script-cleanstack',
    'script-minimaldata',
    'script-minimalif',
    'script-nullfail',
    'script-number',
    'script-opcode',
    'scriptsig-not-pushonly',
    'sig-high-s',
    'sig-hashtype',
    'witness-pubkeytype',
    'pubkeytype',
    'sig-findanddelete',
    'witness-unexpected',
  ];

  async function compare(raw: Uint8Array): Promise<{ devchain: string | null; kernel: boolean }> {
    const known = parseTransaction(raw);
    const spent = coinsSpent(known);
    const devchain = judge(() => verifyTransaction(known.tx, spent))?.reason ?? null;
    const outputs = spent.map(({ script, amount }) => [toHex(script), Number(amount)] as const);
    const judged = (await kernel?.scripts(toHex(raw), outputs)) ?? null;
    return { devchain, kernel: judged?.every((good) => good) === true };
  }

  const coin = (kind: (typeof KINDS)[number]) => coinOf(coins, kind, 3);
  const output = { script: SCRIPT, amount: 300_000n };
  const hashTypes = [SigHash.ALL, SigHash.NONE, SigHash.SINGLE].flatMap((base) => [base, base | 0x80]);

  it.each(
    KINDS.filter((kind) => kind !== 'p2wpkh').flatMap((kind) =>
      hashTypes.map((type) => [kind, type] as const),
    ),
  )('agree on %s with hash type %i', async (kind, sighash) => {
    const coinsOfKind = [coin(kind), coinOf(coins, kind, 2)];
    const raw = rawOf(spend({ coins: coinsOfKind, outputs: [output, output], sighash }));
    expect(await compare(raw)).toEqual({ devchain: null, kernel: true });
  });

  it('agree on the recovery branch: by two keys at once, by one key after ten blocks', async () => {
    const plan = { coins: [special.recovery], outputs: [output] };
    const quorum = spendScript(plan, recoveryScript, (sign) => [new Uint8Array(), sign(0), sign(2)]);
    expect(await compare(rawOf(quorum))).toEqual({ devchain: null, kernel: true });
    const none = new Uint8Array();
    const late = (sequence: number) =>
      spendScript({ ...plan, sequence }, recoveryScript, (sign) => [sign(0), none, none, none]);
    expect(await compare(rawOf(late(10)))).toEqual({ devchain: null, kernel: true });
    expect(await compare(rawOf(late(9)))).toEqual({ devchain: 'unsatisfied-locktime', kernel: false });
    const wrong = spendScript({ ...plan, sequence: 10 }, recoveryScript, (sign) => [
      sign(1),
      none,
      none,
      none,
    ]);
    expect((await compare(rawOf(wrong))).kernel).toBe(false);
  });

  it('agree on an absolute lock: not below its height, not with a final sequence', async () => {
    const at = (locktime: number, sequence = 0xfffffffd) =>
      rawOf(
        spendScript(
          { coins: [special.locked], outputs: [output], locktime, sequence },
          lockedScript(LOCK_HEIGHT),
          (sign) => [sign(0)],
        ),
      );
    expect(await compare(at(LOCK_HEIGHT))).toEqual({ devchain: null, kernel: true });
    expect(await compare(at(LOCK_HEIGHT - 1))).toEqual({ devchain: 'unsatisfied-locktime', kernel: false });
    expect(await compare(at(LOCK_HEIGHT, 0xffffffff))).toEqual({
      devchain: 'unsatisfied-locktime',
      kernel: false,
    });
  });

  it('agree on any change of any byte, save for the relay rules', async () => {
    const originals = KINDS.filter((kind) => kind !== 'p2wpkh').map((kind) =>
      rawOf(spend({ coins: [coin(kind)], outputs: [output] })),
    );
    const change = fc.record({
      raw: fc.constantFrom(...originals),
      at: fc.nat(2_000),
      to: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ raw, at, to }) => {
        const changed = Uint8Array.from(raw);
        const place = at % changed.length;
        changed[place] = (changed[place] ?? 0) ^ to;
        let known: KnownTransaction | undefined;
        judge(() => {
          known = parseTransaction(changed);
        });
        const sameCoins = known?.tx.inputs.every(
          (input) => node.chain.coins.get(outpointOf(input)) !== undefined,
        );
        fc.pre(sameCoins === true);
        const { devchain, kernel: consensus } = await compare(changed);
        if (devchain === null) expect(consensus).toBe(true);
        if (devchain !== null && consensus) expect(RELAY_RULES).toContain(devchain);
      }),
      { numRuns: inForm(200, 4_000) },
    );
  });
});
