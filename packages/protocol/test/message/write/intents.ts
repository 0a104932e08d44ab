/** Intents and verdicts: form, hash and signature. */
import { decode, encode, hashIntent, Intent, SignedIntent, toHex, Verdict } from '../../../src/index.ts';
import { CHARTER_HASH, keyOf, made, makeIntent, makeVerdict, signIntent } from '../samples.ts';
import { asTree, type Tree, tree, write } from './tree.ts';

export function writeIntents(): void {
  const bytes = makeIntent(1);
  const plain = Intent.write(readIntent(bytes));
  if (!(plain instanceof Map)) throw new Error('no intent');
  const good = new Map([...plain].map(([key, value]): [number, Tree] => [key, asTree(value)]));
  const lines = (expected: string, comment: string, extra: Record<string, string> = {}) => ({
    expect: expected,
    part: 'intent',
    charter: toHex(CHARTER_HASH),
    key: toHex(keyOf('exchange').publicKey),
    ...extra,
    rule: '4-messages.md Intents',
    comment,
  });
  const signed = (
    name: string,
    expected: string,
    [intent, signature]: SignedIntent,
    comment: string,
    extra = {},
  ) => write(`intent/${name}`, lines(expected, comment, extra), encode(SignedIntent, [intent, signature]));
  signed('p2wpkh', 'ok', signIntent(bytes), 'the bytes and their signature', {
    hash: toHex(hashIntent(CHARTER_HASH, bytes)),
  });
  const [, signature] = signIntent(bytes);
  const bad = Uint8Array.from(signature);
  bad[0] = (bad[0] ?? 0) ^ 1;
  signed('refuse-signature', 'INTENT_SIGNATURE', [bytes, bad], 'one bit of the signature');
  signed(
    'refuse-other-charter',
    'INTENT_SIGNATURE',
    [bytes, keyOf('exchange').sign(hashIntent(made('another'), bytes))],
    'signed under another first charter',
  );
  signed(
    'refuse-other-key',
    'INTENT_SIGNATURE',
    [bytes, keyOf('vault').sign(hashIntent(CHARTER_HASH, bytes))],
    'signed by the vault',
  );
  signed(
    'refuse-amount',
    'INTENT_SIGNATURE',
    [tree(new Map([...good, [3, 9_000_000]])), signature],
    'another amount under the same signature',
  );
  signed(
    'refuse-raw',
    'INTENT_SIGNATURE',
    [bytes, keyOf('exchange').sign(bytes)],
    'a signature over the bytes instead of their hash',
  );
  const form = (name: string, expected: string, value: Uint8Array, comment: string) =>
    signed(`refuse-${name}`, expected, signIntent(value), comment);
  for (const key of good.keys())
    form(
      `without-${key}`,
      'MALFORMED',
      tree(new Map([...good].filter(([one]) => one !== key))),
      `key ${key} is missing`,
    );
  form('unknown-key', 'MALFORMED', tree(new Map([...good, [7, 0]])), 'a seventh key');
  form('descending', 'NONCANONICAL', tree(new Map([...good].reverse())), 'keys in descending order');
  form('id-15-bytes', 'MALFORMED', tree(new Map([...good, [1, made('id', 15)]])), 'an id has 16 bytes');
  form(
    'script-43-bytes',
    'MALFORMED',
    tree(new Map([...good, [4, new Uint8Array(43)]])),
    'no destination is so long',
  );
  form('amount-text', 'MALFORMED', tree(new Map([...good, [3, '1000000']])), 'an amount is an integer');
  form('height-2-32', 'MALFORMED', tree(new Map([...good, [6, 2n ** 32n]])), 'a height is below 2^32');
  writeVerdicts();
}

function writeVerdicts(): void {
  const intents = [makeIntent(1), makeIntent(2)];
  const hashes = intents.map((intent) => toHex(hashIntent(CHARTER_HASH, intent)));
  const verdict = makeVerdict(intents, [0, 1]);
  const put = (name: string, expected: string, bytes: Uint8Array, comment: string, covered = hashes) =>
    write(
      `intent/${name}`,
      {
        expect: expected,
        part: 'verdict',
        charter: toHex(CHARTER_HASH),
        key: toHex(keyOf('S1').publicKey),
        intents: covered.join(' '),
        rule: '4-messages.md Verdicts',
        comment,
      },
      bytes,
    );
  put('verdict', 'ok', encode(Verdict, verdict), 'two intents by one signature');
  put(
    'verdict-refuse-swapped',
    'SCREENING',
    encode(Verdict, verdict),
    'the same intents in another order',
    hashes.toReversed(),
  );
  put(
    'verdict-refuse-third',
    'SCREENING',
    encode(Verdict, makeVerdict(intents, [0])),
    'signed for one intent only',
  );
  put(
    'verdict-refuse-issued',
    'SCREENING',
    encode(Verdict, { ...verdict, issued: 102 }),
    'another height under the same signature',
  );
  put(
    'verdict-refuse-key',
    'SCREENING',
    encode(Verdict, { ...verdict, signature: keyOf('S2').sign(made('x')) }),
    'signed by another screen',
  );
  put(
    'verdict-refuse-covers-1024',
    'MALFORMED',
    tree(
      new Map<number, Tree>([
        [1, 'S1'],
        [2, [1024]],
        [3, 1],
        [4, new Uint8Array(64)],
      ]),
    ),
    'a place is at most 1023',
  );
}

function readIntent(bytes: Uint8Array): Intent {
  const read = decode(Intent, bytes);
  if (!read.ok) throw new Error(read.fault.detail);
  return read.value;
}
