/**
 * The address of a script as people compare it, to find destinations that only look like a known one. A small encoder of
 * the screen's own: nothing is ever paid to what it writes, so it takes any script and never refuses.
 * Sources: BIP-173, BIP-350 (segwit), Bitcoin's base58check for P2PKH and P2SH.
 */
import { createHash } from 'node:crypto';
import { concatBytes, type NetworkName, toHex } from '@coldwire/protocol';

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const BECH32_CONSTANT = 1;
const BECH32M_CONSTANT = 0x2bc830a3;
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const PREFIX: { readonly [network in NetworkName]: string } = {
  mainnet: 'bc',
  testnet4: 'tb',
  signet: 'tb',
  regtest: 'bcrt',
};

function polymod(values: readonly number[]): number {
  let check = 1;
  for (const value of values) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of GENERATORS.entries()) if ((top >>> bit) & 1) check ^= generator;
  }
  return check >>> 0;
}

/** Bytes as five-bit words, the last one filled with zero bits. */
function toWords(bytes: Uint8Array): readonly number[] {
  const words: number[] = [];
  let rest = 0;
  let bits = 0;
  for (const byte of bytes) {
    rest = (rest << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      words.push((rest >>> bits) & 31);
    }
    rest &= (1 << bits) - 1;
  }
  return bits === 0 ? words : [...words, (rest << (5 - bits)) & 31];
}

function encodeSegwit(prefix: string, version: number, program: Uint8Array): string {
  const words = [version, ...toWords(program)];
  const codes = [...prefix].map((char) => char.charCodeAt(0));
  const expanded = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
  const constant = version === 0 ? BECH32_CONSTANT : BECH32M_CONSTANT;
  const check = polymod([...expanded, ...words, 0, 0, 0, 0, 0, 0]) ^ constant;
  const checksum = [25, 20, 15, 10, 5, 0].map((shift) => (check >>> shift) & 31);
  return `${prefix}1${[...words, ...checksum].map((word) => BECH32[word]).join('')}`;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function encodeBase58Check(version: number, hash: Uint8Array): string {
  const payload = concatBytes(Uint8Array.of(version), hash);
  const bytes = concatBytes(payload, sha256(sha256(payload)).subarray(0, 4));
  let number = bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
  let text = '';
  while (number > 0n) {
    text = `${BASE58[Number(number % 58n)]}${text}`;
    number /= 58n;
  }
  for (const byte of bytes) {
    if (byte !== 0) break;
    text = `1${text}`;
  }
  return text;
}

function startsAndEnds(script: Uint8Array, head: readonly number[], tail: readonly number[]): boolean {
  const begins = head.every((byte, i) => script[i] === byte);
  return begins && tail.every((byte, i) => script[script.length - tail.length + i] === byte);
}

/** The address, or `script:` with hexadecimal digits for a script that has none. */
export function addressOf(script: Uint8Array, network: NetworkName): string {
  const mainnet = network === 'mainnet';
  if (script.length === 25 && startsAndEnds(script, [0x76, 0xa9, 0x14], [0x88, 0xac])) {
    return encodeBase58Check(mainnet ? 0x00 : 0x6f, script.subarray(3, 23));
  }
  if (script.length === 23 && startsAndEnds(script, [0xa9, 0x14], [0x87])) {
    return encodeBase58Check(mainnet ? 0x05 : 0xc4, script.subarray(2, 22));
  }
  const opcode = script[0] ?? 0xff;
  const version = opcode === 0 ? 0 : opcode - 0x50;
  const program = script.length >= 4 && script.length <= 42 && script[1] === script.length - 2;
  if (program && version >= 0 && version <= 16)
    return encodeSegwit(PREFIX[network], version, script.subarray(2));
  return `script:${toHex(script)}`;
}

/** How many characters people look at, at each end, after what all addresses of a kind share. */
const SEEN = 3;

/**
 * What a hurried person sees of an address: its kind and the few characters at its ends. Two addresses by chance share it
 * once in 2^30 pairs; who grinds keys to be mistaken for another has it in minutes.
 */
export function lookOf(address: string): string {
  const kind = /^(?:(?:bc|tb|bcrt)1.|script:|.)/.exec(address)?.[0] ?? '';
  return `${address.slice(0, kind.length + SEEN)}…${address.slice(-SEEN)}`;
}
