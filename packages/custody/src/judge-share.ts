/**
 * Is this share one that public.json names? If not, what is it: mistyped, of another signer, of another epoch, or forged?
 * SLIP-39 itself only says "invalid digest" over all shares together, which names nobody; the hash names one custodian.
 * Spec: protocol-spec/8-custody.md, "Judging a share".
 */
import { toHex } from '@coldwire/protocol/bytes.ts';
import { fail, type Outcome, type Problem, succeed } from './outcome.ts';
import type { PublicRecord } from './public-record.ts';
import { hashShare, parseShare, type Share } from './share.ts';
import type { OfferedShare } from './share-file.ts';

export type AcceptedShare = {
  readonly custodian: string;
  readonly hash: string;
  readonly share: Share;
};

export function judgeShare(offered: OfferedShare, record: PublicRecord): Outcome<AcceptedShare> {
  const parsed = parseShare(offered.words, offered.where);
  if (!parsed.ok) return parsed;
  const share = parsed.value;
  const hash = toHex(hashShare(share));
  const named = record.shares.find((known) => known.hash === hash);
  if (named !== undefined) return succeed({ custodian: named.custodian, hash, share });
  return fail(explain(offered, share, hash, record));
}

/** The most helpful true sentence about a share with a right checksum that public.json does not name. */
function explain(offered: OfferedShare, share: Share, hash: string, record: PublicRecord): Problem {
  const { where, label } = offered;
  const wanted = `signer ${record.signer}, epoch ${record.epoch}`;
  const bad = (what: string, todo: string): Problem => ({ code: 'SHARE_BAD', what, where, todo });
  for (const past of record.retired) {
    const old = past.shares.find((known) => known.hash === hash);
    if (old === undefined) continue;
    const what = `it is ${old.custodian}'s share of epoch ${past.epoch}, and the key file is of epoch ${record.epoch}`;
    return bad(
      what,
      `${old.custodian} looks for the card of epoch ${record.epoch}; any other custodian can stand in.`,
    );
  }
  if (share.shareSet === record.shareSet) return forged(offered, share, hash, record);
  if (label !== null && label.signer !== record.signer) {
    return bad(
      `it is labelled as a share of signer ${label.signer}; wanted is ${wanted}`,
      'Look for the right card.',
    );
  }
  if (label !== null && label.epoch !== record.epoch) {
    return bad(
      `it is labelled as a share of epoch ${label.epoch}; wanted is ${wanted}`,
      'Look for the right card.',
    );
  }
  const what = `it belongs to another set of shares: another signer's, or another epoch's; wanted is ${wanted}`;
  return bad(what, 'Look for the right card.');
}

/** Same splitting by its first words, right checksum, other value: nobody mistypes that. */
function forged(offered: OfferedShare, share: Share, hash: string, record: PublicRecord): Problem {
  const owner = record.shares[share.member];
  const holder = owner?.custodian ?? `member ${share.member + 1}`;
  return {
    code: 'SHARE_BAD',
    what:
      `it claims to be ${holder}'s share and its checksum is right, but it is not the one that public.json names ` +
      `(its hash is ${hash}, named is ${owner?.hash ?? 'none'}): it is forged or was altered on purpose`,
    where: offered.where,
    todo: `Keep the card as evidence and ask ${holder} about it; any other custodian can stand in.`,
  };
}
