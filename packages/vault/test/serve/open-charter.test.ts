/** The chain of charters that one-shot commands are given: each file judged by the one before it, the newest in force. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Charter, encode, SignedCharter } from '@coldwire/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { charterAfter, identity, mustLoad, signedBy } from '../../../policy/test/world.ts';
import { realCharter } from '../../../signer/test/signing-world.ts';
import { openCharters } from '../../src/serve/open-charter.ts';

let directory: string;
let first: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldwire-charters-'));
  const charter = realCharter();
  const names = charter.custodians.map(({ name }) => name);
  first = write('first', charter, names);
});
afterAll(() => rmSync(directory, { recursive: true }));

function write(name: string, charter: Charter, names?: readonly string[]): string {
  const path = join(directory, `${name}.cbor`);
  writeFileSync(path, encode(SignedCharter, signedBy(charter, names)));
  return path;
}

const head = mustLoad(realCharter());
const kiosk = {
  name: 'kiosk',
  keys: [identity('kiosk').publicKey, identity('kiosk 2').publicKey],
  people: [],
};
const second = charterAfter(head, { requesters: [...head.charter.requesters, kiosk] });
const third = charterAfter(mustLoad(second), { title: 'Third' });

describe('a chain of charters', () => {
  it('is its newest, about the first', () => {
    const files = [first, write('second', second), write('third', third)];
    expect(openCharters([first]).charter.epoch).toBe(0);
    const newest = openCharters(files);
    expect([newest.charter.epoch, newest.charter.title]).toEqual([2, 'Third']);
    expect(newest.first).toEqual(head.hash);
  });

  it.each([
    ['one left out', () => [first, write('third', third)], 'CHARTER_CHAIN'],
    ['one twice', () => [first, write('second', second), write('second', second)], 'CHARTER_CHAIN'],
    ['too few signatures', () => [first, write('alone', second, ['ada'])], 'CHARTER_QUORUM'],
    ['another network', () => [first, write('away', { ...second, network: 'signet' })], 'CHARTER_UNFIT'],
  ] as const)('is refused with %s', (_, files, code) => {
    expect(() => openCharters(files())).toThrow(expect.objectContaining({ exit: 4, code }));
  });

  it('does not begin with a later one', () => {
    expect(() => openCharters([write('second', second)])).toThrow(/it is a later charter/);
  });

  it('is what the commands take: --charter again for each, and a requester of the newest asks', () => {
    const key = join(directory, 'kiosk.key');
    const launcher = (name: string) =>
      fileURLToPath(new URL(`../../../../scripts/coldwire-${name}`, import.meta.url));
    const made = spawnSync(launcher('charter'), ['key', 'requester', '--out', key, '--json'], {
      encoding: 'utf8',
    });
    const { key: hex }: { key: string } = JSON.parse(made.stdout);
    const mine = { ...kiosk, keys: [new Uint8Array(Buffer.from(hex, 'hex'))] };
    const later = charterAfter(head, { requesters: [...head.charter.requesters, mine] });
    const ask = (...charters: readonly string[]) => {
      const wish = [
        '--to',
        'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
        '--amount',
        '1000',
        '--height',
        '1',
      ];
      const chain = charters.flatMap((path) => ['--charter', path]);
      const who = ['--requester-key', key, '--requester', 'kiosk'];
      return spawnSync(launcher('vault'), ['intent', ...chain, ...who, ...wish], { encoding: 'utf8' });
    };
    expect(ask(first).status).not.toBe(0);
    const asked = ask(first, write('later', later));
    expect([asked.status, asked.stderr]).toEqual([0, '']);
    expect(JSON.parse(asked.stdout)).toMatchObject({ signature: expect.stringMatching(/^[0-9a-f]{128}$/) });
  });
});
