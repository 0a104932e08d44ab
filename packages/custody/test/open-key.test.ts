import { toHex } from '@coldwire/protocol/bytes.ts';
import { KEY_BLOCK } from '@coldwire/protocol/key-block/layout.ts';
import { HDKey } from '@scure/bip32';
import helper from 'slip39/src/slip39_helper.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { openKey, type SealedSigner, sealKey } from '../src/index.ts';
import { drawRandom } from '../src/io/random.ts';
import { parseShare } from '../src/share.ts';
import type { OfferedShare } from '../src/share-file.ts';
import { joinShares } from '../src/split.ts';
import { at, good, makePeople, makeSigner, openShares, type Person, problemOf } from './signer-fixture.ts';

let people: readonly Person[] = [];
let sealed: SealedSigner;
let shares: readonly OfferedShare[] = [];

beforeAll(async () => {
  people = await makePeople('alice', 'bob', 'carol');
  sealed = await makeSigner(people);
  shares = await openShares(sealed, people);
});

const keyFile = (from = sealed) => ({ bytes: from.keyFile, where: 'key.age' });
const offer = (...members: readonly number[]): readonly OfferedShare[] =>
  members.map((member) => at(shares, member));

/** A share with the set, the member number and a right checksum, but another value. SLIP-39's checksum has no secret. */
function forge(member: number): OfferedShare {
  const { shareSet } = sealed.record;
  const value = Array.from({ length: 32 }, (_, index) => index);
  const words = helper.encodeMnemonic([shareSet >> 8, shareSet & 0xff], 1, 1, 0, 1, 1, member, 2, value);
  return { ...at(shares, member), words };
}

describe('opening a signer', () => {
  it('works with any two custodians, whoever is absent, and gives the key that public.json describes', async () => {
    for (const pair of [offer(0, 1), offer(0, 2), offer(1, 2), offer(2, 0)]) {
      const opened = good(await openKey(keyFile(), sealed.record, pair));
      expect(opened.rejected).toEqual([]);
      const account = opened.block.subarray(KEY_BLOCK.accountKey.at, KEY_BLOCK.accountKey.at + 78);
      expect(toHex(account.subarray(13, 45))).toBe(sealed.record.chainCode);
      expect(toHex(opened.block.subarray(160, 192))).toBe(sealed.record.linkKey);
    }
  });

  it('gives nothing to one custodian alone, and says whom to ask', async () => {
    for (const alone of [[], offer(0), offer(0, 0)]) {
      const problem = problemOf(await openKey(keyFile(), sealed.record, alone));
      expect(`${problem.what} ${problem.todo}`).toMatch(/2 shares are needed|once more/);
    }
    const problem = problemOf(await openKey(keyFile(), sealed.record, offer(0)));
    expect(problem.what).toBe("2 shares are needed and there is 1 (alice's)");
    expect(problem.todo).toBe('Ask bob or carol.');
  });

  it('names a forged share with a valid checksum by its custodian and its hash', async () => {
    const forged = forge(1);
    const pair = [at(shares, 0), forged].map(({ where, words }) => good(parseShare(words, where)));
    expect(joinShares(pair), 'SLIP-39 itself only finds that the two do not fit').toBeNull();
    const problem = problemOf(await openKey(keyFile(), sealed.record, [at(shares, 0), forged]));
    expect(problem).toMatchObject({ code: 'SHARE_BAD', where: 'share-bob.age' });
    expect(problem.what).toContain("it claims to be bob's share and its checksum is right");
    expect(problem.what).toContain(at(sealed.record.shares, 1).hash);
  });

  it('goes on with two good shares beside a forged one, and reports that', async () => {
    const opened = good(await openKey(keyFile(), sealed.record, [forge(1), ...offer(0, 2)]));
    expect(opened.custodians).toEqual(['alice', 'carol']);
    expect(opened.rejected.map(({ where }) => where)).toEqual(['share-bob.age']);
  });

  it('names the signer that a wrong share belongs to, by its label, or says so without one', async () => {
    const other = await openShares(await makeSigner(people, 'B'), people);
    const labelled = problemOf(await openKey(keyFile(), sealed.record, [at(shares, 0), at(other, 1)]));
    expect(labelled).toMatchObject({ code: 'SHARE_BAD', where: 'share-bob.age' });
    expect(labelled.what).toBe('it is labelled as a share of signer B; wanted is signer A, epoch 1');
    const typed = { ...at(other, 1), label: null, where: 'share 2 as typed' };
    const unlabelled = problemOf(await openKey(keyFile(), sealed.record, [at(shares, 0), typed]));
    expect(unlabelled.what).toContain("another signer's, or another epoch's; wanted is signer A, epoch 1");
  });

  it('says which file is damaged when key.age is cut short or changed anywhere', async () => {
    for (const bytes of [
      sealed.keyFile.subarray(0, 100),
      sealed.keyFile.subarray(0, -1),
      sealed.keyFile.with(300, (sealed.keyFile[300] ?? 0) ^ 1),
    ]) {
      const problem = problemOf(await openKey({ bytes, where: 'key.age' }, sealed.record, offer(0, 1)));
      expect(problem.where).toBe('key.age');
      expect(problem.what).toMatch(/damaged/);
    }
  });

  it("does not open another signer's key file, and says which one it wants", async () => {
    const other = await makeSigner(people, 'B');
    const problem = problemOf(await openKey(keyFile(other), sealed.record, offer(0, 1)));
    expect(problem.what).toContain('it is not the key file of signer A, epoch 1');
  });

  it('does not hand out a key that is not the one of public.json, even when file and shares fit', async () => {
    const record = { ...sealed.record, linkKey: 'ab'.repeat(32) };
    expect(problemOf(await openKey(keyFile(), record, offer(0, 1)))).toMatchObject({
      code: 'KEY_BLOCK',
      what: 'it is not the key of signer A',
    });
  });

  it('puts no secret into any problem', async () => {
    const words = at(shares, 0).words.trim();
    const broken = { ...at(shares, 0), words: words.replace(/\S+$/, 'acid') };
    for (const bad of [broken, { ...broken, words }, forge(2)]) {
      const outcome = await openKey(keyFile(), sealed.record, [bad]);
      const text = JSON.stringify(problemOf(outcome));
      for (const phrase of words.match(/\S+ \S+ \S+/g) ?? []) expect(text).not.toContain(phrase);
    }
  });
});

