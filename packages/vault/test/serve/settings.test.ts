import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '@coldwire/program';
import { expect, test } from 'vitest';
import { parsePort } from '../../src/serve/port-spec.ts';
import { resolveSettings } from '../../src/serve/settings.ts';
import { makeDirectory } from '../fixture.ts';

const FLAGS = { charter: 'c', key: 'k', state: 's', chain: 'http://127.0.0.1:1', chainCookie: 'cookie' };

function writeToml(text: string, mode = 0o600): string {
  const path = join(makeDirectory(), 'vault.toml');
  writeFileSync(path, text, { mode });
  return path;
}

function whatFails(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return `${error.exit} ${error.what}`;
    throw error;
  }
  throw new Error('it should have been refused');
}

test('a flag wins over the environment, that over the file, that over the default', () => {
  const config = writeToml('poll = 5\ngather = 6\ndeadline = 7\nsigner = ["A=/dev/ttyS0@9600"]\n');
  const environment = { COLDWIRE_POLL: '3', COLDWIRE_GATHER: '4' };
  const { tuning, signers } = resolveSettings({ ...FLAGS, config, poll: '2' }, environment);
  expect([tuning.pollMs, tuning.gatherMs, tuning.deadlineMs, tuning.bumpBlocks]).toEqual([
    2000, 4000, 7000, 12,
  ]);
  expect(signers.map(({ name, baud }) => [name, baud])).toEqual([['A', 9600]]);
});

test('lists come from repeated flags, and from the environment with spaces', () => {
  const flags = resolveSettings(
    { ...FLAGS, gate: ['g1=/dev/a', 'g2=/dev/b'] },
    { COLDWIRE_GATE: 'g3=/dev/c' },
  );
  expect(flags.gates.map(({ name }) => name)).toEqual(['g1', 'g2']);
  const environment = resolveSettings({ ...FLAGS, gate: [] }, { COLDWIRE_GATE: 'g3=/dev/c g4=/dev/d' });
  expect(environment.gates.map(({ name }) => name)).toEqual(['g3', 'g4']);
});

test('a password is taken from a private file only', () => {
  const { chainCookie: _, ...flags } = FLAGS;
  const config = writeToml('chain_user = "u"\nchain_password = "p"\n');
  expect(resolveSettings({ ...flags, config }, {}).chainAuth).toEqual({
    kind: 'password',
    user: 'u',
    password: 'p',
  });
  chmodSync(config, 0o644);
  expect(whatFails(() => resolveSettings({ ...flags, config }, {}))).toMatch(/^4 others may read/);
  const elsewhere = { COLDWIRE_CHAIN_USER: 'u', COLDWIRE_CHAIN_PASSWORD: 'p' };
  expect(
    whatFails(() => resolveSettings({ ...flags, chainUser: 'u', chainPassword: 'p' }, elsewhere)),
  ).toMatch(/^2 the node needs credentials/);
});

test('unknown keys, missing settings and impossible numbers are refused by name', () => {
  expect(whatFails(() => resolveSettings({ ...FLAGS, config: writeToml('polls = 1\n') }, {}))).toBe(
    '4 there is no setting "polls"',
  );
  expect(whatFails(() => resolveSettings({}, {}))).toBe('2 --charter is missing');
  expect(whatFails(() => resolveSettings({ ...FLAGS, parallel: '0' }, {}))).toMatch(/^2 --parallel/);
  expect(whatFails(() => resolveSettings({ ...FLAGS, bumpBlocks: '1.5' }, {}))).toMatch(/^2 --bump-blocks/);
});

test('a line is NAME=TTY with a speed or without, or two FIFOs', () => {
  expect(parsePort('A=/dev/ttyUSB0', '--signer')).toMatchObject({ name: 'A', baud: 115_200 });
  expect(parsePort('A=/dev/ttyUSB0@9600', '--signer')).toMatchObject({ name: 'A', baud: 9600 });
  expect(parsePort('A=fifo:in,out', '--signer')).toMatchObject({ name: 'A', baud: 0 });
  for (const text of ['/dev/ttyUSB0', 'A=', 'A=fifo:in']) {
    expect(whatFails(() => parsePort(text, '--signer'))).toMatch(/^2 --signer/);
  }
});
