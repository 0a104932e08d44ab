/** Reading JSON without trusting its shape. */

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Kinds {
  readonly string: string;
  readonly number: number;
}

const isOf = <K extends keyof Kinds>(value: unknown, kind: K): value is Kinds[K] => typeof value === kind;

/** @throws Error if the field is missing or of another kind */
export function field<K extends keyof Kinds>(
  record: Readonly<Record<string, unknown>>,
  name: string,
  kind: K,
): Kinds[K] {
  const value = record[name];
  if (!isOf(value, kind)) throw new Error(`"${name}" is not a ${kind}`);
  return value;
}
