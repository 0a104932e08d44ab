/**
 * From an approved spend to what the key memory must sign, and from its signatures to the body of SIGNED. Pure.
 * Only policy makes an ApprovedSpend, so nothing else can be signed. Spec: protocol-spec/6-sealing.md.
 */
import type { ApprovedSpend } from '@coldwire/policy';
import { concatBytes, type Signed, taggedHash } from '@coldwire/protocol';
import { type SealedMessage, sealContext } from '@coldwire/protocol/seal/format.ts';
import { createSighash } from '@coldwire/wallet';
import type { SignJob } from '../io/key-memory.ts';
import type { SignerState } from './state.ts';

/** One job per input, in order: BIP-143 hash with SIGHASH_ALL, and the way to this signer's child key. */
export function planSignatures(state: SignerState, spend: ApprovedSpend): SignJob[] {
  const sighash = createSighash(spend.transaction);
  return spend.inputs.map(({ script, amount, wallet }, input) => {
    if (wallet >= state.wallets) throw new Error(`this signer holds no key of wallet ${wallet}`);
    const tweaks = script.tweaks[state.place];
    const publicKey33 = script.publicKeys[state.place];
    if (tweaks === undefined || publicKey33 === undefined) throw new Error(`no key at place ${state.place}`);
    return {
      tweaks: [tweaks.chain, tweaks.index],
      hash32: sighash.sighashAll(input, script.witnessScript, amount),
      publicKey33,
    };
  });
}

/** The key memory's sealing: context, plaintext and gate keys in, sealed message out. */
export type Seal = (
  context: Uint8Array,
  plaintext: Uint8Array,
  gates: readonly Uint8Array[],
) => SealedMessage;

/** @param signatures 64 bytes per input, in order */
export function sealSignatures(
  state: SignerState,
  spend: ApprovedSpend,
  signatures: readonly Uint8Array[],
  seal: Seal,
): Signed {
  const { requestHash, txid } = spend;
  const { gates } = state.policy.charter.charter;
  const plaintext = concatBytes(...signatures);
  const sealed = seal(
    sealContext(state.policy.charter.first, requestHash, txid),
    plaintext,
    gates.map((gate) => gate.sealKey),
  );
  const wraps = sealed.wraps.map(({ gate, bytes }): readonly [string, Uint8Array] => {
    const name = gates[gate]?.name;
    if (name === undefined) throw new Error(`sealed to gate ${gate}, of which the charter knows nothing`);
    return [name, bytes];
  });
  return {
    requestHash,
    txid,
    commitment: taggedHash('commitment', plaintext),
    sealed: { ephemeral: sealed.ephemeral, wraps, ciphertext: sealed.ciphertext },
  };
}
