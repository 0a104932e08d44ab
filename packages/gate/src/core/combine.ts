/**
 * Verifies every signature over the gate's own transaction (@noble/secp256k1), combines two of three, and reads the final
 * bytes back before they count. Refuses GATE_SCRIPT, SIGHASH. Only this file makes a ClearedSpend.
 * Sources: BIP-143, BIP-62 rule 5 and BIP-146 (low S), BIP-66 (strict DER).
 */
import { equalBytes } from '@coldwire/protocol';
import { Signature, verify } from '@noble/secp256k1';
import { RawTx, Transaction } from '@scure/btc-signer';
import type { Rebuilt } from './rebuild.ts';
import { type GateRefusal, refuse } from './refusal.ts';
import { hashInputs } from './sighash.ts';
import type { PartialSignatures } from './unseal.ts';

const cleared: unique symbol = Symbol('ClearedSpend');

/** A transaction that passed every check: the only thing that a gate lets out. */
export interface ClearedSpend {
  readonly [cleared]: true;
  readonly rebuilt: Rebuilt;
  /** With witness, as it is broadcast. */
  readonly raw: Uint8Array;
  /** vB, as signed. */
  readonly vsize: number;
  readonly keys: readonly (readonly [signer: string, contentKey: Uint8Array])[];
}

const SIGHASH_ALL = 1;

/** Every input, every signature; nothing is combined until all are good. */
export function verifyAll(rebuilt: Rebuilt, partials: readonly PartialSignatures[]): readonly GateRefusal[] {
  const refusals: GateRefusal[] = [];
  for (const [input, hash] of hashInputs(rebuilt).entries()) {
    const script = rebuilt.inputs[input]?.script;
    for (const { answer, signatures } of partials) {
      const signature = signatures[input];
      const key = script?.publicKeys[answer.place];
      const isGood = signature !== undefined && key !== undefined && isValid(signature, hash, key);
      if (!isGood) refusals.push(refuse('GATE_SCRIPT', { signer: answer.signer, input }));
    }
  }
  return refusals;
}

function isValid(signature: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean {
  try {
    return verify(signature, hash, key, { prehash: false, lowS: true });
  } catch {
    return false; // r or s out of range
  }
}

/** DER (BIP-66) of a compact signature, with SIGHASH_ALL behind it. */
function toWitnessForm(signature: Uint8Array): Uint8Array {
  const { r, s } = Signature.fromBytes(signature, 'compact');
  const body = Uint8Array.of(...derInteger(r), ...derInteger(s));
  return Uint8Array.of(0x30, body.length, ...body, SIGHASH_ALL);
}

function derInteger(value: bigint): readonly number[] {
  const hex = value.toString(16);
  const bytes = [...Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')];
  const padded = (bytes[0] ?? 0) >= 0x80 ? [0, ...bytes] : bytes;
  return [0x02, padded.length, ...padded];
}

/** The witness of an input: the empty element of CHECKMULTISIG, two signatures in the order of their keys, the script. */
function witnessOf(
  rebuilt: Rebuilt,
  partials: readonly PartialSignatures[],
  input: number,
): readonly Uint8Array[] {
  const script = rebuilt.inputs[input]?.script;
  if (script === undefined) throw new Error(`no input ${input}`);
  const rows = partials.flatMap(({ answer, signatures }) => {
    const key = script.publicKeys[answer.place];
    const signature = signatures[input];
    return key === undefined || signature === undefined ? [] : [{ key, signature }];
  });
  rows.sort((a, b) => Buffer.compare(a.key, b.key));
  return [new Uint8Array(0), ...rows.map(({ signature }) => toWitnessForm(signature)), script.witnessScript];
}

export type Combination =
  | { readonly ok: true; readonly spend: ClearedSpend }
  | { readonly ok: false; readonly refusals: readonly GateRefusal[] };

export function combine(rebuilt: Rebuilt, partials: readonly PartialSignatures[]): Combination {
  const refusals = verifyAll(rebuilt, partials);
  if (refusals.length > 0) return { ok: false, refusals };
  const unsigned = RawTx.decode(rebuilt.transaction.toBytes(true, false));
  const witnesses = rebuilt.inputs.map((_, input) => [...witnessOf(rebuilt, partials, input)]);
  const raw = RawTx.encode({ ...unsigned, segwitFlag: true, witnesses });
  const wrong = checkFinal(rebuilt, raw);
  if (wrong.length > 0) return { ok: false, refusals: wrong };
  return {
    ok: true,
    spend: {
      [cleared]: true,
      rebuilt,
      raw,
      vsize: Transaction.fromRaw(raw, { allowUnknownOutputs: true }).vsize,
      keys: partials.map(({ answer, contentKey }) => [answer.signer, contentKey] as const),
    },
  };
}

/** The bytes that will be broadcast, read back: same transaction, and every signature signs all of it. */
function checkFinal(rebuilt: Rebuilt, raw: Uint8Array): readonly GateRefusal[] {
  const final = RawTx.decode(raw);
  const same = Transaction.fromRaw(raw, { allowUnknownOutputs: true });
  if (same.id !== rebuilt.txid || final.witnesses?.length !== rebuilt.inputs.length) {
    throw new Error('the combined transaction is not the one that was checked');
  }
  return rebuilt.inputs.flatMap(({ script }, input) => {
    const stack = final.witnesses?.[input] ?? [];
    const [empty, first, second, last] = stack;
    const signsAll = [first, second].every((signature) => signature?.at(-1) === SIGHASH_ALL);
    const isWhole =
      stack.length === 4 &&
      empty?.length === 0 &&
      last !== undefined &&
      equalBytes(last, script.witnessScript);
    return signsAll && isWhole ? [] : [refuse('SIGHASH', { input })];
  });
}
