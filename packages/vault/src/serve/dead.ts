/**
 * DEAD: before a signer is asked to pay an intent that an earlier transaction carried, it is shown that the earlier one can
 * never be mined. A signer that never saw the earlier one refuses the proof, and needs none.
 */
import { Dead, encode } from '@coldwire/protocol';
import { displayTxid } from '@coldwire/wallet';
import { type Batch, carriersOf, isBuried, proofOfDeath } from '../queue/index.ts';
import type { Signer } from './signer.ts';
import { tipOf, type Vault } from './vault.ts';

/** @throws Away */
export async function showDead(vault: Vault, signer: Signer, batch: Batch): Promise<void> {
  const { store, charter, report } = vault;
  const { height } = tipOf(store);
  const buried = new Map<string, Batch>();
  for (const id of batch.intents) {
    for (const carrier of carriersOf(store, id)) {
      if (isBuried(carrier, height, charter.charter.clock.burial))
        buried.set(displayTxid(carrier.txid), carrier);
    }
  }
  for (const [txid, carrier] of buried) {
    if (signer.dead.has(txid)) continue;
    const proven = proofOfDeath(store, carrier.id);
    if (proven === undefined) continue;
    const body = encode(Dead, { txid: carrier.txid, spender: proven.stripped, proof: proven.proof });
    const reply = await signer.request('DEAD', body);
    signer.dead.add(txid);
    report.event('dead', { peer: signer.name, txid, taken: reply.type === 'DONE' });
  }
}
