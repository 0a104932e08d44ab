import { concatBytes, fromHex } from '@coldwire/protocol';
import { CLOCK_NETWORKS } from '@coldwire/protocol/clock/networks.ts';
import { bitsOf, targetOf, workOf } from '@coldwire/protocol/clock/work.ts';
import { type BlockHeader, parseHeader } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { describe, expect, it } from 'vitest';
import { medianTime, requiredBits, retarget } from '../../src/clock/check-header.ts';
import { createTree, type HeaderNode, makeNode, tipOf } from '../../src/clock/header-tree.ts';
import { acceptHeaders, applyChange, createPolicyState, describeState } from '../../src/index.ts';
import { CHECKPOINT, GENESIS_TIME, mineHeader, mustLoad, sampleCharter, seeded, World } from '../world.ts';

/** Mainnet's first three headers, as they are on every node. */
const MAINNET = [
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
  '010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299',
  '010000004860eb18bf1b1620e37e9490fc8a427514416fd75159ab86688e9a8300000000d5fdcc541e25de1c7a5addedf24858b8bb665c9f36ef744ee42c316022c90f9bb0bc6649ffff001d08d2bd61',
].map(fromHex);

function mainnetState() {
  const charter = sampleCharter('mainnet');
  const clock = { ...charter.clock, checkpointHeight: 0, checkpoint: MAINNET[0] ?? new Uint8Array() };
  return createPolicyState(mustLoad({ ...charter, clock }), noblePointMath);
}

const header = (previous: BlockHeader, time: number, bits: number): BlockHeader => ({
  ...previous,
  previous: previous.hash,
  hash: seeded(`${time} ${bits}`),
  time,
  bits,
});

/** A chain of headers with these bits and spacings, without proof of work. */
function chain(first: HeaderNode, length: number, spacing: number, bits: number): HeaderNode {
  let node = first;
  for (let i = 0; i < length; i++)
    node = makeNode(header(node.header, node.header.time + spacing, bits), node);
  return node;
}

function rootOf(bits: number): HeaderNode {
  const parsed = parseHeader(CHECKPOINT);
  if (!parsed.ok) throw new Error('no header');
  return tipOf(createTree({ ...parsed.value, bits }, 0));
}

describe('mainnet', () => {
  it('accepts its first blocks above the first', () => {
    const state = mainnetState();
    const outcome = acceptHeaders(state, { headers: concatBytes(...MAINNET) }, 0);
    if (outcome.kind !== 'ok') throw new Error('refused');
    for (const change of outcome.changes) applyChange(state, change);
    expect(describeState(state, 0)).toMatchObject({ tipHeight: 2, tipTime: 1231469744 });
  });

  it('refuses the same headers with another nonce, with an easy target, or out of order', () => {
    const state = mainnetState();
    const [, one = new Uint8Array(), two = new Uint8Array()] = MAINNET;
    const nonce = one.with(79, (one[79] ?? 0) ^ 1);
    const code = (headers: Uint8Array) => {
      const outcome = acceptHeaders(state, { headers }, 0);
      return outcome.kind === 'refused' && outcome.refusals[0];
    };
    const refusal = (name: string, at: number) => ({ kind: 'refusal', code: name, facts: [['at', `${at}`]] });
    expect(code(nonce)).toEqual(refusal('HEADER_WORK', 0));
    const parsed = parseHeader(MAINNET[0] ?? one);
    if (!parsed.ok) throw new Error('no header');
    expect(code(mineHeader(parsed.value.hash, seeded('root'), 1231469665))).toEqual(
      refusal('HEADER_WORK', 0),
    );
    expect(code(two)).toEqual(refusal('HEADER_LINK', 0));
    expect(code(concatBytes(one, two.slice(0, 79)))).toEqual(refusal('HEADER_LINK', 1));
    expect(code(concatBytes(one, nonce))).toEqual(refusal('HEADER_WORK', 1));
  });

  it('tells a node of another network from one that lost its place', () => {
    const world = new World();
    const outcome = acceptHeaders(world.state, { headers: MAINNET[1] ?? new Uint8Array() }, 0);
    const facts = [
      ['got', 'mainnet'],
      ['want', 'regtest'],
    ];
    expect(outcome).toMatchObject({ kind: 'refused', refusals: [{ code: 'NETWORK', facts }] });
  });

  // Facts of the main chain, and one made-up time, as Bitcoin Core tests its own code with (src/test/pow_tests.cpp).
  it.each([
    ['blocks 30240 to 32255', 1261130161, 1262152739, 0x1d00ffff, 0x1d00d86a],
    ['blocks 0 to 2015, at the limit', 1231006505, 1233061996, 0x1d00ffff, 0x1d00ffff],
    ['blocks 66528 to 68543, too fast by more than four', 1279008237, 1279297671, 0x1c05a3f4, 0x1c0168fd],
    ['too slow by more than four', 1263163443, 1269211443, 0x1c387f6f, 0x1d00e1fd],
  ])('retargets as the chain did: %s', (_what, from, to, before, after) => {
    expect(retarget(before, to - from, CLOCK_NETWORKS.mainnet.limitBits)).toBe(after);
  });

  it('asks for the same bits within a period and for new ones after it', () => {
    const network = CLOCK_NETWORKS.mainnet;
    const first = rootOf(0x1c05a3f4);
    const last = chain(first, 2015, 60, 0x1c05a3f4);
    expect(last.height).toBe(2015);
    const before = last.parent ?? last;
    expect(requiredBits(network, before, 0)).toBe(0x1c05a3f4);
    expect(requiredBits(network, last, 0)).toBe(0x1c0168fd);
  });
});

