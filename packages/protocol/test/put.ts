// For tests of forms: a value with one place of it replaced, whatever its type.

/** The value with what stands at the path replaced. */
export function put(
  value: unknown,
  [step, ...path]: readonly string[],
  change: (old: unknown) => unknown,
): unknown {
  if (step === undefined) return change(value);
  if (Array.isArray(value)) {
    return value.map((part: unknown, place) => (place === Number(step) ? put(part, path, change) : part));
  }
  if (typeof value !== 'object' || value === null || !(step in value)) throw new Error(`no ${step}`);
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, key === step ? put(part, path, change) : part]),
  );
}
