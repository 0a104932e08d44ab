/**
 * Memory for secrets: pages of their own from sodium_malloc, locked, with guard pages on both sides. Every buffer stays
 * referenced here until it is zeroized: a collected one would be freed, and what nobody refers to nobody zeroizes.
 * Views are never handed to code that reads bytes into JavaScript values. Spec: protocol-spec/7-key-block.md, "Memory".
 */
import { EXIT } from '@coldwire/program/exit.ts';
import { Failure } from '@coldwire/program/failure.ts';
import type { Sodium } from './native-interface.ts';

export type Protection = 'no-access' | 'read-only' | 'read-write';

const live = new Set<SecureMemory>();

/** Zeroizes whatever secure memory there is in this process, whoever made it and whether or not it is in use. */
export function zeroizeAllMemory(): void {
  for (const memory of live) memory.zeroize();
}

export class SecureMemory {
  readonly #sodium: Sodium;
  readonly #buffers: Uint8Array<ArrayBuffer>[] = [];

  constructor(sodium: Sodium) {
    this.#sodium = sodium;
    live.add(this);
  }

  /** False once it is zeroized. */
  get open(): boolean {
    return live.has(this);
  }

  /** `size` bytes, zero and writable. Whether they are really locked is for preflight to measure. */
  allocate(size: number): Uint8Array<ArrayBuffer> {
    const buffer = new Uint8Array(this.#sodium.sodium_malloc(size));
    this.#buffers.push(buffer);
    this.wipe(buffer);
    return buffer;
  }

  protect(buffer: Uint8Array<ArrayBuffer>, protection: Protection): void {
    if (this.#setProtection(buffer.buffer, protection) !== 0) {
      throw new Failure(EXIT.BUG, {
        what: `the kernel did not make secret memory ${protection}`,
        todo: 'Stop the signer and report this.',
      });
    }
  }

  /** Overwrites with zeros; the compiler cannot leave it out. */
  wipe(bytes: Uint8Array): void {
    this.#sodium.sodium_memzero(bytes);
  }

  /** Zeroizes everything, then gives it back. Does nothing the second time. One page that resists keeps no other one. */
  zeroize(): void {
    if (!live.delete(this)) return;
    const resisting = this.#buffers.filter(
      (buffer) => this.#setProtection(buffer.buffer, 'read-write') !== 0,
    );
    for (const buffer of this.#buffers) if (!resisting.includes(buffer)) this.wipe(buffer);
    for (const buffer of this.#buffers)
      if (!resisting.includes(buffer)) this.#sodium.sodium_free(buffer.buffer);
    const [first] = resisting;
    if (first !== undefined) this.protect(first, 'read-write');
  }

  #setProtection(memory: ArrayBuffer, protection: Protection): number {
    switch (protection) {
      case 'no-access':
        return this.#sodium.sodium_mprotect_noaccess(memory);
      case 'read-only':
        return this.#sodium.sodium_mprotect_readonly(memory);
      case 'read-write':
        return this.#sodium.sodium_mprotect_readwrite(memory);
    }
  }
}
