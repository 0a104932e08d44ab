/**
 * Proof of work: targets in compact form, and the work that a target stands for.
 * Refuses compact targets that are zero, negative or above 2^256 − 1, and those above the network's limit.
 * Spec: protocol-spec/11-clock.md, "Proof of work". Source: Bitcoin Core, arith_uint256 SetCompact and GetCompact.
 */

const TWO_256 = 1n << 256n;

/** The target that a header's bits stand for, or `undefined` when no hash can meet them. */
export function targetOf(bits: number): bigint | undefined {
  const exponent = bits >>> 24;
  const mantissa = BigInt(bits & 0x007fffff);
  const target = mantissa << BigInt(8 * (exponent - 3)); // a negative shift goes to the right
  if (target === 0n || target >= TWO_256 || (bits & 0x00800000) !== 0) return undefined;
  return target;
}

/** The compact form of a target, rounded down to three significant bytes as Bitcoin does. */
export function bitsOf(target: bigint): number {
  let size = 0;
  for (let rest = target; rest > 0n; rest >>= 8n) size += 1;
  let mantissa = target >> BigInt(8 * (size - 3)); // a negative shift goes to the left
  if ((mantissa & 0x800000n) !== 0n) {
    mantissa >>= 8n; // the top bit is the sign
    size += 1;
  }
  return size * 0x1000000 + Number(mantissa);
}

/** Expected number of hashes to meet a target. */
export function workOf(target: bigint): bigint {
  return TWO_256 / (target + 1n);
}

/** A block hash (internal order) as the number that is compared with the target. */
export function hashValue(hash: Uint8Array): bigint {
  let value = 0n;
  for (let i = hash.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(hash[i] ?? 0);
  return value;
}
