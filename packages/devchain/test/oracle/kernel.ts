/** Runs kernel.py and asks it, one question at a time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ORACLE_PYTHON } from '../../../../scripts/oracles/find.ts';

export interface Kernel {
  /** Feeds a block; the best block of Bitcoin Core's own chain after it. */
  block(hex: string): Promise<{ readonly tip: string; readonly height: number }>;
  /** Whether each input may spend its output; null when the bytes are no transaction. */
  scripts(
    tx: string,
    outputs: readonly (readonly [script: string, amount: number])[],
  ): Promise<readonly boolean[] | null>;
  stop(): Promise<void>;
}

export function startKernel(): Kernel {
  const child = spawn(ORACLE_PYTHON, [join(import.meta.dirname, 'kernel.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (question: object) => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const { done, value } = await lines.next();
    if (done === true) throw new Error('kernel.py has ended');
    return JSON.parse(value);
  };
  return {
    block: (block) => ask({ block }),
    scripts: async (tx, outputs) => (await ask({ tx, outputs })).inputs,
    stop: async () => {
      const gone = once(child, 'exit');
      child.stdin.end();
      await gone;
    },
  };
}
