/** A wait that a vault which stops cuts short. */
import type { Vault } from './vault.ts';

/** Resolves after a time, or as soon as the vault stops. @param ms milliseconds */
export function pause({ stopping }: Pick<Vault, 'stopping'>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stopping.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, stopping.aborted ? 0 : ms);
    stopping.addEventListener('abort', end);
  });
}
