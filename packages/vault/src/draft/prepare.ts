/**
 * A draft with its verdicts as the canonical body of a SIGN request, and what the queue keeps about it.
 * These bytes are what is stored, sent, hashed and audited; they are made once.
 */
import { type Approval, type Draft, encode, SignRequest, type Verdict } from '@coldwire/protocol';
import { txidOf, type WalletScripts, worstCaseVsize } from '@coldwire/wallet';
import { sumAmounts } from '../coins/costs.ts';
import { draftTransaction, readPayee } from './build.ts';

export interface PreparedDraft {
  readonly draft: Draft;
  /** Canonical CBOR of the SignRequest, without salt. */
  readonly request: Uint8Array;
  /** Internal byte order. */
  readonly txid: Uint8Array;
  /** sat: inputs less outputs */
  readonly fee: bigint;
  /** Worst case, vB. */
  readonly vsize: number;
  /** In the draft's order. */
  readonly intentIds: readonly Uint8Array[];
}

/** @throws Error if the draft pays out more than its inputs hold, or has no output */
export function prepareDraft(
  draft: Draft,
  verdicts: readonly Verdict[],
  scripts: readonly WalletScripts[],
  approvals: readonly Approval[] = [],
): PreparedDraft {
  const transaction = draftTransaction(draft, scripts);
  const inputs = draft.inputs.reduce((sum, [, , amount]) => sum + amount, 0n);
  const fee = inputs - sumAmounts(transaction.outputs);
  if (fee < 0n) throw new Error(`a draft that pays ${-fee} sat more than its inputs hold`);
  return {
    draft,
    request: encode(SignRequest, {
      draft,
      verdicts,
      ...(approvals.length === 0 ? {} : { approvals }),
    }),
    txid: txidOf(transaction),
    fee,
    vsize: worstCaseVsize({
      inputs: transaction.inputs.length,
      outputs: transaction.outputs.map(({ script }) => script),
    }),
    intentIds: draft.intents.map((signed) => readPayee(signed).id),
  };
}
