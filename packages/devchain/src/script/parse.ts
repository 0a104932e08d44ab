/** Scripts as lists of operations, and the templates of outputs that devchain can check. */

import { equal } from '../primitives/wire.ts';
import { Rejected } from '../rejected.ts';

export const OP = {
  PUSHDATA1: 0x4c,
  PUSHDATA2: 0x4d,
  PUSHDATA4: 0x4e,
  NEGATE1: 0x4f,
  RESERVED: 0x50,
  N1: 0x51,
  N16: 0x60,
  NOP: 0x61,
  IF: 0x63,
  NOTIF: 0x64,
  ELSE: 0x67,
  ENDIF: 0x68,
  VERIFY: 0x69,
  RETURN: 0x6a,
  TOALTSTACK: 0x6b,
  FROMALTSTACK: 0x6c,
  DROP2: 0x6d,
  DUP2: 0x6e,
  DUP3: 0x6f,
  IFDUP: 0x73,
  DEPTH: 0x74,
  DROP: 0x75,
  DUP: 0x76,
  NIP: 0x77,
  OVER: 0x78,
  ROT: 0x7b,
  SWAP: 0x7c,
  TUCK: 0x7d,
  SIZE: 0x82,
  EQUAL: 0x87,
  EQUALVERIFY: 0x88,
  ADD1: 0x8b,
  SUB1: 0x8c,
  NOT: 0x91,
  NOTEQUAL0: 0x92,
  ADD: 0x93,
  SUB: 0x94,
  BOOLAND: 0x9a,
  BOOLOR: 0x9b,
  NUMEQUAL: 0x9c,
  NUMEQUALVERIFY: 0x9d,
  LESSTHAN: 0x9f,
  GREATERTHAN: 0xa0,
  MIN: 0xa3,
  MAX: 0xa4,
  WITHIN: 0xa5,
  RIPEMD160: 0xa6,
  SHA256: 0xa8,
  HASH160: 0xa9,
  HASH256: 0xaa,
  CHECKSIG: 0xac,
  CHECKSIGVERIFY: 0xad,
  CHECKMULTISIG: 0xae,
  CHECKMULTISIGVERIFY: 0xaf,
  CHECKLOCKTIMEVERIFY: 0xb1,
  CHECKSEQUENCEVERIFY: 0xb2,
} as const;

export interface Operation {
  readonly opcode: number;
  /** What a push pushes; null for every other opcode. */
  readonly data: Uint8Array | null;
}

/** Splits a script; refuses a push that runs past its end. */
export function parseScript(script: Uint8Array): Operation[] {
  const { operations, complete } = splitScript(script);
  if (!complete) throw new Rejected('bad-script', 'a push runs past the end');
  return operations;
}

/** Splits a script as far as it can be: up to a push that runs past its end. */
export function splitScript(script: Uint8Array): { operations: Operation[]; complete: boolean } {
  const operations: Operation[] = [];
  for (let at = 0; at < script.length; ) {
    const opcode = script[at] ?? 0;
    at += 1;
    if (opcode > OP.PUSHDATA4) {
      operations.push({ opcode, data: null });
      continue;
    }
    const width = opcode < OP.PUSHDATA1 ? 0 : 1 << (opcode - OP.PUSHDATA1);
    const length = width === 0 ? opcode : readLength(script.subarray(at, at + width));
    const end = at + width + length;
    if (end > script.length) return { operations, complete: false };
    operations.push({ opcode, data: script.slice(at + width, end) });
    at = end;
  }
  return { operations, complete: true };
}

function readLength(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

export function isPushOnly(operations: readonly Operation[]): boolean {
  return operations.every(({ opcode }) => opcode <= OP.N16);
}

/** Whether a push uses the shortest opcode for its data (Core's MINIMALDATA). */
export function isMinimalPush({ opcode, data }: Operation): boolean {
  if (data === null) return true;
  const [first = 0] = data;
  if (data.length === 0) return opcode === 0;
  if (data.length === 1 && ((first >= 1 && first <= 16) || first === 0x81)) return false;
  if (data.length <= 75) return opcode === data.length;
  if (data.length <= 255) return opcode === OP.PUSHDATA1;
  return data.length > 0xffff || opcode === OP.PUSHDATA2;
}

/** A push of data, with the shortest opcode that carries it; small numbers are not folded into OP_N. */
export function push(data: Uint8Array): Uint8Array {
  if (data.length <= 75) return Uint8Array.of(data.length, ...data);
  if (data.length <= 255) return Uint8Array.of(OP.PUSHDATA1, data.length, ...data);
  return Uint8Array.of(OP.PUSHDATA2, data.length & 0xff, data.length >> 8, ...data);
}

export type Template =
  | { readonly kind: 'p2pkh' | 'p2sh' | 'p2wpkh' | 'p2wsh'; readonly hash: Uint8Array }
  | { readonly kind: 'p2tr'; readonly key: Uint8Array }
  | { readonly kind: 'data' }
  | { readonly kind: 'unknown' };

/** Sorts an output script into the templates that devchain knows. */
export function templateOf(script: Uint8Array): Template {
  const length = script.length;
  if (length === 25 && equal(script.subarray(0, 3), P2PKH_HEAD) && equal(script.subarray(23), P2PKH_TAIL)) {
    return { kind: 'p2pkh', hash: script.slice(3, 23) };
  }
  if (length === 23 && script[0] === OP.HASH160 && script[1] === 20 && script[22] === OP.EQUAL) {
    return { kind: 'p2sh', hash: script.slice(2, 22) };
  }
  if (length === 22 && script[0] === 0 && script[1] === 20) return { kind: 'p2wpkh', hash: script.slice(2) };
  if (length === 34 && script[0] === 0 && script[1] === 32) return { kind: 'p2wsh', hash: script.slice(2) };
  if (length === 34 && script[0] === OP.N1 && script[1] === 32) return { kind: 'p2tr', key: script.slice(2) };
  if (script[0] === OP.RETURN && isPlainData(script.subarray(1))) return { kind: 'data' };
  return { kind: 'unknown' };
}

const P2PKH_HEAD = Uint8Array.of(OP.DUP, OP.HASH160, 20);
const P2PKH_TAIL = Uint8Array.of(OP.EQUALVERIFY, OP.CHECKSIG);

function isPlainData(script: Uint8Array): boolean {
  const { operations, complete } = splitScript(script);
  return complete && isPushOnly(operations);
}
