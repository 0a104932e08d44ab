/**
 * Mutations of a PSBT's maps: entries are dropped, repeated, moved between maps, given another type, key or value, with all
 * lengths right again; a value that is a transaction or an output is changed within.
 */

import { PSBT_MAGIC, type PsbtEntry, writePsbtMaps } from '@coldwire/wallet/import/psbt-maps.ts';
import { createReader } from '@coldwire/wallet/wire-reader.ts';
import { BYTE_MUTATORS } from './bytes.ts';
import type { Mutator, Pool } from './mutator.ts';

type Maps = PsbtEntry[][];

/** Whatever has the form of maps, one after the other to the end; what follows is left out. */
function readMaps(input: Uint8Array): Maps {
  const reader = createReader(input);
  reader.raw(PSBT_MAGIC.length, 'magic');
  const maps: Maps = [];
  let map: PsbtEntry[] = [];
  while (!reader.failed() && reader.at() < input.length) {
    const at = reader.at();
    const key = reader.prefixed('a key');
    if (key.length === 0) {
      maps.push(map);
      map = [];
      continue;
    }
    const value = reader.prefixed('a value');
    if (!reader.failed()) map.push({ at, type: key[0] ?? 0, keyData: key.subarray(1), value });
  }
  return [...maps, map].filter((one, place, all) => place < all.length - 1 || one.length > 0);
}

/** Types that mean something in some map, and a few that do not. */
const TYPES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 0x0e, 0x10, 0x13, 0x17, 0x40, 0xfb, 0xfc];

function changeEntry(entry: PsbtEntry, pool: Pool): PsbtEntry {
  const { random } = pool;
  const mutate = random.pick(BYTE_MUTATORS);
  switch (random.below(6)) {
    case 0:
      return { ...entry, type: random.pick(TYPES) };
    case 1:
      return { ...entry, keyData: mutate(entry.keyData, pool).slice(0, 100) };
    case 2:
      return { ...entry, keyData: new Uint8Array(0) };
    default:
      return { ...entry, value: mutate(entry.value, pool).slice(0, 4096) };
  }
}

export const mutatePsbt: Mutator = (input, pool) => {
  const { random } = pool;
  const maps = readMaps(input);
  if (maps.length === 0) return input;
  for (let times = random.few(4); times > 0; times--) {
    const map = random.pick(maps);
    const at = random.below(map.length);
    const entry = map[at];
    const foreign = random.oneIn(4) ? readMaps(pool.other()).flat() : maps.flat();
    switch (random.below(6)) {
      case 0:
        map.splice(at, 1);
        break;
      case 1:
        if (foreign.length > 0) map.splice(at, 0, random.pick(foreign));
        break;
      case 2:
        if (random.oneIn(4)) maps.splice(random.below(maps.length + 1), random.below(2), []);
        break;
      default:
        if (entry !== undefined) map[at] = changeEntry(entry, pool);
    }
  }
  return writePsbtMaps(maps);
};
