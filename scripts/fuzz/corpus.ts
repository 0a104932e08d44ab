/** Reads the frozen vectors as inputs to begin with: the hexadecimal part of each, whatever the vector expects. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const VECTORS = join(import.meta.dirname, '..', '..', 'protocol-spec', 'vectors');

export interface SeedVector {
  readonly name: string;
  /** The lines before the hexadecimal part, by name. */
  readonly lines: ReadonlyMap<string, string>;
  readonly bytes: Uint8Array;
}

/** All vectors of an area, by file name. */
export function readSeeds(area: string): readonly SeedVector[] {
  return readdirSync(join(VECTORS, area))
    .filter((file) => file.endsWith('.txt'))
    .sort()
    .map((file) => {
      const [head = '', ...hex] = readFileSync(join(VECTORS, area, file), 'utf8').split('\n\n');
      const lines = head.split('\n').map((line): [string, string] => {
        const at = line.indexOf(': ');
        return [line.slice(0, at), line.slice(at + 2)];
      });
      const bytes = new Uint8Array(Buffer.from(hex.join('').replaceAll(/\s/g, ''), 'hex'));
      return { name: file.slice(0, -4), lines: new Map(lines), bytes };
    });
}

/** The bytes alone; of one `part:` if that is given. */
export function seedsOf(area: string, part?: string): readonly Uint8Array[] {
  return readSeeds(area)
    .filter(({ lines }) => part === undefined || lines.get('part') === part)
    .map(({ bytes }) => bytes);
}

export function readVectorFile(path: string): string {
  return readFileSync(join(VECTORS, path), 'utf8');
}
