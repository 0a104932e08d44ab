/**
 * The transaction, built once more from the draft: own derivation (@scure/bip32), own scripts and serialization
 * (@scure/btc-signer). Nothing of the signers' code is used. Refuses what cannot be built.
 * Spec: protocol-spec/4-messages.md, "Drafts"; 13-gate.md.
 */
import {
  type Draft,
  decodeIntent,
  equalBytes,
  type Intent,
  type SignRequest,
  toHex,
} from '@coldwire/protocol';
import type { HDKey } from '@scure/bip32';
import { OutScript, p2ms, p2wsh, Transaction } from '@scure/btc-signer';
import type { GateCharter, GateWallet } from './charter.ts';
import { type GateRefusal, refuse } from './refusal.ts';

export const MAX_SAT = 2_100_000_000_000_000n;
/** What every transaction of ours says (protocol-spec/4-messages.md, "Drafts"). */
export const VERSION = 2;
export const SEQUENCE = 0xfffffffd;
const MAX_INDEX = 0x7fff_ffff;
const HEIGHT_LIMIT = 500_000_000;

export interface GateScript {
  readonly witnessScript: Uint8Array;
  readonly scriptPubKey: Uint8Array;
  /** 33 bytes each, in the order of the signers. */
  readonly publicKeys: readonly Uint8Array[];
}

export interface GateInput {
  /** `txid:vout`, txid as people see it. */
  readonly outpoint: string;
  readonly amount: bigint;
  readonly script: GateScript;
}

/** An input and where its keys are. */
interface PlacedInput {
  readonly outpoint: string;
  readonly amount: bigint;
  /** Place in the charter's list. */
  readonly wallet: number;
  readonly chain: number;
  readonly index: number;
}

export interface GateOutput {
  readonly script: Uint8Array;
  /** sat */
  readonly amount: bigint;
}

