/**
 * `npm run bundle [-- --out DIR] [--json]`: everything for the isolated machine in dist/bundle, and as one tar beside it.
 * Byte-identical whenever and wherever it is built from the same sources and lock file. Prints the hash to compare.
 */
import '@coldwire/program/runtime.ts';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeOutput, runMain } from '@coldwire/program';
import { writeArchive } from './bundle/archive.ts';
import { nameArchive, writeBundle } from './bundle/assemble.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

runMain(async () => {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      out: { type: 'string', default: join(root, 'dist/bundle') },
      json: { type: 'boolean', default: false },
    },
  });
  const output = makeOutput(values.json);
  const bundle = await writeBundle(root, resolve(values.out));
  const archive = join(dirname(bundle.directory), nameArchive(bundle));
  const archiveHash = writeArchive(bundle.directory, archive);
  const { directory, version, hash, files } = bundle;
  output.answer({ directory, version, files, hash, archive, archiveHash }, () =>
    [
      `${directory}: Coldwire ${version}, ${files} files`,
      `${archive}: sha256 ${archiveHash}`,
      `Bundle hash (sha256 of SHA256SUMS): ${hash}`,
      'Compare this hash at each machine before installing.',
    ].join('\n'),
  );
}, 'bundle');
