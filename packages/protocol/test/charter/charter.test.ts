/** The form of a charter: each list, text and number up to its limit, and not one further. */
import { describe, expect, it } from 'vitest';
import { Mismatch } from '../../src/cbor/schema.ts';
import {
  Charter,
  decodeCharter,
  hashCharter,
  INTENT_AHEAD_MAX,
  SignedCharter,
} from '../../src/charter/charter.ts';
import { taggedHash } from '../../src/hash.ts';
import { put } from '../put.ts';
import { Vector } from '../vector.ts';

const { bytes } = new Vector('charter', 'regtest');
const decoded = decodeCharter(bytes);
if (!decoded.ok) throw new Error(decoded.fault.detail);
const plain = decoded.value;
/** With one of each row that may be missing. */
const sample: Charter = {
  ...plain,
  approvers: [{ name: 'eve', keys: [{ kind: 'ssh-ed25519', key: new Uint8Array(32), application: '' }] }],
  policy: {
    ...plain.policy,
    velocity: [{ per: 'requester', ticks: 6, amount: 1n, count: 1 }],
    tiers: [{ above: 1n, approvals: 1, approvers: ['eve'] }],
  },
};

const isForm = (value: unknown): boolean => !(Charter.write(value) instanceof Mismatch);
const isFormWith = (path: string, change: (old: unknown) => unknown): boolean =>
  isForm(put(sample, path.split('.'), change));

describe('the form of a charter', () => {
  it('is that of the sample', () => {
    expect([plain, sample].map(isForm)).toEqual([true, true]);
  });

  it.each([
    ['wallets.0.keys.0.path.0', 0xffffffff],
    ['policy.maxInputs', 1024],
    ['policy.maxOutputs', 1032],
    ['policy.maxIntents', 1024],
    ['policy.maxVsize', 1_000_000],
    ['policy.windows.0.ticks', 1_000_000],
    ['policy.windows.0.count', 1_000_000],
    ['policy.feeRate', 1_000_000_000],
    ['policy.feeShare', 1000],
    ['policy.changeGap', 10_000],
    ['policy.receiveLimit', 0xffffffff],
    ['policy.intentLife', 100_000],
    ['policy.intentAhead', 100],
    ['policy.freezeTicks', 10_000],
    ['policy.gateDelay', 10_000_000],
    ['policy.velocity.0.ticks', 1_000_000],
    ['policy.velocity.0.count', 1_000_000],
    ['policy.destinationTicks', 100_000],
    ['policy.tiers.0.approvals', 16],
    ['policy.loosenTicks', 100_000],
    ['clock.checkpointHeight', 0xffffffff],
    ['clock.spacing', 600],
    ['clock.burial', 10_000],
    ['clock.fresh', 10_000_000],
    ['custody.shares.0.threshold', 16],
    ['quorum', 64],
  ])('has numbers from 0 to a limit: %s to %i', (path, limit) => {
    const at = (value: number) => isFormWith(path, () => value);
    expect([-1, 0, limit, limit + 1].map(at)).toEqual([false, true, true, false]);
  });

  it.each([
    ['wallets.0.keys.0.signer', 1, 16],
    ['signers.0.name', 1, 16],
    ['title', 1, 64],
    ['custodians.0.name', 1, 32],
    ['custodians.0.group', 1, 32],
    ['custodians.0.recipient', 1, 128],
    ['custody.shares.0.holders.0.0', 1, 32],
    ['approvers.0.name', 1, 16],
    ['approvers.0.keys.0.application', 0, 64],
    ['policy.tiers.0.approvers.0', 1, 16],
  ])('has texts of so many bytes: %s of %i to %i', (path, least, most) => {
    const at = (length: number) => length < 0 || isFormWith(path, () => 'x'.repeat(length));
    expect([least, most].map(at)).toEqual([true, true]);
    expect([most + 1, ...(least > 0 ? [least - 1] : [])].map(at)).not.toContain(true);
  });

  it.each([
    ['wallets', 1, 8],
    ['wallets.0.keys', 3, 3],
    ['wallets.0.keys.0.path', 1, 8],
    ['vaults', 1, 8],
    ['signers', 3, 3],
    ['gates', 1, 8],
    ['screens', 1, 8],
    ['requesters', 1, 32],
    ['requesters.0.keys', 1, 4],
    ['custodians', 2, 64],
    ['policy.windows', 1, 4],
    ['policy.scripts', 1, 5],
    ['policy.velocity', 0, 8],
    ['policy.tiers', 0, 8],
    ['policy.tiers.0.approvers', 1, 64],
    ['custody.shares', 3, 3],
    ['custody.shares.0.holders', 2, 16],
    ['approvers', 0, 64],
    ['approvers.0.keys', 1, 4],
  ])('has lists of so many: %s of %i to %i', (path, least, most) => {
    const at = (length: number) =>
      isFormWith(path, (old) => {
        if (!Array.isArray(old) || old.length === 0) throw new Error(`${path} has nothing to repeat`);
        return Array.from({ length }, () => old[0]);
      });
    expect([least, most].map(at)).toEqual([true, true]);
    expect([most + 1, ...(least > 0 ? [least - 1] : [])].map(at)).not.toContain(true);
  });

  it('has people of requesters, and destinations of 1 to 42 bytes, up to a number', () => {
    const people = (length: number) => isFormWith('requesters.0.people', () => Array(length).fill('eve'));
    expect([0, 16, 17].map(people)).toEqual([true, true, false]);
    for (const path of ['policy.allow', 'policy.deny']) {
      const many = (length: number) => isFormWith(path, () => Array(length).fill(new Uint8Array(22)));
      expect([0, 512, 513].map(many)).toEqual([true, true, false]);
      const long = (length: number) => isFormWith(path, () => [new Uint8Array(length)]);
      expect([0, 1, 42, 43].map(long)).toEqual([false, true, true, false]);
    }
  });

  it('has words from short lists only', () => {
    const allowed = (path: string, words: readonly string[]) =>
      words.filter((word) => isFormWith(path, () => word));
    const networks = ['mainnet', 'testnet4', 'signet', 'regtest'];
    expect(allowed('network', [...networks, 'testnet3', ''])).toEqual(networks);
    const places = ['any', 'registered', 'listed'];
    expect(allowed('policy.destinations', [...places, 'none', ''])).toEqual(places);
    const scripts = ['p2pkh', 'p2sh', 'p2wpkh', 'p2wsh', 'p2tr'];
    expect(allowed('policy.scripts.0', [...scripts, 'p2pk', ''])).toEqual(scripts);
    const keys = ['ssh-ed25519', 'sk-ssh-ed25519@openssh.com'];
    expect(allowed('approvers.0.keys.0.kind', [...keys, 'ssh-rsa', ''])).toEqual(keys);
    expect(allowed('policy.velocity.0.per', ['destination', 'requester', ''])).toEqual([
      'destination',
      'requester',
    ]);
  });

  it('lets no requester be further ahead than anybody would believe', () => {
    expect(INTENT_AHEAD_MAX).toBe(100);
  });

  it('has keys, hashes and headers of their own lengths', () => {
    for (const [path, length] of [
      ['wallets.0.keys.0.fingerprint', 4],
      ['wallets.0.keys.0.publicKey', 33],
      ['wallets.0.keys.0.chainCode', 32],
      ['vaults.0.key', 32],
      ['gates.0.key', 32],
      ['gates.0.sealKey', 32],
      ['requesters.0.keys.0', 32],
      ['custodians.0.key', 32],
      ['approvers.0.keys.0.key', 32],
      ['custody.shares.0.holders.0.1', 32],
      ['clock.checkpoint', 80],
      ['first', 32],
      ['previous', 32],
    ] as const) {
      const at = (size: number) => isFormWith(path, () => new Uint8Array(size));
      expect([path, ...[length - 1, length, length + 1].map(at)]).toEqual([path, false, true, false]);
    }
  });
});

