/**
 * Reads typed values out of a TOML table and remembers where each stands, so that an error names the line's place as
 * people wrote it: `policy.window[1].amount`. Refuses missing, unknown and wrongly typed keys.
 */
import { EXIT, Failure } from '@coldwire/program';
import { fromHex } from '@coldwire/protocol';

type Table = { readonly [key: string]: unknown };

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

export class TableReader {
  readonly #table: Table;
  readonly #path: string;
  readonly #file: string;
  readonly #known = new Set<string>();

  constructor(table: unknown, path: string, file: string) {
    this.#path = path;
    this.#file = file;
    if (!isTable(table)) throw this.refuse('', 'must be a table');
    this.#table = table;
  }

  refuse(key: string, problem: string): Failure {
    const place = [this.#path, key].filter((part) => part !== '').join('.');
    return new Failure(EXIT.BAD_INPUT, {
      what: `${place || 'the file'} ${problem}`,
      where: this.#file,
      todo: 'Compare with the example: coldwire-charter example.',
    });
  }

  #take(key: string): unknown {
    this.#known.add(key);
    const value = this.#table[key];
    if (value === undefined) throw this.refuse(key, 'is missing');
    return value;
  }

  has(key: string): boolean {
    return this.#table[key] !== undefined;
  }

  text(key: string): string {
    const value = this.#take(key);
    if (typeof value !== 'string' || value === '') throw this.refuse(key, 'must be a text');
    return value;
  }

  integer(key: string): number {
    const value = this.#take(key);
    if (typeof value !== 'bigint' || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.refuse(key, 'must be a whole number, zero or more');
    }
    return Number(value);
  }

  /** An amount in sat. */
  sats(key: string): bigint {
    const value = this.#take(key);
    if (typeof value !== 'bigint' || value < 0n || value > 2_100_000_000_000_000n) {
      throw this.refuse(key, 'must be a whole number of satoshi, at most 21 million BTC');
    }
    return value;
  }

  hex(key: string, length: number): Uint8Array {
    return this.#hex(key, this.text(key), length);
  }

  hexList(key: string, length: number): readonly Uint8Array[] {
    return this.textList(key).map((text) => this.#hex(key, text, length));
  }

  #hex(key: string, text: string, length: number): Uint8Array {
    if (!/^[0-9a-f]*$/.test(text) || text.length !== 2 * length) {
      throw this.refuse(key, `must be ${2 * length} hexadecimal digits`);
    }
    return fromHex(text);
  }

  textList(key: string): readonly string[] {
    const value = this.#take(key);
    if (!Array.isArray(value)) throw this.refuse(key, 'must be a list of texts');
    return value.map((item: unknown) => {
      if (typeof item !== 'string') throw this.refuse(key, 'must be a list of texts');
      return item;
    });
  }

  table(key: string): TableReader {
    return new TableReader(this.#take(key), this.#under(key), this.#file);
  }

  tables<T>(key: string, read: (reader: TableReader) => T): readonly T[] {
    const value = this.#take(key);
    if (!Array.isArray(value)) throw this.refuse(key, `must be one or more [[${this.#under(key)}]] tables`);
    return value.map((item: unknown, i) => {
      const reader = new TableReader(item, `${this.#under(key)}[${i}]`, this.#file);
      const result = read(reader);
      reader.finish();
      return result;
    });
  }

  #under(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }

  /** Call when all keys are read: a misspelt key must not pass for an absent limit. */
  finish(): void {
    for (const key of Object.keys(this.#table)) {
      if (!this.#known.has(key)) throw this.refuse(key, 'is not a key that a charter has');
    }
  }
}
