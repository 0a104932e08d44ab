import { checksum } from '@bitcoinerlab/descriptors-scure';
import { fromHex, toHex } from '@coldwire/protocol/bytes.ts';
import { HDKey } from '@scure/bip32';
import { expect, test } from 'vitest';
import { encodeBase58Check } from '../src/base58.ts';
import {
  accountPath,
  compareBytes,
  derivePublicStep,
  describeChain,
  describeWallet,
  descriptorChecksum,
  fingerprintOf,
  HARDENED,
  parseXpub,
  pathText,
  serializeXpub,
} from '../src/index.ts';
import { noblePointMath } from '../src/noble.ts';
import { createRandom, makeWallet } from './known-wallets.ts';

/** The public derivation steps of BIP-32's vectors 1 and 2: parent, index, child. */
const BIP32_STEPS = [
  [
    'xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw',
    1,
    'xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ',
  ],
  [
    'xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5',
    2,
    'xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV',
  ],
  [
    'xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV',
    1_000_000_000,
    'xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy',
  ],
  [
    'xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB',
    0,
    'xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH',
  ],
  [
    'xpub6ASAVgeehLbnwdqV6UKMHVzgqAG8Gr6riv3Fxxpj8ksbH9ebxaEyBLZ85ySDhKiLDBrQSARLq1uNRts8RuJiHjaDMBU4Zn9h8LZNnBC5y4a',
    1,
    'xpub6DF8uhdarytz3FWdA8TvFSvvAh8dP3283MY7p2V4SeE2wyWmG5mg5EwVvmdMVCQcoNJxGoWaU9DCWh89LojfZ537wTfunKau47EL2dhHKon',
  ],
  [
    'xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL',
    2,
    'xpub6FnCn6nSzZAw5Tw7cgR9bi15UV96gLZhjDstkXXxvCLsUXBGXPdSnLFbdpq8p9HmGsApME5hQTZ3emM2rnY5agb9rXpVGyy3bdW6EEgAtqt',
  ],
] as const;

test('every unhardened step of BIP-32 vectors 1 and 2 gives the published child', () => {
  for (const [parentText, index, childText] of BIP32_STEPS) {
    const parent = parseXpub(parentText);
    if (!parent.ok) throw new Error(parent.fault.detail);
    const child = derivePublicStep(parent.value, index, noblePointMath);
    const text = serializeXpub({
      network: 'main',
      depth: parent.value.depth + 1,
      parentFingerprint: fingerprintOf(parent.value.publicKey),
      childNumber: index,
      chainCode: child.chainCode,
      publicKey: child.publicKey,
    });
    expect(text).toBe(childText);
  }
});

test('a hardened or impossible index is no public step', () => {
  const parent = {
    publicKey: makeWallet('steps').wallet.keys[0]?.publicKey ?? new Uint8Array(),
    chainCode: new Uint8Array(32),
  };
  for (const index of [HARDENED, -1, 1.5, Number.NaN]) {
    expect(() => derivePublicStep(parent, index, noblePointMath)).toThrow(RangeError);
  }
});

test('account paths are those of BIP-48 for P2WSH', () => {
  expect(pathText(accountPath('mainnet'))).toBe('48h/0h/0h/2h');
  for (const network of ['testnet4', 'signet', 'regtest'] as const) {
    expect(pathText(accountPath(network))).toBe('48h/1h/0h/2h');
  }
});

test('xpub and tpub of 100 random keys read back, and read the same in @scure/bip32', () => {
  const random = createRandom('xpub');
  for (let i = 0; i < 50; i++) {
    for (const network of ['main', 'test'] as const) {
      const key = {
        network,
        depth: 1 + random.below(255),
        parentFingerprint: random.bytes(4),
        childNumber: random.below(2 ** 32),
        chainCode: random.bytes(32),
        publicKey: makeWallet(`xpub ${i % 5}`).wallet.keys[0]?.publicKey ?? new Uint8Array(),
      };
      const text = serializeXpub(key);
      expect(text.slice(0, 4)).toBe(network === 'main' ? 'xpub' : 'tpub');
      expect(parseXpub(text)).toEqual({ ok: true, value: key });
      const versions = { public: network === 'main' ? 0x0488b21e : 0x043587cf, private: 0 };
      const scure = HDKey.fromExtendedKey(text, versions);
      expect(scure.depth).toBe(key.depth);
      expect(scure.publicKey).toEqual(key.publicKey);
      expect(scure.chainCode).toEqual(key.chainCode);
    }
  }
});

