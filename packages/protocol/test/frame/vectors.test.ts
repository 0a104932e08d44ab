import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/bytes.ts';
import { crc32c, encodeFrame, FrameDecoder, parseFrame } from '../../src/frame/index.ts';

const FOLDER = new URL('../../../../protocol-spec/vectors/frame/', import.meta.url);
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));

function readVector(name: string): { expected: string; bytes: Uint8Array } {
  const [head = '', body = ''] = readFileSync(new URL(name, FOLDER), 'utf8').split('\n\n');
  const expected = /^expect: (\S+)$/m.exec(head)?.[1];
  if (expected === undefined) throw new Error(`${name}: no "expect:" line`);
  return { expected, bytes: fromHex(body.replaceAll('\n', '')) };
}

describe('frame vectors', () => {
  it('are all there', () => {
    expect(names.length).toBe(41);
  });

  it.each(names)('%s gives what it expects, whole and byte by byte', (name) => {
    const { expected, bytes } = readVector(name);
    const result = parseFrame(bytes.subarray(1, -1));
    expect(result.ok ? 'ok' : result.fault.code).toBe(expected);
    const whole = new FrameDecoder();
    const single = new FrameDecoder();
    const fromWhole = whole.push(bytes);
    const fromSingle = [...bytes].flatMap((byte) => single.push(Uint8Array.of(byte)));
    expect(fromSingle).toEqual(fromWhole);
    expect(single.faults).toEqual(whole.faults);
    expect(fromWhole.length).toBe(expected === 'ok' ? 1 : 0);
    const counted = Object.entries(whole.faults).filter(([, count]) => count > 0);
    expect(counted).toEqual(expected === 'ok' ? [] : [[expected, 1]]);
    if (result.ok) expect(toHex(encodeFrame(result.value))).toBe(toHex(bytes));
  });
});

describe('CRC-32C', () => {
  // RFC 3720 B.4 prints the check bytes in the order of the line; these are the same as numbers.
  const ascending = Uint8Array.from({ length: 32 }, (_, at) => at);
  it.each([
    ['32 bytes of zeroes', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 incrementing bytes', ascending, 0x46dd794e],
    ['32 decrementing bytes', ascending.toReversed(), 0x113fdb5c],
    ['the digits 1 to 9', new TextEncoder().encode('123456789'), 0xe3069283],
  ])('of %s is the published one', (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc);
  });

  it('of the RFC 3720 SCSI read command is the published one', () => {
    const command = fromHex(
      '01c00000000000000000000000000000140000000000040000000014000000182800000000000000' + '0200000000000000',
    );
    expect(crc32c(command)).toBe(0xd9963a56);
  });
});
