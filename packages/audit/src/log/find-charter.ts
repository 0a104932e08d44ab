/** The first charter that lies with the logs. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT, Failure } from '@coldwire/program';

/** In a directory that was named, or up to two above it. @throws Failure */
export function findCharter(paths: readonly string[]): string {
  const places = paths.flatMap((path) => ['.', '..', '../..'].map((up) => resolve(path, up, 'charter.cbor')));
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new Failure(EXIT.USAGE, {
    what: 'no charter was named, and none lies with the logs',
    todo: 'Name the first charter of the machines: --charter FILE.',
  });
}
