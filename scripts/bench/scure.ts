/**
 * The same inputs signed by @scure/btc-signer with one account key, for comparison: `Transaction.sign`, which derives each
 * child key itself. No PSBT is read or written; building the transaction is not counted. It verifies no intent, screens no rule
and does not check its own signatures.
 */
import { toHex } from '@coldwire/protocol';
import { reverseBytes } from '@coldwire/wallet';
import { Transaction } from '@scure/btc-signer';
import { type Cost, measureRuns } from './measure.ts';
import { type BenchCoin, hash256, SIGNERS, type Site } from './site.ts';

/** The transaction of these inputs, one output back to us, ready to sign. */
export function makeScureTransaction(site: Site, coins: readonly BenchCoin[]): Transaction {
  const transaction = new Transaction({ version: 2 });
  for (const { txid, vout, amount, index } of coins) {
    const script = site.scripts.at(0, index);
    const child = script.publicKeys[SIGNERS.indexOf('A')];
    if (child === undefined) throw new Error('signer A has a place in each script');
    transaction.addInput({
      txid: toHex(reverseBytes(txid)),
      index: vout,
      sequence: 0xffff_fffd,
      witnessUtxo: { amount, script: script.scriptPubKey },
      witnessScript: script.witnessScript,
      bip32Derivation: [[child, { fingerprint: site.keys.A.account.fingerprint, path: [0, index] }]],
    });
  }
  const total = coins.reduce((sum, { amount }) => sum + amount, 0n);
  const change = site.scripts.at(1, 0).scriptPubKey;
  transaction.addOutput({ script: change, amount: total - 2n * 105n * BigInt(coins.length) - 1_000n });
  return transaction;
}

export function measureScure(site: Site, coins: readonly BenchCoin[], runs: number): Cost {
  const { account } = site.keys.A;
  if (!isSigner(account)) throw new Error('an account key has a private part');
  return measureRuns(
    runs,
    () => makeScureTransaction(site, coins),
    (transaction) => {
      const signed = transaction.sign(account);
      if (signed !== coins.length) throw new Error(`@scure/btc-signer signed ${signed} of ${coins.length}`);
    },
  );
}

type SignerKey = Parameters<Transaction['sign']>[0];

/**
 * The same with bytes at both ends, as a signer on a line would do it: PSBT in, PSBT out, each previous transaction inside so
 * that amounts are checked. Our signer checked them once, at ADMIT.
 */
export function measureScurePsbt(site: Site, coins: readonly BenchCoin[], runs: number): Cost {
  const { account } = site.keys.A;
  if (!isSigner(account)) throw new Error('an account key has a private part');
  const previous = new Map(
    site.admits.map(({ transaction }) => [toHex(hash256(transaction)), transaction] as const),
  );
  const draft = makeScureTransaction(site, coins);
  for (const [place, { txid }] of coins.entries()) {
    const nonWitnessUtxo = previous.get(toHex(txid));
    if (nonWitnessUtxo === undefined) throw new Error('each coin has its transaction');
    draft.updateInput(place, { nonWitnessUtxo });
  }
  const psbt = draft.toPSBT();
  return measureRuns(
    runs,
    () => psbt,
    () => {
      const transaction = Transaction.fromPSBT(psbt);
      if (transaction.sign(account) !== coins.length) throw new Error('@scure/btc-signer left inputs out');
      if (transaction.toPSBT().length <= psbt.length) throw new Error('the PSBT holds no signatures');
    },
  );
}

/** @scure/bip32 types a key's parts as perhaps missing, @scure/btc-signer as present. */
function isSigner(key: object): key is Extract<SignerKey, { publicKey: Uint8Array }> {
  return 'publicKey' in key && key.publicKey !== null && 'privateKey' in key && key.privateKey !== null;
}
