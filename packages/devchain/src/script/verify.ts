/**
 * Checks that an input may spend its coin. Known: P2PKH, P2WPKH, P2WSH, both of them inside P2SH, plain P2SH,
 * and the key path of P2TR. Every other script, the taproot script path and the annex are refused as
 * non-standard: nothing is ever accepted unverified.
 */
import { hash160, sha256 } from '../primitives/hash.ts';
import type { Input, Output, Transaction } from '../primitives/transaction.ts';
import { SEQUENCE_FINAL } from '../primitives/transaction.ts';
import { equal } from '../primitives/wire.ts';
import { Rejected } from '../rejected.ts';
import { runScript, type Surroundings } from './interpreter.ts';
import { isTrue } from './number.ts';
import {
  isMinimalPush,
  isPushOnly,
  type Operation,
  parseScript,
  push,
  type Template,
  templateOf,
} from './parse.ts';
import { legacyMessage, type Spend, segwitMessage, shareHashes, taprootHash } from './sighash.ts';
import { decodeEcdsa, requirePublicKeyForm, verifyEcdsa, verifySchnorr } from './signature.ts';

const LOCKTIME_THRESHOLD = 500_000_000n;
const SEQUENCE_DISABLE = 1n << 31n;
const SEQUENCE_TYPE = 1n << 22n;
const SEQUENCE_MASK = SEQUENCE_TYPE | 0xffffn;
/** Core's relay limits for what a witness may bring to a P2WSH script. */
const MAX_WITNESS_SCRIPT = 3600;
const MAX_WITNESS_ITEMS = 100;
const MAX_WITNESS_ITEM = 80;
const TAPROOT_HASH_TYPES = new Set([0, 1, 2, 3, 0x81, 0x82, 0x83]);
const ANNEX = 0x50;

/** Checks every input; `coins` are the outputs spent, in order. Throws `Rejected`. */
export function verifyTransaction(tx: Transaction, coins: readonly Output[]): void {
  const shared = shareHashes(tx, coins);
  tx.inputs.forEach((input, index) => {
    const coin = coins[index];
    if (coin === undefined) throw new Error('a coin is missing for an input');
    try {
      verifyInput({ tx, index, input, coin, shared });
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      const { reason, detail } = error;
      throw new Rejected(reason, detail === undefined ? `input ${index}` : `${detail}, input ${index}`);
    }
  });
}

function verifyInput(spend: Spend): void {
  const { input, coin } = spend;
  const template = templateOf(coin.script);
  const unlocking = parseScript(input.script);
  if (!isPushOnly(unlocking)) throw new Rejected('scriptsig-not-pushonly');
  switch (template.kind) {
    case 'p2pkh':
      requireNoWitness(input);
      runTemplate(stackOf(unlocking), coin.script, around(spend, false));
      return;
    case 'p2sh':
      verifyScriptHash(spend, unlocking, template.hash);
      return;
    case 'p2wpkh':
    case 'p2wsh':
    case 'p2tr':
      if (input.script.length > 0) throw new Rejected('witness-malleated');
      verifyWitness(spend, template);
      return;
    default:
      throw new Rejected('bad-txns-nonstandard-inputs', 'devchain cannot check the script of the coin');
  }
}

function verifyScriptHash(spend: Spend, unlocking: readonly Operation[], scriptHash: Uint8Array): void {
  const stack = stackOf(unlocking);
  const redeem = stack.at(-1);
  if (redeem === undefined) throw new Rejected('script-stack', 'no redeem script');
  if (!equal(hash160(redeem), scriptHash)) throw new Rejected('script-false', 'the redeem script is another');
  const template = templateOf(redeem);
  if (template.kind === 'p2wpkh' || template.kind === 'p2wsh') {
    if (!equal(spend.input.script, push(redeem))) throw new Rejected('witness-malleated-p2sh');
    verifyWitness(spend, template);
    return;
  }
  requireNoWitness(spend.input);
  if (template.kind === 'p2tr') throw new Rejected('bad-txns-nonstandard-inputs', 'taproot inside P2SH');
  runTemplate(stack.slice(0, -1), redeem, around(spend, false));
}

function verifyWitness(spend: Spend, template: Template): void {
  const witness = [...spend.input.witness];
  if (template.kind === 'p2wpkh') {
    if (witness.length !== 2) throw new Rejected('witness-program-mismatch');
    const code = Uint8Array.of(0x76, 0xa9, 20, ...template.hash, 0x88, 0xac);
    runTemplate(witness, code, around(spend, true));
  } else if (template.kind === 'p2wsh') {
    const script = witness.pop();
    if (script === undefined) throw new Rejected('witness-program-empty');
    if (!equal(sha256(script), template.hash)) throw new Rejected('witness-program-mismatch');
    const tooLarge =
      witness.length > MAX_WITNESS_ITEMS || witness.some(({ length }) => length > MAX_WITNESS_ITEM);
    if (tooLarge || script.length > MAX_WITNESS_SCRIPT) throw new Rejected('bad-witness-nonstandard');
    runTemplate(witness, script, around(spend, true));
  } else if (template.kind === 'p2tr') {
    verifyKeyPath(spend, witness, template.key);
  }
}

