/**
 * Key blocks, read by the signer into locked memory and judged by the ceremony: two implementations. What the signer takes, the
 * ceremony takes. One mutation makes the checksum right again, so that what stands behind it is reached.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { readAccount } from '@coldwire/custody/account.ts';
import { checkKeyBlock } from '@coldwire/custody/key-block.ts';
import type { PublicRecord } from '@coldwire/custody/public-record.ts';
import { Failure } from '@coldwire/program';
import { concatBytes, equalBytes, fromHex, toHex } from '@coldwire/protocol';
import { EXTENDED_KEY, KEY_BLOCK } from '@coldwire/protocol/key-block/layout.ts';
import { type ExpectedKeys, readKeyBlock } from '@coldwire/signer/io/key-block.ts';
import { loadNatives } from '@coldwire/signer/io/native.ts';
import { SecureMemory } from '@coldwire/signer/io/secure-memory.ts';
import { readSeeds, readVectorFile, seedsOf } from '../corpus.ts';
import { BYTE_MUTATORS } from '../mutate/bytes.ts';
import type { Mutator } from '../mutate/mutator.ts';
import { scratchPath } from '../scratch.ts';
import { assertHolds, type Target } from '../target.ts';

type Texts = { readonly [name in Exclude<keyof ExpectedKeys, 'coinType' | 'account'>]: string };
const { expected: known }: { expected: Texts } = JSON.parse(readVectorFile('key-block/signer.json'));
const expected: ExpectedKeys = {
  coinType: 1,
  account: 0,
  masterFingerprint: fromHex(known.masterFingerprint),
  accountPublicKey: fromHex(known.accountPublicKey),
  accountChainCode: fromHex(known.accountChainCode),
  identityPublicKey: fromHex(known.identityPublicKey),
};
const natives = loadNatives();
/** Locked pages come back to the kernel with the garbage collector only; thousands of runs a second would use them up. */
const pages = new Map<number, ArrayBuffer[]>();
const sodium: typeof natives.sodium = {
  ...natives.sodium,
  sodium_malloc: (size) => pages.get(size)?.pop() ?? natives.sodium.sodium_malloc(size),
  sodium_free(page) {
    pages.set(page.byteLength, [...(pages.get(page.byteLength) ?? []), page]);
  },
};
const file = scratchPath('block');
const sound = readSeeds('key-block').find(({ name }) => name === 'signer')?.bytes ?? new Uint8Array(0);
const { accountKey } = KEY_BLOCK;
const PARENT = accountKey.at + EXTENDED_KEY.parentFingerprint.at;
const account = readAccount(sound.slice(accountKey.at, accountKey.at + accountKey.size), 'regtest');
assertHolds(account !== null, 'the vector holds an account key');
const record: PublicRecord = {
  ...account,
  fingerprint: known.masterFingerprint,
  path: 'm/48h/1h/0h/2h',
  signer: 'A',
  network: 'regtest',
  linkKey: toHex(expected.identityPublicKey),
  keyFileHash: '',
  threshold: 2,
  epoch: 1,
  shareSet: 0,
  shares: [],
  retired: [],
};

const rightChecksum: Mutator = (input, pool) => {
  const mutant = pool.random.pick(BYTE_MUTATORS)(input, pool).subarray(0, KEY_BLOCK.checksum.at);
  const digest = createHash('sha256').update(mutant).digest().subarray(0, KEY_BLOCK.checksum.size);
  return concatBytes(mutant, digest);
};

function signerTakes(input: Uint8Array): boolean {
  writeFileSync(file, input);
  const fd = openSync(file, 'r');
  const memory = new SecureMemory(sodium);
  try {
    readKeyBlock(natives, memory, fd, [expected]);
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  } finally {
    memory.zeroize();
    closeSync(fd);
  }
}

export const target: Target = {
  seeds: seedsOf('key-block'),
  mutators: [rightChecksum],
  maxLength: 600,
  run(input) {
    const taken = signerTakes(input);
    const judged = checkKeyBlock(input, record, 'key.age');
    // The parent's fingerprint is part of an xpub and of nothing that signs: only the ceremony compares it.
    const foreign = !equalBytes(input.subarray(PARENT, PARENT + 4), sound.subarray(PARENT, PARENT + 4));
    assertHolds(judged.ok || !taken || foreign, 'what the signer takes, the ceremony takes');
  },
};
