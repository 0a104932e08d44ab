/** The bytes that a withdrawal costs on the line, counted on a real link between the real vault and signer ends. */
import { beforeAll, describe, expect, it } from 'vitest';
import { measureWire, type WireCosts } from '../../scripts/bench/wire.ts';

describe('bytes on the line, all framing, headers and signatures counted', () => {
  let wire: WireCosts;
  beforeAll(async () => {
    wire = await measureWire();
  });

  it('carries a further input in at most 50 bytes of the request', () => {
    expect(wire.requestBytesPerInput).toBeLessThanOrEqual(50);
    // A txid and an amount must travel: less than that would mean that something was not counted.
    expect(wire.requestBytesPerInput).toBeGreaterThan(40);
  });

  it('answers for a further input in at most 100 bytes', () => {
    expect(wire.answerBytesPerInput).toBeLessThanOrEqual(100);
    expect(wire.answerBytesPerInput).toBeGreaterThan(64);
  });

  it('carries a further payment, signed intent and its share of the verdict, in at most 160 bytes', () => {
    expect(wire.bytesPerPayment).toBeLessThanOrEqual(160);
    expect(wire.bytesPerPayment).toBeGreaterThan(64 + 16 + 22);
  });

  it('admits a deposit, eleven Merkle levels deep, in at most 1,400 bytes', () => {
    expect(wire.admitBytes).toBeLessThanOrEqual(1400);
    expect(wire.admitBytes).toBeGreaterThan(11 * 32);
  });

  it('counts every exchange whole, from a request of one input to one of a thousand that is pulled in parts', () => {
    for (const { inputs, payments, bytes } of wire.exchanges) {
      expect(bytes.down).toBeGreaterThan(40 * inputs + 100 * payments);
      expect(bytes.up).toBeGreaterThan(64 * inputs);
    }
    expect(wire.exchanges.map(({ inputs }) => inputs)).toContain(1000);
  });
});
