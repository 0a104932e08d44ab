/**
 * sat. A coin below is never taken: it could not pay for its own way home, so nothing could take back what spends it. A homeward
 * transaction of one input of 2-of-3 is some 160 vB, and leaves an output that is no dust (330): up to 512 are left for the fee.
 * So change below is lost to us, and only what goes home may leave such.
 */
export const COIN_LEAST = 1_000n;
