/** Amounts in sat, and Core's way of writing them as decimal BTC. */

export const COIN = 100_000_000n;
export const MAX_MONEY = 21_000_000n * COIN;
/** Regtest halves the subsidy every 150 blocks. */
const HALVING = 150;

export function isMoney(amount: bigint): boolean {
  return amount >= 0n && amount <= MAX_MONEY;
}

/** What the coinbase of a block at `height` may create, without fees. */
export function subsidyAt(height: number): bigint {
  const halvings = Math.floor(height / HALVING);
  return halvings >= 64 ? 0n : (50n * COIN) >> BigInt(halvings);
}

/** "0.00001000": always eight decimals. */
export function formatBtc(sat: bigint): string {
  const digits = (sat < 0n ? -sat : sat).toString().padStart(9, '0');
  return `${sat < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}
