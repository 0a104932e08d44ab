// Schemas made of other schemas: lists, tuples, structs and variants (protocol-spec/1-cbor.md, 1.4).
// All are closed. A struct is a map with small fixed keys and an array would do for the machine; the keys let a later
// version add or retire a field without moving the others.

import { Mismatch, type Plain, type Schema } from './schema.ts';

/** `min` to `max` values of one schema, as an array. */
export function list<T>(item: Schema<T>, min: number, max: number): Schema<readonly T[]> {
  const wanted = min === max ? `${min}` : `${min} to ${max}`;
  const convert = <R>(value: unknown, one: (element: unknown) => R | Mismatch): R[] | Mismatch => {
    if (!Array.isArray(value)) return new Mismatch('must be an array');
    if (value.length < min || value.length > max) {
      return new Mismatch(`must have ${wanted} elements, not ${value.length}`);
    }
    const converted: R[] = [];
    for (let index = 0; index < value.length; index += 1) {
      const element = one(value[index]);
      if (element instanceof Mismatch) return element.under(`[${index}]`);
      converted.push(element);
    }
    return converted;
  };
  return {
    name: 'list',
    read: (plain) => convert(plain, item.read),
    write: (value) => convert(value, item.write),
  };
}

type TupleOf<S extends readonly Schema<unknown>[]> = {
  readonly [K in keyof S]: S[K] extends Schema<infer T> ? T : never;
};

/** An array of fixed length, each place with its own schema. */
export function tuple<S extends readonly Schema<unknown>[]>(...schemas: S): Schema<TupleOf<S>>;
export function tuple(...schemas: readonly Schema<unknown>[]): Schema<readonly unknown[]> {
  const convert = <R>(value: unknown, one: (schema: Schema<unknown>, element: unknown) => R | Mismatch) => {
    if (!Array.isArray(value) || value.length !== schemas.length) {
      return new Mismatch(`must be an array of ${schemas.length} elements`);
    }
    const converted: R[] = [];
    for (const [index, schema] of schemas.entries()) {
      const element = one(schema, value[index]);
      if (element instanceof Mismatch) return element.under(`[${index}]`);
      converted.push(element);
    }
    return converted;
  };
  return {
    name: 'tuple',
    read: (plain) => convert(plain, (schema, element) => schema.read(element)),
    write: (value) => convert(value, (schema, element) => schema.write(element)),
  };
}

/** A field of a struct: its key on the line, its schema, and whether it may be left out. */
export type Field<T> = { readonly key: number; readonly schema: Schema<T>; readonly presence: 'required' };
export type OptionalField<T> = {
  readonly key: number;
  readonly schema: Schema<T>;
  readonly presence: 'optional';
};
type AnyField = Field<unknown> | OptionalField<unknown>;
type Fields = { readonly [name: string]: AnyField };

export function field<T>(key: number, schema: Schema<T>): Field<T> {
  return { key: checkKey(key), schema, presence: 'required' };
}

/** Absent from the map when the property is absent. An explicit `undefined` counts as absent when encoding. */
export function optional<T>(key: number, schema: Schema<T>): OptionalField<T> {
  return { key: checkKey(key), schema, presence: 'optional' };
}

function checkKey(key: number): number {
  if (Number.isInteger(key) && key >= 0 && key < 256) return key;
  throw new Error(`A struct key must be an integer from 0 to 255, not ${key}.`);
}

export type StructOf<F extends Fields> = {
  readonly [K in keyof F as F[K]['presence'] extends 'required' ? K : never]: F[K]['schema'] extends Schema<
    infer T
  >
    ? T
    : never;
} & {
  readonly [K in keyof F as F[K]['presence'] extends 'optional' ? K : never]?: F[K]['schema'] extends Schema<
    infer T
  >
    ? T
    : never;
};

