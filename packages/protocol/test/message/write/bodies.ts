/** Bodies of messages: each accepted once, refused for every key, and for one wrong field each. */
import { concatBytes, type MessageType } from '../../../src/index.ts';
import { made, makeIntent, TYPES } from '../samples.ts';
import { asTree, lower, many, plainOf, RULE_BODY, type Tree, tree, write } from './tree.ts';

const draft = (): Map<number, Tree> => {
  const value = plainOf('SIGN').get(1);
  if (!(value instanceof Map)) throw new Error('no draft');
  return value;
};
const inDraft = (key: number, value: Tree) =>
  new Map([...plainOf('SIGN'), [1, new Map([...draft(), [key, value]])]]);
const input: Tree = [made('txid'), 1, 1, 0, 0, 0];
const set = (type: MessageType, key: number, value: Tree) => new Map([...plainOf(type), [key, value]]);

const made2 = (label: string): Uint8Array => concatBytes(made(label), made(label));

const touch = (...values: readonly Tree[]): Tree => new Map(values.map((value, at) => [at + 1, value]));
const approval = (touched: Tree): Tree =>
  new Map<number, Tree>([
    [1, 0],
    [2, 'erin'],
    [3, 900],
    [4, concatBytes(made('r'), made('s'))],
    [5, touched],
  ]);

