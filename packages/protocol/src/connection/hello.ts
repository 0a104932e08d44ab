/**
 * The hellos that open a connection, and the number that names it: both sides put a nonce of their own into it, so no
 * recorded hello opens one again. Refuses an empty window. Spec: protocol-spec/2-link.md, "Connection".
 */
import { concatBytes } from '../bytes.ts';
import { NONCE_BYTES } from '../frame/frame.ts';
import { taggedHash } from '../hash.ts';

/** Most DATA frames that may be unacknowledged. */
export const MAX_WINDOW = 8;

/** `window`: 1…8 frames, that the sender of the hello can use. `resume`: ≤ 128 bytes, opaque to the link. */
export type Hello = { readonly nonce: Uint8Array; readonly window: number; readonly resume: Uint8Array };

/** A hello that answers one: `echo` is the initiator's nonce. */
export type HelloAnswer = Hello & { readonly echo: Uint8Array };

/** First four bytes, big-endian, of the tagged SHA-256 over both nonces. */
export function nameConnection(initiatorNonce: Uint8Array, responderNonce: Uint8Array): number {
  const hash = taggedHash('connection', initiatorNonce, responderNonce);
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0);
}

/**
 * The nonce of the `count`-th hello made from one seed: seeds need never repeat, hellos then never do.
 * Its input is 20 bytes, that of `nameConnection` 32, so neither stands for the other.
 */
export function deriveNonce(seed: Uint8Array, count: number): Uint8Array {
  const counter = new Uint8Array(4);
  new DataView(counter.buffer).setUint32(0, count);
  return taggedHash('connection', seed, counter).subarray(0, NONCE_BYTES);
}

export function encodeHello(hello: Hello): Uint8Array {
  return concatBytes(hello.nonce, Uint8Array.of(hello.window), hello.resume);
}

export function encodeHelloAnswer(hello: HelloAnswer): Uint8Array {
  return concatBytes(hello.nonce, hello.echo, Uint8Array.of(hello.window), hello.resume);
}

/** Reads a SYN's payload, whose length the frame layer has checked. */
export function readHello(payload: Uint8Array): Hello | undefined {
  const window = payload[NONCE_BYTES] ?? 0;
  if (window < 1 || window > MAX_WINDOW) return undefined;
  return { nonce: payload.slice(0, NONCE_BYTES), window, resume: payload.slice(NONCE_BYTES + 1) };
}

/** Reads a SYN_ACK's payload, whose length the frame layer has checked. */
export function readHelloAnswer(payload: Uint8Array): HelloAnswer | undefined {
  const echo = payload.slice(NONCE_BYTES, 2 * NONCE_BYTES);
  const hello = readHello(concatBytes(payload.subarray(0, NONCE_BYTES), payload.subarray(2 * NONCE_BYTES)));
  return hello === undefined ? undefined : { ...hello, echo };
}
