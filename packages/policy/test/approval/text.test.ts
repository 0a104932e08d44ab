import { describe, expect, it } from 'vitest';
import { writeApproval } from '../../src/index.ts';

describe('the text that an approver reads', () => {
  const text = (amount: bigint, script: Uint8Array): string[] =>
    writeApproval({
      network: 'regtest',
      first: new Uint8Array(32).fill(0xc0),
      intent: { id: new Uint8Array(16).fill(1), requester: 'shop', amount, script, created: 1, expires: 2 },
      hash: new Uint8Array(32).fill(0xab),
      approver: 'ann',
      expires: 1_234,
    }).split('\n');

  it('is one intent, whole, line by line', () => {
    expect(text(150_000_000n, Uint8Array.of(0, 20, ...new Uint8Array(20)))).toEqual([
      'coldwire approval v1',
      'network: regtest',
      `charter: ${'c0'.repeat(32)}`,
      'pay: 1.50000000 BTC',
      'to: bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202',
      `script: 0014${'00'.repeat(20)}`,
      'requester: shop',
      `id: ${'01'.repeat(16)}`,
      `intent: ${'ab'.repeat(32)}`,
      'approver: ann',
      'until height: 1234',
      '',
    ]);
  });

  it('says amounts to the last satoshi', () => {
    const told = (amount: bigint) => text(amount, Uint8Array.of(0x6a))[3];
    expect(told(1n)).toBe('pay: 0.00000001 BTC');
    expect(told(99_999_999n)).toBe('pay: 0.99999999 BTC');
    expect(told(100_000_000n)).toBe('pay: 1.00000000 BTC');
    expect(told(2_100_000_000_000_000n)).toBe('pay: 21000000.00000000 BTC');
  });

  it('says so when the script has no address', () => {
    expect(text(1n, Uint8Array.of(0x6a))[4]).toBe('to: no address');
  });
});
