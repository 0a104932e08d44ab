/**
 * share-NAME.age: one custodian's share, sealed to that custodian's age recipient. Inside is a text that `age -d` prints
 * and any SLIP-39 tool takes: one comment line that says whose share it is, one line of words.
 *
 * The comment is a label, not proof: anyone can write one. It only makes a refusal clearer; the hash decides.
 * Spec: protocol-spec/8-custody.md, "Share files".
 */
import {
  type AgeIdentity,
  findWeakScrypt,
  openWithIdentities,
  readStanzas,
  removeArmor,
  sealToRecipient,
} from './age-file.ts';
import { fail, type Outcome, succeed } from './outcome.ts';
import type { PublicRecord } from './public-record.ts';
import { HOLDERS, type Share, THRESHOLD } from './share.ts';

export type ShareLabel = {
  readonly signer: string;
  readonly epoch: number;
  readonly custodian: string;
};

/** What somebody brings to a ceremony, before anyone has judged it. */
export type OfferedShare = {
  /** The file, or "share 2 as typed"; goes into messages. */
  readonly where: string;
  /** Secret. */
  readonly words: string;
  readonly label: ShareLabel | null;
};

const LABEL =
  /^# coldwire-share signer=([A-Za-z0-9-]{1,16}) epoch=(\d{1,7}) custodian=([A-Za-z0-9-]{1,32})\b/;

export function formatShareText(share: Share, label: ShareLabel): string {
  const { signer, epoch, custodian } = label;
  const rule = `any ${THRESHOLD} of ${HOLDERS} open key.age`;
  return `# coldwire-share signer=${signer} epoch=${epoch} custodian=${custodian}: ${rule}\n${share.words}\n`;
}

/** Takes label and words out of a share's text. Everything that is not a comment line counts as words. */
export function readShareText(text: string, where: string): OfferedShare {
  const lines = text.split('\n');
  const found = lines.map((line) => LABEL.exec(line)).find((match) => match !== null);
  const [, signer = '', epoch = '', custodian = ''] = found ?? [];
  return {
    where,
    words: lines.filter((line) => !line.trimStart().startsWith('#')).join(' '),
    label: found === undefined ? null : { signer, epoch: Number(epoch), custodian },
  };
}

/** Seals a share to its custodian. */
export async function sealShare(share: Share, label: ShareLabel, recipient: string): Promise<Uint8Array> {
  const text = new TextEncoder().encode(formatShareText(share, label));
  try {
    return await sealToRecipient(recipient, text);
  } finally {
    text.fill(0);
  }
}

/** Opens a share file with the identities that the custodians brought. */
export async function openShareFile(
  file: Uint8Array,
  identities: readonly AgeIdentity[],
  where: string,
): Promise<Outcome<OfferedShare>> {
  const binary = removeArmor(file);
  const stanzas = readStanzas(binary);
  if (stanzas === null) {
    const what = 'it is damaged, cut short, or no age file at all';
    return fail({ code: 'SHARE_BAD', what, where, todo: 'Take another copy of this share file.' });
  }
  const weak = findWeakScrypt(stanzas, where);
  if (weak !== null) return fail(weak);
  const opened = await openWithIdentities(identities, binary);
  if (opened.kind === 'no-match') {
    const what = identities.length === 0 ? 'no identity was given to open it' : 'no given identity opens it';
    const todo = "Give the identity file of this share's custodian with --identity.";
    return fail({ code: 'SHARE_BAD', what, where, todo });
  }
  if (opened.kind === 'damaged') {
    const what = 'it is damaged or cut short';
    return fail({ code: 'SHARE_BAD', what, where, todo: 'Take another copy of this share file.' });
  }
  const offered = readShareText(new TextDecoder('latin1').decode(opened.plaintext), where);
  opened.plaintext.fill(0);
  return succeed(offered);
}

export function labelOf(record: Pick<PublicRecord, 'signer' | 'epoch'>, custodian: string): ShareLabel {
  return { signer: record.signer, epoch: record.epoch, custodian };
}
