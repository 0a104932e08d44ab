/**
 * Addresses and extended keys as people paste them. A text that is taken is the one text of what it means: written again it is
 * the same (lower case for Bech32), on every network.
 */
import {
  decodeAddress,
  encodeAddress,
  NETWORKS,
  type Network,
  parseXpub,
  serializeXpub,
} from '@coldwire/wallet';
import { readVectorFile } from '../corpus.ts';
import { assertHolds, type Target } from '../target.ts';

const KNOWN = readVectorFile('wallet/known-answer.json');
const texts = [...KNOWN.matchAll(/"((?:tpub|xpub|bcrt1|bc1|tb1|[mn123])[0-9A-Za-z]{20,})"/g)].map(
  ([, text = '']) => text,
);
const networks: readonly Network[] = ['mainnet', 'testnet4', 'signet', 'regtest'];

export const target: Target = {
  seeds: [
    ...texts,
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    'BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4',
    'tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
    '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2',
    '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy',
    'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn',
  ].map((text) => new Uint8Array(Buffer.from(text))),
  maxLength: 200,
  run(input) {
    assertHolds(Object.keys(NETWORKS).length === networks.length, 'every network is tried');
    const text = Buffer.from(input).toString('latin1');
    const key = parseXpub(text);
    if (key.ok) assertHolds(serializeXpub(key.value) === text, 'an extended key has one text');
    for (const network of networks) {
      const script = decodeAddress(text, network);
      if (!script.ok) continue;
      const again = encodeAddress(script.value, network);
      assertHolds(again === text || again === text.toLowerCase(), 'an address has one text');
    }
  },
};