/** One wrong field each, beside the wrongs that every map can have. */
const WRONG: readonly (readonly [MessageType, string, Map<number, Tree>, string])[] = [
  ['HELLO', 'software-empty', set('HELLO', 1, ''), 'software has 1 to 32 bytes'],
  ['HELLO', 'software-33-bytes', set('HELLO', 1, 'a'.repeat(33)), 'software has 1 to 32 bytes'],
  ['HELLO', 'software-unprintable', set('HELLO', 1, 'a\u202eb'), 'a right-to-left override in a text'],
  ['HELLO', 'height-2-32', set('HELLO', 3, 2n ** 32n), 'a height is below 2^32'],
  ['HELLO', 'frozen-number', set('HELLO', 5, 1), 'frozen is true or false, not 1'],
  [
    'STATE',
    'five-windows',
    set('STATE', 8, many(5, new Map([1, 2, 3, 4, 5, 6, 7].map((key) => [key, 1])))),
    'at most 4 windows',
  ],
  ['STATE', 'millitick-2-53', set('STATE', 5, 2n ** 53n), 'a counter is below 2^53'],
  ['HEADERS', '79-bytes', set('HEADERS', 1, new Uint8Array(79)), 'no whole header'],
  ['HEADERS', '12001-bytes', set('HEADERS', 1, new Uint8Array(12_001)), 'more than 150 headers'],
  [
    'ADMIT',
    'wallet-256',
    set('ADMIT', 2, [
      new Map([
        [1, 0],
        [2, 256],
        [3, 0],
        [4, 0],
      ]),
    ]),
    'a wallet is 0 to 255',
  ],
  [
    'ADMIT',
    '513-coins',
    set(
      'ADMIT',
      2,
      many(
        513,
        new Map([
          [1, 0],
          [2, 0],
          [3, 0],
          [4, 0],
        ]),
      ),
    ),
    'at most 512 coins',
  ],
  [
    'ADMIT',
    'proof-missing-key',
    set(
      'ADMIT',
      3,
      new Map<number, Tree>([
        [1, made('block')],
        [2, 5],
      ]),
    ),
    'a proof without its path',
  ],
  ['ADMIT', 'transaction-9-bytes', set('ADMIT', 1, new Uint8Array(9)), 'no transaction is so short'],
  ['SIGN', 'no-input', inDraft(2, []), 'at least one input'],
  ['SIGN', '1025-inputs', inDraft(2, many(1025, input)), 'at most 1024 inputs'],
  [
    'SIGN',
    'input-with-sequence',
    inDraft(2, [[made('txid'), 1, 1, 0, 0, 0, 0xfffffffd]]),
    'an input has no seventh element',
  ],
  ['SIGN', 'txid-31-bytes', inDraft(2, [[made('txid', 31), 1, 1, 0, 0, 0]]), 'a txid has 32 bytes'],
  [
    'SIGN',
    'intent-signature-63-bytes',
    inDraft(3, [[makeIntent(1), made('short', 16)]]),
    'a signature has 64 bytes',
  ],
  ['SIGN', 'nine-changes', inDraft(4, many(9, [0, 0, 1, 0])), 'at most 8 change outputs'],
  ['SIGN', 'change-position-1033', inDraft(4, [[0, 0, 1, 1033]]), 'a position is at most 1032'],
  ['SIGN', 'sighash-field', inDraft(5, 0x83), 'there is no field for a sighash type'],
  [
    'SIGN',
    'verdict-without-covers',
    set('SIGN', 2, [
      new Map<number, Tree>([
        [1, 'S1'],
        [2, []],
        [3, 1],
        [4, new Uint8Array(64)],
      ]),
    ]),
    'a verdict covers at least one intent',
  ],
  [
    'SIGNED',
    'no-wrap',
    set(
      'SIGNED',
      4,
      new Map<number, Tree>([
        [1, made('e')],
        [2, []],
        [3, new Uint8Array(80)],
      ]),
    ),
    'at least one gate',
  ],
  ['SIGNED', 'commitment-33-bytes', set('SIGNED', 3, new Uint8Array(33)), 'a commitment has 32 bytes'],
  [
    'SIGNED',
    'signature-in-clear',
    set('SIGNED', 5, new Uint8Array(64)),
    'there is no field for a signature in clear',
  ],
  ['REFUSED', 'no-refusal', set('REFUSED', 1, []), 'a refusal names at least one code'],
  [
    'REFUSED',
    'fact-with-newline',
    set('REFUSED', 1, [
      new Map<number, Tree>([
        [1, 'DUST'],
        [2, [['output', '1\n2']]],
      ]),
    ]),
    'a fact is one line',
  ],
  [
    'REFUSED',
    'nine-facts',
    set('REFUSED', 1, [
      new Map<number, Tree>([
        [1, 'DUST'],
        [2, many(9, ['output', '1'])],
      ]),
    ]),
    'at most 8 facts',
  ],
  ['DEAD', 'no-proof', set('DEAD', 3, null), 'a proof cannot be left out'],
  ['HELLO', 'pending-none', set('HELLO', 8, []), 'key 8 is left out when no charter waits'],
  ['HELLO', 'pending-nine', set('HELLO', 8, many(9, [2, made('charter 2'), 1])), 'at most 8 charters wait'],
  ['STATE', 'pending-pair', set('STATE', 10, [[2, made('charter 2')]]), 'how long it waits is missing'],
  [
    'CHARTER',
    'signature-63-bytes',
    set('CHARTER', 1, [made('charter'), [['carol', new Uint8Array(63)]]]),
    'a signature has 64 bytes',
  ],
  ['CHARTER', 'bytes-alone', set('CHARTER', 1, made('charter')), 'a charter without its list of signatures'],
  ['SIGN', 'no-approval', set('SIGN', 3, []), 'without approvals there is no key 3'],
  ['SIGN', 'touch-without-counter', set('SIGN', 3, [approval(touch(1))]), 'a touch is flags and counter'],
  ['SIGN', 'flags-256', set('SIGN', 3, [approval(touch(256, 7))]), 'flags are one byte'],
  ['SIGN', '513-approvals', set('SIGN', 3, many(513, approval(null))), 'at most 512 approvals'],
  ['REGISTER', 'signature-63-bytes', set('REGISTER', 2, new Uint8Array(63)), 'a signature has 64 bytes'],
  ['HELLO', 'nonce-15-bytes', set('HELLO', 6, made('nonce', 15)), 'a nonce has 16 bytes'],
  ['HELLO', 'no-nonce', set('HELLO', 6, null), 'without a nonce there is no key 6'],
  ['FREEZE', 'no-order', set('FREEZE', 2, null), 'without an order there is no key 2'],
  ['UNFREEZE', 'no-signature', set('UNFREEZE', 1, [made('order'), []]), 'somebody signs an order'],
  [
    'UNFREEZE',
    '65-signatures',
    set('UNFREEZE', 1, [made('order'), many(65, ['a', made2('s')])]),
    '64 at most',
  ],
  [
    'RESTORE',
    'custodian-33-bytes',
    set('RESTORE', 1, [made('order'), [['a'.repeat(33), made2('s')]]]),
    'a name',
  ],
  ['WITNESS', 'nonce-17-bytes', set('WITNESS', 2, made('nonce', 17)), 'a nonce has 16 bytes'],
  ['WITNESSED', 'nine-heads', set('WITNESSED', 3, many(9, ['v', 1, made('h')])), 'at most 8 vaults'],
  ['WITNESSED', 'head-31-bytes', set('WITNESSED', 3, [['v', 1, made('h', 31)]]), 'a head is a hash'],
  ['ATTEST', 'no-gate', set('ATTEST', 1, []), 'one gate at least'],
  ['ATTEST', 'nine-gates', set('ATTEST', 1, many(9, [made('h'), made('b'), made2('s')])), 'at most 8 gates'],
  ['FREEZE', 'reason-65-bytes', set('FREEZE', 1, 'a'.repeat(65)), 'a reason has at most 64 bytes'],
  ['FREEZE', 'reason-escape', set('FREEZE', 1, '\u001b[2J'), 'a terminal escape in a text'],
  ['NOTICE', 'event-17-bytes', set('NOTICE', 1, 'a'.repeat(17)), 'an event has at most 16 bytes'],
  [
    'CLEAR',
    'one-signed',
    set('CLEAR', 2, [[made('h'), made('b'), new Uint8Array(64)]]),
    'two SIGNED at least',
  ],
  [
    'CLEAR',
    'four-signed',
    set('CLEAR', 2, many(4, [made('h'), made('b'), new Uint8Array(64)])),
    'three SIGNED at most',
  ],
  ['CLEARED', 'one-key', set('CLEARED', 3, [['A', made('k')]]), 'two content keys'],
];

