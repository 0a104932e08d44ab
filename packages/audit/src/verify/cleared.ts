/**
 * CLEARED against its CLEAR: the transaction is the draft's, every Bitcoin signature verifies over the auditor's own hash, and
 * the disclosed content keys rebuild byte for byte what the two signers had sealed, from nothing but the witness. Proves that
 * what was spent is what was drafted, and that the signers' messages hid nothing but what their keys and K could hold.
 * Spec: protocol-spec/6-sealing.md, "Auditing".
 */
import {
  BODY_MAX,
  Clear,
  Cleared,
  concatBytes,
  decode,
  equalBytes,
  hashRequest,
  Signed,
  SignRequest,
  taggedHash,
  toHex,
} from '@coldwire/protocol';
import { type SealedMessage, sealContext } from '@coldwire/protocol/seal/format.ts';
import { rebuildSealed } from '@coldwire/protocol/seal/index.ts';
import { type Built, reverseHex } from '../bitcoin/transaction.ts';
import { type InputSignatures, readFinal, readWitness } from '../bitcoin/witness.ts';
import { type LoggedMessage, nameOf } from '../log/message.ts';
import { keyOf } from '../roster.ts';
import { checkSigned, type Spends } from './signed.ts';

export const CHECK_CLEARED = 'cleared';
export const CHECK_SIGNATURES = 'signatures';

/** A cleared transaction whose every signature verified. */
export interface ClearedSpend {
  readonly message: LoggedMessage;
  /** As people see it. */
  readonly txid: string;
  readonly built: Built;
  readonly request: SignRequest;
  /** Compact signatures by signer, in the order of the inputs. */
  readonly signatures: ReadonlyMap<string, readonly Uint8Array[]>;
  /** Link keys that signed the SIGNED messages of its CLEAR. */
  readonly signedBy: readonly SignerKey[];
}

export interface SignerKey {
  readonly name: string;
  readonly key: Uint8Array;
}

/**
 * @param clearBody canonical body of the CLEAR that was answered
 * @param carried its SIGNED messages, each with its form and signature judged
 */
export function checkCleared(
  spends: Spends,
  message: LoggedMessage,
  clearBody: Uint8Array,
  carried: readonly LoggedMessage[],
): ClearedSpend | undefined {
  const { findings } = spends;
  const wrong = (what: string): undefined => {
    findings.find('AUDIT_CLEARED', message.place, `${nameOf(message)}: ${what}`);
  };
  findings.count(CHECK_CLEARED);
  const cleared = decode(Cleared, message.body, BODY_MAX);
  const clear = decode(Clear, clearBody, BODY_MAX);
  const request = clear.ok ? decode(SignRequest, clear.value.request, BODY_MAX) : clear;
  if (!cleared.ok || !clear.ok || !request.ok) return wrong('it answers what is no CLEAR request');
  const built = spends.build(clear.value.request, request.value);
  if (typeof built === 'string') return wrong(`no transaction can be made of the draft: ${built}`);
  const final = readFinal(cleared.value.transaction);
  if (typeof final === 'string') return wrong(`the transaction: ${final}`);
  if (!equalBytes(final.unsigned, built.unsigned)) return wrong('the transaction is not the draft’s');
  if (!equalBytes(cleared.value.txid, built.txid)) return wrong('the txid is not the transaction’s');
  const signers = cleared.value.keys.map(([signer]) => signer);
  if (new Set(signers).size !== 2) return wrong('it does not disclose the keys of two signers');
  const signatures = readSignatures(spends, message, built, final.witnesses, signers);
  if (signatures === undefined) return undefined;
  for (const signed of carried) checkSigned(spends, signed, clear.value.request);
  for (const [signer, contentKey] of cleared.value.keys) {
    const answer = carried.find(({ header }) => header.sender === signer);
    const own = signatures.get(signer);
    const problem = checkSeal(spends, clear.value.request, answer, contentKey, own);
    if (problem !== undefined)
      findings.find('AUDIT_SEAL', (answer ?? message).place, `${nameOf(answer ?? message)}: ${problem}`);
  }
  const signedBy = carried.flatMap((signed) => {
    const name = signed.header.sender;
    const key = signers.includes(name) ? keyOf(spends.roster, signed) : undefined;
    return key === undefined ? [] : [{ name, key }];
  });
  return { message, txid: reverseHex(built.txid), built, request: request.value, signatures, signedBy };
}

function readSignatures(
  { findings }: Spends,
  message: LoggedMessage,
  built: Built,
  witnesses: readonly (readonly Uint8Array[])[],
  signers: readonly string[],
): ReadonlyMap<string, readonly Uint8Array[]> | undefined {
  const bySigner = new Map<string, Uint8Array[]>(signers.map((signer) => [signer, []]));
  for (const input of built.inputs.keys()) {
    const found: InputSignatures | string = readWitness(built, input, witnesses[input] ?? [], signers);
    if (typeof found === 'string') {
      findings.find('AUDIT_SCRIPT', message.place, `${nameOf(message)}, input ${input}: ${found}`);
      return undefined;
    }
    findings.count(CHECK_SIGNATURES, found.size);
    for (const [signer, signature] of found) bySigner.get(signer)?.push(signature);
  }
  return bySigner;
}

/** @returns what is wrong with a signer's sealed message, now that its signatures are public */
function checkSeal(
  { roster }: Spends,
  requestBody: Uint8Array,
  answer: LoggedMessage | undefined,
  contentKey: Uint8Array,
  signatures: readonly Uint8Array[] | undefined,
): string | undefined {
  if (answer === undefined) return 'a content key of a signer whose SIGNED it was not given';
  if (signatures === undefined) return 'its signatures are not in the witness';
  const signed = decode(Signed, answer.body, BODY_MAX);
  if (!signed.ok) return undefined; // a finding already
  const { commitment, sealed, txid } = signed.value;
  const plaintext = concatBytes(...signatures);
  if (!equalBytes(taggedHash('commitment', plaintext), commitment))
    return 'it commits to other signatures than those in the witness';
  const context = sealContext(roster.first, hashRequest(requestBody), txid);
  const names = sealed.wraps.map(([name]) => name).join();
  const lists = roster.charters
    .map(({ gates }) => gates)
    .filter((gates) => gates.map(({ name }) => name).join() === names);
  const isIts = lists.some((gates) =>
    isRebuilt(
      rebuildSealed(
        contentKey,
        context,
        gates.map(({ sealKey }) => sealKey),
        plaintext,
      ),
      sealed,
    ),
  );
  return isIts
    ? undefined
    : `its sealed bytes are not those that follow from the witness and the content key ${toHex(contentKey).slice(0, 8)}…`;
}

function isRebuilt(rebuilt: SealedMessage, sealed: Signed['sealed']): boolean {
  return (
    equalBytes(rebuilt.ephemeral, sealed.ephemeral) &&
    equalBytes(rebuilt.ciphertext, sealed.ciphertext) &&
    rebuilt.wraps.length === sealed.wraps.length &&
    rebuilt.wraps.every(({ bytes }, gate) => equalBytes(bytes, sealed.wraps[gate]?.[1] ?? new Uint8Array()))
  );
}
