import { createHash, createHmac } from 'node:crypto';
import { sealContext } from '@coldwire/protocol/seal/format.ts';
import { gatePublicKey, isSealKey, openSealed, rebuildSealed } from '@coldwire/protocol/seal/index.ts';
import { afterAll, describe, expect, test } from 'vitest';
import { openKeyMemory } from '../../src/io/key-memory.ts';
import { loadNatives } from '../../src/io/native.ts';
import { hashOf, makeKeyMaterial, withDescriptor } from './key-material.ts';

const material = makeKeyMaterial('sealing test');
const keys = withDescriptor(material.block, (fd) => openKeyMemory(loadNatives(), fd, material.expected));
afterAll(() => keys.zeroize());

const gateKeys = [hashOf('gate 0'), hashOf('gate 1'), hashOf('gate 2')];
const gates = gateKeys.map(gatePublicKey);
const context = new TextEncoder().encode('request 1');
const plaintext = new Uint8Array(6400).map((_, i) => i * 7);

describe('sealing by libsodium in locked memory', () => {
  test('is opened by each gate through OpenSSL, all finding the same content key', () => {
    const sealed = keys.seal(context, plaintext, gates);
    const opened = gateKeys.map((key, gate) => openSealed(key, gate, context, sealed));
    expect(opened.map((one) => one?.plaintext)).toEqual([plaintext, plaintext, plaintext]);
    expect(new Set(opened.map((one) => Buffer.from(one?.contentKey ?? []).toString('hex'))).size).toBe(1);
  });

  test('is rebuilt byte for byte by whoever is given the content key', () => {
    const sealed = keys.seal(context, plaintext, gates);
    const opened = openSealed(gateKeys[0] ?? plaintext, 0, context, sealed);
    if (opened === null) throw new Error('not opened');
    expect(rebuildSealed(opened.contentKey, context, gates, opened.plaintext)).toEqual(sealed);
  });

  test('gives the same bytes twice, and for one gate the same wrap whoever the others are', () => {
    const sealed = keys.seal(context, plaintext, gates);
    expect(keys.seal(context, plaintext, gates)).toEqual(sealed);
    expect(keys.seal(context, plaintext, gates.slice(0, 1)).wraps).toEqual(sealed.wraps.slice(0, 1));
  });

  test('uses another key for another context and for another plaintext', () => {
    const sealed = keys.seal(context, plaintext, gates);
    expect(keys.seal(hashOf('request 2'), plaintext, gates).ephemeral).not.toEqual(sealed.ephemeral);
    expect(keys.seal(context, plaintext.subarray(1), gates).ephemeral).not.toEqual(sealed.ephemeral);
  });

  test('seals an empty plaintext too', () => {
    const sealed = keys.seal(context, new Uint8Array(0), gates);
    expect(openSealed(gateKeys[1] ?? plaintext, 1, context, sealed)?.plaintext).toEqual(new Uint8Array(0));
  });

  test('stays closed to another key, another context, another index, and after any change', () => {
    const sealed = keys.seal(context, plaintext, gates);
    const key = gateKeys[1] ?? plaintext;
    expect(openSealed(hashOf('stranger'), 1, context, sealed)).toBeNull();
    expect(openSealed(key, 1, hashOf('request 2'), sealed)).toBeNull();
    expect(openSealed(key, 0, context, sealed)).toBeNull();
    expect(openSealed(key, 3, context, sealed)).toBeNull();
    const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ 0x80);
    expect(openSealed(key, 1, context, { ...sealed, ephemeral: flip(sealed.ephemeral, 0) })).toBeNull();
    expect(openSealed(key, 1, context, { ...sealed, ciphertext: flip(sealed.ciphertext, 6400) })).toBeNull();
    expect(
      openSealed(key, 1, context, { ...sealed, ciphertext: sealed.ciphertext.subarray(0, 15) }),
    ).toBeNull();
    const wraps = sealed.wraps.map((wrap) => ({ ...wrap, bytes: flip(wrap.bytes, 47) }));
    expect(openSealed(key, 1, context, { ...sealed, wraps })).toBeNull();
  });

  test('refuses gate keys of small order and of a wrong length', () => {
    for (const bad of [new Uint8Array(32), new Uint8Array(32).with(0, 1), new Uint8Array(31)]) {
      expect(isSealKey(bad)).toBe(false);
      expect(() => keys.seal(context, plaintext, [gates[0] ?? bad, bad])).toThrow('gate 1');
      expect(() => rebuildSealed(hashOf('k'), context, [gates[0] ?? bad, bad], plaintext)).toThrow('gate 1');
    }
  });
});

describe('salts of message bodies', () => {
  test('are the cut HMAC of the specification under the seal secret', () => {
    const binding = new TextEncoder().encode('previous hash and body');
    const digest = createHash('sha256').update(binding).digest();
    const want = createHmac('sha512', material.sealSecret)
      .update('coldwire/v1/salt\0')
      .update(digest)
      .digest();
    expect(keys.deriveSalt(binding)).toEqual(new Uint8Array(want.subarray(0, 16)));
  });

  test('differ from message to message', () => {
    expect(keys.deriveSalt(hashOf('a'))).not.toEqual(keys.deriveSalt(hashOf('b')));
  });
});

describe('what signatures are sealed to', () => {
  test('is charter, request and transaction, 96 bytes, and nothing of another length', () => {
    const [charter, request, txid] = [hashOf('charter'), hashOf('request'), hashOf('txid')];
    expect(sealContext(charter, request, txid)).toEqual(new Uint8Array([...charter, ...request, ...txid]));
    expect(() => sealContext(charter, request, txid.subarray(1))).toThrow('three hashes');
  });
});