function verifyKeyPath(spend: Spend, witness: readonly Uint8Array[], key: Uint8Array): void {
  const [signature] = witness;
  if (signature === undefined) throw new Rejected('witness-program-empty');
  if (witness.length > 1) {
    const annex = witness.at(-1)?.[0] === ANNEX ? 'an annex' : 'the taproot script path';
    throw new Rejected('bad-witness-nonstandard', `devchain does not check ${annex}`);
  }
  const explicit = signature.length === 65;
  if (!explicit && signature.length !== 64) throw new Rejected('schnorr-sig-size');
  const type = explicit ? (signature[64] ?? 0) : 0;
  if ((explicit && type === 0) || !TAPROOT_HASH_TYPES.has(type)) throw new Rejected('schnorr-sig-hashtype');
  const hash = taprootHash(spend, type);
  if (hash === null) throw new Rejected('schnorr-sig-hashtype', 'SINGLE without its output');
  if (!verifySchnorr(signature.subarray(0, 64), hash, key)) throw new Rejected('schnorr-sig');
}

/** Runs a script that must leave exactly one true element (Core's CLEANSTACK). */
function runTemplate(stack: Uint8Array[], script: Uint8Array, surroundings: Surroundings): void {
  runScript(stack, script, surroundings);
  const top = stack.at(-1);
  if (top === undefined || !isTrue(top)) throw new Rejected('script-false');
  if (stack.length > 1) throw new Rejected('script-cleanstack');
}

function stackOf(unlocking: readonly Operation[]): Uint8Array[] {
  const stack: Uint8Array[] = [];
  for (const operation of unlocking) {
    if (!isMinimalPush(operation)) throw new Rejected('script-minimaldata');
    if (operation.data !== null) stack.push(operation.data);
    else stack.push(numberOf(operation.opcode));
  }
  return stack;
}

function numberOf(opcode: number): Uint8Array {
  if (opcode === 0x50) throw new Rejected('script-opcode', 'OP_RESERVED');
  return Uint8Array.of(opcode === 0x4f ? 0x81 : opcode - 0x50);
}

function requireNoWitness(input: Input): void {
  if (input.witness.length > 0) throw new Rejected('witness-unexpected');
}

function around(spend: Spend, segwit: boolean): Surroundings {
  return {
    segwit,
    checkSignature: (signature, key, code) => checkSignature(spend, segwit, signature, key, code),
    requireLockTime: (value) => requireLockTime(spend, value),
    requireSequence: (value) => requireSequence(spend, value),
  };
}

function checkSignature(
  spend: Spend,
  segwit: boolean,
  signature: Uint8Array,
  key: Uint8Array,
  code: Uint8Array,
): boolean {
  const decoded = signature.length === 0 ? null : decodeEcdsa(signature);
  requirePublicKeyForm(key, segwit);
  if (decoded === null) return false;
  if (!segwit && Buffer.from(code).includes(Buffer.from(push(signature)))) {
    throw new Rejected('sig-findanddelete');
  }
  const message = segwit
    ? segwitMessage(spend, code, decoded.hashType)
    : legacyMessage(spend.tx, spend.index, code, decoded.hashType);
  if (message === null) throw new Rejected('sig-hashtype', 'SINGLE without its output');
  return verifyEcdsa(decoded.compact, message, key);
}

/** BIP-65. */
function requireLockTime({ tx, input }: Spend, value: bigint): void {
  if (value < 0n) throw new Rejected('negative-locktime');
  const locktime = BigInt(tx.locktime);
  const sameKind = value < LOCKTIME_THRESHOLD === locktime < LOCKTIME_THRESHOLD;
  if (!sameKind || value > locktime || input.sequence === SEQUENCE_FINAL)
    throw new Rejected('unsatisfied-locktime');
}

/** BIP-112. */
function requireSequence({ tx, input }: Spend, value: bigint): void {
  if (value < 0n) throw new Rejected('negative-locktime');
  if ((value & SEQUENCE_DISABLE) !== 0n) return;
  const sequence = BigInt(input.sequence);
  const disabled = tx.version < 2 || (sequence & SEQUENCE_DISABLE) !== 0n;
  const sameKind = (value & SEQUENCE_TYPE) === (sequence & SEQUENCE_TYPE);
  if (disabled || !sameKind || (value & SEQUENCE_MASK) > (sequence & SEQUENCE_MASK)) {
    throw new Rejected('unsatisfied-locktime');
  }
}
