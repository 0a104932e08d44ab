// Reads the frozen vectors of protocol-spec/vectors/{message,charter,intent,evidence} as protocol-spec/vectors/README.md
// describes them.

import { readdirSync, readFileSync } from 'node:fs';
import { fromHex } from '../src/index.ts';

export type Area = 'message' | 'charter' | 'intent' | 'evidence';

export class Vector {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly #lines: ReadonlyMap<string, string>;

  constructor(area: Area, name: string) {
    this.name = name;
    const text = readFileSync(
      new URL(`../../../protocol-spec/vectors/${area}/${name}.txt`, import.meta.url),
      'utf8',
    );
    const [head = '', hex = ''] = text.split('\n\n');
    this.bytes = fromHex(hex.replaceAll('\n', ''));
    this.#lines = new Map(
      head.split('\n').map((line): [string, string] => {
        const at = line.indexOf(': ');
        return [line.slice(0, at), line.slice(at + 2)];
      }),
    );
  }

  /** What stands behind `name: `. */
  get(name: string): string {
    const value = this.#lines.get(name);
    if (value === undefined) throw new Error(`${this.name}: no line "${name}:"`);
    return value;
  }

  /** The words behind `name: `; none if the line is not there. */
  words(name: string): readonly string[] {
    return this.#lines.get(name)?.split(' ') ?? [];
  }
}

/** All vectors of an area that show this part. */
export function readVectors(area: Area, part: string): readonly Vector[] {
  const folder = new URL(`../../../protocol-spec/vectors/${area}/`, import.meta.url);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .map((file) => new Vector(area, file.slice(0, -4)))
    .filter((vector) => vector.get('part') === part);
}
