import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { toHex } from '@coldwire/protocol/bytes.ts';
import slip39 from 'slip39';
import { describe, expect, it } from 'vitest';
import { hashShare, parseShare } from '../src/share.ts';
import { joinShares, splitSecret } from '../src/split.ts';
import { at, good, problemOf } from './signer-fixture.ts';

type Vector = readonly [name: string, mnemonics: readonly string[], secret: string, xprv: string];
const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL('./data/slip39-vectors.json', import.meta.url), 'utf8'),
);
/** One of ours, made once; its secret is 01 02 … 20. */
const KNOWN = [
  'holy typical academic acid adult ocean military repair necklace safari enemy making system ladle ending story epidemic froth volume nylon fancy ending being helpful public duckling hairy starting radar leaf document acid fake',
  'holy typical academic agency academic python type oven wrist pacific require crystal favorite shaft divorce exotic slush deadline academic ceiling husband criminal elite stick mobile secret gesture holiday picture yelp breathe often civil',
  'holy typical academic always aircraft mental health oven favorite ivory pickup privacy hazard military rhythm various visitor yelp admit trust picture story prospect hamster voice main lawsuit pile chubby disaster viral regular swing',
] as const;
const COUNTING = Uint8Array.from({ length: 32 }, (_, index) => index + 1);

describe('the slip39 package', () => {
  it.each(vectors)('gives what the official vector says: %s', (_name, mnemonics, secret) => {
    const recover = (): string => Buffer.from(slip39.recoverSecret(mnemonics, 'TREZOR')).toString('hex');
    if (secret === '') expect(recover).toThrow();
    else expect(recover()).toBe(secret);
  });

  it('corrupts typed arrays silently, which is why splitSecret gives it a plain one', () => {
    const options = { passphrase: '', threshold: 1, iterationExponent: 0, extendableBackupFlag: 1 } as const;
    // @ts-expect-error the declared type forbids it
    const split = slip39.fromArray(COUNTING, { ...options, groups: [[2, 3, '']] });
    expect(slip39.recoverSecret(split.fromPath('r/0').mnemonics.slice(1), '')).not.toEqual(
      Array.from(COUNTING),
    );
  });
});

describe('a share', () => {
  it('is read in any case and with any white space, and says its set and member', () => {
    const messy = `\n ${KNOWN[1].toUpperCase().replaceAll(' ', '\t\n ')} \r\n`;
    expect(good(parseShare(messy, 'card'))).toEqual({ words: KNOWN[1], shareSet: 14077, member: 1 });
  });

  it('has a hash that standard tools give as well', () => {
    const expected = createHash('sha256').update(`coldwire/v1/share\0${KNOWN[0]}`).digest('hex');
    expect(toHex(hashShare({ words: KNOWN[0] }))).toBe(expected);
  });

  it('is refused with the number of the wrong word, and never with the word', () => {
    const words = KNOWN[0].split(' ');
    words[6] = 'mlitary';
    const problem = problemOf(parseShare(words.join(' '), 'card'));
    expect(problem).toMatchObject({
      code: 'SHARE_BAD',
      where: 'card',
      what: 'word 7 is not on the SLIP-39 word list',
    });
    expect(JSON.stringify(problem)).not.toContain('mlitary');
  });

  it.each(['constructor', '__proto__', 'toString'])('is refused when a word is %s', (word) => {
    expect(problemOf(parseShare(KNOWN[0].replace('holy', word), 'card')).what).toBe(
      'word 1 is not on the SLIP-39 word list',
    );
  });

  it('is refused when any one word is another word of the list', () => {
    const words = KNOWN[0].split(' ');
    for (const [index, word] of words.entries()) {
      const changed = words.with(index, word === 'academic' ? 'acid' : 'academic').join(' ');
      expect(problemOf(parseShare(changed, 'card')).what).toContain('checksum is wrong');
    }
  });

  it('is refused when two words changed places', () => {
    const words = KNOWN[0].split(' ');
    const swapped = words.with(4, at(words, 5)).with(5, at(words, 4)).join(' ');
    expect(problemOf(parseShare(swapped, 'card')).what).toContain('checksum is wrong');
  });

  it('is refused when words are missing or too many', () => {
    expect(problemOf(parseShare(KNOWN[0].slice(5), 'card')).what).toBe('it has 32 words; a share has 33');
    expect(problemOf(parseShare(`${KNOWN[0]} acid`, 'card')).what).toBe('it has 34 words; a share has 33');
    expect(problemOf(parseShare('', 'card')).what).toBe('it has 1 words; a share has 33');
  });

  it.each([20, 23, 44])('is refused when it is of another kind: official vector %i', (number) => {
    const mnemonic = at(at(vectors, number - 1)[1], 0);
    expect(problemOf(parseShare(mnemonic, 'card')).what).toContain('not a Coldwire one');
  });
});

describe('splitting and joining', () => {
  it('gives the secret back from any two of three, in any order', () => {
    for (let round = 0; round < 8; round++) {
      const secret = crypto.getRandomValues(new Uint8Array(32));
      const shares = splitSecret(secret);
      for (const first of shares) {
        for (const second of shares.filter((other) => other !== first)) {
          expect(joinShares([first, second])).toEqual(secret);
        }
      }
    }
  });

  it('joins the known shares', () => {
    const shares = KNOWN.map((words) => good(parseShare(words, 'card')));
    expect(joinShares([at(shares, 0), at(shares, 2)])).toEqual(COUNTING);
  });

  it('gives nothing from one share, the same share twice, or all three at once', () => {
    const [first, second, third] = KNOWN.map((words) => good(parseShare(words, 'card')));
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('three were known');
    for (const wrong of [[first], [first, first], [first, second, third], []])
      expect(joinShares(wrong)).toBeNull();
  });

  it('gives nothing from shares of two splittings of one secret', () => {
    expect(joinShares([at(splitSecret(COUNTING), 0), at(splitSecret(COUNTING), 1)])).toBeNull();
  });
});
