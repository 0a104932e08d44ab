/**
 * Reads a key block from a file descriptor straight into locked memory and judges it there. Refuses a block that is
 * shorter or longer than 256 bytes, damaged, of another version, or not of the signer that the charter names here.
 * Spec: protocol-spec/7-key-block.md. No byte of it becomes a JavaScript string; only public header bytes become numbers.
 */
import { readSync } from 'node:fs';
import { EXIT } from '@coldwire/program/exit.ts';
import { Failure } from '@coldwire/program/failure.ts';
import {
  ACCOUNT_DEPTH,
  EXTENDED_KEY,
  HARDENED,
  KEY_BLOCK,
  KEY_BLOCK_MAGIC,
  KEY_BLOCK_SIZE,
  KEY_BLOCK_VERSION,
  PRIVATE_KEY_VERSION,
  PURPOSE_BIP48,
  SCRIPT_TYPE_P2WSH,
} from '@coldwire/protocol/key-block/layout.ts';
import type { Natives } from './native.ts';
import type { SecureMemory } from './secure-memory.ts';

/** What a key block must hold to be this signer's; all public. */
export interface WantedKeys {
  /** SLIP-44: 0 mainnet, 1 every test network. */
  readonly coinType: 0 | 1;
  /** BIP-48 account, without the hardening bit. */
  readonly account: number;
  /** 4 bytes. */
  readonly masterFingerprint: Uint8Array;
  /** 33 bytes, compressed: the key inside the descriptor's xpub. */
  readonly accountPublicKey: Uint8Array;
  /** 32 bytes: the chain code inside the descriptor's xpub. */
  readonly accountChainCode: Uint8Array;
  /** 32 bytes, Ed25519: this signer's link identity. Null: whichever it is, since a later charter may give it. */
  readonly identityPublicKey: Uint8Array | null;
}

/** The same of a signer whose link identity is known, as the charter says. */
export interface ExpectedKeys extends WantedKeys {
  readonly identityPublicKey: Uint8Array;
}

/** The live secrets, each in pages of its own; what a signer keeps of a block. */
export interface LiveSecrets {
  readonly accountKey: Uint8Array<ArrayBuffer>;
  /** libsodium's form: seed and public key, 64 bytes. */
  readonly identityKey: Uint8Array<ArrayBuffer>;
  readonly sealSecret: Uint8Array<ArrayBuffer>;
}

/** What was taken out of a block, and whose it is. */
export interface TakenSecrets {
  readonly secrets: LiveSecrets;
  readonly owner: WantedKeys;
}

/** Sized for the block and one byte more, so that a longer one is noticed. */
const READ_SIZE = KEY_BLOCK_SIZE + 1;
const CHECK_SIZE = 64;

/**
 * Reads until the end of `fd`, judges, moves the three secrets out and wipes the block.
 * @throws Failure (KEY_BLOCK); everything in `memory` is zeroized then
 */
export function readKeyBlock(
  natives: Natives,
  memory: SecureMemory,
  fd: number,
  candidates: readonly WantedKeys[],
): TakenSecrets {
  const block = memory.allocate(READ_SIZE);
  try {
    return takeSecrets(natives, memory, block, readToEnd(fd, block), candidates);
  } catch (error) {
    memory.zeroize();
    throw error;
  }
}

/** Between two looks at a FIFO that nobody writes yet. */
const POLL_MS = 20;

/**
 * The same from a FIFO opened O_RDONLY | O_NONBLOCK, looking now and then, so that a line goes on meanwhile and nothing
 * stands in the way of an exit. A writer that goes without a byte was none: a ceremony may be tried again.
 * @returns null if `giveUp` says so first
 */