describe('test networks', () => {
  it('testnet4 takes easy blocks after 20 minutes, and retargets from the first of the period', () => {
    const network = CLOCK_NETWORKS.testnet4;
    const first = rootOf(0x1c05a3f4);
    const easy = chain(first, 1, 1300, 0x1d00ffff);
    expect(requiredBits(network, first, first.header.time + 1201)).toBe(0x1d00ffff);
    expect(requiredBits(network, first, first.header.time + 1200)).toBe(0x1c05a3f4);
    expect(requiredBits(network, easy, easy.header.time + 1)).toBe(0x1c05a3f4);
    const last = chain(easy, 2014, 60, 0x1d00ffff);
    expect(requiredBits(network, last, last.header.time + 9999)).toBe(0x1c0168fd);
  });

  it('regtest never changes its target', () => {
    const last = chain(rootOf(0x207fffff), 2015, 1, 0x207fffff);
    expect(requiredBits(CLOCK_NETWORKS.regtest, last, 0)).toBe(0x207fffff);
  });
});

describe('times', () => {
  it('must be above the median of the eleven before, where eleven are known', () => {
    const world = new World();
    world.pass(9);
    const code = (time: number) => {
      const bytes = mineHeader(world.tipHash, seeded('root'), time);
      const outcome = acceptHeaders(world.state, { headers: bytes }, 0);
      return outcome.kind === 'ok' ? 'ok' : outcome.refusals.map(({ code }) => code);
    };
    expect(medianTime(tipOf(world.state.tree))).toBeUndefined();
    expect(code(1)).toBe('ok');
    world.pass(1);
    const median = GENESIS_TIME + 5 * 600;
    expect(medianTime(tipOf(world.state.tree))).toBe(median);
    expect(code(median)).toEqual(['HEADER_TIME']);
    expect(code(median + 1)).toBe('ok');
  });
});

describe('compact targets', () => {
  // Facts of the format, from the table of Bitcoin Core's arith_uint256 tests.
  it.each([
    [0x01123456, 0x12n],
    [0x02008000, 0x80n],
    [0x03123456, 0x123456n],
    [0x04123456, 0x12345600n],
    [0x05009234, 0x92340000n],
    [0x1d00ffff, 0xffffn << 208n],
  ])('%i is a target', (bits, target) => {
    expect(targetOf(bits)).toBe(target);
  });

  it('that are zero, negative or too large stand for no target', () => {
    for (const bits of [0, 0x00123456, 0x01003456, 0x02000056, 0x04923456, 0xff123456, 0x04800001]) {
      expect(targetOf(bits)).toBeUndefined();
    }
  });

  it('come back from the target that they stand for', () => {
    for (const bits of [0x02008000, 0x03123456, 0x05009234, 0x1b0404cb, 0x1d00ffff, 0x1e0377ae, 0x207fffff]) {
      expect(bitsOf(targetOf(bits) ?? 0n)).toBe(bits);
    }
  });

  it('of mainnet at its easiest are worth 4,295,032,833 hashes', () => {
    expect(workOf(targetOf(0x1d00ffff) ?? 0n)).toBe(4_295_032_833n);
  });
});
