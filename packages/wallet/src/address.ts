/**
 * Addresses: text that people and exchanges use for an output script. One network at a time.
 * Decoding takes P2PKH, P2SH, P2WPKH, P2WSH and P2TR only; it refuses other networks, mixed case, wrong checksums, the
 * wrong one of Bech32 and Bech32m, and witness versions or lengths without a meaning today: money sent there is open to all.
 * Base58 addresses of testnet4, signet and regtest are the same text, so those three cannot be told apart.
 * Spec: protocol-spec/3-wallet.md, "Addresses". Sources: BIP-173, BIP-350.
 */
import { concatBytes } from '@coldwire/protocol/bytes.ts';
import { accept, makeFault, type Result, reject } from '@coldwire/protocol/fault.ts';
import { decodeBase58Check, encodeBase58Check } from './base58.ts';
import { type Bech32Text, bytesToWords, decodeBech32, encodeBech32, wordsToBytes } from './bech32.ts';
import { NETWORKS, type Network } from './network.ts';
import { classifyScript } from './output-script.ts';

const SEGWIT_TEXT = /^(bc|tb|bcrt)1/i;

/** The address of a script, or `undefined` for a script that has none (OP_RETURN, unknown). */
export function encodeAddress(script: Uint8Array, network: Network): string | undefined {
  const { bech32Prefix, p2pkhVersion, p2shVersion } = NETWORKS[network];
  switch (classifyScript(script)) {
    case 'p2pkh':
      return encodeBase58Check(concatBytes(Uint8Array.of(p2pkhVersion), script.subarray(3, 23)));
    case 'p2sh':
      return encodeBase58Check(concatBytes(Uint8Array.of(p2shVersion), script.subarray(2, 22)));
    case 'p2wpkh':
    case 'p2wsh':
      return encodeBech32('bech32', bech32Prefix, [0, ...bytesToWords(script.subarray(2))]);
    case 'p2tr':
      return encodeBech32('bech32m', bech32Prefix, [1, ...bytesToWords(script.subarray(2))]);
    case 'op_return':
    case 'unknown':
      return undefined;
  }
}

function refuse(detail: string): { readonly ok: false; readonly fault: ReturnType<typeof makeFault> } {
  return reject(makeFault('MALFORMED', `address: ${detail}`));
}

function describeNetworks(prefix: string): string {
  if (prefix === 'bc') return 'mainnet';
  return prefix === 'tb' ? 'testnet4 or signet' : 'regtest';
}

function readSegwit({ encoding, words }: Bech32Text): Result<Uint8Array> {
  const version = words[0];
  if (version === undefined) return refuse('no witness version');
  if (version > 1) return refuse(`witness version ${version} has no meaning yet`);
  const program = wordsToBytes(words.slice(1));
  if (program === undefined) return refuse('the padding of the last character is wrong');
  const wanted = version === 0 ? 'bech32' : 'bech32m';
  if (encoding !== wanted)
    return refuse(`witness version ${version} is written in ${wanted}, not ${encoding}`);
  const script = concatBytes(Uint8Array.of(version === 0 ? 0x00 : 0x51, program.length), program);
  if (classifyScript(script) === 'unknown') {
    return refuse(`a program of ${program.length} bytes has no meaning in witness version ${version}`);
  }
  return accept(script);
}

function decodeSegwit(text: string, network: Network): Result<Uint8Array> {
  const decoded = decodeBech32(text);
  if (!decoded.ok) return refuse(decoded.fault.detail);
  const wanted = NETWORKS[network].bech32Prefix;
  if (decoded.value.prefix !== wanted) {
    return refuse(`this is one of ${describeNetworks(decoded.value.prefix)}, wanted is ${network}`);
  }
  return readSegwit(decoded.value);
}

function decodeLegacy(text: string, network: Network): Result<Uint8Array> {
  const payload = decodeBase58Check(text);
  if (payload === undefined) return refuse('neither a segwit address nor base58 with a matching checksum');
  if (payload.length !== 21) return refuse(`base58 of ${payload.length} bytes instead of 21`);
  const version = payload[0];
  const hash = payload.subarray(1);
  const { p2pkhVersion, p2shVersion } = NETWORKS[network];
  if (version === p2pkhVersion) return accept(Uint8Array.of(0x76, 0xa9, 0x14, ...hash, 0x88, 0xac));
  if (version === p2shVersion) return accept(Uint8Array.of(0xa9, 0x14, ...hash, 0x87));
  return refuse(`version byte ${version} is not one of ${network}`);
}

/** The scriptPubKey of an address of this network. Faults: MALFORMED, with the reason in its detail. */
export function decodeAddress(text: string, network: Network): Result<Uint8Array> {
  return SEGWIT_TEXT.test(text) ? decodeSegwit(text, network) : decodeLegacy(text, network);
}
