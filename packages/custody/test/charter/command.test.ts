import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRoleKey } from '@coldwire/program';
import { type Charter, createEd25519Signer, encode, SignedCharter } from '@coldwire/protocol';
import { afterAll, expect, it } from 'vitest';
import { CUSTODIANS, charterAfter, mustLoad, sampleCharter, signedBy } from '../../../policy/test/world.ts';

const directory = mkdtempSync(join(tmpdir(), 'coldwire-sign-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string): string => join(directory, name);
const LAUNCHER = fileURLToPath(new URL('../../../../scripts/coldwire-charter', import.meta.url));

/** Exit code, and its one JSON line. */
function run(...args: readonly string[]): [number | null, unknown] {
  const { status, stdout, stderr } = spawnSync(LAUNCHER, [...args, '--json'], { encoding: 'utf8' });
  return [status, JSON.parse(status === 0 ? stdout : stderr)];
}

function unsigned(name: string, charter: Charter): string {
  writeFileSync(at(name), encode(SignedCharter, signedBy(charter, [])));
  return at(name);
}

it('custodians sign a first charter, all of them, and a later one, a quorum of those before it', () => {
  const sample = sampleCharter();
  const custodians = sample.custodians.map((row) => {
    const { identity } = createRoleKey(at(`${row.name}.key`), 'custodian');
    return { ...row, key: createEd25519Signer(identity).publicKey };
  });
  const first = mustLoad({ ...sample, custodians });
  const next = charterAfter(first, { policy: { ...sample.policy, maxInputs: 10 } });
  const [old, now] = [unsigned('first.cbor', first.charter), unsigned('next.cbor', next)];
  const sign = (file: string, name: string, ...more: readonly string[]) =>
    run('sign', file, '--as', name, '--key', at(`${name}.key`), ...more);

  for (const name of CUSTODIANS.slice(0, 2)) expect(sign(old, name)).toMatchObject([0, { complete: false }]);
  expect(run('verify', old)).toMatchObject([3, { error: { where: old } }]);
  expect(sign(old, 'cyd')).toMatchObject([0, { complete: true }]);
  expect(run('verify', old)).toMatchObject([0, { valid: true, epoch: 0 }]);

  expect(sign(now, 'ada')).toMatchObject([2, { error: { todo: 'Name that charter: --after FILE.' } }]);
  expect(sign(now, 'ada', '--after', old)).toMatchObject([0, { complete: false }]);
  expect(run('verify', old, now)).toMatchObject([3, { error: { where: now } }]);
  expect(sign(now, 'ben', '--after', old)).toMatchObject([0, { complete: true, missing: [] }]);
  expect(run('verify', old, now)).toMatchObject([0, { valid: true, epoch: 1 }]);
  expect(run('verify', now)[0]).toBe(3);
  expect(run('diff', old, now)).toMatchObject([
    0,
    { change: 'tightening', ticks: 0, fields: [{ field: 'policy.maxInputs', text: '1000 → 10' }] },
  ]);
});
