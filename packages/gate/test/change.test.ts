/** What a gate writes down: forms, and numbers on disk. */
import { encode, Mismatch } from '@coldwire/protocol';
import { Encoder } from 'cbor-x/index-no-eval';
import { describe, expect, test } from 'vitest';
import { seeded, signedBy, World } from '../../policy/test/world.ts';
import { put } from '../../protocol/test/put.ts';
import { decodeGateChange, encodeGateChange, GateChange } from '../src/core/change.ts';

const hash = seeded('hash');
const charter = signedBy(new World().loaded.charter);
const changes: readonly GateChange[] = [
  { kind: 'start', value: 1 },
  {
    kind: 'result',
    value: { request: hash.slice(0, 16), requestHash: hash, type: 'CLEARED', body: hash, at: 1 },
  },
  { kind: 'seen', value: { intents: [hash.slice(0, 16)], at: 1 } },
  {
    kind: 'cleared',
    value: {
      txid: hash,
      inputs: [[hash, 0]],
      fee: 1n,
      intents: [[hash.slice(0, 16), hash]],
      charge: [1n, 1, 1n],
      at: 1,
      paid: 1n,
      payments: [[new Uint8Array(22), 'shop', 1n]],
    },
  },
  { kind: 'dead', value: hash },
  { kind: 'installed', value: { charter, at: 1, due: 2, revoked: [hash] } },
  { kind: 'enacted', value: { hash, at: 1 } },
  {
    kind: 'head',
    value: { signer: 'A', vault: 'vault-1', seq: 1, header: hash, signature: new Uint8Array(64) },
  },
];

function fits(kind: GateChange['kind'], path: string, change: (old: unknown) => unknown): boolean {
  const value = put(
    changes.find((one) => one.kind === kind),
    ['value', ...path.split('.')],
    change,
  );
  return !(GateChange.write(value) instanceof Mismatch);
}

describe('A change of a gate', () => {
  test('comes back from its bytes', () => {
    for (const change of changes) expect(decodeGateChange(encodeGateChange(change))).toEqual(change);
    expect(() => decodeGateChange(Uint8Array.of(0xa0))).toThrow(
      'a change record of the evidence log is damaged',
    );
  });

  // Logs of gates in use are read by these numbers: mend the code, never this list.
  test('has a number for its kind, and one for each field', () => {
    const encoder = new Encoder({ useRecords: false, mapsAsObjects: false });
    const shapes = changes.map((change) => {
      const [tag, value]: readonly unknown[] = encoder.decode(encode(GateChange, change));
      return `${change.kind} ${tag} ${value instanceof Map ? [...value.keys()].join(' ') : ''}`;
    });
    expect(shapes).toEqual([
      'start 0 ',
      'result 1 1 2 3 4 5',
      'seen 2 1 2',
      'cleared 3 1 2 3 4 5 6 7 8',
      'dead 4 ',
      'installed 5 1 2 3 4',
      'enacted 6 1 2',
      'head 16 1 2 3 4 5',
    ]);
  });

  test.each<[GateChange['kind'], string, number]>([
    ['cleared', 'inputs.0.1', 0xffffffff],
    ['cleared', 'charge.1', 1024],
  ])('has numbers from 0 to a limit: %s %s to %i', (kind, path, limit) => {
    const at = (value: number) => fits(kind, path, () => value);
    expect([-1, 0, limit, limit + 1].map(at)).toEqual([false, true, true, false]);
  });

  test.each<[GateChange['kind'], string, number, number]>([
    ['seen', 'intents', 1, 1024],
    ['cleared', 'inputs', 1, 1024],
    ['cleared', 'intents', 0, 1024],
    ['cleared', 'payments', 1, 1024],
    ['installed', 'revoked', 0, 8],
  ])('has lists of so many: %s %s of %i to %i', (kind, path, least, most) => {
    const at = (length: number) =>
      fits(kind, path, (old) => Array.from({ length }, () => (Array.isArray(old) ? old[0] : undefined)));
    expect([least, most, most + 1].map(at)).toEqual([true, true, false]);
    if (least > 0) expect(at(least - 1)).toBe(false);
  });

  test.each<[GateChange['kind'], string, number, number]>([
    ['result', 'request', 16, 16],
    ['result', 'requestHash', 32, 32],
    ['seen', 'intents.0', 16, 16],
    ['cleared', 'txid', 32, 32],
    ['cleared', 'inputs.0.0', 32, 32],
    ['cleared', 'intents.0.0', 16, 16],
    ['cleared', 'intents.0.1', 32, 32],
    ['cleared', 'payments.0.0', 1, 42],
    ['installed', 'revoked.0', 32, 32],
    ['enacted', 'hash', 32, 32],
    ['head', 'header', 1, 1024],
    ['head', 'signature', 64, 64],
  ])('has bytes of such a length: %s %s of %i to %i', (kind, path, least, most) => {
    const at = (length: number) => fits(kind, path, () => new Uint8Array(length));
    expect([least - 1, least, most, most + 1].map(at)).toEqual([false, true, true, false]);
  });

  test('has names of 1 to 16 bytes, and an answer that may be empty', () => {
    for (const [kind, path] of [
      ['cleared', 'payments.0.1'],
      ['head', 'signer'],
      ['head', 'vault'],
    ] as const) {
      const at = (length: number) => fits(kind, path, () => 'x'.repeat(length));
      expect([0, 1, 16, 17].map(at)).toEqual([false, true, true, false]);
    }
    expect(fits('result', 'body', () => new Uint8Array())).toBe(true);
    const types = ['CLEARED', 'REFUSED', 'DONE', ''].filter((type) => fits('result', 'type', () => type));
    expect(types).toEqual(['CLEARED', 'REFUSED']);
  });
});
