import { describe, expect, it } from 'vitest';
import {
  Charter,
  decode,
  decodeCharter,
  encode,
  hashCharter,
  SignedCharter,
  toHex,
  verifyEd25519,
} from '../../src/index.ts';
import { keyOf } from '../message/samples.ts';
import { readVectors, Vector } from '../vector.ts';

const charters = readVectors('charter', 'charter');
const files = readVectors('charter', 'signed-charter');

describe('the vectors of charters', () => {
  it('are all there', () => {
    expect([charters.length, files.length]).toEqual([37, 3]);
  });

  it.each(charters.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const read = decodeCharter(vector.bytes);
    expect(read.ok ? 'ok' : read.fault.code, read.ok ? '' : read.fault.detail).toBe(vector.get('expect'));
    if (!read.ok) return;
    expect(toHex(hashCharter(vector.bytes))).toBe(vector.get('hash'));
    expect(encode(Charter, read.value)).toEqual(vector.bytes);
  });

  it.each(files.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const read = decode(SignedCharter, vector.bytes, 128 * 1024);
    expect(read.ok ? 'ok' : read.fault.code).toBe(vector.get('expect'));
    if (!read.ok) return;
    const [charter, signatures] = read.value;
    expect(charter).toEqual(new Vector('charter', 'regtest').bytes);
    expect(signatures.map(([name]) => name)).toEqual(['carol', 'dave']);
    for (const [name, signature] of signatures) {
      expect(verifyEd25519(keyOf(name).publicKey, hashCharter(charter), signature)).toBe(true);
    }
  });
});
