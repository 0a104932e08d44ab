/**
 * The one script template of Coldwire, `wsh(sortedmulti(2,A,B,C))`, at any (chain, index) of a wallet.
 * Nothing is derived from what a message claims; only chain and index choose a script.
 * Spec: protocol-spec/3-wallet.md, "Descriptor" and "Script". Sources: BIP-67, BIP-141, BIP-383.
 */
import { concatBytes } from '@coldwire/protocol/bytes.ts';
import { compareBytes } from './byte-order.ts';
import {
  type AccountKey,
  type DerivedNode,
  derivePublicStep,
  derivePublicSteps,
  type PointMath,
} from './extended-key.ts';
import { sha256 } from './hash.ts';
import type { Network } from './network.ts';

/** A 2-of-3 wallet. `keys` are in the order of the signers A, B, C; the script sorts them anew for each index (BIP-67). */
export type Wallet = {
  readonly network: Network;
  readonly threshold: 2;
  readonly keys: readonly AccountKey[];
};

/** 0: receive, 1: change. */
export type Chain = 0 | 1;

/** The two public tweaks from a signer's account key to its child key: private child = account + chain + index, mod n. */
export type ChildTweaks = { readonly chain: Uint8Array; readonly index: Uint8Array };

/** One script of a wallet. Cached and shared: callers must not write into the byte arrays. */
export type DerivedScript = {
  readonly chain: Chain;
  readonly index: number;
  /** 105 bytes: `2 <key> <key> <key> 3 OP_CHECKMULTISIG`, keys in BIP-67 order. */
  readonly witnessScript: Uint8Array;
  /** 34 bytes: `0 <sha256 of the witness script>`. */
  readonly scriptPubKey: Uint8Array;
  /** Child public keys, 33 bytes each, in the order of the signers. */
  readonly publicKeys: readonly Uint8Array[];
  /** `sortedPosition[i]` is the place of signer i's key in the script, 0 to 2. */
  readonly sortedPosition: readonly number[];
  /** In the order of the signers. */
  readonly tweaks: readonly ChildTweaks[];
};

export type WalletScripts = {
  readonly wallet: Wallet;
  /** The script at a place; throws RangeError unless 0 ≤ index < 2³¹. */
  at(chain: Chain, index: number): DerivedScript;
};

/** Number of scripts that {@link createScripts} keeps: about 8 MB, and more than a full draft of inputs. */
export const SCRIPT_CACHE_SIZE = 4096;

/** Bytes of every witness script. */
export const WITNESS_SCRIPT_LENGTH = 105;

const OP_2 = 0x52;
const OP_3 = 0x53;
const OP_CHECKMULTISIG = 0xae;

function witnessScriptOf(sortedKeys: readonly Uint8Array[]): Uint8Array {
  const pushes = sortedKeys.flatMap((key) => [Uint8Array.of(key.length), key]);
  return concatBytes(Uint8Array.of(OP_2), ...pushes, Uint8Array.of(OP_3, OP_CHECKMULTISIG));
}

function buildScript(
  chain: Chain,
  index: number,
  steps: readonly (readonly [DerivedNode, DerivedNode])[],
): DerivedScript {
  const publicKeys = steps.map(([, child]) => child.publicKey);
  const sorted = [...publicKeys].sort(compareBytes);
  const witnessScript = witnessScriptOf(sorted);
  return {
    chain,
    index,
    witnessScript,
    scriptPubKey: concatBytes(Uint8Array.of(0x00, 0x20), sha256(witnessScript)),
    publicKeys,
    sortedPosition: publicKeys.map((key) => sorted.indexOf(key)),
    tweaks: steps.map(([node, child]) => ({ chain: node.tweak, index: child.tweak })),
  };
}

function dropOldest(cache: Map<string, DerivedScript>): void {
  const oldest = cache.keys().next();
  if (!oldest.done) cache.delete(oldest.value);
}

/**
 * The scripts of a wallet, derived on demand and kept in a bounded cache, least recently used out first.
 * Throws when the wallet has not exactly three keys or one of them is not a point of the curve; charters are checked
 * with `checkWallet` before they get here.
 */
export function createScripts(wallet: Wallet, math: PointMath, cacheSize = SCRIPT_CACHE_SIZE): WalletScripts {
  if (wallet.keys.length !== 3) throw new RangeError(`a wallet has 3 keys, not ${wallet.keys.length}`);
  const chains = ([0, 1] as const).map((chain) =>
    wallet.keys.map((key) => {
      const node = derivePublicStep(key, chain, math);
      return { node, stepTo: derivePublicSteps(node, math) };
    }),
  );
  const cache = new Map<string, DerivedScript>();
  const derive = (chain: Chain, index: number): DerivedScript => {
    const steps = chains[chain];
    if (steps === undefined) throw new RangeError(`${chain} is not a chain: 0 receives, 1 is change`);
    return buildScript(
      chain,
      index,
      steps.map(({ node, stepTo }) => [node, stepTo(index)] as const),
    );
  };
  return {
    wallet,
    at(chain, index) {
      const key = `${chain}/${index}`;
      const known = cache.get(key);
      const script = known ?? derive(chain, index);
      // Deleting and inserting moves the entry to the end of the map's order, so the first entry is the oldest.
      cache.delete(key);
      cache.set(key, script);
      if (cache.size > cacheSize) dropOldest(cache);
      return script;
    },
  };
}
