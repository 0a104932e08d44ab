/** The vault's chain of charters over policy's sample charter, in a directory of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CharterInForce } from '@coldwire/policy';
import { onTestFinished } from 'vitest';
import { mustLoad, sampleCharter } from '../../../policy/test/world.ts';
import { Charters } from '../../src/serve/charters.ts';

export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'coldwire-charters-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function makeCharters(
  first: CharterInForce = mustLoad(sampleCharter()),
  isThere?: (name: string) => boolean,
): Charters {
  return new Charters(first, makeDirectory(), isThere);
}
