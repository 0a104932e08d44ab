import { beforeAll, describe, expect, it } from 'vitest';
import { formatPublicRecord, type PublicRecord, parsePublicRecord } from '../src/index.ts';
import { good, makePeople, makeSigner, problemOf } from './signer-fixture.ts';

let record: PublicRecord;

beforeAll(async () => {
  record = (await makeSigner(await makePeople('alice', 'bob', 'carol'))).record;
});

describe('public.json', () => {
  it('is read back as it was written', () => {
    expect(good(parsePublicRecord(formatPublicRecord(record), 'public.json'))).toEqual(record);
  });

  it('is refused, with the name of the field, when any field is missing or of another type', () => {
    for (const field of Object.keys(record)) {
      for (const value of [undefined, null, [], {}, 'z z', -1, 1.5]) {
        if (field === 'retired' && Array.isArray(value)) continue;
        const problem = problemOf(
          parsePublicRecord(JSON.stringify({ ...record, [field]: value }), 'public.json'),
        );
        expect(problem).toMatchObject({ code: 'MALFORMED', where: 'public.json' });
        expect(problem.what).toBe(`the field ${field} is missing or wrong`);
      }
    }
  });

  it('is refused with an unknown field, as another type, or when it is no JSON', () => {
    for (const text of [JSON.stringify({ ...record, note: 'x' }), '[]', 'null', '7', '{', '']) {
      expect(problemOf(parsePublicRecord(text, 'public.json')).code).toBe('MALFORMED');
    }
  });

  it('is refused with two or four shares', () => {
    for (const shares of [record.shares.slice(1), [...record.shares, ...record.shares.slice(2)]]) {
      expect(
        problemOf(parsePublicRecord(JSON.stringify({ ...record, shares }), 'public.json')).what,
      ).toContain('shares');
    }
  });
});
