import fc from 'fast-check';
import helper from 'slip39/src/slip39_helper.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { inForm } from '../../../test/world/form.ts';
import { checkKeyFileHeader } from '../src/age-file.ts';
import {
  judgeShare,
  openShareFile,
  parsePublicRecord,
  readIdentityFile,
  type SealedSigner,
} from '../src/index.ts';
import { parseShare } from '../src/share.ts';
import { readShareText } from '../src/share-file.ts';
import { makePeople, makeSigner, type Person } from './signer-fixture.ts';

// Whatever lies on the table is judged; nothing that lies there may throw, or be taken for good.
const RUNS = { numRuns: inForm(200, 4_000) };
const word = fc.constantFrom(...helper.WORD_LIST);
const header = fc.constant('age-encryption.org/v1\n-> ');
const ageLike = fc
  .tuple(header, fc.string(), fc.constant('\n--- '), fc.string())
  .map((parts) => Buffer.from(parts.join('')));
const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 700 }), ageLike);
const askNothing = async (): Promise<string> => 'a passphrase of no file';

let people: readonly Person[] = [];
let sealed: SealedSigner;

beforeAll(async () => {
  people = await makePeople('alice', 'bob', 'carol');
  sealed = await makeSigner(people);
});

describe('arbitrary input', () => {
  it('is never a share', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.array(word, { minLength: 33, maxLength: 33 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const judged = judgeShare(readShareText(text, 'card'), sealed.record);
        expect(judged.ok).toBe(false);
        expect(parseShare(text, 'card').ok).toBe(false);
      }),
      RUNS,
    );
  });

  it('is never a key file, a share file or an identity', async () => {
    const identities = people.map(({ identity }) => identity);
    await fc.assert(
      fc.asyncProperty(anyBytes, async (bytes) => {
        expect(checkKeyFileHeader(bytes, 'key.age').ok).toBe(false);
        expect((await openShareFile(bytes, identities, 'share.age')).ok).toBe(false);
        expect((await readIdentityFile(bytes, 'id', askNothing)).ok).toBe(false);
      }),
      RUNS,
    );
  });

  it('is never a public.json', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parsePublicRecord(text, 'public.json').ok).toBe(false);
      }),
      RUNS,
    );
  });
});
