/** A module with tests that notice some mistakes and not others: what scripts/mutation must tell apart. */

/** Reached only while it is loaded. */
export const LIMIT = 100;

export function allows(amount: number): boolean {
  return amount <= LIMIT;
}

/** No test asks for exactly the fee, so the boundary survives. */
export function coversFee(amount: number, fee: number): boolean {
  return amount > fee;
}

/** A loop that some mutants never leave. */
export function countTo(end: number): number {
  let count = 0;
  while (count < end) count += 1;
  return count;
}

/** The guard cannot be left out: without it the next line does not type-check. */
export function firstOf(values: readonly number[]): number {
  const [first] = values;
  if (first === undefined) throw new Error('no values');
  return first.valueOf();
}

/** No test calls it. */
export function forgotten(): number {
  return 7;
}
