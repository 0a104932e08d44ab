/** What the journey reads back from the machines' own evidence logs, as an auditor would: who signed, and what came out. */
import { writeFileSync } from 'node:fs';
import { unpackMessage } from '@coldwire/channel';
import { readLog } from '@coldwire/evidence';
import {
  BODY_MAX,
  Clear,
  Cleared,
  decode,
  MESSAGE_TYPES,
  SALT_LENGTH,
  SignRequest,
  toHex,
} from '@coldwire/protocol';
import { displayTxid } from '@coldwire/wallet';
import { GATES, type Ground } from './ground.ts';

export interface ClearedSpend {
  readonly txid: string;
  readonly signers: readonly string[];
  readonly gate: string;
  readonly raw: string;
  /** Chain and index of each input's key. */
  readonly places: readonly (readonly [chain: number, index: number])[];
  readonly previousOutputs: readonly { readonly outpoint: string; readonly amount: string }[];
}

/** Every transaction that a gate has cleared, oldest first by gate. */
export function readCleared(ground: Ground): readonly ClearedSpend[] {
  const spends = new Map<string, ClearedSpend>();
  for (const gate of GATES) {
    const requests = new Map<string, SignRequest>();
    for (const item of readLog(ground.path('state', gate))) {
      if (item.kind !== 'batch') continue;
      for (const [, kind, , , bytes] of item.records) {
        if (kind !== 'received' && kind !== 'sent') continue;
        const { message, header } = unpackMessage(bytes);
        const id = header.request === null ? '' : toHex(header.request);
        const body = message.body.subarray(SALT_LENGTH);
        if (header.type === MESSAGE_TYPES.CLEAR.number) {
          const clear = decode(Clear, body, BODY_MAX);
          const sign = clear.ok ? decode(SignRequest, clear.value.request, BODY_MAX) : undefined;
          if (sign?.ok === true) requests.set(id, sign.value);
        } else if (header.type === MESSAGE_TYPES.CLEARED.number) {
          const cleared = decode(Cleared, body, BODY_MAX);
          const request = requests.get(id);
          if (cleared.ok && request !== undefined) addSpend(spends, gate, cleared.value, request);
        }
      }
    }
  }
  return [...spends.values()];
}

function addSpend(
  spends: Map<string, ClearedSpend>,
  gate: string,
  cleared: Cleared,
  request: SignRequest,
): void {
  const txid = displayTxid(cleared.txid);
  spends.set(txid, {
    txid,
    gate,
    signers: cleared.keys.map(([name]) => name).sort(),
    raw: toHex(cleared.transaction),
    places: request.draft.inputs.map(([, , , , chain, index]) => [chain, index] as const),
    previousOutputs: request.draft.inputs.map(([hash, vout, amount]) => ({
      outpoint: `${displayTxid(hash)}:${vout}`,
      amount: amount.toString(),
    })),
  });
}

/** Leaves raw transactions and what they spend for anyone to check. */
export function writeTransactions(ground: Ground, spends: readonly ClearedSpend[]): void {
  for (const { txid, raw, signers, gate, previousOutputs } of spends) {
    const json = JSON.stringify({ txid, signers, gate, raw, previousOutputs }, null, 2);
    writeFileSync(ground.path('transactions', `${txid}.json`), `${json}\n`);
  }
}
