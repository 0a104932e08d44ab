/**
 * DEAD: before a signer is asked to pay an intent that an earlier transaction carried, it is shown that the earlier one can
 * never be mined. A signer that never saw the earlier one refuses the proof, and needs none. What two signers say of it is
 * then shown to a gate, which follows no chain itself.
 * Spec: protocol-spec/10-policy.md and 13-gate.md, "Dead transactions".
 */
import { Bury, Dead, decode, encode, MessageBytes } from '@coldwire/protocol';
import { displayTxid } from '@coldwire/wallet';
import { type Batch, carriersOf, isBuried, proofOfDeath } from '../queue/index.ts';
import { Away, type Peer } from './peer.ts';
import type { Signer } from './signer.ts';
import { tipOf, type Vault } from './vault.ts';

/** Earlier carriers of the batch's intents that are dead and buried, by txid in display order. */
function buriedCarriers({ store, charter }: Vault, batch: Batch): ReadonlyMap<string, Batch> {
  const { height } = tipOf(store);
  const buried = new Map<string, Batch>();
  for (const id of batch.intents) {
    for (const carrier of carriersOf(store, id)) {
      if (isBuried(carrier, height, charter.charter.clock.burial))
        buried.set(displayTxid(carrier.txid), carrier);
    }
  }
  return buried;
}

function proofFor({ store }: Vault, carrier: Batch): Uint8Array | undefined {
  const proven = proofOfDeath(store, carrier.id);
  if (proven === undefined) return undefined;
  return encode(Dead, { txid: carrier.txid, spender: proven.stripped, proof: proven.proof });
}

/** @throws Away */
export async function showDead(vault: Vault, signer: Signer, batch: Batch): Promise<void> {
  for (const [txid, carrier] of buriedCarriers(vault, batch)) {
    if (signer.dead.has(txid)) continue;
    const body = proofFor(vault, carrier);
    if (body === undefined) continue;
    const reply = await signer.request('DEAD', body);
    signer.dead.add(txid);
    vault.report.event('dead', { peer: signer.name, txid, taken: reply.type === 'DEATH' });
  }
}

/** The DEATH messages of every signer that is there and takes the proof. */
async function collectDeaths(vault: Vault, body: Uint8Array): Promise<Bury['deaths']> {
  const asked = vault.signers.map(async (signer) => {
    await signer.settle(vault);
    const reply = await signer.request('DEAD', body);
    const message = decode(MessageBytes, reply.message, reply.message.length);
    return reply.type === 'DEATH' && message.ok ? [message.value] : [];
  });
  const answers = await Promise.allSettled(asked);
  for (const answer of answers) {
    if (answer.status === 'rejected' && !(answer.reason instanceof Away)) throw answer.reason;
  }
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

/** Shows a gate what two signers say of the batch's dead carriers. @throws Away */
export async function buryDead(vault: Vault, gate: Peer, batch: Batch): Promise<void> {
  for (const [txid, carrier] of buriedCarriers(vault, batch)) {
    const body = proofFor(vault, carrier);
    if (body === undefined) continue;
    const deaths = await collectDeaths(vault, body);
    if (deaths.length < 2) continue;
    const reply = await gate.request('BURY', encode(Bury, { txid: carrier.txid, deaths }));
    vault.report.event('dead', { peer: gate.name, txid, taken: reply.type === 'DONE' });
  }
}
