import { describe, expect, it } from 'vitest';
import { accountPath, HARDENED, MAX_INDEX, pathText } from '../../src/charter/account-path.ts';

describe('the path of an account', () => {
  it('is that of BIP-48 for P2WSH, of the first coin on mainnet and of the second elsewhere', () => {
    expect(accountPath('mainnet')).toEqual([0x80000030, 0x80000000, 0x80000000, 0x80000002]);
    for (const network of ['testnet4', 'signet', 'regtest'] as const)
      expect(accountPath(network)).toEqual([0x80000030, 0x80000001, 0x80000000, 0x80000002]);
  });

  it('is written with an h behind each hardened step', () => {
    expect(pathText(accountPath('mainnet'))).toBe('48h/0h/0h/2h');
    expect(pathText([HARDENED, MAX_INDEX, 0, HARDENED + 7])).toBe('0h/2147483647/0/7h');
    expect([HARDENED, MAX_INDEX]).toEqual([0x80000000, 0x7fffffff]);
  });
});
