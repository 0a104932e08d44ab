/**
 * The charter's script at a place, derived by the auditor itself: BIP-32 public derivation on @noble/secp256k1, the
 * `wsh(sortedmulti(2,A,B,C))` of @scure/btc-signer. Nothing of the signers' or the wallet's code is used.
 * Spec: protocol-spec/3-wallet.md. Sources: BIP-32, BIP-67, BIP-141.
 */
import { createHmac } from 'node:crypto';
import type { Charter } from '@coldwire/protocol';
import { concatBytes } from '@coldwire/protocol';
import { Point } from '@noble/secp256k1';
import { p2ms, p2wsh } from '@scure/btc-signer';

export interface Script {
  readonly witnessScript: Uint8Array;
  readonly scriptPubKey: Uint8Array;
  /** Child keys by signer's name, 33 bytes. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
}

interface Node {
  readonly publicKey: Uint8Array;
  readonly chainCode: Uint8Array;
}

const MAX_INDEX = 0x7fff_ffff;
const CACHE_MAX = 20_000;

/** BIP-32, public parent to public child, unhardened. @throws Error in the one case of 2¹²⁷ where there is no child */
function deriveChild({ publicKey, chainCode }: Node, index: number): Node {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, index);
  const mac = createHmac('sha512', chainCode).update(concatBytes(publicKey, number)).digest();
  const tweak = BigInt(`0x${mac.subarray(0, 32).toString('hex')}`);
  const point = Point.fromBytes(publicKey).add(Point.BASE.multiply(tweak));
  if (point.is0()) throw new Error('the child is the point at infinity');
  return { publicKey: point.toBytes(true), chainCode: new Uint8Array(mac.subarray(32)) };
}

/** Derives every script of a charter's wallets; undefined for a place that does not exist. */
export class Scripts {
  readonly #charter: Charter;
  readonly #chains = new Map<string, Node>();
  readonly #scripts = new Map<string, Script>();

  constructor(charter: Charter) {
    this.#charter = charter;
  }

  at(wallet: number, chain: number, index: number): Script | undefined {
    const rows = this.#charter.wallets[wallet]?.keys;
    if (rows === undefined || chain > 1 || index > MAX_INDEX) return undefined;
    const place = `${wallet}/${chain}/${index}`;
    const known = this.#scripts.get(place);
    if (known !== undefined) return known;
    if (this.#scripts.size >= CACHE_MAX) this.#scripts.clear();
    const keys = new Map(
      rows.map((row) => {
        const account = `${wallet}/${chain}/${row.signer}`;
        const node = this.#chains.get(account) ?? deriveChild(row, chain);
        this.#chains.set(account, node);
        return [row.signer, deriveChild(node, index).publicKey];
      }),
    );
    const multisig = p2ms(
      2,
      [...keys.values()].sort((a, b) => Buffer.compare(a, b)),
    );
    const script = { witnessScript: multisig.script, scriptPubKey: p2wsh(multisig).script, keys };
    this.#scripts.set(place, script);
    return script;
  }
}
