/**
 * The deny list: a text file, one address or hexadecimal script per line, `#` starts a comment. It is read again whenever
 * it has changed. A file that cannot be read, or a line that is neither, stops every verdict: the screen fails closed.
 */
import { readFileSync, statSync } from 'node:fs';
import { EXIT, Failure } from '@coldwire/program';
import { toHex } from '@coldwire/protocol';

export interface DenyList {
  /** @throws Failure if the file cannot be read or used now */
  isDenied(address: string, script: Uint8Array): boolean;
}

const SEGWIT = /^(bc|tb|bcrt)1[02-9ac-hj-np-z]{8,87}$/;
const BASE58 = /^[1-9A-HJ-NP-Za-km-z]{25,35}$/;
const SCRIPT = /^[0-9a-f]{2,84}$/;

/** @throws Failure naming the first line that is neither an address nor a script */
export function parseDenyList(text: string, path: string): ReadonlySet<string> {
  const entries = new Set<string>();
  for (const [place, line] of text.split('\n').entries()) {
    const entry = line.replace(/#.*/, '').trim();
    if (entry === '') continue;
    const lower = entry.toLowerCase();
    // Segwit addresses and scripts may come in capitals; base58 tells cases apart.
    if (SEGWIT.test(lower) || (SCRIPT.test(lower) && lower.length % 2 === 0)) entries.add(lower);
    else if (BASE58.test(entry)) entries.add(entry);
    else {
      throw new Failure(EXIT.BAD_INPUT, {
        what: `line ${place + 1} is neither an address nor a hexadecimal script`,
        where: path,
        todo: 'Correct the line. Nothing is cleared until then.',
      });
    }
  }
  return entries;
}

export function openDenyList(path: string | undefined): DenyList {
  if (path === undefined) return { isDenied: () => false };
  let stamp = '';
  let entries: ReadonlySet<string> = new Set();
  const refresh = (): void => {
    const { mtimeNs, size, ino } = statSync(path, { bigint: true });
    const seen = `${mtimeNs} ${size} ${ino}`;
    if (seen === stamp) return;
    entries = parseDenyList(readFileSync(path, 'utf8'), path);
    stamp = seen;
  };
  refresh();
  return {
    isDenied: (address, script) => {
      refresh();
      return entries.has(address) || entries.has(toHex(script));
    },
  };
}
