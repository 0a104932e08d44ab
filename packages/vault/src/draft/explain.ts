/** A draft in words, for the person who watches the vault. What counts is what signer and gate work out themselves. */
import { type Draft, decodeIntent, toHex } from '@coldwire/protocol';
import { displayTxid, encodeAddress, outpointKey, type WalletScripts } from '@coldwire/wallet';
import { prepareDraft } from './prepare.ts';

const SAT_PER_BTC = 100_000_000n;

/** "1.50000000 BTC": eight places, never rounded. */
export function formatBtc(sat: bigint): string {
  return `${sat / SAT_PER_BTC}.${(sat % SAT_PER_BTC).toString().padStart(8, '0')} BTC`;
}

export function explainDraft(draft: Draft, scripts: readonly WalletScripts[]): string {
  const { txid, fee, vsize } = prepareDraft(draft, [], scripts);
  const network = scripts[0]?.wallet.network ?? 'mainnet';
  const lines = [`transaction ${displayTxid(txid)}`];
  for (const [inputTxid, vout, amount, wallet, chain, index] of draft.inputs) {
    const key = outpointKey({ txid: inputTxid, vout });
    lines.push(`  spends ${formatBtc(amount)}  ${key}  (wallet ${wallet}, ${chain}/${index})`);
  }
  for (const [bytes] of draft.intents) {
    const intent = decodeIntent(bytes);
    if (!intent.ok) throw new Error('a draft holds an intent that is none');
    const { id, amount, script, requester } = intent.value;
    const to = encodeAddress(script, network) ?? `script ${toHex(script)}`;
    lines.push(`  pays   ${formatBtc(amount)}  ${to}  (${requester}, intent ${toHex(id)})`);
  }
  for (const [wallet, index, amount] of draft.change) {
    lines.push(`  keeps  ${formatBtc(amount)}  as change  (wallet ${wallet}, 1/${index})`);
  }
  lines.push(`  fee    ${formatBtc(fee)}, ${(Number(fee) / vsize).toFixed(1)} sat/vB of at most ${vsize} vB`);
  lines.push(`  locktime ${draft.locktime}, replaceable`);
  return lines.join('\n');
}
