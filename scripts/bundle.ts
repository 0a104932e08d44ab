/**
 * `npm run bundle [-- --edition isolated|online] [--out DIR] [--json]`: everything for a signer's or a gate's machine (isolated,
 * the default) or for the vault's and the screen's (online), in dist/bundle or dist/bundle-online, and as one tar beside it.
 * Byte-identical whenever and wherever it is built from the same sources and lock file. Prints the hash to compare.
 */
import '@coldwire/program/runtime.ts';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EXIT, Failure, makeOutput, runMain } from '@coldwire/program';
import { writeArchive } from './bundle/archive.ts';
import { nameArchive, writeBundle } from './bundle/assemble.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

runMain(async () => {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      out: { type: 'string' },
      edition: { type: 'string', default: 'isolated' },
      json: { type: 'boolean', default: false },
    },
  });
  const output = makeOutput(values.json);
  const edition = values.edition === 'online' ? 'online' : 'isolated';
  if (values.edition !== edition) {
    const todo = 'Give --edition isolated or --edition online.';
    throw new Failure(EXIT.USAGE, { what: `there is no edition "${values.edition}"`, todo });
  }
  const out = values.out ?? join(root, edition === 'online' ? 'dist/bundle-online' : 'dist/bundle');
  const bundle = await writeBundle(root, resolve(out), edition);
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
