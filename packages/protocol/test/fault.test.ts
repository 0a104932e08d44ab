import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FAULT_CODES } from '../src/fault.ts';

test('the fault codes are those of the specification, in its order', () => {
  const file = readFileSync(join(import.meta.dirname, '../../../protocol-spec/codes.json'), 'utf8');
  const { codes }: { codes: { code: string; kind: string }[] } = JSON.parse(file);
  expect(FAULT_CODES).toEqual(codes.filter(({ kind }) => kind === 'fault').map(({ code }) => code));
});
