/** `coldwire-custody approve` with real `ssh-keygen`: what it prints is what is signed, what it packs is what signers count. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { type CharterInForce, loadCharter, verifyApproval } from '@coldwire/policy';
import {
  APPROVAL_NAMESPACE,
  Charter,
  decodeIntent,
  encode,
  fromHex,
  hashIntent,
  SignedCharter,
  toHex,
} from '@coldwire/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catsKey, withApprovers } from '../../../policy/test/approvals.ts';
import { sampleCharter, seeded, World } from '../../../policy/test/world.ts';
import { readSshKey } from '../../src/charter/ssh-key.ts';
import { layTable, type Run, runShell } from '../ceremony.ts';

const hasKeygen = spawnSync('/usr/bin/ssh-keygen', ['-?']).error === undefined;
const required = process.env['COLDWIRE_REQUIRE_ORACLES'] === '1';
if (!hasKeygen && !required) console.log('skipped: approvals by ssh-keygen, which is not here');

const table = layTable();
afterAll(() => table.remove());

describe.runIf(hasKeygen || required)('approve', () => {
  let charter: CharterInForce;
  let bytes: Uint8Array;
  const approve = (approver: string, more = ''): Run =>
    runShell(
      table,
      `custody approve --charter charter.cbor --intent intent.json --approver ${approver} ${more}`,
    );

  beforeAll(() => {
    const made = runShell(
      table,
      'ssh-keygen -q -t ed25519 -N "" -C test -f ann; ssh-keygen -q -t ed25519 -N "" -f eve',
    );
    expect(made.status).toBe(0);
    const key = readSshKey(readFileSync(table.path('ann.pub'), 'latin1'));
    if (key === undefined) throw new Error('not a key');
    const tiers = [{ above: 500_000n, approvals: 1, approvers: ['ann', 'bob', 'cat'] }];
    const sample = withApprovers(sampleCharter(), tiers);
    const approvers = sample.approvers.map((row) => (row.name === 'ann' ? { ...row, keys: [key] } : row));
    const loaded = loadCharter(encode(Charter, { ...sample, approvers }));
    if (!loaded.ok) throw new Error(loaded.problems.join());
    charter = loaded.value;
    writeFileSync(table.path('charter.cbor'), encode(SignedCharter, [charter.bytes, []]));
    const [intent, signature] = new World(charter.charter).intent({ id: 'x', amount: 150_000_001n });
    bytes = intent;
    writeFileSync(
      table.path('intent.json'),
      `${JSON.stringify({ intent: toHex(intent), signature: toHex(signature) })}\n`,
    );
  });

  function holds(json: string): boolean {
    const value: { approver: string; expires: number; signature: string; touch: null } = JSON.parse(json);
    const intent = decodeIntent(bytes);
    if (!intent.ok) throw new Error(intent.fault.detail);
    const subject = { intent: intent.value, hash: hashIntent(charter.first, bytes) };
    return verifyApproval(charter, subject, { ...value, signature: fromHex(value.signature) });
  }

  it('prints the text, and packs what ssh-keygen makes of it into an approval that holds', () => {
    const { status, stdout, stderr } = approve('ann', '> text');
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toContain(`ssh-keygen -Y sign -n ${APPROVAL_NAMESPACE}`);
    const text = readFileSync(table.path('text'), 'utf8');
    expect(text).toContain('\npay: 1.50000001 BTC\nto: bcrt1q');
    expect(text).toMatch(/^coldwire approval v1\nnetwork: regtest\n[\s\S]*\nuntil height: \d+\n$/);
    expect(runShell(table, `ssh-keygen -Y sign -n ${APPROVAL_NAMESPACE} -f ann text`).status).toBe(0);
    const packed = approve('ann', '--signature text.sig');
    expect(packed).toMatchObject({ status: 0, stderr: '' });
    expect(holds(packed.stdout)).toBe(true);
    expect(JSON.parse(packed.stdout)).toMatchObject({
      approver: 'ann',
      touch: null,
      intent: toHex(seeded('x').slice(0, 16)),
    });
    expect(approve('ann', '--expires 5 --signature text.sig').stderr).toContain('not over this text');
  });

  it('packs the signature of a security key with its touch, and none without one', () => {
    const { stdout } = approve('cat', '--json');
    const { text }: { text: string } = JSON.parse(stdout);
    const message = new TextEncoder().encode(text);
    writeFileSync(table.path('cat.sig'), catsKey.sign(APPROVAL_NAMESPACE, message));
    const packed = approve('cat', '--signature cat.sig');
    expect(packed.status).toBe(0);
    expect(holds(packed.stdout)).toBe(true);
    expect(JSON.parse(packed.stdout)).toMatchObject({ touch: { flags: 1 } });
    writeFileSync(table.path('cat.sig'), catsKey.sign(APPROVAL_NAMESPACE, message, 4));
    expect(approve('cat', '--signature cat.sig')).toMatchObject({ status: 4, stdout: '' });
  });

  it('refuses what would count for nothing, and says why', () => {
    expect(approve('bob').stderr).toContain('own people');
    expect(approve('zed').stderr).toContain('ann, cat');
    runShell(table, `rm text.sig; ssh-keygen -Y sign -n ${APPROVAL_NAMESPACE} -f eve text`);
    expect(approve('ann', '--signature text.sig').stderr).toContain("none of ann's");
    runShell(table, 'rm text.sig; ssh-keygen -Y sign -n file -f ann text');
    expect(approve('ann', '--signature text.sig').stderr).toContain('signed for "file"');
    expect(approve('ann', '--signature charter.cbor').stderr).toContain('no SSH signature');
    writeFileSync(
      table.path('intent.json'),
      JSON.stringify({ intent: toHex(bytes), signature: '00'.repeat(64) }),
    );
    expect(approve('ann')).toMatchObject({ status: 4, stdout: '' });
  });
});