describe('making a signer', () => {
  it('derives BIP-48 from the seed as another derivation of the same path does', async () => {
    const counting = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => index);
    const { record } = await makeSigner(people, 'A', counting);
    const versions = { private: 0x04358394, public: 0x043587cf };
    const account = HDKey.fromMasterSeed(counting(32), versions).derive("m/48'/1'/0'/2'");
    expect(record.xpub).toBe(account.publicExtendedKey);
    expect(record.path).toBe('m/48h/1h/0h/2h');
    // RFC 8032's private key of the same bytes; the master fingerprint is BIP-32's for a seed of 00…1f.
    expect(record.linkKey).toBe('03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8');
  });

  it('never makes the same key, secret or share twice', async () => {
    const again = await makeSigner(people);
    const words = (await openShares(again, people)).map((share) => share.words);
    expect(again.record.xpub).not.toBe(sealed.record.xpub);
    expect(again.record.linkKey).not.toBe(sealed.record.linkKey);
    for (const share of shares) expect(words).not.toContain(share.words);
  });

  it.each([
    ['two custodians', (all: readonly Person[]) => all.slice(1)],
    ['one name twice', (all: readonly Person[]) => all.map((one) => ({ ...one, name: 'Alice' }))],
    [
      'one recipient twice',
      (all: readonly Person[]) => all.map((one) => ({ ...one, recipient: at(all, 0).recipient })),
    ],
    [
      'a name that is a path',
      (all: readonly Person[]) => all.map((one) => ({ ...one, name: `../${one.name}` })),
    ],
    [
      'a recipient with a wrong checksum',
      (all: readonly Person[]) => all.map((one) => ({ ...one, recipient: 'age1qqq' })),
    ],
  ])('is refused with %s', async (_what, spoil) => {
    await expect(makeSigner(spoil(people))).rejects.toThrow();
  });
});

describe('sealing again', () => {
  it('makes a new epoch that new custodians open, leaves the old one open, and mixes none of the two', async () => {
    const { block } = good(await openKey(keyFile(), sealed.record, offer(0, 1)));
    const successors = [...people.slice(0, 2), ...(await makePeople('dave'))];
    const next = good(await sealKey(block, sealed.record, successors, drawRandom));
    expect(next.record).toMatchObject({ epoch: 2, xpub: sealed.record.xpub, linkKey: sealed.record.linkKey });
    expect(next.record.retired.map(({ epoch }) => epoch)).toEqual([1]);
    const fresh = await openShares(next, successors);
    expect(good(await openKey(keyFile(next), next.record, [at(fresh, 1), at(fresh, 2)])).block).toEqual(
      block,
    );
    expect(good(await openKey(keyFile(), sealed.record, offer(1, 2))).block).toEqual(block);
    const mixed = problemOf(await openKey(keyFile(next), next.record, [at(fresh, 0), at(shares, 2)]));
    expect(mixed.what).toBe("it is carol's share of epoch 1, and the key file is of epoch 2");
    const early = problemOf(await openKey(keyFile(), sealed.record, [at(shares, 0), at(fresh, 2)]));
    expect(early.what).toBe('it is labelled as a share of epoch 2; wanted is signer A, epoch 1');
  });

  it('refuses a block that is not the key of public.json, or is damaged', async () => {
    const { block } = good(await openKey(keyFile(), sealed.record, offer(0, 1)));
    const other = await makeSigner(people, 'B');
    expect(problemOf(await sealKey(block, other.record, people, drawRandom)).code).toBe('KEY_BLOCK');
    const flipped = block.map((byte, at) => (at === 50 ? byte ^ 1 : byte));
    for (const bad of [flipped, block.subarray(1), new Uint8Array(256), block.with(4, 9)]) {
      expect(problemOf(await sealKey(bad, sealed.record, people, drawRandom)).code).toBe('KEY_BLOCK');
    }
  });
});