export async function awaitKeyBlock(
  natives: Natives,
  memory: SecureMemory,
  fd: number,
  candidates: readonly WantedKeys[],
  giveUp: () => boolean,
): Promise<TakenSecrets | null> {
  const block = memory.allocate(READ_SIZE);
  try {
    let size = 0;
    while (size < block.length) {
      const got = readNow(fd, block, size);
      if (got === 0 && size > 0) break;
      size += got ?? 0;
      if (got !== undefined && got > 0) continue;
      if (giveUp()) {
        memory.zeroize();
        return null;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return takeSecrets(natives, memory, block, size, candidates);
  } catch (error) {
    memory.zeroize();
    throw error;
  }
}

/** undefined: a writer is there, and nothing of it yet. */
function readNow(fd: number, block: Uint8Array, at: number): number | undefined {
  try {
    return readSync(fd, block, at, block.length - at, null);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}

function takeSecrets(
  natives: Natives,
  memory: SecureMemory,
  block: Uint8Array<ArrayBuffer>,
  size: number,
  candidates: readonly WantedKeys[],
): TakenSecrets {
  const check = memory.allocate(CHECK_SIZE);
  const secrets: LiveSecrets = {
    accountKey: memory.allocate(EXTENDED_KEY.privateKey.size),
    identityKey: memory.allocate(KEY_BLOCK.identitySeed.size + KEY_BLOCK.identityPublicKey.size),
    sealSecret: memory.allocate(KEY_BLOCK.sealSecret.size),
  };
  if (size !== KEY_BLOCK_SIZE)
    throw refuse(
      `has ${size > KEY_BLOCK_SIZE ? 'more than ' : ''}${Math.min(size, KEY_BLOCK_SIZE)} bytes, not ${KEY_BLOCK_SIZE}`,
    );
  judgeForm(natives, block, check);
  const expected = chooseOwner(natives, block, candidates);
  judgeAccount(natives, block, check, expected);
  judgeIdentity(natives, block, secrets.identityKey, check, expected);
  secrets.accountKey.set(part(block, KEY_BLOCK.accountKey.at + EXTENDED_KEY.privateKey.at, 32));
  secrets.sealSecret.set(fieldOf(block, KEY_BLOCK.sealSecret));
  if (natives.sodium.sodium_is_zero(secrets.sealSecret, 32)) throw refuse('has no seal secret');
  memory.wipe(block);
  memory.wipe(check);
  return { secrets, owner: expected };
}

/** Only says whom to hold the block against, by its public master fingerprint; everything is judged after. */
function chooseOwner({ sodium }: Natives, block: Uint8Array, candidates: readonly WantedKeys[]): WantedKeys {
  const [first] = candidates;
  if (first === undefined) throw new Error('a key block is held against at least one signer');
  const fingerprint = fieldOf(block, KEY_BLOCK.masterFingerprint);
  return (
    candidates.find(
      ({ masterFingerprint }) =>
        masterFingerprint.length === fingerprint.length &&
        sodium.sodium_memcmp(fingerprint, masterFingerprint),
    ) ?? first
  );
}

type Field = { readonly at: number; readonly size: number };

function part(block: Uint8Array, at: number, size: number): Uint8Array {
  return block.subarray(at, at + size);
}

function fieldOf(block: Uint8Array, field: Field): Uint8Array {
  return part(block, field.at, field.size);
}

const RIGHT_FILE = 'Check that the right key file was unsealed for this machine.';

function refuse(what: string, todo = RIGHT_FILE): Failure {
  return new Failure(EXIT.BAD_INPUT, {
    code: 'KEY_BLOCK',
    what: `the key block ${what}`,
    where: 'key pipe',
    todo,
  });
}

/** Fills `block` until the end of the pipe; returns how many bytes came, at most the block's length. */
function readToEnd(fd: number, block: Uint8Array): number {
  let size = 0;
  while (size < block.length) {
    const got = readSome(fd, block, size);
    if (got === 0) break;
    size += got;
  }
  return size;
}

function readSome(fd: number, block: Uint8Array, at: number): number {
  for (;;) {
    const got = readNow(fd, block, at);
    if (got !== undefined) return got;
    // A pipe may have been left non-blocking by the program before us; wait for the ceremony, which people drive.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
}

function readNumber(block: Uint8Array, at: number): number {
  return new DataView(block.buffer, block.byteOffset).getUint32(at);
}

function judgeForm(natives: Natives, block: Uint8Array, check: Uint8Array): void {
  const { sodium } = natives;
  if (!sodium.sodium_memcmp(fieldOf(block, KEY_BLOCK.magic), KEY_BLOCK_MAGIC))
    throw refuse('does not begin with CWKB');
  const digest = check.subarray(0, KEY_BLOCK.checksum.size);
  sodium.crypto_hash_sha256(digest, block.subarray(0, KEY_BLOCK.checksum.at));
  if (!sodium.sodium_memcmp(digest, fieldOf(block, KEY_BLOCK.checksum)))
    throw refuse('is damaged (checksum)');
  if (block[KEY_BLOCK.version.at] !== KEY_BLOCK_VERSION)
    throw refuse(`is not of version ${KEY_BLOCK_VERSION}`);
  let at = 0;
  for (const field of Object.values(KEY_BLOCK)) {
    if (field.at > at && !sodium.sodium_is_zero(part(block, at, field.at - at), field.at - at)) {
      throw refuse(`has other bytes than zero before byte ${field.at}`);
    }
    at = field.at + field.size;
  }
}

/** The account key must be m/48h/coin'/account'/2h of the expected master, and its public half the charter's. */
function judgeAccount(natives: Natives, block: Uint8Array, check: Uint8Array, expected: WantedKeys): void {
  const { sodium, secp256k1 } = natives;
  const key = fieldOf(block, KEY_BLOCK.accountKey);
  const path: readonly (readonly [string, number | undefined, number])[] = [
    ['purpose', block[KEY_BLOCK.purpose.at], PURPOSE_BIP48],
    ['script type', block[KEY_BLOCK.scriptType.at], SCRIPT_TYPE_P2WSH],
    ['coin type', readNumber(block, KEY_BLOCK.coinType.at), expected.coinType],
    ['account', readNumber(block, KEY_BLOCK.account.at), expected.account],
    ['key version', readNumber(key, EXTENDED_KEY.version.at), PRIVATE_KEY_VERSION[expected.coinType]],
    ['depth', key[EXTENDED_KEY.depth.at], ACCOUNT_DEPTH],
    ['child number', readNumber(key, EXTENDED_KEY.childNumber.at), HARDENED + SCRIPT_TYPE_P2WSH],
    ['private key mark', key[EXTENDED_KEY.marker.at], 0],
  ];
  for (const [name, got, want] of path) if (got !== want) throw refuse(`has ${name} ${got}, not ${want}`);
  const same = (field: Uint8Array, want: Uint8Array, name: string): void => {
    if (want.length !== field.length || !sodium.sodium_memcmp(field, want))
      throw refuse(`has another ${name} than the charter`);
  };
  same(fieldOf(block, KEY_BLOCK.masterFingerprint), expected.masterFingerprint, 'master fingerprint');
  same(fieldOf(key, EXTENDED_KEY.chainCode), expected.accountChainCode, 'chain code');
  const publicKey = check.subarray(0, 33);
  if (secp256k1.publicKeyCreate(publicKey, fieldOf(key, EXTENDED_KEY.privateKey)) !== 0) {
    throw refuse('has an account key that is zero or not below the group order');
  }
  same(publicKey, expected.accountPublicKey, 'account key');
}

function judgeIdentity(
  natives: Natives,
  block: Uint8Array,
  identityKey: Uint8Array,
  check: Uint8Array,
  expected: WantedKeys,
): void {
  const { sodium } = natives;
  const publicKey = check.subarray(0, 32);
  sodium.crypto_sign_seed_keypair(publicKey, identityKey, fieldOf(block, KEY_BLOCK.identitySeed));
  if (!sodium.sodium_memcmp(publicKey, fieldOf(block, KEY_BLOCK.identityPublicKey))) {
    throw refuse('has an identity seed that does not belong to its identity public key');
  }
  const want = expected.identityPublicKey;
  if (want !== null && (want.length !== 32 || !sodium.sodium_memcmp(publicKey, want))) {
    throw refuse(
      'has another link identity than the charter, or the state directory, gives this signer',
      `${RIGHT_FILE} If a later charter gives this signer a new link key: --joins, and a new state directory.`,
    );
  }
}
