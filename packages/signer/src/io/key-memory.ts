/**
 * The unlocked keys: account key, link identity and seal secret, each exactly once, in locked memory that nothing can
 * read between uses. Signs, seals, and forgets. Every fresh signature is verified before anything is returned; one that
 * fails ends the keys' stay here (SELF_VERIFY). Spec: protocol-spec/7-key-block.md, "Memory".
 *
 * Refuses to work after `zeroize`. Never holds a child key longer than one signature, and never in another place than
 * the one slot for it.
 */
import { EXIT } from '@coldwire/program/exit.ts';
import { Failure } from '@coldwire/program/failure.ts';
import type { SealedMessage } from '@coldwire/protocol/seal/format.ts';
import { awaitKeyBlock, type LiveSecrets, readKeyBlock, type WantedKeys } from './key-block.ts';
import type { Natives } from './native.ts';
import { Sealer } from './sealing.ts';
import { SecureMemory } from './secure-memory.ts';

export interface SignJob {
  /**
   * What BIP-32 adds to the account key on the way to chain and index (left halves of two HMACs over public data),
   * 32 bytes each. Public; the caller may cache them.
   */
  readonly tweaks: readonly [chain: Uint8Array, index: Uint8Array];
  /** The signature hash, 32 bytes. */
  readonly hash32: Uint8Array;
  /** The child's public key by public derivation, 33 bytes: what the signature must verify under. */
  readonly publicKey33: Uint8Array;
}

/** libsecp256k1 returns 0 for done. */
const DONE = 0;
const PUBLIC_KEY_SIZE = 33;
const SIGNATURE_SIZE = 64;

/**
 * Reads a key block from `fd` until its end and keeps its secrets.
 * @throws Failure (KEY_BLOCK) when it is not the block of the signer that the charter describes; nothing is kept then
 */
export function openKeyMemory(natives: Natives, fd: number, expected: WantedKeys): KeyMemory {
  return openSomeKeyMemory(natives, fd, [expected]).keys;
}

/** The same for a machine that does not know yet which of the charter's signers it is: the block says. */
export function openSomeKeyMemory(
  natives: Natives,
  fd: number,
  candidates: readonly WantedKeys[],
): { readonly keys: KeyMemory; readonly owner: WantedKeys } {
  const memory = new SecureMemory(natives.sodium);
  const { secrets, owner } = readKeyBlock(natives, memory, fd, candidates);
  return { keys: new KeyMemory(natives, memory, secrets), owner };
}

/**
 * The same from a FIFO whose writer, a ceremony of people, may take its time: waits without holding up the line.
 * @param fd opened O_RDONLY | O_NONBLOCK @returns null if `giveUp` says so before a block has come
 */
export async function awaitKeyMemory(
  natives: Natives,
  fd: number,
  expected: WantedKeys,
  giveUp: () => boolean,
): Promise<KeyMemory | null> {
  const memory = new SecureMemory(natives.sodium);
  const taken = await awaitKeyBlock(natives, memory, fd, [expected], giveUp);
  return taken === null ? null : new KeyMemory(natives, memory, taken.secrets);
}

export class KeyMemory {
  readonly #natives: Natives;
  readonly #memory: SecureMemory;
  readonly #secrets: LiveSecrets;
  readonly #sealer: Sealer;
  readonly #child: Uint8Array<ArrayBuffer>;
  /** The public half of the link identity, Ed25519. */
  readonly identityPublicKey: Uint8Array;

  /** Takes over `memory` and everything in it. */
  constructor(natives: Natives, memory: SecureMemory, secrets: LiveSecrets) {
    this.#natives = natives;
    this.#memory = memory;
    this.#secrets = secrets;
    this.#sealer = new Sealer(natives.sodium, memory);
    this.#child = memory.allocate(32);
    // libsodium keeps it behind the seed; only these public bytes leave the locked page.
    this.identityPublicKey = Uint8Array.from(secrets.identityKey.subarray(32));
    this.#randomizeContext();
    for (const secret of Object.values(secrets)) memory.protect(secret, 'no-access');
  }

  /** Whether the keys are here. */
  get open(): boolean {
    return this.#memory.open;
  }