/** A map from small unsigned keys. Its name opens the path of every fault in it. */
export function struct<const F extends Fields>(name: string, fields: F): Schema<StructOf<F>>;
export function struct(name: string, fields: Fields): Schema<object> {
  const sorted = Object.entries(fields).sort(([, left], [, right]) => left.key - right.key);
  const keys = new Set(sorted.map(([, { key }]) => key));
  if (keys.size !== sorted.length) throw new Error(`Two fields of ${name} have the same key.`);
  return {
    name,
    read(plain) {
      if (!(plain instanceof Map)) return new Mismatch('must be a map');
      const value: Record<string, unknown> = {};
      let known = 0;
      for (const [property, { key, schema, presence }] of sorted) {
        if (!plain.has(key)) {
          if (presence === 'optional') continue;
          return new Mismatch(`is missing (key ${key})`, `.${property}`);
        }
        const member = schema.read(plain.get(key));
        if (member instanceof Mismatch) return member.under(`.${property}`);
        value[property] = member;
        known += 1;
      }
      return known === plain.size ? value : new Mismatch(`has the unknown key ${findOther(plain, keys)}`);
    },
    write(value) {
      if (!isRecord(value)) return new Mismatch('must be an object');
      const stray = Object.keys(value).find((property) => !Object.hasOwn(fields, property));
      if (stray !== undefined) return new Mismatch(`has the unknown property ${JSON.stringify(stray)}`);
      const map = new Map<number, Plain>();
      for (const [property, { key, schema, presence }] of sorted) {
        const member = value[property];
        if (member === undefined && presence === 'optional') continue;
        const plain = schema.write(member);
        if (plain instanceof Mismatch) return plain.under(`.${property}`);
        map.set(key, plain);
      }
      return map;
    },
  };
}

function findOther(map: Map<unknown, unknown>, known: ReadonlySet<number>): string {
  for (const key of map.keys()) {
    if (typeof key !== 'number' || !known.has(key)) return String(key);
  }
  return 'none';
}

type Cases = { readonly [kind: string]: readonly [tag: number, schema: Schema<unknown>] };
export type VariantOf<C extends Cases> = {
  readonly [K in keyof C & string]: {
    readonly kind: K;
    readonly value: C[K][1] extends Schema<infer T> ? T : never;
  };
}[keyof C & string];

/** A tagged union, `[tag, value]`, where the tag is an unsigned integer that chooses the schema of the value. */
export function variant<const C extends Cases>(cases: C): Schema<VariantOf<C>>;
export function variant(cases: Cases): Schema<{ readonly kind: string; readonly value: unknown }> {
  const byTag = new Map(
    Object.entries(cases).map(([kind, [tag, schema]]) => [checkKey(tag), { kind, schema }]),
  );
  if (byTag.size !== Object.keys(cases).length) throw new Error('Two cases of a variant have the same tag.');
  const wanted = [...byTag.keys()].join(', ');
  return {
    name: 'variant',
    read(plain) {
      if (!Array.isArray(plain) || plain.length !== 2) return new Mismatch('must be an array of 2 elements');
      const chosen = byTag.get(plain[0]);
      if (chosen === undefined) return new Mismatch(`must be one of: ${wanted}`, '[0]');
      const value = chosen.schema.read(plain[1]);
      return value instanceof Mismatch ? value.under(`.${chosen.kind}`) : { kind: chosen.kind, value };
    },
    write(value) {
      const kind = isRecord(value) ? value['kind'] : undefined;
      const chosen = typeof kind === 'string' && Object.hasOwn(cases, kind) ? cases[kind] : undefined;
      if (!isRecord(value) || chosen === undefined) {
        return new Mismatch(`must have a kind of: ${Object.keys(cases).join(', ')}`);
      }
      if (Object.keys(value).length !== 2) return new Mismatch('must hold kind and value only');
      const plain = chosen[1].write(value['value']);
      return plain instanceof Mismatch ? plain.under(`.${kind}`) : [chosen[0], plain];
    },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
