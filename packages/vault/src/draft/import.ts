/**
 * A draft out of a PSBT that another wallet drafted on our descriptor. Nothing is taken on the PSBT's word: each script is
 * rebuilt from the charter at the place that the PSBT hints at and compared; each output is one intent, or our own change.
 * The order of the outputs is the PSBT's, and the intents take it over: what the signers build is the very same transaction.
 * Refuses, first thing wrong: TX_FIELDS, DUP_INPUT, INPUT_FOREIGN, NOT_CHANGE, LIMIT, VALUE_RANGE, and intents left unpaid.
 * Spec: protocol-spec/3-wallet.md, "A draft from a PSBT".
 */
import { type Draft, equalBytes, MAX_CHANGE, type SignedIntent } from '@coldwire/protocol';
import {
  type AccountKey,
  type Chain,
  DEFAULT_SEQUENCE,
  type DerivedScript,
  fingerprintOf,
  MAX_INDEX,
  MAX_MONEY,
  outpointKey,
  serializeStripped,
  type WalletScripts,
} from '@coldwire/wallet';
import type { KeyOrigin, ReadPsbt } from '@coldwire/wallet/import/psbt.ts';
import { draftTransaction, readPayee } from './build.ts';

export type ImportCode = 'TX_FIELDS' | 'DUP_INPUT' | 'INPUT_FOREIGN' | 'NOT_CHANGE' | 'LIMIT' | 'VALUE_RANGE';

export interface Unfit {
  readonly kind: 'unfit';
  /** Absent where it is not the PSBT but the list of intents that does not fit. */
  readonly code?: ImportCode;
  readonly what: string;
}

export type ImportResult = { readonly kind: 'imported'; readonly draft: Draft } | Unfit;

function unfit(code: ImportCode, what: string): Unfit {
  return { kind: 'unfit', code, what };
}

interface Place {
  readonly wallet: number;
  readonly chain: Chain;
  readonly index: number;
}

/** Our three keys hint at one place; whoever hints at many more wants us to derive for a long time. */
const MOST_HINTS = 4;

/**
 * The place below an account key that an origin claims: as its path from the master key, or from the account key itself, as
 * Electrum writes it. Undefined if it is not one of that key's.
 */
function hintOf(origin: KeyOrigin, key: AccountKey): { chain: Chain; index: number } | undefined {
  const { path, fingerprint } = origin;
  const whole = path.length === key.path.length + 2 && key.path.every((step, at) => step === path[at]);
  const named = whole ? key.fingerprint : fingerprintOf(key.publicKey);
  if ((!whole && path.length !== 2) || !equalBytes(fingerprint, named)) return undefined;
  const [chain, index] = path.slice(-2);
  if ((chain !== 0 && chain !== 1) || index === undefined || index > MAX_INDEX) return undefined;
  return { chain, index };
}

function hintsOf(origins: readonly KeyOrigin[], scripts: readonly WalletScripts[]): readonly Place[] {
  const hints = new Map<string, Place>();
  for (const [
    wallet,
    {
      wallet: { keys },
    },
  ] of scripts.entries()) {
    for (const origin of origins) {
      for (const key of keys) {
        const hint = hintOf(origin, key);
        if (hint !== undefined) hints.set(`${wallet}/${hint.chain}/${hint.index}`, { wallet, ...hint });
      }
    }
  }
  return [...hints.values()].slice(0, MOST_HINTS);
}

interface Claimed {
  readonly witnessScript: Uint8Array | undefined;
  readonly origins: readonly KeyOrigin[];
}

/** Where a script is ours, by the charter; undefined if none of the hints leads to it. */
function locate(
  script: Uint8Array,
  claimed: Claimed,
  scripts: readonly WalletScripts[],
): (Place & { readonly derived: DerivedScript }) | undefined {
  for (const place of hintsOf(claimed.origins, scripts)) {
    const derived = scripts[place.wallet]?.at(place.chain, place.index);
    if (derived !== undefined && equalBytes(derived.scriptPubKey, script)) return { ...place, derived };
  }
  return undefined;
}

function agrees({ witnessScript }: Claimed, derived: DerivedScript): boolean {
  return witnessScript === undefined || equalBytes(witnessScript, derived.witnessScript);
}

