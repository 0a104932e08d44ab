import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex } from '@coldwire/protocol/bytes.ts';
import { gatePublicKey, openSealed, rebuildSealed } from '@coldwire/protocol/seal/index.ts';
import { describe, expect, test } from 'vitest';

const FILE = join(
  import.meta.dirname,
  '..',
  '..',
  '..',
  '..',
  'protocol-spec',
  'vectors',
  'sealing',
  'known-answer.json',
);
const answer = JSON.parse(readFileSync(FILE, 'utf8'));
const context = new TextEncoder().encode(answer.context);
const sealed = {
  ephemeral: fromHex(answer.ephemeral),
  wraps: answer.wraps.map((hex: string, gate: number) => ({ gate, bytes: fromHex(hex) })),
  ciphertext: fromHex(answer.ciphertext),
};

describe('the known answer of sealing', () => {
  test('is rebuilt byte for byte from its content key', () => {
    const gates = answer.gatePublicKeys.map(fromHex);
    expect(answer.gatePrivateKeys.map(fromHex).map(gatePublicKey)).toEqual(gates);
    expect(rebuildSealed(fromHex(answer.contentKey), context, gates, fromHex(answer.plaintext))).toEqual(
      sealed,
    );
  });

  test('opens with either gate key to the plaintext and the content key', () => {
    for (const [gate, key] of answer.gatePrivateKeys.entries()) {
      expect(openSealed(fromHex(key), gate, context, sealed)).toEqual({
        contentKey: fromHex(answer.contentKey),
        plaintext: fromHex(answer.plaintext),
      });
    }
  });

  test('opens no more when any one byte is changed', () => {
    const key = fromHex(answer.gatePrivateKeys[0]);
    const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ 1);
    for (let at = 0; at < sealed.ciphertext.length; at++) {
      expect(
        openSealed(key, 0, context, { ...sealed, ciphertext: flipped(sealed.ciphertext, at) }),
      ).toBeNull();
    }
    for (let at = 0; at < 48; at++) {
      const wraps = [{ gate: 0, bytes: flipped(sealed.wraps[0].bytes, at) }];
      expect(openSealed(key, 0, context, { ...sealed, wraps })).toBeNull();
    }
    for (let at = 0; at < 32; at++) {
      expect(openSealed(key, 0, context, { ...sealed, ephemeral: flipped(sealed.ephemeral, at) })).toBeNull();
    }
  });
});
