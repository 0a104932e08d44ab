import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAUNCHER, layTable, makeIdentities, runShell } from '../ceremony.ts';

// `script` (Debian Essential) gives the program a terminal of its own, and shows all that a person would see on it.
const table = layTable();
let words = '';

beforeAll(() => {
  const people = makeIdentities(table, 'alice', 'bob', 'carol');
  runShell(table, `custody keygen --network regtest --signer A --out A ${people}`);
});

afterAll(() => table.remove());

/** Runs a command on a terminal and types each answer when its prompt is there. */
async function runAtTerminal(command: string, answers: readonly (readonly [prompt: string, keys: string])[]) {
  const shell = `ulimit -c 0; ${command}; echo "status $?"`;
  const child = spawn('script', ['-qec', shell, '/dev/null'], { cwd: table.directory });
  const left = [...answers];
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString('latin1');
    const next = left[0];
    if (next === undefined || !screen.endsWith(next[0])) return;
    left.shift();
    child.stdin.write(next[1]);
  });
  await new Promise((resolve) => child.on('close', resolve));
  return screen;
}

describe('a share that is typed at the terminal', () => {
  const verify = `'${LAUNCHER}' verify --share - --public A/public.json`;
  const prompt = 'Share 1, its 33 words (not shown): ';

  beforeAll(async () => {
    const opened = await import('age-encryption');
    const { readFileSync } = await import('node:fs');
    const decrypter = new opened.Decrypter();
    decrypter.addIdentity(
      /AGE-SECRET-KEY-1\w+/.exec(readFileSync(table.path('alice.id'), 'latin1'))?.[0] ?? '',
    );
    words =
      (await decrypter.decrypt(readFileSync(table.path('A/share-alice.age')), 'text')).split('\n')[1] ?? '';
  });

  it('is not shown, and backspace corrects it', async () => {
    const screen = await runAtTerminal(verify, [
      [prompt, `${words.slice(0, 40)}xyz\x7f\x7f\x08${words.slice(40)}\r`],
    ]);
    expect(screen).toContain("This is alice's share of signer A, epoch 1. It is good.");
    expect(screen).toContain('status 0');
    for (const phrase of words.match(/\w+ \w+/g) ?? []) expect(screen).not.toContain(phrase);
  });

  it('ends the ceremony at Ctrl-C, and the terminal shows typing again', async () => {
    const screen = await runAtTerminal(
      `stty -a >before; ${verify}; stty -a >after; cmp before after && echo same`,
      [[prompt, `${words.slice(0, 40)}\x03`]],
    );
    expect(screen).toContain('the ceremony was broken off at the terminal');
    expect(screen).toContain('same');
    expect(screen).not.toContain(words.slice(0, 12));
  });
});
