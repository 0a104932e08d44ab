import { readdirSync, readFileSync } from 'node:fs';
import { fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { describe, expect, it } from 'vitest';
import { checkKeyFileHeader, importIdentity, openWithIdentities } from '../src/age-file.ts';
import { hashShare, parseShare } from '../src/share.ts';
import { joinShares } from '../src/split.ts';
import { good } from './signer-fixture.ts';

const AREA = new URL('../../../protocol-spec/vectors/', import.meta.url);

type Vector = {
  readonly name: string;
  readonly expected: string;
  readonly comment: string;
  readonly bytes: Uint8Array;
};

function readVector(path: string): Vector {
  const [head = '', hex = ''] = readFileSync(new URL(path, AREA), 'utf8').split('\n\n');
  const line = (key: string): string => new RegExp(`^${key}: (.*)$`, 'm').exec(head)?.[1] ?? '';
  return {
    name: path,
    expected: line('expect'),
    comment: line('comment'),
    bytes: fromHex(hex.replaceAll(/\s/g, '')),
  };
}

const vectors = readdirSync(new URL('custody/', AREA)).map((file) => readVector(`custody/${file}`));
const named = (prefix: string): readonly Vector[] =>
  vectors.filter(({ name }) => name.startsWith(`custody/${prefix}`));
const textOf = ({ bytes }: Vector): string => new TextDecoder().decode(bytes);

describe('the custody vectors', () => {
  it.each(named('share-').map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const parsed = parseShare(textOf(vector), vector.name);
    expect(parsed.ok ? 'ok' : parsed.problem.code).toBe(vector.expected);
  });

  it.each(named('key-file').map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const checked = checkKeyFileHeader(vector.bytes, vector.name);
    expect(checked.ok ? 'ok' : checked.problem.code).toBe(vector.expected);
  });

  it('give sets, members and hashes of the good shares as their comments say', () => {
    const members = named('share-member-');
    expect(members).toHaveLength(3);
    for (const vector of members) {
      const share = good(parseShare(textOf(vector), vector.name));
      const stated = `share set ${share.shareSet}, member ${share.member}, hash ${toHex(hashShare(share))}`;
      expect(vector.comment.startsWith(stated)).toBe(true);
    }
  });

  it('open the key file to the key block of chapter 7 with any two members', async () => {
    const members = named('share-member-').map((vector) => good(parseShare(textOf(vector), vector.name)));
    const block = readVector('key-block/signer.txt').bytes;
    for (const absent of members) {
      const secret = joinShares(members.filter((share) => share !== absent));
      expect(secret).toEqual(Uint8Array.from({ length: 32 }, (_, index) => index + 1));
      const identity = await importIdentity(secret ?? new Uint8Array(32));
      const opened = await openWithIdentities([identity], readVector('custody/key-file.txt').bytes);
      expect(opened).toEqual({ kind: 'opened', plaintext: block });
    }
  });
});
