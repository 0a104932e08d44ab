/**
 * People and destinations, with real processes: a large withdrawal is held until two approvers have signed it, one with
 * ssh-keygen and one with a security key; a destination is paid once it is registered and its delay over; a full window of one
 * destination holds up nobody else. At the end the audit finds nothing and reaches every verdict again.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { APPROVAL_NAMESPACE, type Approver, type SignedIntent, toHex } from '@coldwire/protocol';
import { encodeAddress } from '@coldwire/wallet';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { readSshKey } from '../../packages/custody/src/charter/ssh-key.ts';
import { SecurityKey } from '../../packages/protocol/test/approval/authenticator.ts';
import { expectCleanAudit } from '../crash/auditor.ts';
import { GATES, SIGNERS } from '../world/charter.ts';
import { launcher, type Running } from '../world/processes.ts';
import {
  buildWorld,
  makeIntent,
  mine,
  startGate,
  startScreen,
  startSigner,
  startVault,
  submit,
  type World,
  waitForState,
} from '../world/world.ts';

const KEYGEN = '/usr/bin/ssh-keygen';
const hasKeygen = spawnSync(KEYGEN, ['-?']).error === undefined;
const required = process.env['COLDWIRE_REQUIRE_ORACLES'] === '1';
if (!hasKeygen && !required) console.log('skipped: approvals by ssh-keygen, which is not here');

const listed = (seed: number) => Uint8Array.from([0x00, 0x14, ...new Uint8Array(20).fill(seed)]);
const catsKey = new SecurityKey(crypto.getRandomValues(new Uint8Array(32)));

describe.runIf(hasKeygen || required)('people and destinations', () => {
  let world: World;
  let vault: Running & { readonly url: string };
  let desk: string;

  function annsKey(): Approver['keys'][number] {
    execFileSync(KEYGEN, ['-q', '-t', 'ed25519', '-N', '', '-f', join(desk, 'ann')]);
    const key = readSshKey(readFileSync(join(desk, 'ann.pub'), 'latin1'));
    if (key === undefined) throw new Error('ssh-keygen made no Ed25519 key');
    return key;
  }

  beforeAll(async () => {
    desk = mkdtempSync(join(tmpdir(), 'coldwire-desk-'));
    const { publicKey: key, application } = catsKey;
    world = await buildWorld({
      coins: 12,
      policy: {
        tiers: [{ above: 10_000_000n, approvals: 2, approvers: ['ann', 'cat', 'dan'] }],
        destinations: 'registered',
        destinationTicks: 4,
        allow: [1, 2, 3].map(listed),
        velocity: [{ per: 'destination', ticks: 100_000, amount: 120_000_000n, count: 1000 }],
      },
      approvers: [
        { name: 'ann', keys: [annsKey()] },
        { name: 'cat', keys: [{ kind: 'sk-ssh-ed25519@openssh.com', key, application }] },
        {
          name: 'dan',
          keys: [
            {
              kind: 'ssh-ed25519',
              key: new SecurityKey(new Uint8Array(32).fill(9)).publicKey,
              application: '',
            },
          ],
        },
      ],
    });
    const [screen] = await Promise.all([
      startScreen(world, 'screen-1', ['--amount-floor', '500000000']),
      ...SIGNERS.map((name) => startSigner(world, name)),
      ...GATES.map((name) => startGate(world, name)),
    ]);
    vault = await startVault(world, { screens: [screen.url] });
  });
  afterAll(async () => {
    await world.close();
    rmSync(desk, { recursive: true });
  });

  /** Without blocking, so that connections to the vault stay open meanwhile. */
  async function run(program: string, args: readonly string[], input = ''): Promise<string> {
    const child = spawn(launcher(program), args);
    child.stdin.end(input);
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    if (child.exitCode !== 0) throw new Error(`${program} ${args[0]}: ${child.exitCode} ${stderr}`);
    return stdout;
  }

  /** As an approver does it: print the text, sign it, pack the signature, hand it in. */
  async function approve(signed: SignedIntent, approver: 'ann' | 'cat'): Promise<void> {
    const [intent, file] = [join(desk, 'intent.json'), join(desk, 'text')];
    writeFileSync(intent, JSON.stringify({ intent: toHex(signed[0]), signature: toHex(signed[1]) }));
    const own = ['--charter', world.deployment.charterFile, '--intent', intent, '--approver', approver];
    const message = await run('custody', ['approve', ...own]);
    writeFileSync(file, message);
    rmSync(`${file}.sig`, { force: true });
    if (approver === 'ann')
      execFileSync(KEYGEN, ['-q', '-Y', 'sign', '-n', APPROVAL_NAMESPACE, '-f', join(desk, 'ann'), file], {
        stdio: 'ignore',
      });
    else writeFileSync(`${file}.sig`, catsKey.sign(APPROVAL_NAMESPACE, Buffer.from(message)));
    const approval = await run('custody', ['approve', ...own, '--signature', `${file}.sig`]);
    await run('vault', ['approve', '--vault', vault.url, '--approval', '-'], approval);
  }

  const home = 'gate-1';

  test('a large withdrawal is held with one approval and paid with two, and small ones do not wait', async () => {
    onTestFailed(() => console.log(vault.log().slice(-8000)));
    const large = makeIntent(world, { amount: 20_000_000n, script: listed(1), home });
    const { id } = await submit(vault.url, large);
    expect((await waitForState(vault.url, id, ['held'])).codes).toEqual(['APPROVAL_MISSING']);
    await approve(large, 'cat');
    const small = await submit(vault.url, makeIntent(world, { amount: 9_000_000n, script: listed(2), home }));
    await waitForState(vault.url, small.id, ['broadcast']);
    expect((await waitForState(vault.url, id, ['held'])).codes).toEqual(['APPROVAL_MISSING']);
    expect(await (await fetch(`${vault.url}/v1/withdrawals/${id}`)).json()).toMatchObject({
      approvals: { got: ['cat'], want: 2 },
    });
    await approve(large, 'ann');
    await waitForState(vault.url, id, ['broadcast']);
    mine(world);
    await waitForState(vault.url, id, ['confirmed']);
  });

  test('a full window of one destination holds up nobody else in the batch', async () => {
    onTestFailed(() => console.log(vault.log().slice(-8000)));
    // Two gates: 60,000,000 sat for each destination at each. Listed 3 gets six of ten millions, and no seventh.
    const pay = (script: Uint8Array) =>
      submit(vault.url, makeIntent(world, { amount: 10_000_000n, script, home }));
    const same = await Promise.all(Array.from({ length: 6 }, () => pay(listed(3))));
    await Promise.all(same.map(({ id }) => waitForState(vault.url, id, ['broadcast', 'confirmed'])));
    const over = await pay(listed(3));
    const others = await Promise.all([1, 2].map((seed) => pay(listed(seed))));
    await Promise.all(others.map(({ id }) => waitForState(vault.url, id, ['broadcast', 'confirmed'])));
    const late = await waitForState(vault.url, over.id, ['approved']);
    expect(late.codes).toEqual(['DESTINATION_WINDOW']);
  });

  test('a destination is paid once it is registered and its delay is over', async () => {
    onTestFailed(() => console.log(vault.log().slice(-8000)));
    const script = listed(9);
    const signed = makeIntent(world, { amount: 200_000n, script, home });
    await expect(submit(vault.url, signed)).rejects.toThrow('DESTINATION_UNKNOWN');
    const { deployment } = world;
    const key = ['--charter', deployment.charterFile, '--requester-key', deployment.keyFile('exchange')];
    const to = encodeAddress(script, 'regtest') ?? '';
    const registered = await run('vault', [
      'register',
      '--vault',
      vault.url,
      ...key,
      '--requester',
      'exchange',
      '--to',
      to,
    ]);
    expect(registered).toContain(to);
    const { id } = await submit(vault.url, signed);
    await vault.waitFor('a refusal', ({ event, codes }) => {
      return event === 'refused' && Array.isArray(codes) && codes.includes('DESTINATION_DELAY');
    });
    // A tick of this charter takes half a second of a signer's running time, and a block.
    mine(world, 6);
    await waitForState(vault.url, id, ['approved', 'broadcast']);
    for (let i = 0; i < 20; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      mine(world);
    }
    await waitForState(vault.url, id, ['broadcast', 'confirmed']);
  });

  test('leaves logs in which an auditor finds nothing, and from which every verdict comes again', () => {
    expectCleanAudit(world, [
      'vault',
      ...SIGNERS.map((name) => `signer-${name}`),
      ...GATES.map((name) => `${name}.state`),
    ]);
  });
});