export function writeBodies(): void {
  for (const type of TYPES) {
    const lines = (expected: string, comment: string) => ({
      expect: expected,
      part: 'body',
      type,
      rule: RULE_BODY,
      comment,
    });
    const plain = plainOf(type);
    const name = `message/${lower(type)}-body`;
    const bytes = tree(plain);
    write(name, lines('ok', 'the body of the accepted message, without its salt'), bytes);
    write(
      `${name}-refuse-unknown-key`,
      lines('MALFORMED', 'a key that the body does not have'),
      tree(new Map([...plain, [23, 0]])),
    );
    write(
      `${name}-refuse-array`,
      lines('MALFORMED', 'an array of the values instead of the map'),
      tree([...plain.values()]),
    );
    write(
      `${name}-refuse-trailing-byte`,
      lines('MALFORMED', 'one byte after the body'),
      concatBytes(bytes, Uint8Array.of(0)),
    );
    for (const key of plain.keys()) {
      const rest = new Map([...plain].filter(([one]) => one !== key));
      write(`${name}-refuse-without-${key}`, lines('MALFORMED', `key ${key} is missing`), tree(rest));
      write(
        `${name}-refuse-null-${key}`,
        lines('MALFORMED', `key ${key} is null`),
        tree(new Map([...plain, [key, type === 'ADMIT' && key === 3 ? 0 : null]])),
      );
    }
    if (plain.size > 1)
      write(
        `${name}-refuse-descending`,
        lines('NONCANONICAL', 'keys in descending order'),
        tree(new Map([...plain].reverse())),
      );
    const wide = concatBytes(Uint8Array.of(0xb8, plain.size), bytes.subarray(1));
    write(`${name}-refuse-long-head`, lines('NONCANONICAL', 'the head of the map is not the shortest'), wide);
  }
  for (const [name, touched, comment] of [
    ['approval', null, 'an approval by a key in a file'],
    ['approval-touch', touch(1, 7), 'an approval by a security key, with its flags and counter'],
  ] as const) {
    const lines = { expect: 'ok', part: 'body', type: 'SIGN', rule: RULE_BODY, comment };
    write(`message/sign-body-${name}`, lines, tree(set('SIGN', 3, [approval(touched)])));
  }
  for (const [type, name, plain, comment] of [
    ['HELLO', 'charter', set('HELLO', 7, made('charter 2')), 'a later charter is in force'],
    ['HELLO', 'pending', set('HELLO', 8, [[2, made('charter 2'), 144_000]]), 'a charter waits'],
    ['STATE', 'charter', set('STATE', 9, made('charter 2')), 'a later charter is in force'],
    ['STATE', 'pending', set('STATE', 10, [[2, made('charter 2'), 0]]), 'a charter waits for its moment'],
    ['HELLO', 'nonce', set('HELLO', 6, made('nonce', 16)), 'a signer asks for witnesses'],
    ['FREEZE', 'order', set('FREEZE', 2, asTree(plainOf('UNFREEZE').get(1))), 'by custodians'],
  ] as const) {
    const lines = { expect: 'ok', part: 'body', type, rule: RULE_BODY, comment };
    write(`message/${lower(type)}-body-${name}`, lines, tree(plain));
  }
  for (const [type, name, plain, comment] of WRONG) {
    const lines = { expect: 'MALFORMED', part: 'body', type, rule: RULE_BODY, comment };
    write(`message/${lower(type)}-body-refuse-${name}`, lines, tree(plain));
  }
}
