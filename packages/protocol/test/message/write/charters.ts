/** Charters: form and hash. */
import { Charter, toHex } from '../../../src/index.ts';
import { CHARTER, CHARTER_BYTES, CHARTER_HASH, keyOf } from '../samples.ts';
import { asTree, many, type Tree, tree, write } from './tree.ts';

export function writeCharters(): void {
  const plain = Charter.write(CHARTER);
  if (!(plain instanceof Map)) throw new Error('no charter');
  const good = new Map([...plain].map(([key, value]): [number, Tree] => [key, asTree(value)]));
  const charter = (
    name: string,
    expected: string,
    bytes: Uint8Array,
    comment: string,
    extra: Record<string, string> = {},
  ) =>
    write(
      `charter/${name}`,
      { expect: expected, part: 'charter', ...extra, rule: '5-charter.md', comment },
      bytes,
    );
  charter('regtest', 'ok', CHARTER_BYTES, 'two gates, two screens, two custodians', {
    hash: toHex(CHARTER_HASH),
  });
  const custodians = ['carol', 'dave'].map((name): Tree => [name, keyOf(name).sign(CHARTER_HASH)]);
  write(
    'charter/signed',
    {
      expect: 'ok',
      part: 'signed-charter',
      rule: '5-charter.md',
      comment: 'the file charter.cbor: signed by both custodians',
    },
    tree([CHARTER_BYTES, custodians]),
  );
  write(
    'charter/signed-refuse-map',
    { expect: 'MALFORMED', part: 'signed-charter', rule: '5-charter.md', comment: 'signatures as a map' },
    tree([CHARTER_BYTES, new Map()]),
  );
  write(
    'charter/signed-refuse-inline',
    {
      expect: 'MALFORMED',
      part: 'signed-charter',
      rule: '5-charter.md',
      comment: 'the charter itself instead of its bytes',
    },
    tree([good, custodians]),
  );
  const other = (key: number, value: Tree) => tree(new Map([...good, [key, value]]));
  for (const key of good.keys()) {
    charter(
      `refuse-without-${key}`,
      'MALFORMED',
      tree(new Map([...good].filter(([one]) => one !== key))),
      `key ${key} is missing`,
    );
  }
  charter('refuse-unknown-key', 'MALFORMED', other(19, 0), 'a nineteenth key');
  charter(
    'refuse-descending',
    'NONCANONICAL',
    tree(new Map([...good].reverse())),
    'keys in descending order',
  );
  charter('refuse-version', 'MALFORMED', other(1, 2), 'version 2');
  charter('refuse-network', 'MALFORMED', other(2, 'litecoin'), 'another network');
  charter('refuse-testnet3', 'MALFORMED', other(2, 'testnet'), 'testnet3 is not a network of charters');
  charter('refuse-title-newline', 'MALFORMED', other(3, 'a\nb'), 'a title is one line');
  const signers = good.get(9);
  if (!Array.isArray(signers)) throw new Error('no signers');
  charter('refuse-two-signers', 'MALFORMED', other(9, signers.slice(1)), 'three signers');
  charter(
    'refuse-four-signers',
    'MALFORMED',
    other(9, [...signers, ...signers.slice(0, 1)]),
    'three signers',
  );
  charter('refuse-no-gate', 'MALFORMED', other(10, []), 'at least one gate');
  charter('refuse-no-screen', 'MALFORMED', other(11, []), 'at least one screen');
  charter('refuse-no-wallet', 'MALFORMED', other(7, []), 'at least one wallet');
  const threshold = good.get(7);
  if (!Array.isArray(threshold) || !(threshold[0] instanceof Map)) throw new Error('no wallet');
  charter(
    'refuse-threshold-1',
    'MALFORMED',
    other(7, [new Map([...threshold[0], [1, 1]])]),
    'two of three, nothing else',
  );
  const policy = good.get(14);
  if (!(policy instanceof Map)) throw new Error('no policy');
  const inPolicy = (key: number, value: Tree) => other(14, new Map([...policy, [key, value]]));
  charter(
    'refuse-policy-max-inputs',
    'MALFORMED',
    inPolicy(1, 1025),
    'no more inputs than a message can name',
  );
  charter(
    'refuse-policy-negative',
    'NONCANONICAL',
    replaceLast(inPolicy(5, 0), 0x20),
    'an amount below zero is no unsigned integer',
  );
  charter('refuse-policy-window-none', 'MALFORMED', inPolicy(6, []), 'at least one window');
  charter(
    'refuse-policy-window-five',
    'MALFORMED',
    inPolicy(
      6,
      many(
        5,
        new Map([
          [1, 1],
          [2, 1],
          [3, 1],
          [4, 1],
        ]),
      ),
    ),
    'at most four windows',
  );
  charter('refuse-policy-script', 'MALFORMED', inPolicy(11, ['p2pk']), 'a script type that no address has');
  charter('refuse-policy-fee-share', 'MALFORMED', inPolicy(9, 1001), 'a share above one');
}

/** The policy's amountPerTransaction stands as `05 00` in it: its value becomes another byte. */
function replaceLast(bytes: Uint8Array, value: number): Uint8Array {
  const hex = toHex(bytes);
  const at = hex.lastIndexOf('0500068');
  if (at < 0 || at % 2 !== 0) throw new Error('not found');
  const changed = Uint8Array.from(bytes);
  changed[at / 2 + 1] = value;
  return changed;
}
