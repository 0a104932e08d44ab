import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/bytes.ts';
import { CLOCK_NETWORKS, PERIOD, PERIOD_SECONDS } from '../../src/clock/networks.ts';

/** Root (as people see it), time and nonce of the first block (Bitcoin Core, kernel/chainparams.cpp). */
const SATOSHI = '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b';
const FIRST = {
  mainnet: [SATOSHI, 1231006505, 2083236893],
  testnet4: ['7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e', 1714777860, 393743547],
  signet: [SATOSHI, 1598918400, 52613770],
  regtest: [SATOSHI, 1296688602, 2],
} as const;

function headerOf(root: string, time: number, bits: number, nonce: number): Uint8Array {
  const header = new Uint8Array(80);
  const view = new DataView(header.buffer);
  view.setUint32(0, 1, true);
  header.set(fromHex(root).reverse(), 36);
  for (const [i, value] of [time, bits, nonce].entries()) view.setUint32(68 + 4 * i, value, true);
  return header;
}

describe('a network', () => {
  it.each(['mainnet', 'testnet4', 'signet', 'regtest'] as const)(
    'is known by its first block, which has its easiest target: %s',
    (name) => {
      const [root, time, nonce] = FIRST[name];
      const { limitBits, genesis } = CLOCK_NETWORKS[name];
      const hash = sha256(sha256(headerOf(root, time, limitBits, nonce)));
      expect(toHex(hash.reverse())).toBe(genesis);
    },
  );

  it('changes its target every two weeks of ten-minute blocks, but for regtest', () => {
    expect(PERIOD_SECONDS).toBe(PERIOD * 600);
    expect(Object.values(CLOCK_NETWORKS).map(({ retargeting }) => retargeting)).toEqual([
      'last',
      'bip94',
      'last',
      'none',
    ]);
  });
});
