/**
 * Opening a key file with the shares of any two custodians: judge each share by itself, join two good ones, open key.age
 * in memory, check that it holds the key that public.json describes.
 *
 * A bad third share does not stop two good ones; it is reported. Spec: protocol-spec/8-custody.md, "Unsealing".
 */
import { toHex } from '@coldwire/protocol/bytes.ts';
import { sha256 } from '@noble/hashes/sha2.js';
import { checkKeyFileHeader, importIdentity, openWithIdentities } from './age-file.ts';
import { type AcceptedShare, judgeShare } from './judge-share.ts';
import { checkKeyBlock } from './key-block.ts';
import { fail, type Outcome, type Problem, succeed } from './outcome.ts';
import type { PublicRecord } from './public-record.ts';
import { THRESHOLD } from './share.ts';
import type { OfferedShare } from './share-file.ts';
import { joinShares } from './split.ts';

export type OpenedKey = {
  /** 256 secret bytes for the caller to wipe. */
  readonly block: Uint8Array;
  /** Whose shares opened it. */
  readonly custodians: readonly string[];
  /** Shares that were offered and are no good. */
  readonly rejected: readonly Problem[];
};

export type SealedKeyFile = {
  readonly bytes: Uint8Array;
  /** Its file name, for messages. */
  readonly where: string;
};

/**
 * @param shares two or more, as the custodians brought them
 * @param unreadable problems of shares that did not come that far; reported with the rest
 */
export async function openKey(
  keyFile: SealedKeyFile,
  record: PublicRecord,
  shares: readonly OfferedShare[],
  unreadable: readonly Problem[] = [],
): Promise<Outcome<OpenedKey>> {
  const header = checkKeyFile(keyFile, record);
  if (!header.ok) return header;
  const chosen = chooseShares(shares, unreadable, record);
  if (!chosen.ok) return chosen;
  const block = await unwrap(keyFile, chosen.value.pair);
  if (!block.ok) return block;
  const checked = checkKeyBlock(block.value, record, keyFile.where);
  if (!checked.ok) {
    block.value.fill(0);
    return checked;
  }
  const { pair, rejected } = chosen.value;
  return succeed({ block: block.value, custodians: pair.map((share) => share.custodian), rejected });
}

/** Looks at the key file before anyone is asked for a share. */
export function checkKeyFile(keyFile: SealedKeyFile, record: PublicRecord): Outcome<null> {
  const header = checkKeyFileHeader(keyFile.bytes, keyFile.where);
  if (!header.ok || toHex(sha256(keyFile.bytes)) === record.keyFileHash) return header;
  const what = `it is not the key file of signer ${record.signer}, epoch ${record.epoch}: damaged, cut short or another`;
  return fail({
    what,
    where: keyFile.where,
    todo: 'Take another copy; sha256sum must print the keyFileHash of public.json.',
  });
}

type Choice = { readonly pair: readonly AcceptedShare[]; readonly rejected: readonly Problem[] };

function chooseShares(
  shares: readonly OfferedShare[],
  unreadable: readonly Problem[],
  record: PublicRecord,
): Outcome<Choice> {
  const good = new Map<string, AcceptedShare>();
  const rejected: Problem[] = [...unreadable];
  for (const offered of shares) {
    const judged = judgeShare(offered, record);
    if (!judged.ok) rejected.push(judged.problem);
    else if (good.has(judged.value.custodian)) rejected.push(repeated(offered, judged.value));
    else good.set(judged.value.custodian, judged.value);
  }
  const pair = [...good.values()].slice(0, THRESHOLD);
  if (pair.length === THRESHOLD) return succeed({ pair, rejected });
  return fail(tooFew(pair, rejected, record));
}

function repeated(offered: OfferedShare, share: AcceptedShare): Problem {
  const what = `it is ${share.custodian}'s share once more`;
  return { code: 'SHARE_BAD', what, where: offered.where, todo: 'Two different custodians are needed.' };
}

/** One problem for people: the first bad share by name if there is one, else who else can be asked. */
function tooFew(good: readonly AcceptedShare[], rejected: readonly Problem[], record: PublicRecord): Problem {
  const first = rejected[0];
  const have = good.map((share) => share.custodian);
  const others = record.shares.map((share) => share.custodian).filter((name) => !have.includes(name));
  const asking = `Ask ${others.join(' or ')}.`;
  if (first === undefined) {
    const what = `${THRESHOLD} shares are needed and there ${have.length === 1 ? `is 1 (${have[0]}'s)` : 'are none'}`;
    return { what, where: `signer ${record.signer}, epoch ${record.epoch}`, todo: asking };
  }
  const further = rejected.slice(1).map((problem) => `; also ${problem.where}: ${problem.what}`);
  return { ...first, what: `${first.what}${further.join('')}` };
}

async function unwrap(keyFile: SealedKeyFile, pair: readonly AcceptedShare[]): Promise<Outcome<Uint8Array>> {
  const refused = (what: string) =>
    fail({ what, where: keyFile.where, todo: 'Check that key.age and public.json come from one ceremony.' });
  const secret = joinShares(pair.map((accepted) => accepted.share));
  if (secret === null) return refused('the shares are the named ones, but do not belong together');
  const identity = await importIdentity(secret);
  secret.fill(0);
  const opened = await openWithIdentities([identity], keyFile.bytes);
  if (opened.kind === 'opened') return succeed(opened.plaintext);
  return refused('the shares are the named ones, but do not open this key file');
}
