// Reads the frozen vectors of protocol-spec/vectors/cbor.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Vector = {
  readonly name: string;
  readonly expect: string;
  readonly rule: string;
  readonly bytes: Uint8Array;
};

const FOLDER = join(import.meta.dirname, '../../../../protocol-spec/vectors/cbor');
const FORM = /^expect: (\S+)\nrule: (\S+)\ncomment: .+\n\n((?:[0-9a-f]{2})*(?:\n[0-9a-f]+)*)\n$/;

export function readVectors(): readonly Vector[] {
  return readdirSync(FOLDER).map((file) => {
    const [, expect, rule, hex] = FORM.exec(readFileSync(join(FOLDER, file), 'utf8')) ?? [];
    if (expect === undefined || rule === undefined || hex === undefined) {
      throw new Error(`${file} does not have the form of a vector.`);
    }
    return { name: file.replace(/\.txt$/, ''), expect, rule, bytes: fromHex(hex.replaceAll('\n', '')) };
  });
}

export function fromHex(hex: string): Uint8Array {
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
  if (bytes.length * 2 !== hex.length) throw new Error(`Not hexadecimal: ${hex}`);
  return bytes;
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
