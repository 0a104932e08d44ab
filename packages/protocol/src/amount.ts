/** 21 million BTC in sat: no amount and no sum of amounts is larger. */
export const MAX_MONEY = 2_100_000_000_000_000n;
