/**
 * One SLIP-39 share as words: reading its text, its open header and its hash.
 *
 * Refuses words that are not on the list, a wrong checksum, and every share that is not 256-bit, extendable, 2-of-3 in a
 * single group: no other kind is ever made here. Texts of problems give the number of a word, never the word.
 * Spec: protocol-spec/8-custody.md, "Shares". Source: SLIP-39.
 */
import { taggedHash } from '@coldwire/protocol/hash.ts';
import slip39 from 'slip39';
import helper from 'slip39/src/slip39_helper.js';
import { fail, type Outcome, succeed } from './outcome.ts';

/** Shares needed and shares made, for each signer. */
export const THRESHOLD = 2;
export const HOLDERS = 3;
/** SLIP-39's default. It slows down guessing a passphrase; there is none, so it only makes the shares ordinary ones. */
export const ITERATION_EXPONENT = 1;

/** 256 bits: 4 words of header, 26 of value, 3 of checksum. */
const WORDS = 33;
const HEADER_WORDS = 4;
const WORD_INDEX: ReadonlyMap<string, number> = new Map(helper.WORD_LIST.map((word, index) => [word, index]));

export type Share = {
  /** Lower case, one space between words. A secret. */
  readonly words: string;
  /** The random number, 0–32767, that all shares of one splitting begin with. Public. */
  readonly shareSet: number;
  /** 0, 1 or 2. Public. */
  readonly member: number;
};

type ShareHeader = Pick<Share, 'shareSet' | 'member'> & { readonly ours: boolean };

/** Reads the 40 bits before the share's value (SLIP-39, "Format of the share mnemonic"). */
function readHeader(indices: readonly number[]): ShareHeader {
  const bits = indices
    .slice(0, HEADER_WORDS)
    .map((index) => index.toString(2).padStart(10, '0'))
    .join('');
  const number = (from: number, length: number): number =>
    Number.parseInt(bits.slice(from, from + length), 2);
  const extendable = number(15, 1) === 1;
  const soleGroup = number(20, 12) === 0;
  const twoOfThree = number(36, 4) + 1 === THRESHOLD && number(32, 4) < HOLDERS;
  return {
    shareSet: number(0, 15),
    member: number(32, 4),
    ours: extendable && soleGroup && twoOfThree && number(16, 4) === ITERATION_EXPONENT,
  };
}

/**
 * Reads a share's words as people type or paste them: any case, any white space.
 * @param where what the operator calls it: the file, or "share 2 as typed"
 */
export function parseShare(text: string, where: string): Outcome<Share> {
  const bad = (what: string, todo: string) => fail({ code: 'SHARE_BAD', what, where, todo });
  const words = text.trim().toLowerCase().split(/\s+/u);
  if (words.length !== WORDS) {
    return bad(`it has ${words.length} words; a share has ${WORDS}`, 'Enter the whole share, words only.');
  }
  const indices: number[] = [];
  for (const word of words) {
    const index = WORD_INDEX.get(word);
    if (index === undefined) {
      return bad(
        `word ${indices.length + 1} is not on the SLIP-39 word list`,
        'Compare that word with the card.',
      );
    }
    indices.push(index);
  }
  const joined = words.join(' ');
  const header = readHeader(indices);
  indices.fill(0);
  if (!slip39.validateMnemonic(joined)) {
    return bad('its checksum is wrong: a word differs from the card', 'Compare every word with the card.');
  }
  if (!header.ours) {
    return bad(
      'it is a SLIP-39 share, but not a Coldwire one (256-bit, extendable, 2-of-3)',
      'Look for the right card.',
    );
  }
  return succeed({ words: joined, shareSet: header.shareSet, member: header.member });
}

/** The public name of a share: 32 bytes, from which nobody can guess its 256-bit value. */
export function hashShare(share: Pick<Share, 'words'>): Uint8Array {
  return taggedHash('share', new TextEncoder().encode(share.words));
}