function readInputs(psbt: ReadPsbt, scripts: readonly WalletScripts[]): Draft['inputs'] | Unfit {
  const inputs: Draft['inputs'][number][] = [];
  const seen = new Set<string>();
  for (const [i, { outpoint, sequence }] of psbt.tx.inputs.entries()) {
    const input = psbt.inputs[i];
    if (input === undefined) throw new Error('a PSBT that was read has a map for each input');
    const name = outpointKey(outpoint);
    if (sequence !== DEFAULT_SEQUENCE)
      return unfit('TX_FIELDS', `input ${i} has the sequence ${sequence.toString(16)}; it must be fffffffd`);
    if (seen.has(name)) return unfit('DUP_INPUT', `input ${i} spends ${name} again`);
    seen.add(name);
    const place = locate(input.spent.script, input, scripts);
    if (place === undefined)
      return unfit('INPUT_FOREIGN', `input ${i} (${name}) is not the charter's at the place it names`);
    if (!agrees(input, place.derived))
      return unfit('INPUT_FOREIGN', `input ${i} (${name}) names another witness script than the charter's`);
    const { wallet, chain, index } = place;
    inputs.push([outpoint.txid, outpoint.vout, input.spent.amount, wallet, chain, index]);
  }
  return inputs;
}

type Outputs = Pick<Draft, 'intents' | 'change'>;

/** Each output is the first intent not paid yet with its amount and script; what is none must be change. */
function readOutputs(
  psbt: ReadPsbt,
  scripts: readonly WalletScripts[],
  intents: readonly SignedIntent[],
): Outputs | Unfit {
  const unpaid = intents.map((signed) => ({ signed, payee: readPayee(signed) }));
  const paid: SignedIntent[] = [];
  const change: Draft['change'][number][] = [];
  for (const [position, { amount, script }] of psbt.tx.outputs.entries()) {
    const at = unpaid.findIndex(({ payee }) => payee.amount === amount && equalBytes(payee.script, script));
    const [found] = at < 0 ? [] : unpaid.splice(at, 1);
    if (found !== undefined) {
      paid.push(found.signed);
      continue;
    }
    const claimed = psbt.outputs[position] ?? { witnessScript: undefined, origins: [] };
    const place = locate(script, claimed, scripts);
    if (place === undefined || place.chain !== 1 || !agrees(claimed, place.derived))
      return unfit('NOT_CHANGE', `output ${position} (${amount} sat) is neither an intent nor our change`);
    change.push([place.wallet, place.index, amount, position]);
  }
  const [left] = unpaid;
  if (left !== undefined)
    return { kind: 'unfit', what: `intent ${intents.indexOf(left.signed) + 1} is not paid by it` };
  if (change.length > MAX_CHANGE)
    return unfit('LIMIT', `${change.length} change outputs; a draft has at most ${MAX_CHANGE}`);
  return { intents: paid, change };
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

/**
 * @param scripts of the charter's wallets, in its order
 * @param intents canonical; signatures are judged elsewhere
 */
export function importDraft(
  psbt: ReadPsbt,
  scripts: readonly WalletScripts[],
  intents: readonly SignedIntent[],
): ImportResult {
  if (psbt.tx.version !== 2)
    return unfit('TX_FIELDS', `the transaction has version ${psbt.tx.version}; it must be 2`);
  const inputs = readInputs(psbt, scripts);
  if ('kind' in inputs) return inputs;
  const outputs = readOutputs(psbt, scripts, intents);
  if ('kind' in outputs) return outputs;
  const spent = sum(psbt.inputs.map((input) => input.spent.amount));
  const paid = sum(psbt.tx.outputs.map(({ amount }) => amount));
  if (paid > spent || spent > MAX_MONEY)
    return unfit('VALUE_RANGE', `its inputs hold ${spent} sat, its outputs ${paid} sat`);
  const draft = { locktime: psbt.tx.locktime, inputs, ...outputs };
  const built = serializeStripped(draftTransaction(draft, scripts));
  if (!equalBytes(built, serializeStripped(psbt.tx)))
    throw new Error('the draft of a PSBT is another transaction than the PSBT');
  return { kind: 'imported', draft };
}
