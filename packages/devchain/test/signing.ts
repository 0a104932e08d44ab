/**
 * Coins for the tests and transactions that spend them, made and signed by @scure/btc-signer: nothing of
 * devchain's own code is used, so a mistake in it cannot hide itself.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import {
  OutScript,
  p2ms,
  p2pkh,
  p2sh,
  p2tr,
  p2wpkh,
  p2wsh,
  Script,
  SigHash,
  Transaction,
} from '@scure/btc-signer';
import { pubECDSA, pubSchnorr, signECDSA } from '@scure/btc-signer/utils.js';

export const REGTEST = { bech32: 'bcrt', pubKeyHash: 0x6f, scriptHash: 0xc4, wif: 0xef };

/** Test keys, the same in every run. */
export const keys = ['first', 'second', 'third'].map((name) =>
  sha256(Buffer.from(`coldwire test key: ${name}`)),
);
const publicKeys = keys.map((key) => pubECDSA(key));

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`no item ${index}`);
  return item;
}

export const key = (index: number): Uint8Array => at(keys, index);
const pub = (index: number): Uint8Array => at(publicKeys, index);

const multisig = p2ms(2, publicKeys);

/** `or_d(multi(2,A,B,C),and_v(v:pk(A),older(10)))`, as a wallet with a recovery branch has it. */
export const recoveryScript = Script.encode([
  2,
  ...publicKeys,
  3,
  'CHECKMULTISIG',
  'IFDUP',
  'NOTIF',
  pub(0),
  'CHECKSIGVERIFY',
  10,
  'CHECKSEQUENCEVERIFY',
  'ENDIF',
]);
/** `<height> CLTV DROP <A> CHECKSIG` */
export const lockedScript = (height: number): Uint8Array =>
  Script.encode([Script.encode([height]).subarray(1), 'CHECKLOCKTIMEVERIFY', 'DROP', pub(0), 'CHECKSIG']);

const wshOf = (script: Uint8Array): Uint8Array => OutScript.encode({ type: 'wsh', hash: sha256(script) });

/** Payments by template name. */
export const payments = {
  p2pkh: p2pkh(pub(0), REGTEST),
  p2wpkh: p2wpkh(pub(0), REGTEST),
  p2wsh: p2wsh(multisig, REGTEST),
  p2tr: p2tr(pubSchnorr(key(0)), undefined, REGTEST),
  'p2sh-p2wpkh': p2sh(p2wpkh(pub(0), REGTEST), REGTEST),
  'p2sh-p2wsh': p2sh(p2wsh(multisig, REGTEST), REGTEST),
  'p2sh-multisig': p2sh(multisig, REGTEST),
} as const;
export type Kind = keyof typeof payments;
export const KINDS: readonly Kind[] = [
  'p2pkh',
  'p2wpkh',
  'p2wsh',
  'p2tr',
  'p2sh-p2wpkh',
  'p2sh-p2wsh',
  'p2sh-multisig',
];

export const scripts = {
  recovery: wshOf(recoveryScript),
  locked: (height: number) => wshOf(lockedScript(height)),
};

/** The address of a kind; "1…" or "bcrt1…" texts for RPC calls. */
export function addressOf(kind: Kind): string {
  const { address } = payments[kind];
  if (address === undefined) throw new Error('a payment without an address');
  return address;
}

export interface TestCoin {
  readonly txid: string;
  readonly vout: number;
  readonly amount: bigint;
  readonly script: Uint8Array;
  /** The transaction that made it, for legacy signatures. */
  readonly from: Uint8Array;
}

export interface Plan {
  readonly coins: readonly (TestCoin & { readonly kind: Kind })[];
  readonly outputs: readonly { readonly script: Uint8Array; readonly amount: bigint }[];
  readonly sequence?: number;
  readonly locktime?: number;
  readonly version?: number;
  readonly sighash?: number;
}

const LAX = {
  allowUnknownOutputs: true,
  allowUnknownInputs: true,
  disableScriptCheck: true,
  allowUnknownVersion: true,
};

/** Adds inputs and outputs. */
function start(plan: Omit<Plan, 'coins'> & { coins: readonly TestCoin[] }): Transaction {
  const tx = new Transaction({ ...LAX, lockTime: plan.locktime ?? 0, version: plan.version ?? 2 });
  for (const { txid, vout, amount, script, from } of plan.coins) {
    const legacy = script.length === 25 || script.length === 23;
    const segwit = { witnessUtxo: { script, amount } };
    tx.addInput({
      txid,
      index: vout,
      sequence: plan.sequence ?? 0xfffffffd,
      ...(legacy ? { nonWitnessUtxo: from } : segwit),
    });
  }
  for (const { script, amount } of plan.outputs) tx.addOutput({ script, amount });
  return tx;
}

/** A finished transaction that spends coins of known kinds; two of three keys sign multisig. */
export function spend(plan: Plan): Transaction {
  const tx = start(plan);
  const sighash = plan.sighash ?? SigHash.ALL;
  plan.coins.forEach(({ kind }, i) => {
    const payment = payments[kind];
    tx.updateInput(i, {
      ...('redeemScript' in payment && payment.redeemScript !== undefined
        ? { redeemScript: payment.redeemScript }
        : {}),
      ...('witnessScript' in payment && payment.witnessScript !== undefined
        ? { witnessScript: payment.witnessScript }
        : {}),
      ...('tapInternalKey' in payment ? { tapInternalKey: payment.tapInternalKey } : {}),
      ...(kind === 'p2tr' && plan.sighash === undefined ? {} : { sighashType: sighash }),
    });
    tx.signIdx(key(0), i, kind === 'p2tr' && plan.sighash === undefined ? [SigHash.DEFAULT] : [sighash]);
    if (kind.endsWith('p2wsh') || kind.endsWith('multisig')) tx.signIdx(key(1), i, [sighash]);
    tx.finalizeIdx(i);
  });
  return tx;
}

/** A P2WSH spend whose witness is put together by hand; `signers` sign with SIGHASH_ALL. */
export function spendScript(
  plan: Omit<Plan, 'coins'> & { readonly coins: readonly TestCoin[] },
  script: Uint8Array,
  witness: (sign: (signer: number) => Uint8Array) => readonly Uint8Array[],
): Transaction {
  const tx = start(plan);
  plan.coins.forEach(({ amount }, i) => {
    const hash = tx.preimageWitnessV0(i, script, SigHash.ALL, amount);
    const sign = (signer: number): Uint8Array =>
      Uint8Array.of(...signECDSA(hash, key(signer), true), SigHash.ALL);
    tx.updateInput(i, { finalScriptWitness: [...witness(sign), script] });
  });
  return tx;
}

/** The bytes to broadcast. */
export function rawOf(tx: Transaction): Uint8Array {
  return tx.toBytes(true, true);
}

/** The coins that a transaction makes. */
export function coinsOf(tx: Transaction): TestCoin[] {
  const from = rawOf(tx);
  return Array.from({ length: tx.outputsLength }, (_, vout) => {
    const { amount, script } = tx.getOutput(vout);
    if (amount === undefined || script === undefined) throw new Error('an output without amount or script');
    return { txid: tx.id, vout, amount, script, from };
  });
}
