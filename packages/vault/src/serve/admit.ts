/**
 * ADMIT: hands each coin's own transaction to a signer once, with its proof when it is mined. Our own unmined change goes
 * without; the signer takes it when it knows all coins that its transaction spends, so parents come first.
 */
import { Admit, decode, encode, SignRequest } from '@coldwire/protocol';
import { type Coin, displayTxid, serializeStripped } from '@coldwire/wallet';
import { draftTransaction } from '../draft/index.ts';
import { type Batch, coinsToAdmit, findBatchByTxid, findProof, recordAdmitted } from '../queue/index.ts';
import { readRefusals } from './peer.ts';
import type { Signer } from './signer.ts';
import type { Vault } from './vault.ts';

/** Coins looked at in one round, coins per message (protocol limit 512), and messages on the way at once. */
const PER_ROUND = 4096;
const PER_MESSAGE = 256;
const AT_ONCE = 4;

type Group = readonly Coin[];

/** @throws Away */
export async function admitCoins(vault: Vault, signer: Signer): Promise<void> {
  for (;;) {
    const coins = coinsToAdmit(vault.store, signer.name, PER_ROUND);
    const groups = groupByTransaction(coins);
    if (groups.length > 2 * AT_ONCE)
      vault.report.event('admitting', { peer: signer.name, transactions: groups.length });
    let taken = 0;
    for (let at = 0; at < groups.length; at += AT_ONCE) {
      const round = groups.slice(at, at + AT_ONCE);
      const results = await Promise.all(round.map((group) => admitGroup(vault, signer, group)));
      taken += results.filter((done) => done).length;
    }
    // What was refused is tried again as long as others are taken: their parents may be among those.
    const whole = taken === groups.length && coins.length < PER_ROUND;
    if (taken === 0 || whole) return;
  }
}

function nameOf([first]: Group): string {
  return first === undefined ? '' : displayTxid(first.txid);
}

function groupByTransaction(coins: readonly Coin[]): readonly Group[] {
  const groups = new Map<string, Coin[]>();
  for (const coin of coins) {
    const key = displayTxid(coin.txid);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [coin]);
    else if (group.length < PER_MESSAGE) group.push(coin);
  }
  return [...groups.values()];
}

async function admitGroup(vault: Vault, signer: Signer, group: Group): Promise<boolean> {
  const [first] = group;
  const body = admissionOf(vault, group);
  if (first === undefined || body === undefined) return false;
  const reply = await signer.request('ADMIT', encode(Admit, body));
  if (reply.type === 'DONE') {
    // Mined while the signer was told of it without a proof: it is told once more, now with the proof.
    const isMined = body.proof === null && findProof(vault.store, first.txid) !== undefined;
    if (!isMined) recordAdmitted(vault.store, signer.name, group);
    return true;
  }
  const code = readRefusals(reply.body)[0]?.code ?? 'MALFORMED';
  // The one refusal that passes by itself: its parent's coins are not all admitted there yet.
  if (code !== 'UNPROVEN_PARENT')
    vault.report.alarm(code, signer.name, `it refuses a coin of ${nameOf(group)}`);
  return false;
}

function admissionOf({ store, scripts }: Vault, group: Group): Admit | undefined {
  const [first] = group;
  if (first === undefined) return undefined;
  const coins = group.map(({ vout, wallet, chain, index }) => ({ vout, wallet, chain, index }));
  const proven = findProof(store, first.txid);
  if (proven !== undefined) return { transaction: proven.stripped, coins, proof: proven.proof };
  const batch = findBatchByTxid(store, first.txid);
  if (batch === undefined) return undefined;
  return { transaction: serializeStripped(draftTransaction(draftOf(batch), scripts)), coins, proof: null };
}

/** The draft of a stored batch. */
export function draftOf(batch: Pick<Batch, 'id' | 'request'>): SignRequest['draft'] {
  return requestOf(batch).draft;
}

export function requestOf({ id, request }: Pick<Batch, 'id' | 'request'>): SignRequest {
  const decoded = decode(SignRequest, request, request.length);
  if (!decoded.ok) throw new Error(`batch ${id} holds a request that is none: ${decoded.fault.detail}`);
  return decoded.value;
}
