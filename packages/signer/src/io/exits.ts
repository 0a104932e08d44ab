/**
 * Zeroizes however the process ends: the stop signals, an error that nobody caught, and a plain exit. Registered before
 * the keys are read. What ends without asking (SIGKILL, a power cut) takes the memory with it: it is locked, so no
 * page was ever written to disk.
 *
 * The signal handlers end the process themselves, by the shell's convention 128 + number. For errors they only zeroize;
 * the program's own handler reports and exits (packages/program/src/run.ts).
 */
import process from 'node:process';
import { zeroizeAllMemory } from './secure-memory.ts';

/** SIGUSR1, at which a debugger's port would open, is not among them: `--disable-sigusr1` blocks it. */
const STOP_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

/**
 * All secure memory of the process is zeroized, also of keys that are only just being read.
 * @param forget what else forgets the keys; synchronous, callable more than once, must not throw
 */
export function zeroizeOnExit(forget: () => void = () => undefined): void {
  const zeroize = (): void => {
    zeroizeAllMemory();
    forget();
  };
  for (const [signal, number] of Object.entries(STOP_SIGNALS)) {
    process.on(signal, () => {
      zeroize();
      process.exit(128 + number);
    });
  }
  // Runs before every handler of uncaughtException and changes nothing about them.
  process.on('uncaughtExceptionMonitor', zeroize);
  process.prependListener('unhandledRejection', (reason) => {
    zeroize();
    // A listener switches Node's own ending off; keep it when ours is the only one.
    if (process.listenerCount('unhandledRejection') === 1) throw reason;
  });
  process.on('exit', zeroize);
}
