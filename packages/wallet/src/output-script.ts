/**
 * Kinds of output scripts, by exact template, and the amount below which Bitcoin Core calls an output dust.
 * Anything that is not byte for byte one of the templates is `unknown`; policy decides what is allowed.
 * Spec: protocol-spec/3-wallet.md, "Output scripts" and "Dust". Sources: BIP-13, 16, 141, 341; Bitcoin Core's
 * GetDustThreshold at its default of 3 sat/vB.
 */
import { prefixedLength } from './wire-writer.ts';

export type ScriptKind = 'p2pkh' | 'p2sh' | 'p2wpkh' | 'p2wsh' | 'p2tr' | 'op_return' | 'unknown';

type Template = {
  readonly kind: ScriptKind;
  readonly length: number;
  readonly head: readonly number[];
  readonly tail: readonly number[];
};

const TEMPLATES: readonly Template[] = [
  { kind: 'p2pkh', length: 25, head: [0x76, 0xa9, 0x14], tail: [0x88, 0xac] },
  { kind: 'p2sh', length: 23, head: [0xa9, 0x14], tail: [0x87] },
  { kind: 'p2wpkh', length: 22, head: [0x00, 0x14], tail: [] },
  { kind: 'p2wsh', length: 34, head: [0x00, 0x20], tail: [] },
  { kind: 'p2tr', length: 34, head: [0x51, 0x20], tail: [] },
];

const OP_RETURN = 0x6a;

/** The kind of a scriptPubKey. */
export function classifyScript(script: Uint8Array): ScriptKind {
  if (script[0] === OP_RETURN) return 'op_return';
  const matches = ({ length, head, tail }: Template): boolean =>
    script.length === length &&
    head.every((byte, i) => script[i] === byte) &&
    tail.every((byte, i) => script[length - tail.length + i] === byte);
  return TEMPLATES.find(matches)?.kind ?? 'unknown';
}

/** A version of 0 or 1 to 16, then one push of 2 to 40 bytes and nothing else (BIP-141). */
export function isWitnessProgram(script: Uint8Array): boolean {
  const version = script[0] ?? 0xff;
  const knownVersion = version === 0x00 || (version >= 0x51 && version <= 0x60);
  return knownVersion && script.length >= 4 && script.length <= 42 && script[1] === script.length - 2;
}

/** Bytes to spend an output as Core counts them: outpoint, scriptSig length, 107 bytes of signature and key, sequence. */
const SPEND_LENGTH = 32 + 4 + 1 + 107 + 4;
/** The same for witness programs: the 107 bytes count a quarter, rounded down. */
const WITNESS_SPEND_LENGTH = 32 + 4 + 1 + 26 + 4;
const DUST_FEERATE = 3n;
const MAX_SCRIPT_LENGTH = 10_000;

/**
 * Lowest amount in sat that nodes relay for this script: at it an output is fine, below it dust.
 * 0 for scripts that nobody can spend. P2PKH 546, P2SH 540, P2WPKH 294, P2WSH and P2TR 330.
 */
export function dustLimit(script: Uint8Array): bigint {
  if (script[0] === OP_RETURN || script.length > MAX_SCRIPT_LENGTH) return 0n;
  const spend = isWitnessProgram(script) ? WITNESS_SPEND_LENGTH : SPEND_LENGTH;
  return BigInt(8 + prefixedLength(script.length) + spend) * DUST_FEERATE;
}
