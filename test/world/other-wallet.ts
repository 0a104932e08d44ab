/**
 * Another wallet that knows our descriptor, on other code than ours (@scure/bip32, @scure/btc-signer): it drafts a payment of
 * the given intents from one coin and shows it as an unsigned PSBT, change first.
 */
import { decodeIntent, fromHex, toHex } from '@coldwire/protocol';
import type { AccountKey } from '@coldwire/wallet';
import { HDKey } from '@scure/bip32';
import { p2ms, p2wsh, Transaction } from '@scure/btc-signer';

export interface CoinElsewhere {
  /** Hexadecimal, internal byte order. */
  readonly txid: string;
  readonly vout: number;
  /** sat, decimal */
  readonly amount: string;
  readonly chain: number;
  readonly index: number;
}

function derive(keys: readonly AccountKey[], chain: number, index: number) {
  const children = keys.map(({ publicKey, chainCode, fingerprint, path }) => {
    const child = new HDKey({ publicKey, chainCode }).deriveChild(chain).deriveChild(index).publicKey;
    if (child === null) throw new Error('no such child key');
    const origin = {
      fingerprint: Number.parseInt(toHex(fingerprint), 16),
      path: [...path, chain, index],
    };
    return [child, origin] as [Uint8Array, typeof origin];
  });
  const sorted = children.map(([key]) => key).sort(Buffer.compare);
  const { script, witnessScript } = p2wsh(p2ms(2, sorted));
  if (witnessScript === undefined) throw new Error('a script of its own');
  return { script, witnessScript, bip32Derivation: children };
}

/** @param intents each in hexadecimal @param fee sat @param change index of the change @returns base64, as wallets print it */
export function draftElsewhere(
  keys: readonly AccountKey[],
  coin: CoinElsewhere,
  intents: readonly string[],
  fee: bigint,
  change: number,
): string {
  const tx = new Transaction({ version: 2, lockTime: 0 });
  const { script, witnessScript, bip32Derivation } = derive(keys, coin.chain, coin.index);
  tx.addInput({
    txid: fromHex(coin.txid).reverse(),
    index: coin.vout,
    sequence: 0xfffffffd,
    witnessUtxo: { amount: BigInt(coin.amount), script },
    witnessScript,
    bip32Derivation,
  });
  const payments = intents.map((hex) => {
    const intent = decodeIntent(fromHex(hex));
    if (!intent.ok) throw new Error(intent.fault.detail);
    return { amount: intent.value.amount, script: intent.value.script };
  });
  const paid = payments.reduce((sum, { amount }) => sum + amount, 0n);
  const own = derive(keys, 1, change);
  tx.addOutput({ ...own, amount: BigInt(coin.amount) - paid - fee });
  for (const payment of payments) tx.addOutput(payment);
  return Buffer.from(tx.toPSBT(0)).toString('base64');
}
