import { HDKey } from '@scure/bip32';
import { expect, test } from 'vitest';
import { importDescriptor } from '../../src/export/descriptor-import.ts';
import { describeForBsms, describeForCore, describeForElectrum } from '../../src/export/other-wallets.ts';
import {
  createScripts,
  describeChain,
  describeWallet,
  descriptorChecksum,
  encodeAddress,
  type Network,
} from '../../src/index.ts';
import { noblePointMath } from '../../src/noble.ts';
import { makeWallet } from '../known-wallets.ts';

function withChecksum(body: string): string {
  return `${body}#${descriptorChecksum(body)}`;
}

function bodyOf(descriptor: string): string {
  return descriptor.slice(0, -9);
}

test('what we describe is read back as the same wallet, on every network and from each of its three forms', () => {
  for (const network of ['mainnet', 'testnet4', 'signet', 'regtest'] as const) {
    const { wallet } = makeWallet(`import ${network}`, network);
    for (const text of [describeWallet(wallet), describeChain(wallet, 0), describeChain(wallet, 1)]) {
      expect(importDescriptor(text, network, noblePointMath)).toEqual({ ok: true, value: wallet });
    }
  }
});

test('hardened steps may be written h, H or an apostrophe, and fingerprints in capitals', () => {
  const { wallet } = makeWallet('marks');
  const body = bodyOf(describeWallet(wallet));
  for (const mark of ["'", 'H', 'h']) {
    const text = withChecksum(body.replaceAll(/(\d)h/g, `$1${mark}`));
    expect(importDescriptor(text, 'regtest', noblePointMath)).toEqual({ ok: true, value: wallet });
  }
  const capitals = body.replaceAll(/\[[0-9a-f]{8}/g, (origin) => origin.toUpperCase());
  expect(importDescriptor(withChecksum(capitals), 'regtest', noblePointMath)).toEqual({
    ok: true,
    value: wallet,
  });
});

const { wallet, accounts } = makeWallet('refuse');
const body = bodyOf(describeWallet(wallet));
const [first = '', second = ''] = body.slice('wsh(sortedmulti(2,'.length, -2).split(',');
const child = accounts[0]?.deriveChild(0) ?? new HDKey({});
const REFUSED: readonly (readonly [string, string, string])[] = [
  ['without checksum', body, 'no checksum'],
  ['with a wrong checksum', `${body}#${'q'.repeat(8)}`, 'checksum does not match'],
  ['with a checksum that is cut', describeWallet(wallet).slice(0, -1), 'checksum does not match'],
  [
    'with a character changed',
    describeWallet(wallet).replace('sortedmulti(2', 'sortedmulti(1'),
    'checksum does not match',
  ],
  ['of another threshold', withChecksum(body.replace('(2,', '(1,')), 'only template'],
  ['of multi instead of sortedmulti', withChecksum(body.replace('sortedmulti', 'multi')), 'only template'],
  ['wrapped in sh', withChecksum(`sh(${body})`), 'only template'],
  ['with two keys', withChecksum(body.replace(`,${second}`, '')), '2 keys instead of 3'],
  ['with four keys', withChecksum(body.replace(first, `${first},${first}`)), '4 keys instead of 3'],
  ['with a key twice', withChecksum(body.replace(second, first)), 'are the same'],
  ['with a key without origin', withChecksum(body.replace(/\[[^\]]*\]/, '')), 'a key is not'],
  ['with a key without chain', withChecksum(body.replace('/<0;1>/*', '/*')), 'a key is not'],
  ['with swapped chains', withChecksum(body.replaceAll('<0;1>', '<1;0>')), 'a key is not'],
  ['with keys of different chains', withChecksum(body.replace('<0;1>', '0')), 'different chains'],
  ['with a hardened index', withChecksum(body.replaceAll('/*', '/*h')), 'a key is not'],
  ['at another account', withChecksum(body.replace('48h/1h/0h/2h', '48h/1h/1h/2h')), 'its path is not'],
  ['of another purpose', withChecksum(body.replace('48h/1h/0h/2h', '45h/1h/0h/2h')), 'its path is not'],
  ['with an impossible step', withChecksum(body.replace('48h/', '9999999999h/')), 'above 2147483647'],
  [
    'with a path of another depth',
    withChecksum(body.replace('48h/1h/0h/2h', '48h/1h/2h')),
    'not at its path',
  ],
  [
    'with a path that ends elsewhere',
    withChecksum(body.replace('48h/1h/0h/2h', '48h/1h/0h/1h')),
    'not at its path',
  ],
  ['with a broken extended key', withChecksum(body.replace('tpub', 'tpuc')), 'not base58'],
  [
    'with a private key',
    withChecksum(body.replace(/tpub[^/]*/, child.privateExtendedKey)),
    'neither xpub nor tpub',
  ],
  ['that is empty', '', 'no checksum'],
  ['that is only a checksum', '#', 'checksum does not match'],
];