describe('the file of a charter', () => {
  const isFile = (value: unknown): boolean => !(SignedCharter.write(value) instanceof Mismatch);
  const row = ['ada', new Uint8Array(64)];

  it('has bytes, and up to 64 signatures by names of up to 32 bytes', () => {
    const charter = (length: number) => isFile([new Uint8Array(length), []]);
    expect([0, 1, 65_536, 65_537].map(charter)).toEqual([false, true, true, false]);
    const signed = (length: number) => isFile([bytes, Array(length).fill(row)]);
    expect([0, 64, 65].map(signed)).toEqual([true, true, false]);
    const named = (length: number) => isFile([bytes, [['x'.repeat(length), row[1]]]]);
    expect([0, 1, 32, 33].map(named)).toEqual([false, true, true, false]);
    const long = (length: number) => isFile([bytes, [['ada', new Uint8Array(length)]]]);
    expect([63, 64, 65].map(long)).toEqual([false, true, false]);
  });

  it('holds a charter of up to 65,536 bytes', () => {
    const detail = (length: number) => {
      const read = decodeCharter(new Uint8Array(length));
      return read.ok ? '' : read.fault.code;
    };
    expect([detail(65_536), detail(65_537)]).toEqual(['MALFORMED', 'TOO_LARGE']);
  });

  it('is known by the tagged hash of its bytes', () => {
    expect(hashCharter(bytes)).toEqual(taggedHash('charter', bytes));
  });
});