  /**
   * Signs every job: RFC 6979, low S, compact 64 bytes each, in order. All or nothing.
   * @throws Failure (SELF_VERIFY) and zeroizes, when a fresh signature does not verify
   */
  signInputs(jobs: readonly SignJob[]): Uint8Array[] {
    for (const job of jobs) requireLengths(job);
    return this.#use(this.#secrets.accountKey, (accountKey) =>
      jobs.map((job, input) => this.#signOne(accountKey, job, input)),
    );
  }

  /** Ed25519 (RFC 8032) over `message`, 64 bytes; the message is a hash, never empty. */
  signIdentity(message: Uint8Array): Uint8Array {
    if (message.length === 0) throw new Error('an empty message is not signed');
    return this.#use(this.#secrets.identityKey, (identityKey) => {
      const signature = new Uint8Array(SIGNATURE_SIZE);
      this.#natives.sodium.crypto_sign_detached(signature, message, identityKey);
      return signature;
    });
  }

  /**
   * Seals `plaintext` to the gates; the same inputs give the same bytes.
   * @param context what the message is bound to, unique per request
   * @param gates X25519 public keys, 32 bytes each, in the order of the charter
   */
  seal(context: Uint8Array, plaintext: Uint8Array, gates: readonly Uint8Array[]): SealedMessage {
    return this.#use(this.#secrets.sealSecret, (secret) =>
      this.#sealer.seal(secret, context, plaintext, gates),
    );
  }

  /**
   * The salt of one message body, 16 bytes, so that no randomness leaves a signer (protocol-spec/6-sealing.md, "Salts").
   * @param binding the hash of the previous message in the chain, then the body's canonical CBOR
   */
  deriveSalt(binding: Uint8Array): Uint8Array {
    return this.#use(this.#secrets.sealSecret, (secret) => this.#sealer.salt(secret, binding));
  }

  /** Overwrites and gives back everything, at once. May be called at any time, again and again. */
  zeroize(): void {
    this.#memory.zeroize();
  }

  #use<T>(secret: Uint8Array<ArrayBuffer>, work: (secret: Uint8Array) => T): T {
    if (!this.open) throw lockedFailure();
    this.#memory.protect(secret, 'read-only');
    try {
      return work(secret);
    } finally {
      if (this.open) this.#memory.protect(secret, 'no-access');
    }
  }

  #signOne(accountKey: Uint8Array, job: SignJob, input: number): Uint8Array {
    const { secp256k1 } = this.#natives;
    const signature = new Uint8Array(SIGNATURE_SIZE);
    this.#child.set(accountKey);
    const signed =
      secp256k1.privateKeyTweakAdd(this.#child, job.tweaks[0]) === DONE &&
      secp256k1.privateKeyTweakAdd(this.#child, job.tweaks[1]) === DONE &&
      secp256k1.ecdsaSign({ signature, recid: 0 }, job.hash32, this.#child, undefined, undefined) === DONE;
    this.#memory.wipe(this.#child);
    if (signed && secp256k1.ecdsaVerify(signature, job.hash32, job.publicKey33) === DONE) return signature;
    // A signature made by a faulty machine can give its key away: it goes nowhere, and neither does the machine.
    signature.fill(0);
    this.zeroize();
    throw new Failure(EXIT.ENVIRONMENT, {
      code: 'SELF_VERIFY',
      what: 'a fresh signature did not verify; it was not released and the keys were zeroized',
      where: `input ${input}`,
      todo: 'Do not unlock this machine. Memory or processor is faulty, or it was tampered with: replace it.',
    });
  }

  /** Blinds the context against side channels; changes no output. */
  #randomizeContext(): void {
    const { sodium, secp256k1 } = this.#natives;
    sodium.randombytes_buf(this.#child.buffer, 0, this.#child.length);
    const done = secp256k1.contextRandomize(this.#child) === DONE;
    this.#memory.wipe(this.#child);
    if (!done) throw new Error('libsecp256k1 did not randomize its context');
  }
}

function requireLengths(job: SignJob): void {
  const wrong =
    job.tweaks[0].length !== 32 ||
    job.tweaks[1].length !== 32 ||
    job.hash32.length !== 32 ||
    job.publicKey33.length !== PUBLIC_KEY_SIZE;
  if (wrong) throw new Error('a sign job has two tweaks of 32 bytes, a hash of 32 and a public key of 33');
}

function lockedFailure(): Failure {
  return new Failure(EXIT.ENVIRONMENT, {
    code: 'LOCKED',
    what: 'the signer holds no keys',
    todo: 'Unseal it: coldwire-signer unseal, with two of its custodians.',
  });
}
