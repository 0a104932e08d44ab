/**
 * The ceremony's own look at a key block: making one from fresh randomness, and checking that an opened one is the key
 * that public.json describes, before it is sealed again or goes into the pipe. The signer judges it once more.
 * Spec: protocol-spec/7-key-block.md, 8-custody.md, "The key".
 */
import { equalBytes, fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import type { NetworkName } from '@coldwire/protocol/charter/charter.ts';
import { createEd25519Signer } from '@coldwire/protocol/ed25519.ts';
import {
  KEY_BLOCK,
  KEY_BLOCK_MAGIC,
  KEY_BLOCK_SIZE,
  KEY_BLOCK_VERSION,
} from '@coldwire/protocol/key-block/layout.ts';
import { writeKeyBlock } from '@coldwire/protocol/key-block/write.ts';
import { sha256 } from '@noble/hashes/sha2.js';
import { ACCOUNT, coinType, deriveAccount, readAccount } from './account.ts';
import { fail, type Outcome, succeed } from './outcome.ts';
import type { PublicRecord } from './public-record.ts';

const SECRET_SIZE = 32;

/** Fills a fresh array with random bytes. */
export type RandomSource = (size: number) => Uint8Array;

/** The fields of public.json that come from the key itself. */
export type KeyFacts = Pick<
  PublicRecord,
  'fingerprint' | 'path' | 'xpub' | 'publicKey' | 'chainCode' | 'linkKey'
>;

/**
 * Makes a signer's three secrets: account key, link identity, sealing secret. The seed is forgotten at once: the account
 * key is what signs, and what key.age keeps.
 * @returns 256 secret bytes for the caller to wipe, and what is public about them
 */
export function makeKeyBlock(
  network: NetworkName,
  random: RandomSource,
): { block: Uint8Array; facts: KeyFacts } {
  const seed = random(SECRET_SIZE);
  const identitySeed = random(SECRET_SIZE);
  const sealSecret = random(SECRET_SIZE);
  const account = deriveAccount(seed, network);
  const identityPublicKey = createEd25519Signer(identitySeed).publicKey;
  const block = new Uint8Array(KEY_BLOCK_SIZE);
  writeKeyBlock(block, {
    coinType: coinType(network),
    account: ACCOUNT,
    masterFingerprint: fromHex(account.public.fingerprint),
    accountKey: account.serialized,
    identitySeed,
    identityPublicKey,
    sealSecret,
  });
  for (const secret of [seed, identitySeed, sealSecret, account.serialized]) secret.fill(0);
  return { block, facts: { ...account.public, linkKey: toHex(identityPublicKey) } };
}

/** Whether a block is whole and holds the key of `record`. */
export function checkKeyBlock(block: Uint8Array, record: PublicRecord, where: string): Outcome<null> {
  const todo = 'Check that key file and public.json are of the same signer.';
  const what =
    findDefect(block) ?? (isKeyOf(block, record) ? null : `it is not the key of signer ${record.signer}`);
  return what === null ? succeed(null) : fail({ code: 'KEY_BLOCK', what, where, todo });
}

function findDefect(block: Uint8Array): string | null {
  if (block.length !== KEY_BLOCK_SIZE)
    return `a key block has ${KEY_BLOCK_SIZE} bytes, this has ${block.length}`;
  if (!equalBytes(part(block, 'magic'), KEY_BLOCK_MAGIC)) return 'it is not a key block';
  if (block[KEY_BLOCK.version.at] !== KEY_BLOCK_VERSION) return 'it is a key block of another version';
  const checksum = sha256(block.subarray(0, KEY_BLOCK.checksum.at));
  return equalBytes(checksum, part(block, 'checksum')) ? null : 'its checksum is wrong';
}

function isKeyOf(block: Uint8Array, record: PublicRecord): boolean {
  const account = readAccount(part(block, 'accountKey'), record.network);
  const linkKey = toHex(createEd25519Signer(part(block, 'identitySeed')).publicKey);
  return (
    account !== null &&
    account.xpub === record.xpub &&
    account.publicKey === record.publicKey &&
    account.chainCode === record.chainCode &&
    toHex(part(block, 'masterFingerprint')) === record.fingerprint &&
    toHex(part(block, 'identityPublicKey')) === linkKey &&
    linkKey === record.linkKey
  );
}

/** A view, not a copy. */
function part(block: Uint8Array, name: keyof typeof KEY_BLOCK): Uint8Array {
  return block.subarray(KEY_BLOCK[name].at, KEY_BLOCK[name].at + KEY_BLOCK[name].size);
}
