/**
 * `coldwire-audit`: verifies and replays evidence logs. Reads files, writes nothing, opens no port.
 * Exit codes: 0 no findings, 3 findings, 4 a charter or path that cannot be used.
 */
import '@coldwire/program/runtime.ts';
import process from 'node:process';
import { defineProgram, EXIT, type ExitCode, makeOutput, runMain } from '@coldwire/program';
import { findCharter } from './log/find-charter.ts';
import { replayLogs } from './replay/replay.ts';
import { type Report, reportJson, reportText } from './report.ts';
import { type Progress, verifyLogs } from './verify/verify.ts';

interface Options {
  readonly charter?: string;
  readonly json?: true;
}

type Audit = (paths: readonly string[], charter: string, progress: Progress) => Report;

function run(audit: Audit, paths: readonly string[], options: Options): ExitCode {
  const output = makeOutput(options.json === true);
  const charter = options.charter ?? findCharter(paths);
  const report = audit(paths, charter, (line) => output.progress(line));
  output.answer(reportJson(report), () => reportText(report));
  return report.findings.length === 0 ? EXIT.DONE : EXIT.REFUSED;
}

async function main(): Promise<ExitCode> {
  let exit: ExitCode = EXIT.DONE;
  const program = defineProgram('coldwire-audit', 'Verifies and replays the evidence logs of a Coldwire.');
  const define = (name: string, description: string, audit: Audit): void => {
    program
      .command(name)
      .description(description)
      .argument('<directories...>', 'log directories of signers, gates and vaults, or directories above them')
      .option(
        '--charter <file>',
        'the first charter; the logs hold the later ones (default: charter.cbor in a named directory or one or two above)',
      )
      .option('--json', 'one JSON line instead of a report for people')
      .action((directories: string[], options: Options) => {
        exit = run(audit, directories, options);
      });
  };
  define(
    'verify',
    'checks chains, signatures, both ends of each line, and every Bitcoin signature',
    verifyLogs,
  );
  define(
    'replay',
    'runs every rule again on what the machines were given and compares what they did',
    replayLogs,
  );
  await program.parseAsync(process.argv);
  return exit;
}

runMain(main, 'coldwire-audit');
