/**
 * Reads a wallet from the descriptor that Coldwire or another program wrote: at set-up, and to compare a back-up.
 * Takes our one template only, with origins and checksum: `wsh(sortedmulti(2,[…]…,[…]…,[…]…))#…`, all keys ending in
 * `/<0;1>/*`, or all in `/0/*`, or all in `/1/*`; hardened steps as h, H or '. Refuses every other descriptor, other
 * networks, keys that are no BIP-48 account, and a checksum that does not match: one wrong character is another wallet.
 */
import { fromHex } from '@coldwire/protocol/bytes.ts';
import { HARDENED, MAX_INDEX } from '@coldwire/protocol/charter/account-path.ts';
import { accept, makeFault, type Result, reject } from '@coldwire/protocol/fault.ts';
import { checkWallet } from '../check-wallet.ts';
import { descriptorChecksum } from '../descriptor.ts';
import type { AccountKey, PointMath } from '../extended-key.ts';
import { parseXpub } from '../extended-key-text.ts';
import type { Network } from '../network.ts';
import type { Wallet } from '../scripts.ts';

const MAX_LENGTH = 1000;
const TEMPLATE = /^wsh\(sortedmulti\(2,([^()]*)\)\)$/;
const KEY = /^\[([0-9a-fA-F]{8})((?:\/[0-9]{1,10}[hH']?){1,10})\]([0-9A-Za-z]+)\/(<0;1>|0|1)\/\*$/;

function refuse(detail: string): { readonly ok: false; readonly fault: ReturnType<typeof makeFault> } {
  return reject(makeFault('MALFORMED', `descriptor: ${detail}`));
}

function parsePath(text: string): number[] | undefined {
  const steps = text.slice(1).split('/');
  const numbers = steps.map((step) => Number.parseInt(step, 10));
  if (numbers.some((number) => number > MAX_INDEX)) return undefined;
  return numbers.map((number, i) => (/[hH']$/.test(steps[i] ?? '') ? number + HARDENED : number));
}

type KeyExpression = { readonly key: AccountKey; readonly branch: string };

function parseKey(text: string, network: Network): Result<KeyExpression> {
  const [, fingerprint, pathPart, xpubText, branch] = KEY.exec(text) ?? [];
  if (fingerprint === undefined || pathPart === undefined || xpubText === undefined || branch === undefined) {
    return refuse('a key is not [fingerprint/path]xpub/chain/*');
  }
  const path = parsePath(pathPart);
  if (path === undefined) return refuse('a step of a path is above 2147483647');
  const xpub = parseXpub(xpubText);
  if (!xpub.ok) return refuse(xpub.fault.detail);
  const { publicKey, chainCode, depth, childNumber } = xpub.value;
  const wanted = network === 'mainnet' ? 'main' : 'test';
  if (xpub.value.network !== wanted) return refuse(`an extended key is not one of ${network}`);
  if (depth !== path.length || childNumber !== path.at(-1))
    return refuse('an extended key is not at its path');
  return accept({
    key: { fingerprint: fromHex(fingerprint.toLowerCase()), path, publicKey, chainCode },
    branch,
  });
}

/** The wallet of a descriptor. Faults: MALFORMED, TOO_LARGE. */
export function importDescriptor(text: string, network: Network, math: PointMath): Result<Wallet> {
  if (text.length > MAX_LENGTH) {
    return reject(
      makeFault('TOO_LARGE', `descriptor: ${text.length} characters, the limit is ${MAX_LENGTH}`),
    );
  }
  const separator = text.lastIndexOf('#');
  if (separator < 0) return refuse('no checksum; ask the other program for one');
  const body = text.slice(0, separator);
  if (descriptorChecksum(body) !== text.slice(separator + 1)) return refuse('the checksum does not match');
  const keyTexts = TEMPLATE.exec(body)?.[1]?.split(',');
  if (keyTexts === undefined) return refuse('not wsh(sortedmulti(2,…)), the only template');
  const expressions: KeyExpression[] = [];
  for (const keyText of keyTexts) {
    const parsed = parseKey(keyText, network);
    if (!parsed.ok) return parsed;
    expressions.push(parsed.value);
  }
  if (new Set(expressions.map(({ branch }) => branch)).size > 1) return refuse('keys of different chains');
  const wallet: Wallet = { network, threshold: 2, keys: expressions.map(({ key }) => key) };
  const fault = checkWallet(wallet, math);
  return fault === undefined ? accept(wallet) : reject(fault);
}
