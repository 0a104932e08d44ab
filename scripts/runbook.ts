/**
 * `node scripts/runbook.ts`: writes protocol-spec/RUNBOOK.md from codes.json and the pages of scripts/runbook. The specification
 * check (`npm run spec`) refuses one that is not current.
 */
import '@coldwire/program/runtime.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { currentRunbook, RUNBOOK } from './spec/runbook.ts';
import { ROOT } from './spec/texts.ts';

writeFileSync(join(ROOT, RUNBOOK), currentRunbook());
process.stdout.write(`${RUNBOOK}: written\n`);
