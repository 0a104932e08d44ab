/** `coldwire-devchain`: runs the embedded regtest chain as a program of its own. */
import '@coldwire/program/runtime.ts';
import process from 'node:process';
import { defineProgram, EXIT, Failure, makeOutput, runMain } from '@coldwire/program';
import { startDevchain } from './start.ts';

const BANNER =
  'coldwire-devchain: a private regtest chain in memory, for demos and tests only. Its coins are worth nothing and it forgets everything when it stops.';

interface RunOptions {
  readonly dir: string;
  readonly port: string;
  readonly json?: true;
}

async function run(options: RunOptions): Promise<void> {
  const output = makeOutput(options.json === true);
  const port = Number(options.port);
  if (!/^\d{1,5}$/.test(options.port) || port > 65_535) {
    throw new Failure(EXIT.USAGE, {
      what: `--port ${options.port} is not a port`,
      todo: 'Give a number from 0 (any free port) to 65535.',
    });
  }
  output.progress(BANNER);
  const devchain = await startDevchain({ dir: options.dir, port });
  const { url, cookieFile } = devchain;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(signal, () => void devchain.stop());
  }
  output.answer(
    { event: 'ready', pid: process.pid, url, cookie: cookieFile },
    () => `ready: ${url}, cookie ${cookieFile}, pid ${process.pid}`,
  );
  await devchain.stopped;
}

runMain(async () => {
  const program = defineProgram('coldwire-devchain', BANNER.replace('coldwire-devchain: a', 'A'));
  program
    .command('run')
    .description('start the chain; stops on SIGTERM or the RPC call "stop"')
    .requiredOption('--dir <directory>', 'where the RPC cookie file goes')
    .option('--port <number>', 'port on 127.0.0.1; 0 takes a free one', '18443')
    .option('--json', 'print the ready line and errors as JSON')
    .action(run);
  await program.parseAsync(process.argv);
}, 'coldwire-devchain');
