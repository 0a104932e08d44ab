/**
 * What lies on the table of a ceremony: share texts, key and share files, identity files, public.json. Nothing throws; a share
 * and a record that are taken are written again as texts that give the same.
 */
import { checkKeyFileHeader, readStanzas, removeArmor } from '@coldwire/custody/age-file.ts';
import { isProtected, readIdentityFile } from '@coldwire/custody/identity.ts';
import { formatPublicRecord, parsePublicRecord } from '@coldwire/custody/public-record.ts';
import { parseShare } from '@coldwire/custody/share.ts';
import { formatShareText, readShareText } from '@coldwire/custody/share-file.ts';
import { seedsOf } from '../corpus.ts';
import { assertHolds, type Target } from '../target.ts';

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
const EPOCH = {
  epoch: 1,
  shareSet: 77,
  shares: ['alice', 'bob', 'carol'].map((custodian) => ({ custodian, hash: 'ab'.repeat(32) })),
};
const RECORD = {
  signer: 'A',
  network: 'regtest',
  fingerprint: '7c7dbc19',
  path: 'm/48h/1h/0h/2h',
  xpub: `tpub${'D'.repeat(107)}`,
  publicKey: `02${'11'.repeat(32)}`,
  chainCode: '22'.repeat(32),
  linkKey: '33'.repeat(32),
  keyFileHash: '44'.repeat(32),
  threshold: 2,
  ...EPOCH,
  retired: [EPOCH],
};

function checkShare(words: string): void {
  const offered = readShareText(words, 'card');
  const share = parseShare(offered.words, offered.where);
  if (!share.ok || offered.label === null) return;
  const again = readShareText(formatShareText(share.value, offered.label), 'card');
  const parsed = parseShare(again.words, 'card');
  assertHolds(parsed.ok && parsed.value.words === share.value.words, 'a share is written as the same words');
  assertHolds(JSON.stringify(again.label) === JSON.stringify(offered.label), 'and with the same label');
}

function checkRecord(json: string): void {
  const record = parsePublicRecord(json, 'public.json');
  if (!record.ok) return;
  const again = parsePublicRecord(formatPublicRecord(record.value), 'public.json');
  assertHolds(again.ok && formatPublicRecord(again.value) === formatPublicRecord(record.value), 'one record');
}

export const target: Target = {
  seeds: [
    ...seedsOf('custody'),
    text(JSON.stringify(RECORD)),
    text('# public key: age1\nAGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n'),
    text('# coldwire-share signer=A epoch=1 custodian=alice: any 2 of 3 open key.age\nacademic acid acrobat'),
    text(
      '-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCg==\n-----END AGE ENCRYPTED FILE-----\n',
    ),
  ],
  maxLength: 4096,
  run(input) {
    const latin = Buffer.from(input).toString('latin1');
    checkShare(latin);
    checkRecord(latin);
    checkKeyFileHeader(input, 'key.age');
    const protectedFile = isProtected(input);
    assertHolds(
      protectedFile === (readStanzas(removeArmor(input)) !== null),
      'protected is what has a header',
    );
    // A passphrase costs a second by design; what is not protected is read at once.
    if (protectedFile) return;
    return readIdentityFile(input, 'identity', () =>
      Promise.reject(new Error('asked for a passphrase')),
    ).then(() => undefined);
  },
};
