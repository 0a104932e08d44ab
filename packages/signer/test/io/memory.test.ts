import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { KEY_BLOCK } from '@coldwire/protocol/key-block/layout.ts';
import { gatePublicKey, openSealed } from '@coldwire/protocol/seal/index.ts';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import * as noble from '@noble/secp256k1';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScanReport, scanMemory } from '../../../../scripts/memory-scan.ts';
import { openKeyMemory } from '../../src/io/key-memory.ts';
import { loadNatives } from '../../src/io/native.ts';
import { type HolderWork, KeyHolder } from './key-holder.ts';
import { type ChildKey, hashOf, makeChild, makeKeyMaterial, withDescriptor } from './key-material.ts';

noble.hashes.sha256 = sha256;
noble.hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

const INPUTS = 50;
const material = makeKeyMaterial('memory test');
const children = Array.from({ length: INPUTS }, (_, i) =>
  makeChild(material, i % 2, i, hashOf(`input ${i}`)),
);
const gateKey = hashOf('gate');
const work: HolderWork = {
  jobs: children.map((child) => child.job),
  message: hashOf('message'),
  context: hashOf('context'),
  plaintext: hashOf('plaintext'),
  gates: [gatePublicKey(gateKey)],
};

/** RFC 6979, section 3.2, with SHA-256 and no extra data: the nonce of the first round. */
function nonceOf({ privateKey, job }: ChildKey): Uint8Array {
  const mac = (key: Uint8Array, ...parts: Uint8Array[]): Uint8Array =>
    createHmac('sha256', key).update(Buffer.concat(parts)).digest();
  let v: Uint8Array = new Uint8Array(32).fill(1);
  let k = mac(new Uint8Array(32), v, Uint8Array.of(0), privateKey, job.hash32);
  v = mac(k, v);
  k = mac(k, v, Uint8Array.of(1), privateKey, job.hash32);
  v = mac(k, v);
  return new Uint8Array(mac(k, v));
}

/** Every secret that exists or comes into being while the work is done. */
function secretsOf(): Record<string, Uint8Array> {
  const contentKey = withDescriptor(material.block, (fd) => {
    const keys = openKeyMemory(loadNatives(), fd, material.expected);
    const sealed = keys.seal(work.context, work.plaintext, work.gates);
    keys.zeroize();
    return openSealed(gateKey, 0, work.context, sealed)?.contentKey;
  });
  if (contentKey === undefined) throw new Error('not opened');
  const secrets: Record<string, Uint8Array> = {
    accountKey: material.accountKey,
    identitySeed: material.identitySeed,
    sealSecret: material.sealSecret,
    keyBlock: material.block,
    extendedKey: material.block.subarray(
      KEY_BLOCK.accountKey.at,
      KEY_BLOCK.accountKey.at + KEY_BLOCK.accountKey.size,
    ),
    identityScalar: createHash('sha512').update(material.identitySeed).digest().subarray(0, 32),
    contentKey,
    ephemeralSecret: createHmac('sha512', contentKey)
      .update('coldwire/v1/seal/ephemeral\0')
      .digest()
      .subarray(0, 32),
  };
  for (const chain of [0, 1])
    secrets[`chain ${chain}`] = material.account.deriveChild(chain).privateKey ?? contentKey;
  children.forEach((child, i) => {
    secrets[`child ${i}`] = child.privateKey;
    secrets[`nonce ${i}`] = nonceOf(child);
  });
  return secrets;
}

const secrets = secretsOf();
const live = Object.fromEntries(
  ['accountKey', 'identitySeed', 'sealSecret', 'keyBlock'].map((name) => [
    name,
    secrets[name] ?? material.block,
  ]),
);
const ONE_EACH = { accountKey: { raw: 1 }, identitySeed: { raw: 1 }, sealSecret: { raw: 1 } };

function copies(report: ScanReport): Record<string, Record<string, number>> {
  expect(report.unreadableBytes).toBe(0);
  expect(report.scannedBytes).toBeGreaterThan(10_000_000);
  return Object.fromEntries(
    Object.entries(report.secrets).filter(([, forms]) => Object.keys(forms).length > 0),
  );
}

/** Access rights and kernel flags of the mapping at `address`. */
function describePage(pid: number, address: number): { access: string; flags: string[] } {
  for (const entry of readFileSync(`/proc/${pid}/smaps`, 'latin1').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [, start = '', end = '', access = ''] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(entry) ?? [];
    if (Number.parseInt(start, 16) > address || address >= Number.parseInt(end, 16)) continue;
    return { access, flags: /^VmFlags: (.*)$/m.exec(entry)?.[1]?.trim().split(' ') ?? [] };
  }
  throw new Error(`nothing is mapped at ${address.toString(16)}`);
}

describe('what an outsider finds in the memory of a running signer', () => {
  test('the nonces that are looked for are those of the signatures', () => {
    const child = children[7];
    if (child === undefined) throw new Error('no child');
    const k = BigInt(`0x${Buffer.from(nonceOf(child)).toString('hex')}`);
    const r = noble.Point.BASE.multiply(k).toAffine().x;
    const signature = noble.sign(child.job.hash32, child.privateKey, { prehash: false });
    expect(Buffer.from(signature.subarray(0, 32)).toString('hex')).toBe(r.toString(16).padStart(64, '0'));
  });

  describe('after 50 inputs, an identity signature and a sealing', () => {
    let holder: KeyHolder;
    beforeAll(async () => {
      holder = new KeyHolder(material, work);
      await holder.reach('unlocked');
    });
    afterAll(() => holder.stop());

    test('is each live secret once, and no child key, nonce, key block or other secret at all', () => {
      expect(copies(scanMemory(holder.pid, secrets))).toEqual(ONE_EACH);
      expect(holder.signatures()).toHaveLength(INPUTS);
    });

    test('is in pages that are locked, kept out of core files, and closed to every access between uses', () => {
      const { hits } = scanMemory(holder.pid, live);
      expect(hits).toHaveLength(3);
      for (const { address } of hits) {
        const { access, flags } = describePage(holder.pid, Number.parseInt(address, 16));
        // lo: locked, dd: not in core files (proc_pid_smaps(5)).
        expect([access, flags]).toEqual(['---p', expect.arrayContaining(['lo', 'dd'])]);
      }
    });

    test('is nothing after lock', async () => {
      holder.command('lock');
      await holder.reach('locked');
      expect(copies(scanMemory(holder.pid, secrets))).toEqual({});
    });
  });

  const ends: readonly (readonly [string, (holder: KeyHolder) => void, number])[] = [
    ['SIGTERM', (holder) => holder.child.kill('SIGTERM'), 143],
    ['SIGINT', (holder) => holder.child.kill('SIGINT'), 130],
    ['SIGHUP', (holder) => holder.child.kill('SIGHUP'), 129],
    ['SIGQUIT', (holder) => holder.child.kill('SIGQUIT'), 131],
    ['an uncaught error', (holder) => holder.command('throw'), 1],
    ['an unhandled rejection', (holder) => holder.command('reject'), 1],
    ['a plain exit', (holder) => holder.command('finish'), 0],
  ];
  test.each(ends)('is nothing at the end by %s', async (_, end, code) => {
    const holder = new KeyHolder(material, work);
    try {
      await holder.reach('unlocked');
      end(holder);
      await holder.reach('exiting');
      expect(copies(scanMemory(holder.pid, live))).toEqual({});
      holder.command('gone');
      expect(await holder.ended).toBe(code);
    } finally {
      await holder.stop();
    }
  });
});
