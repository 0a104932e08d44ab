/** The operating system's random generator, straight into the only copy. */

/** @returns `size` random bytes in an array of their own, never a pooled one, so that wiping it wipes all there is */
export function drawRandom(size: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(size));
}