export interface GateIntent {
  readonly intent: Intent;
  readonly id: string;
  /** The bytes that were signed, and the signature. */
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Rebuilt {
  readonly request: SignRequest;
  readonly transaction: Transaction;
  /** As people see it. */
  readonly txid: string;
  readonly inputs: readonly GateInput[];
  readonly outputs: readonly GateOutput[];
  readonly intents: readonly GateIntent[];
  /** sat to intents, to all outputs, and what is left. */
  readonly paid: bigint;
  readonly moved: bigint;
  readonly fee: bigint;
}

const CACHE_MAX = 4096;
const caches = new WeakMap<GateWallet, Map<string, GateScript>>();
const nodes = new WeakMap<GateWallet, Map<number, readonly HDKey[]>>();

/** Half of every derivation: a wallet has two chains. */
function deriveChain(wallet: GateWallet, chain: number): readonly HDKey[] {
  const known = nodes.get(wallet) ?? new Map<number, readonly HDKey[]>();
  nodes.set(wallet, known);
  const keys = known.get(chain) ?? wallet.accounts.map((account) => account.deriveChild(chain));
  known.set(chain, keys);
  return keys;
}

/** `wsh(sortedmulti(2,A,B,C))` at a place (BIP-67, BIP-141). */
export function deriveScript(wallet: GateWallet, chain: number, index: number): GateScript {
  let cache = caches.get(wallet);
  if (cache === undefined || cache.size >= CACHE_MAX) {
    cache = new Map();
    caches.set(wallet, cache);
  }
  const place = `${chain}/${index}`;
  const known = cache.get(place);
  if (known !== undefined) return known;
  const publicKeys = deriveChain(wallet, chain).map((node) => {
    const { publicKey } = node.deriveChild(index);
    if (publicKey === null) throw new Error('a derived key without a public key');
    return publicKey;
  });
  const sorted = [...publicKeys].sort((a, b) => Buffer.compare(a, b));
  const multisig = p2ms(2, sorted);
  const script = {
    witnessScript: multisig.script,
    scriptPubKey: p2wsh(multisig).script,
    publicKeys,
  };
  cache.set(place, script);
  return script;
}

/** A draft of which a transaction can be built. Nothing was derived for its inputs yet: a thousand of them take seconds. */
export interface Inspected
  extends Pick<Rebuilt, 'request' | 'outputs' | 'intents' | 'paid' | 'moved' | 'fee'> {
  readonly inputs: readonly PlacedInput[];
}

export type Inspection =
  | { readonly ok: true; readonly value: Inspected }
  | { readonly ok: false; readonly refusals: readonly GateRefusal[] };

/** Everything is judged that can be judged on the draft alone; a draft that cannot be built ends here. */
export function inspect(charter: GateCharter, request: SignRequest): Inspection {
  const { draft } = request;
  const counts = checkCounts(charter, draft);
  if (counts.length > 0) return { ok: false, refusals: counts };
  const refusals: GateRefusal[] = [...checkShape(draft)];
  const intents = readIntents(draft, refusals);
  const inputs = readInputs(charter, draft, refusals);
  const outputs = placeOutputs(charter, draft, intents, refusals);
  const paid = intents.reduce((sum, { intent }) => sum + intent.amount, 0n);
  // Of everything that the draft says, so that one bad row does not look like a hole in the sum.
  const spent = draft.inputs.reduce((sum, [, , amount]) => sum + amount, 0n);
  const moved = draft.change.reduce((sum, [, , amount]) => sum + amount, paid);
  const fee = spent - moved;
  const amounts = [...inputs, ...outputs].map(({ amount }) => amount);
  if ([...amounts, spent].some((amount) => amount > MAX_SAT))
    refusals.push(refuse('VALUE_RANGE', { what: 'amount', value: spent }));
  else if (fee < 0n) refusals.push(refuse('VALUE_RANGE', { what: 'fee', value: fee }));
  return refusals.length > 0
    ? { ok: false, refusals }
    : { ok: true, value: { request, inputs, outputs, intents, paid, moved, fee } };
}

/** The transaction, by the gate's own derivation. */
export function build(charter: GateCharter, inspected: Inspected): Rebuilt {
  const { outputs } = inspected;
  const { draft } = inspected.request;
  const inputs = inspected.inputs.map(({ outpoint, amount, wallet, chain, index }): GateInput => {
    const keys = charter.wallets[wallet];
    if (keys === undefined) throw new Error('an input of a wallet that was not there');
    return { outpoint, amount, script: deriveScript(keys, chain, index) };
  });
  const transaction = new Transaction({
    version: VERSION,
    lockTime: draft.locktime,
    allowUnknownInputs: false,
  });
  for (const [i, { outpoint, amount, script }] of inputs.entries()) {
    transaction.addInput({
      txid: outpoint.slice(0, 64),
      index: draft.inputs[i]?.[1] ?? 0,
      sequence: SEQUENCE,
      witnessUtxo: { script: script.scriptPubKey, amount },
      witnessScript: script.witnessScript,
    });
  }
  for (const { script, amount } of outputs) transaction.addOutput({ script, amount });
  return { ...inspected, inputs, transaction, txid: transaction.id };
}

export type Rebuilding =
  | { readonly ok: true; readonly value: Rebuilt }
  | { readonly ok: false; readonly refusals: readonly GateRefusal[] };

/** Both at once, for whoever is in no hurry. */
export function rebuild(charter: GateCharter, request: SignRequest): Rebuilding {
  const inspected = inspect(charter, request);
  return inspected.ok ? { ok: true, value: build(charter, inspected.value) } : inspected;
}

function checkCounts(charter: GateCharter, draft: Draft): readonly GateRefusal[] {
  const { policy } = charter.charter;
  const counts: readonly (readonly [string, number, number])[] = [
    ['inputs', draft.inputs.length, policy.maxInputs],
    ['intents', draft.intents.length, policy.maxIntents],
    ['outputs', draft.intents.length + draft.change.length, policy.maxOutputs],
  ];
  const over = counts.filter(([, got, limit]) => got > limit);
  return over.map(([what, got, limit]) => refuse('LIMIT', { what, got, limit }));
}

function checkShape(draft: Draft): readonly GateRefusal[] {
  return [
    ...(draft.locktime >= HEIGHT_LIMIT
      ? [refuse('TX_FIELDS', { field: 'locktime', value: draft.locktime })]
      : []),
    ...(draft.intents.length + draft.change.length === 0
      ? [refuse('TX_FIELDS', { field: 'outputs', value: 0 })]
      : []),
  ];
}

function readIntents(draft: Draft, refusals: GateRefusal[]): readonly GateIntent[] {
  const seen = new Set<string>();
  return draft.intents.flatMap(([bytes, signature]) => {
    const decoded = decodeIntent(bytes);
    if (!decoded.ok) {
      refusals.push(refuse('INTENT_SIGNATURE', { intent: 'not an intent' }));
      return [];
    }
    const id = toHex(decoded.value.id);
    if (seen.has(id)) refusals.push(refuse('DUP_INTENT', { intent: id }));
    seen.add(id);
    return [{ intent: decoded.value, id, bytes, signature }];
  });
}

function readInputs(charter: GateCharter, draft: Draft, refusals: GateRefusal[]): readonly PlacedInput[] {
  const seen = new Set<string>();
  return draft.inputs.flatMap(([txid, vout, amount, walletIndex, chain, index]) => {
    const outpoint = `${toHex(Uint8Array.from(txid).reverse())}:${vout}`;
    if (seen.has(outpoint)) refusals.push(refuse('DUP_INPUT', { outpoint }));
    seen.add(outpoint);
    const wallet = charter.wallets[walletIndex];
    if (wallet === undefined || chain > 1 || index > MAX_INDEX) {
      refusals.push(refuse('INPUT_FOREIGN', { outpoint }));
      return [];
    }
    return [{ outpoint, amount, wallet: walletIndex, chain, index }];
  });
}

/** The intents' outputs in order, with our own change put in at its places; any other output cannot be said. */
function placeOutputs(
  charter: GateCharter,
  draft: Draft,
  intents: readonly GateIntent[],
  refusals: GateRefusal[],
): readonly GateOutput[] {
  const outputs: GateOutput[] = intents.map(({ intent }, output) => {
    const { script, amount } = intent;
    if (!isAllowed(charter, script)) refusals.push(refuse('OUTPUT_TYPE', { output }));
    return { script, amount };
  });
  const newest = charter.wallets.length - 1;
  let last = -1;
  for (const [walletIndex, index, amount, position] of draft.change) {
    const wallet = charter.wallets[walletIndex];
    const isOurs = wallet !== undefined && walletIndex === newest && index <= MAX_INDEX;
    if (!isOurs || position <= last || position > outputs.length) {
      refusals.push(refuse('NOT_CHANGE', { output: position }));
      continue;
    }
    last = position;
    outputs.splice(position, 0, { script: deriveScript(wallet, 1, index).scriptPubKey, amount });
  }
  return outputs;
}

/** The library's names of script types: in the charter's words, and with the bytes around the one push of each. */
const TYPES = {
  pkh: { name: 'p2pkh', before: [0x76, 0xa9, 0x14], after: [0x88, 0xac] },
  sh: { name: 'p2sh', before: [0xa9, 0x14], after: [0x87] },
  wpkh: { name: 'p2wpkh', before: [0x00, 0x14], after: [] },
  wsh: { name: 'p2wsh', before: [0x00, 0x20], after: [] },
  tr: { name: 'p2tr', before: [0x51, 0x20], after: [] },
} as const;

/** The library reads longer pushes of the same bytes as well: nodes take most of those for no type at all, and signers do. */
function isAllowed(charter: GateCharter, script: Uint8Array): boolean {
  const decoded = decodeScript(script);
  if (decoded === undefined) return false;
  const { name, before, after } = TYPES[decoded.type];
  const exact = Uint8Array.of(...before, ...decoded.pushed, ...after);
  return equalBytes(exact, script) && charter.charter.policy.scripts.includes(name);
}

/** Undefined for what the library does not know, or what has no type of ours. */
function decodeScript(
  script: Uint8Array,
): { readonly type: keyof typeof TYPES; readonly pushed: Uint8Array } | undefined {
  try {
    const decoded = OutScript.decode(script);
    switch (decoded.type) {
      case 'pkh':
      case 'sh':
      case 'wpkh':
      case 'wsh':
        return { type: decoded.type, pushed: decoded.hash };
      case 'tr':
        return { type: 'tr', pushed: decoded.pubkey };
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}
