import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ORDER } from '../src/index.ts';

type Row = { code: string; kind: string; facts: string[] };
const file = new URL('../../../protocol-spec/codes.json', import.meta.url);
const { codes }: { codes: Row[] } = JSON.parse(readFileSync(file, 'utf8'));

describe('the codes', () => {
  it('are those of codes.json, in its order', () => {
    expect(ORDER).toEqual(codes.filter(({ kind }) => kind === 'refusal').map(({ code }) => code));
  });
});