for (const [name, text, reason] of REFUSED) {
  test(`a descriptor ${name} is refused`, () => {
    const imported = importDescriptor(text, 'regtest', noblePointMath);
    expect(imported.ok).toBe(false);
    if (!imported.ok) expect(imported.fault.detail).toContain(reason);
  });
}

test('a descriptor of another network is refused, and a very long text too', () => {
  const main = makeWallet('main', 'mainnet').wallet;
  expect(importDescriptor(describeWallet(main), 'regtest', noblePointMath)).toMatchObject({
    ok: false,
    fault: { detail: 'descriptor: an extended key is not one of regtest' },
  });
  expect(importDescriptor('w'.repeat(1_000_000), 'regtest', noblePointMath)).toMatchObject({
    ok: false,
    fault: { code: 'TOO_LARGE' },
  });
});

test('every single changed character of a descriptor is noticed', () => {
  const text = describeWallet(wallet);
  for (let at = 0; at < text.length; at++) {
    const changed = `${text.slice(0, at)}${text[at] === 'q' ? 'p' : 'q'}${text.slice(at + 1)}`;
    expect(importDescriptor(changed, 'regtest', noblePointMath).ok).toBe(false);
  }
});

test('Bitcoin Core gets one active descriptor per chain, the change chain internal', () => {
  expect(describeForCore(wallet, 1_700_000_000, 999)).toEqual([
    {
      desc: describeChain(wallet, 0),
      active: true,
      internal: false,
      range: [0, 999],
      timestamp: 1_700_000_000,
    },
    {
      desc: describeChain(wallet, 1),
      active: true,
      internal: true,
      range: [0, 999],
      timestamp: 1_700_000_000,
    },
  ]);
});

test('the Electrum file names each cosigner’s key under its SLIP-132 version', () => {
  for (const [network, prefix] of [
    ['mainnet', 'Zpub'],
    ['regtest', 'Vpub'],
  ] as const satisfies readonly (readonly [Network, string])[]) {
    const known = makeWallet('electrum file', network);
    const file = JSON.parse(describeForElectrum(known.wallet));
    expect(file.wallet_type).toBe('2of3');
    for (const place of [1, 2, 3]) {
      expect(file[`x${place}/`].xpub.slice(0, 4)).toBe(prefix);
      expect(file[`x${place}/`].derivation).toBe(`m/48'/${network === 'mainnet' ? 0 : 1}'/0'/2'`);
    }
  }
});

test('a BSMS record has the four lines of BIP-129, the last one the first address', () => {
  const scripts = createScripts(wallet, noblePointMath);
  const [version, template, chains, address, ...rest] = describeForBsms(scripts).split('\n');
  expect(version).toBe('BSMS 1.0');
  expect(template).toBe(body.replaceAll('<0;1>/*', '**').replaceAll(/(\d)h/g, "$1'"));
  expect(chains).toBe('/0/*,/1/*');
  expect(address).toBe(encodeAddress(scripts.at(0, 0).scriptPubKey, 'regtest'));
  expect(rest).toEqual([]);
});
