/**
 * A draft from its parts, and the transaction that its signers will build from it. Pure; refuses nothing but impossible
 * parts, because policy is the signers' and the gates' business.
 * Spec: protocol-spec/4-messages.md, "Bodies".
 */
import { type Draft, decodeIntent, type SignedIntent } from '@coldwire/protocol';
import {
  type Coin,
  DEFAULT_SEQUENCE,
  type Output,
  type UnsignedTransaction,
  type WalletScripts,
} from '@coldwire/wallet';

export interface Payable {
  readonly intent: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Change {
  readonly wallet: number;
  readonly index: number;
  readonly amount: bigint;
  /** Among all outputs, from 0. */
  readonly position: number;
}

export interface DraftParts {
  readonly coins: readonly Coin[];
  readonly payees: readonly Payable[];
  readonly change: Change | null;
  /** Height of the tip, so that nobody gains by mining it into an older block; or 0. */
  readonly locktime: number;
}

export function buildDraft({ coins, payees, change, locktime }: DraftParts): Draft {
  return {
    locktime,
    inputs: coins.map(({ txid, vout, amount, wallet, chain, index }) => [
      txid,
      vout,
      amount,
      wallet,
      chain,
      index,
    ]),
    intents: payees.map(({ intent, signature }): SignedIntent => [intent, signature]),
    change: change === null ? [] : [[change.wallet, change.index, change.amount, change.position]],
  };
}

/** What an intent of the draft pays. @throws Error if it is none: only checked intents get this far */
export function readPayee([intent]: SignedIntent): Output & { readonly id: Uint8Array } {
  const decoded = decodeIntent(intent);
  if (!decoded.ok) throw new Error(`a draft holds an intent that is none: ${decoded.fault.detail}`);
  const { id, amount, script } = decoded.value;
  return { id, amount, script };
}

function changeScript(scripts: readonly WalletScripts[], wallet: number, index: number): Uint8Array {
  const chosen = scripts[wallet];
  if (chosen === undefined) throw new Error(`there is no wallet ${wallet}`);
  return chosen.at(1, index).scriptPubKey;
}

/** Version 2, every sequence fffffffd; the intents' outputs in order, change put in at its positions. */
export function draftTransaction(draft: Draft, scripts: readonly WalletScripts[]): UnsignedTransaction {
  const outputs: Output[] = draft.intents.map((signed) => {
    const { amount, script } = readPayee(signed);
    return { amount, script };
  });
  for (const [wallet, index, amount, position] of draft.change) {
    if (position > outputs.length) throw new Error(`change at output ${position} of ${outputs.length}`);
    outputs.splice(position, 0, { amount, script: changeScript(scripts, wallet, index) });
  }
  const inputs = draft.inputs.map(([txid, vout]) => ({
    outpoint: { txid, vout },
    sequence: DEFAULT_SEQUENCE,
  }));
  return { version: 2, locktime: draft.locktime, inputs, outputs };
}
