/** The files that keygen and seal leave, and what they tell the people around the table. */
import { join } from 'node:path';
import type { Output } from '@coldwire/program';
import { type NewFile, writeNewFiles } from '../io/files.ts';
import { formatPublicRecord } from '../public-record.ts';
import type { SealedSigner } from '../seal-key.ts';

/** Writes key.age, the shares, and public.json as the last: a directory without it is an unfinished ceremony. */
export function writeSealed(directory: string, sealed: SealedSigner, output: Output): void {
  const { record, keyFile, shares } = sealed;
  const files: readonly NewFile[] = [
    { name: 'key.age', bytes: keyFile },
    ...shares.map(({ custodian, file }) => ({ name: `share-${custodian}.age`, bytes: file })),
    { name: 'public.json', bytes: new TextEncoder().encode(formatPublicRecord(record)) },
  ];
  const where = writeNewFiles(directory, files);
  const paths = files.map(({ name }) => join(where, name));
  const { signer, epoch } = record;
  output.answer({ signer, epoch, files: paths, public: record }, () =>
    [
      `Signer ${record.signer}, epoch ${record.epoch}, ${record.network}, ${record.path}`,
      `Account ${record.xpub}`,
      ...paths.map((path) => `  ${path}`),
      `Now ${record.shares.map(({ custodian }) => custodian).join(', ')} each run: coldwire-custody verify`,
    ].join('\n'),
  );
}
