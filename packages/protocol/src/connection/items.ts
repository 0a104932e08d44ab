/**
 * Items on the link's byte stream: `u32be length ‖ CBOR array`, the first element its kind.
 * Refuses a length that no item has before it holds a byte of it, unknown kinds, and whatever is not deterministic CBOR
 * of the item's form. Spec: protocol-spec/2-link.md, "Items".
 */
import { bytes, decode, encode, literal, type Result, tuple, uint } from '../cbor/index.ts';
import { makeFault, reject } from '../fault.ts';
import { BODY_MAX } from '../message/header.ts';

export const HEADER_MAX = 1024;
/** A longer body is pulled. */
export const INLINE_BODY_MAX = 15 * 1024;
export const CHUNK_MAX = 12 * 1024;
/** Most bytes of an item, without its length. */
export const ITEM_MAX = 16 * 1024 + 128;
export const LENGTH_BYTES = 4;

const HASH = bytes(32);
const SIGNATURE = bytes(64);
const Inline = tuple(literal(0), bytes(1, HEADER_MAX), bytes(0, INLINE_BODY_MAX), SIGNATURE);
const Detached = tuple(literal(1), bytes(1, HEADER_MAX), SIGNATURE);
const Pull = tuple(literal(2), HASH, uint(BODY_MAX), uint(BODY_MAX));
const Chunk = tuple(literal(3), HASH, uint(BODY_MAX), bytes(1, CHUNK_MAX));

/** `header`, `body`, `signature` are opaque here. */
export type Message = {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
};

export type Item =
  | ({ readonly kind: 'inline' } & Message)
  /** A message whose body is to be pulled. */
  | { readonly kind: 'detached'; readonly header: Uint8Array; readonly signature: Uint8Array }
  /** Asks for the body's bytes from `offset` on; `length` 0: no more of it is wanted. */
  | { readonly kind: 'pull'; readonly bodyHash: Uint8Array; readonly offset: number; readonly length: number }
  | {
      readonly kind: 'chunk';
      readonly bodyHash: Uint8Array;
      readonly offset: number;
      readonly bytes: Uint8Array;
    };

/** The item with its length in front, as it goes into the stream. @throws Error if a part is too long */
export function encodeItem(item: Item): Uint8Array {
  const plain = encodeArray(item);
  const line = new Uint8Array(LENGTH_BYTES + plain.length);
  new DataView(line.buffer).setUint32(0, plain.length);
  line.set(plain, LENGTH_BYTES);
  return line;
}

function encodeArray(item: Item): Uint8Array {
  switch (item.kind) {
    case 'inline':
      return encode(Inline, [0, item.header, item.body, item.signature]);
    case 'detached':
      return encode(Detached, [1, item.header, item.signature]);
    case 'pull':
      return encode(Pull, [2, item.bodyHash, item.offset, item.length]);
    case 'chunk':
      return encode(Chunk, [3, item.bodyHash, item.offset, item.bytes]);
  }
}

/** Reads one item, without its length. */
export function decodeItem(line: Uint8Array): Result<Item> {
  // Both bytes stand where every array of two to four elements has them; `decode` then checks all of it.
  switch (line[1]) {
    case 0:
      return mapItem(decode(Inline, line, ITEM_MAX), ([, header, body, signature]) => {
        return { kind: 'inline', header, body, signature };
      });
    case 1:
      return mapItem(decode(Detached, line, ITEM_MAX), ([, header, signature]) => {
        return { kind: 'detached', header, signature };
      });
    case 2:
      return mapItem(decode(Pull, line, ITEM_MAX), ([, bodyHash, offset, length]) => {
        return { kind: 'pull', bodyHash, offset, length };
      });
    case 3:
      return mapItem(decode(Chunk, line, ITEM_MAX), ([, bodyHash, offset, part]) => {
        return { kind: 'chunk', bodyHash, offset, bytes: part };
      });
    default:
      return reject(makeFault('UNKNOWN_TYPE', 'an item of no known kind', 1));
  }
}

function mapItem<T>(result: Result<T>, make: (value: T) => Item): Result<Item> {
  return result.ok ? { ok: true, value: make(result.value) } : result;
}

/** Cuts the stream into items. Holds at most one; after a fault it takes nothing more. */
export class ItemReader {
  readonly #held = new Uint8Array(LENGTH_BYTES + ITEM_MAX);
  #length = 0;
  #failed = false;

  /** The items that these bytes complete, in order; a fault is the last. */
  push(bytes: Uint8Array): Result<Item>[] {
    const items: Result<Item>[] = [];
    let at = 0;
    while (at < bytes.length && !this.#failed) {
      const take = Math.min(this.#wanted() - this.#length, bytes.length - at);
      this.#held.set(bytes.subarray(at, at + take), this.#length);
      this.#length += take;
      at += take;
      if (this.#length === LENGTH_BYTES) this.#checkLength(items);
      else if (this.#length === this.#wanted()) this.#finish(items);
    }
    return items;
  }

  #announced(): number {
    return new DataView(this.#held.buffer).getUint32(0);
  }

  /** How many held bytes come next: the length, or the length and its item. */
  #wanted(): number {
    return this.#length < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + this.#announced();
  }

  #checkLength(items: Result<Item>[]): void {
    const length = this.#announced();
    if (length >= 1 && length <= ITEM_MAX) return;
    this.#failed = true;
    const code = length === 0 ? 'MALFORMED' : 'TOO_LARGE';
    items.push(reject(makeFault(code, `an item of ${length} bytes, the limit is ${ITEM_MAX}`, 0)));
  }

  #finish(items: Result<Item>[]): void {
    const item = decodeItem(this.#held.subarray(LENGTH_BYTES, this.#length));
    this.#length = 0;
    this.#failed = !item.ok;
    items.push(item);
  }
}
