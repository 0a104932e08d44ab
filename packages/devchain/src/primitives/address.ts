/**
 * Regtest addresses: bech32 (BIP-173), bech32m (BIP-350) and base58check, to output scripts and back.
 * Refuses other networks' addresses, mixed case and non-zero padding.
 */
import { hash256 } from './hash.ts';
import { concat, equal } from './wire.ts';

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const PREFIX = 'bcrt';
const BECH32 = 1;
const BECH32M = 0x2bc830a3;
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const P2PKH_VERSION = 0x6f;
const P2SH_VERSION = 0xc4;

function polymod(values: readonly number[]): number {
  const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  let checksum = 1;
  for (const value of values) {
    const top = checksum >>> 25;
    checksum = ((checksum & 0x1ffffff) << 5) ^ value;
    generators.forEach((generator, i) => {
      if ((top >>> i) & 1) checksum ^= generator;
    });
  }
  return checksum >>> 0;
}

const EXPANDED_PREFIX = [
  ...[...PREFIX].map((char) => char.charCodeAt(0) >> 5),
  0,
  ...[...PREFIX].map((char) => char.charCodeAt(0) & 31),
];

/** Regroups bits; null when the input has non-zero or too much padding. */
function regroup(data: readonly number[], from: number, to: number, pad: boolean): number[] | null {
  let bits = 0;
  let buffer = 0;
  const out: number[] = [];
  for (const value of data) {
    buffer = ((buffer << from) | value) & 0xffff;
    bits += from;
    while (bits >= to) {
      bits -= to;
      out.push((buffer >> bits) & ((1 << to) - 1));
    }
  }
  const rest = (buffer << (to - bits)) & ((1 << to) - 1);
  if (pad) return bits > 0 ? [...out, rest] : out;
  return bits >= from || rest !== 0 ? null : out;
}

function encodeSegwit(version: number, program: Uint8Array): string {
  const data = [version, ...(regroup([...program], 8, 5, true) ?? [])];
  const constant = version === 0 ? BECH32 : BECH32M;
  const checksum = polymod([...EXPANDED_PREFIX, ...data, 0, 0, 0, 0, 0, 0]) ^ constant;
  const tail = Array.from({ length: 6 }, (_, i) => (checksum >>> (5 * (5 - i))) & 31);
  return `${PREFIX}1${[...data, ...tail].map((value) => CHARSET[value]).join('')}`;
}

function decodeSegwit(address: string): Uint8Array | null {
  const text = address.toLowerCase();
  if (address !== text && address !== address.toUpperCase()) return null;
  if (!text.startsWith(`${PREFIX}1`) || text.length > 90) return null;
  const values = [...text.slice(PREFIX.length + 1)].map((char) => CHARSET.indexOf(char));
  const version = values[0];
  if (values.length < 8 || values.includes(-1) || version === undefined || version > 16) return null;
  if (polymod([...EXPANDED_PREFIX, ...values]) !== (version === 0 ? BECH32 : BECH32M)) return null;
  const program = regroup(values.slice(1, -6), 5, 8, false);
  if (program === null || program.length < 2 || program.length > 40) return null;
  if (version === 0 && program.length !== 20 && program.length !== 32) return null;
  return Uint8Array.of(version === 0 ? 0 : 0x50 + version, program.length, ...program);
}

function encodeBase58(payload: Uint8Array): string {
  const bytes = concat([payload, hash256(payload).subarray(0, 4)]);
  let value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  for (; value > 0n; value /= 58n) text = `${BASE58[Number(value % 58n)]}${text}`;
  return '1'.repeat(bytes.findIndex((byte) => byte !== 0)) + text;
}

function decodeBase58(address: string): Uint8Array | null {
  const digits = [...address].map((char) => BASE58.indexOf(char));
  if (digits.includes(-1) || digits.length > 40) return null;
  const value = digits.reduce((sum, digit) => sum * 58n + BigInt(digit), 0n);
  const bytes = Uint8Array.from(Buffer.from(value.toString(16).padStart(50, '0'), 'hex'));
  if (bytes.length !== 25) return null;
  return equal(hash256(bytes.subarray(0, 21)).subarray(0, 4), bytes.subarray(21)) ? bytes.slice(0, 21) : null;
}

/** The output script of a regtest address, or null. */
export function addressToScript(address: string): Uint8Array | null {
  const segwit = decodeSegwit(address);
  if (segwit !== null) return segwit;
  const payload = decodeBase58(address);
  if (payload === null) return null;
  const hash = payload.subarray(1);
  if (payload[0] === P2PKH_VERSION) return Uint8Array.of(0x76, 0xa9, 20, ...hash, 0x88, 0xac);
  if (payload[0] === P2SH_VERSION) return Uint8Array.of(0xa9, 20, ...hash, 0x87);
  return null;
}

/** The regtest address of an output script, or null when it has none. */
export function scriptToAddress(script: Uint8Array): string | null {
  const [first = 0, second = 0, third] = script;
  if (
    script.length === 25 &&
    first === 0x76 &&
    second === 0xa9 &&
    third === 20 &&
    script[23] === 0x88 &&
    script[24] === 0xac
  ) {
    return encodeBase58(Uint8Array.of(P2PKH_VERSION, ...script.subarray(3, 23)));
  }
  if (script.length === 23 && first === 0xa9 && second === 20 && script[22] === 0x87) {
    return encodeBase58(Uint8Array.of(P2SH_VERSION, ...script.subarray(2, 22)));
  }
  const version = first === 0 ? 0 : first - 0x50;
  const isProgram =
    script.length === second + 2 && second >= 2 && second <= 40 && version >= 0 && version <= 16;
  if (!isProgram || (version === 0 && second !== 20 && second !== 32)) return null;
  return encodeSegwit(version, script.subarray(2));
}
