import { fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { Address, OutScript } from '@scure/btc-signer';
import { expect, test } from 'vitest';
import { decodeBase58Check, encodeBase58Check } from '../src/base58.ts';
import { bytesToWords, decodeBech32, encodeBech32, wordsToBytes } from '../src/bech32.ts';
import {
  classifyScript,
  decodeAddress,
  dustLimit,
  encodeAddress,
  isWitnessProgram,
  NETWORKS,
  type Network,
} from '../src/index.ts';
import { createRandom, randomScript } from './known-wallets.ts';

const SCURE_NETWORK = {
  mainnet: { bech32: 'bc', pubKeyHash: 0x00, scriptHash: 0x05, wif: 0x80 },
  testnet4: { bech32: 'tb', pubKeyHash: 0x6f, scriptHash: 0xc4, wif: 0xef },
  signet: { bech32: 'tb', pubKeyHash: 0x6f, scriptHash: 0xc4, wif: 0xef },
  regtest: { bech32: 'bcrt', pubKeyHash: 0x6f, scriptHash: 0xc4, wif: 0xef },
} as const;
const NETWORK_NAMES: readonly Network[] = ['mainnet', 'testnet4', 'signet', 'regtest'];

test('addresses of 800 random scripts equal those of @scure/btc-signer and decode to the same scripts', () => {
  const random = createRandom('address');
  let compared = 0;
  for (let i = 0; i < 800; i++) {
    const network = NETWORK_NAMES[i % 4] ?? 'regtest';
    const script = randomScript(random);
    const address = encodeAddress(script, network);
    if (classifyScript(script) === 'op_return') {
      expect(address).toBeUndefined();
      continue;
    }
    if (address === undefined) throw new Error('every other random script has an address');
    // Not every random 32 bytes are a key on the curve, which the library asks of taproot.
    if (classifyScript(script) !== 'p2tr') {
      expect(Address(SCURE_NETWORK[network]).encode(OutScript.decode(script))).toBe(address);
    }
    expect(decodeAddress(address, network)).toEqual({ ok: true, value: script });
    if (!address.startsWith('1') && /^(bc|tb|bcrt)1/.test(address)) {
      expect(decodeAddress(address.toUpperCase(), network)).toEqual({ ok: true, value: script });
    }
    compared++;
  }
  expect(compared).toBeGreaterThan(600);
});

const BIP173_BECH32 = [
  'A12UEL5L',
  'a12uel5l',
  'an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs',
  'abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw',
  '11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j',
  'split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w',
  '?1ezyfcl',
];
const BIP350_BECH32M = [
  'A1LQFN3A',
  'a1lqfn3a',
  'an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6',
  'abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx',
  '11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8',
  'split1checkupstagehandshakeupstreamerranterredcaperredlc445v',
  '?1v759aa',
];
const NOT_BECH32 = [
  '\x201nwldj5',
  '\x7f1axkwrx',
  '\x801eym55h',
  'an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx',
  'pzry9x0s0muk',
  '1pzry9x0s0muk',
  'x1b4n0q5v',
  'li1dgmt3',
  'de1lg7wt\xff',
  'A1G7SGD8',
  '10a06t8',
  '1qzzfhee',
  '\x201xj0phk',
  '\x7f1g6xzxy',
  '\x801vctc34',
  'an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4',
  'qyrz8wqd2c9m',
  '1qyrz8wqd2c9m',
  'y1b0jsk6g',
  'lt1igcx5c0',
  'in1muywd',
  'mm1crxm3i',
  'au1s5cgom',
  'M1VUXWEZ',
  '16plkw9',
  '1p2gdwpf',
];

test('the valid texts of BIP-173 and BIP-350 decode, each as its own encoding, and encode back', () => {
  for (const [encoding, texts] of [
    ['bech32', BIP173_BECH32],
    ['bech32m', BIP350_BECH32M],
  ] as const) {
    for (const text of texts) {
      const decoded = decodeBech32(text);
      if (!decoded.ok) throw new Error(`${text}: ${decoded.fault.detail}`);
      expect(decoded.value.encoding).toBe(encoding);
      expect(encodeBech32(encoding, decoded.value.prefix, decoded.value.words)).toBe(text.toLowerCase());
    }
  }
});

for (const text of NOT_BECH32) {
  test(`BIP-173 and BIP-350 call ${encodeURIComponent(text)} invalid`, () => {
    expect(decodeBech32(text).ok).toBe(false);
  });
}

test('words and bytes convert both ways, and bad padding is refused', () => {
  const random = createRandom('words');
  for (let length = 0; length < 45; length++) {
    const bytes = random.bytes(length);
    expect(wordsToBytes(bytesToWords(bytes))).toEqual(bytes);
  }
  expect(wordsToBytes([0])).toBeUndefined();
  expect(wordsToBytes([31, 1])).toBeUndefined();
  expect(wordsToBytes([31, 28])).toEqual(Uint8Array.of(0xff));
});

/** Address, script; network by prefix. Those of versions above 1 or odd lengths are valid in BIP-350 and refused here. */
const BIP350_ADDRESSES = [
  ['BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4', '0014751e76e8199196d454941c45d1b3a323f1433bd6'],
  [
    'tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7',
    '00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262',
  ],
  [
    'tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy',
    '0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433',
  ],
  [
    'tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c',
    '5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433',
  ],
  [
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
    '512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
  ],
] as const;

const networkOf = (address: string): Network => (/^bc/i.test(address) ? 'mainnet' : 'testnet4');

test('the segwit addresses of BIP-350 with a meaning today decode to their scripts and encode back', () => {
  for (const [address, script] of BIP350_ADDRESSES) {
    const network = networkOf(address);
    expect(decodeAddress(address, network)).toEqual({ ok: true, value: fromHex(script) });
    expect(encodeAddress(fromHex(script), network)).toBe(address.toLowerCase());
  }
});

const REFUSED_ADDRESSES = [
  // Valid in BIP-350, but money sent there can be taken by anybody until a soft fork gives them a meaning.
  ['bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y', 'a program of 40 bytes'],
  ['BC1SW50QGDZ25J', 'witness version 16'],
  ['bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs', 'witness version 2'],
  // Invalid in BIP-350.
  ['tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut', 'neither a segwit address nor base58'],
  ['bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd', 'written in bech32m, not bech32'],
  ['tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf', 'witness version 2'],
  ['BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL', 'witness version 16'],
  ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh', 'written in bech32, not bech32m'],
  ['tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47', 'written in bech32, not bech32m'],
  ['bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4', 'a character that bech32 does not use'],
  ['BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R', 'witness version 17'],
  ['bc1pw5dgrnzv', 'a program of 1 bytes'],
  ['bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav', 'a program of 41 bytes'],
  ['BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P', 'a program of 16 bytes'],
  ['tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq', 'upper and lower case mixed'],
  ['bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf', 'padding'],
  ['tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j', 'padding'],
  ['bc1gmk9yu', 'no witness version'],
  // Invalid in BIP-173.
  ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5', 'the checksum does not match'],
  ['tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7', 'upper and lower case mixed'],
  ['bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du', 'witness version 2'],
  // Neither.
  ['', 'neither a segwit address nor base58'],
  ['1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3', 'neither a segwit address nor base58'],
  ['1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN0', 'neither a segwit address nor base58'],
  [' 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', 'neither a segwit address nor base58'],
  ['bс1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'neither a segwit address nor base58'],
] as const;

for (const [address, reason] of REFUSED_ADDRESSES) {
  test(`the address ${JSON.stringify(address)} is refused: ${reason}`, () => {
    const decoded = decodeAddress(address, networkOf(address));
    expect(decoded.ok).toBe(false);
    if (!decoded.ok) expect(decoded.fault.detail).toContain(reason);
  });
}

test('an address of another network is refused and the network is named', () => {
  const segwit = fromHex('0014751e76e8199196d454941c45d1b3a323f1433bd6');
  const legacy = fromHex('76a914751e76e8199196d454941c45d1b3a323f1433bd688ac');
  const expectRefusal = (text: string | undefined, network: Network, reason: string) => {
    const decoded = decodeAddress(text ?? '', network);
    expect(decoded).toMatchObject({ ok: false, fault: { code: 'MALFORMED' } });
    if (!decoded.ok) expect(decoded.fault.detail).toContain(reason);
  };
  expectRefusal(encodeAddress(segwit, 'mainnet'), 'regtest', 'one of mainnet, wanted is regtest');
  expectRefusal(encodeAddress(segwit, 'regtest'), 'signet', 'one of regtest, wanted is signet');
  expectRefusal(encodeAddress(segwit, 'testnet4'), 'mainnet', 'one of testnet4 or signet, wanted is mainnet');
  expectRefusal(encodeAddress(legacy, 'mainnet'), 'testnet4', 'version byte 0 is not one of testnet4');
  expectRefusal(encodeAddress(legacy, 'regtest'), 'mainnet', 'version byte 111 is not one of mainnet');
});

test('base58 of a private key, an extended key and other lengths is not an address', () => {
  for (const payload of [
    Uint8Array.of(0x80, ...new Array<number>(32).fill(1)),
    new Uint8Array(20),
    new Uint8Array(0),
  ]) {
    expect(decodeAddress(encodeBase58Check(payload), 'mainnet').ok).toBe(false);
    expect(decodeBase58Check(encodeBase58Check(payload))).toEqual(payload);
  }
});

test('a very long text is refused before it costs time', () => {
  const began = process.cpuUsage();
  expect(decodeAddress('z'.repeat(1_000_000), 'mainnet').ok).toBe(false);
  expect(decodeAddress(`bc1${'q'.repeat(1_000_000)}`, 'mainnet').ok).toBe(false);
  // Reading it would take minutes.
  expect(process.cpuUsage(began).user).toBeLessThan(2_000_000);
});

test('a script one byte off a template is unknown and has no address', () => {
  const random = createRandom('templates');
  for (let i = 0; i < 200; i++) {
    const script = randomScript(random);
    if (classifyScript(script) === 'op_return') continue;
    for (const changed of [script.subarray(0, -1), Uint8Array.of(...script, 0)]) {
      expect(classifyScript(changed)).toBe('unknown');
      expect(encodeAddress(changed, 'mainnet')).toBeUndefined();
    }
  }
  expect(classifyScript(new Uint8Array(0))).toBe('unknown');
  expect(classifyScript(fromHex(`5220${'11'.repeat(32)}`))).toBe('unknown');
  expect(classifyScript(fromHex(`76a914${'11'.repeat(20)}88ad`))).toBe('unknown');
});

/** Bitcoin Core's published dust values at 3 sat/vB, and its rule for other witness programs. */
const DUST = [
  ['P2PKH', `76a914${'11'.repeat(20)}88ac`, 546n],
  ['P2SH', `a914${'11'.repeat(20)}87`, 540n],
  ['P2WPKH', `0014${'11'.repeat(20)}`, 294n],
  ['P2WSH', `0020${'11'.repeat(32)}`, 330n],
  ['P2TR', `5120${'11'.repeat(32)}`, 330n],
  ['a pay-to-anchor output', '51024e73', 240n],
  ['OP_RETURN', '6a0401020304', 0n],
  ['a bare key', `21${'02'.repeat(33)}ac`, 576n],
] as const;

for (const [name, script, limit] of DUST) {
  test(`the dust limit of ${name} is ${limit} sat`, () => {
    expect(dustLimit(fromHex(script))).toBe(limit);
  });
}

test('a witness program is a version and one push of 2 to 40 bytes, exactly', () => {
  const program = (head: string, length: number) =>
    fromHex(`${head}${toHex(Uint8Array.of(length))}${'11'.repeat(length)}`);
  for (const head of ['00', '51', '60']) {
    expect(isWitnessProgram(program(head, 2))).toBe(true);
    expect(isWitnessProgram(program(head, 40))).toBe(true);
    expect(isWitnessProgram(program(head, 1))).toBe(false);
    expect(isWitnessProgram(program(head, 41))).toBe(false);
    expect(isWitnessProgram(Uint8Array.of(...program(head, 20), 0))).toBe(false);
  }
  expect(isWitnessProgram(program('61', 20))).toBe(false);
  expect(isWitnessProgram(program('50', 20))).toBe(false);
});

test('the constants of the networks agree with the addresses they give', () => {
  const script = fromHex(`0020${'00'.repeat(32)}`);
  for (const network of NETWORK_NAMES) {
    expect(encodeAddress(script, network)?.startsWith(`${NETWORKS[network].bech32Prefix}1q`)).toBe(true);
  }
});