test('what is not an extended public key is refused with its reason', () => {
  const good = BIP32_STEPS[0][0];
  const master = fromHex(`0488b21e00${'00000000'}${'00000000'}${'11'.repeat(32)}02${'79'.repeat(32)}`);
  const change = (at: number, byte: number) => {
    const bytes = Uint8Array.from(master);
    bytes[at] = byte;
    return encodeBase58Check(bytes);
  };
  const bad = [
    [`${good.slice(0, -1)}x`, 'not base58'],
    ['xpub0', 'not base58'],
    [encodeBase58Check(new Uint8Array(77)), '77 bytes instead of 78'],
    [
      'xprv9uHRZZhk6KAJC1avXpDAp4MDc3sQKNxDiPvvkX8Br5ngLNv1TxvUxt4cV1rGL5hj6KCesnDYUhd7oWgT11eZG7XnxHrnYeSvkzY7d2bhkJ7',
      'neither xpub nor tpub',
    ],
    [change(45, 0x04), 'not a compressed public key'],
    [change(45, 0x00), 'not a compressed public key'],
    [change(5, 1), 'depth zero, but a parent'],
    [change(12, 1), 'depth zero, but a parent'],
  ] as const;
  expect(parseXpub(encodeBase58Check(master)).ok).toBe(true);
  for (const [text, reason] of bad) {
    const parsed = parseXpub(text);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.fault.detail).toContain(reason);
  }
});

test('serializing a field of another length throws', () => {
  const key = {
    network: 'main',
    depth: 4,
    parentFingerprint: new Uint8Array(4),
    childNumber: 0,
    chainCode: new Uint8Array(32),
    publicKey: new Uint8Array(33),
  } as const;
  expect(() => serializeXpub({ ...key, parentFingerprint: new Uint8Array(5) })).toThrow(RangeError);
  expect(() => serializeXpub({ ...key, chainCode: new Uint8Array(31) })).toThrow(RangeError);
  expect(() => serializeXpub({ ...key, publicKey: new Uint8Array(65) })).toThrow(RangeError);
  expect(() => serializeXpub({ ...key, depth: 256 })).toThrow(RangeError);
});

test('the fingerprint of a key is the one that @scure/bip32 computes', () => {
  for (const master of makeWallet('fingerprint').masters) {
    const bytes = fingerprintOf(master.publicKey ?? new Uint8Array());
    expect(Number.parseInt(toHex(bytes), 16)).toBe(master.fingerprint);
  }
});

test('descriptor checksums are those of BIP-380 and of an independent library', () => {
  expect(descriptorChecksum('raw(deadbeef)')).toBe('89f8spxm');
  expect(descriptorChecksum('raw(deedbeef)')).not.toBe('89f8spxm');
  expect(descriptorChecksum('raw(\u00dc)')).toBeUndefined();
  expect(descriptorChecksum('')).toBe(checksum(''));
  const random = createRandom('checksum');
  for (let length = 1; length < 300; length += 7) {
    const text = Array.from({ length }, () => String.fromCharCode(0x20 + random.below(95))).join('');
    expect(descriptorChecksum(text)).toBe(checksum(text));
  }
});

test('the descriptor names origins, account keys, both chains and its checksum', () => {
  const { wallet, accounts } = makeWallet('descriptor');
  const text = describeWallet(wallet);
  const keys = wallet.keys.map((key, i) => {
    const account = accounts[i];
    if (account === undefined) throw new Error('three accounts');
    const xpub = new HDKey({
      versions: account.versions,
      depth: 4,
      index: HARDENED + 2,
      chainCode: key.chainCode,
      publicKey: key.publicKey,
    }).publicExtendedKey;
    return `[${toHex(key.fingerprint)}/48h/1h/0h/2h]${xpub}/<0;1>/*`;
  });
  const body = `wsh(sortedmulti(2,${keys.join(',')}))`;
  expect(text).toBe(`${body}#${checksum(body)}`);
  for (const chain of [0, 1] as const) {
    const single = body.replaceAll('<0;1>', `${chain}`);
    expect(describeChain(wallet, chain)).toBe(`${single}#${checksum(single)}`);
  }
});

/** BIP-67's vectors, as far as they are lists to sort. */
const BIP67 = [
  [
    '02fe6f0a5a297eb38c391581c4413e084773ea23954d93f7753db7dc0adc188b2f',
    '02ff12471208c14bd580709cb2358d98975247d8765f92bc25eab3b2763ed605f8',
  ],
  [
    '02632b12f4ac5b1d1b72b2a3b508c19172de44f6f46bcee50ba33f3f9291e47ed0',
    '027735a29bae7780a9755fae7a1c4374c656ac6a69ea9f3697fda61bb99a4f3e77',
    '02e2cc6bd5f45edd43bebe7cb9b675f0ce9ed3efe613b177588290ad188d11b404',
  ],
  [
    '020000000000000000000000000000000000004141414141414141414141414140',
    '020000000000000000000000000000000000004141414141414141414141414141',
    '030000000000000000000000000000000000004141414141414141414141414140',
    '030000000000000000000000000000000000004141414141414141414141414141',
  ],
  [
    '021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc18',
    '022df8750480ad5b26950b25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da',
    '03e3818b65bcc73a7d64064106a859cc1a5a728c4345ff0b641209fba0d90de6e9',
  ],
];

test('keys sort as in the vectors of BIP-67, from any order', () => {
  for (const sorted of BIP67) {
    for (let rotation = 0; rotation < sorted.length; rotation++) {
      const rotated = [...sorted.slice(rotation), ...sorted.slice(0, rotation)].map(fromHex);
      expect(rotated.sort(compareBytes).map(toHex)).toEqual(sorted);
      expect(rotated.reverse().sort(compareBytes).map(toHex)).toEqual(sorted);
    }
  }
});
