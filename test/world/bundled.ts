/** `node bundled.ts DIRECTORY`: writes the bundle of the sources as they are. A process of its own: who needs it must wait. */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { writeBundle } from '../../scripts/bundle/assemble.ts';

const [, , directory] = process.argv;
if (directory === undefined) throw new Error('bundled.ts is told no directory');
await writeBundle(fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, ''), directory);
