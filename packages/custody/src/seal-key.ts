/**
 * Sealing a key block for three custodians: a fresh age identity for every epoch, its 32 bytes split 2-of-3, each share
 * sealed to its custodian. Nothing here touches a disk, and nothing old is changed: re-sharing begins by making the new
 * epoch beside the old one.
 *
 * Hands out nothing that does not open: every pair of the new shares is tried. Spec: protocol-spec/8-custody.md, "Sealing".
 */
import { toHex } from '@coldwire/protocol/bytes.ts';
import type { NetworkName } from '@coldwire/protocol/charter/charter.ts';
import { sha256 } from '@noble/hashes/sha2.js';
import { importIdentity, isRecipient, sealToIdentity } from './age-file.ts';
import { checkKeyBlock, type KeyFacts, makeKeyBlock, type RandomSource } from './key-block.ts';
import { openKey } from './open-key.ts';
import { fail, type Outcome, succeed } from './outcome.ts';
import { type EpochRecord, isCustodianName, isSignerName, type PublicRecord } from './public-record.ts';
import { HOLDERS, hashShare, type Share, THRESHOLD } from './share.ts';
import { labelOf, sealShare } from './share-file.ts';
import { splitSecret } from './split.ts';

export type CustodianRecipient = {
  readonly name: string;
  /** `age1…` */
  readonly recipient: string;
};

export type SealedShare = {
  readonly custodian: string;
  /** An age file. */
  readonly file: Uint8Array;
};

/** A signer's whole custody at one epoch; nothing in it is secret by itself. */
export type SealedSigner = {
  readonly keyFile: Uint8Array;
  readonly shares: readonly SealedShare[];
  readonly record: PublicRecord;
};

export type SignerSetup = {
  readonly signer: string;
  readonly network: NetworkName;
  /** Three different people. */
  readonly custodians: readonly CustodianRecipient[];
};

type SealedEpoch = {
  readonly keyFile: Uint8Array;
  readonly shares: readonly Share[];
};

/** Makes a new signer: fresh keys, sealed, epoch 1. */
export async function createSigner(setup: SignerSetup, random: RandomSource): Promise<Outcome<SealedSigner>> {
  const { signer, network, custodians } = setup;
  const checked = checkPeople(signer, custodians);
  if (!checked.ok) return checked;
  const { block, facts } = makeKeyBlock(network, random);
  try {
    const identity = { signer, network, ...facts };
    return succeed(await sealEpoch(block, identity, { epoch: 1, retired: [] }, custodians, random));
  } finally {
    block.fill(0);
  }
}

/**
 * Seals an existing key to a new epoch, for the same custodians or others. The old epoch still opens.
 * @param block 256 secret bytes; stays the caller's to wipe
 * @param record public.json of the epoch before
 */
export async function sealKey(
  block: Uint8Array,
  record: PublicRecord,
  custodians: readonly CustodianRecipient[],
  random: RandomSource,
): Promise<Outcome<SealedSigner>> {
  const checked = checkPeople(record.signer, custodians);
  if (!checked.ok) return checked;
  const known = checkKeyBlock(block, record, 'the key block');
  if (!known.ok) return known;
  const { epoch, shareSet, shares } = record;
  const retired = [...record.retired, { epoch, shareSet, shares }];
  return succeed(await sealEpoch(block, record, { epoch: epoch + 1, retired }, custodians, random));
}

/** Whether a signer's name and its three custodians can stand in a charter. */
export function checkPeople(signer: string, custodians: readonly CustodianRecipient[]): Outcome<null> {
  const bad = (what: string, where: string, todo: string) => fail({ what, where, todo });
  if (!isSignerName(signer)) return bad('it is not a name', 'the signer', 'Use 1 to 16 of A-Z a-z 0-9 -.');
  if (custodians.length !== HOLDERS) {
    return bad(`${custodians.length} were given`, 'custodians', `Give exactly ${HOLDERS}.`);
  }
  for (const { name, recipient } of custodians) {
    if (!isCustodianName(name))
      return bad('a name is malformed', 'custodians', 'Use 1 to 32 of A-Z a-z 0-9 -.');
    if (!isRecipient(recipient)) {
      return bad(
        'the recipient is not an age recipient',
        name,
        'Give the age1… that coldwire-custody identity printed.',
      );
    }
  }
  const differ = (texts: readonly string[]): boolean => new Set(texts).size === texts.length;
  if (
    !differ(custodians.map(({ name }) => name.toLowerCase())) ||
    !differ(custodians.map((one) => one.recipient))
  ) {
    return bad('two are the same person', 'custodians', `Give ${HOLDERS} different names and recipients.`);
  }
  return succeed(null);
}

async function sealEpoch(
  block: Uint8Array,
  signer: KeyFacts & Pick<PublicRecord, 'signer' | 'network'>,
  epoch: { readonly epoch: number; readonly retired: readonly EpochRecord[] },
  custodians: readonly CustodianRecipient[],
  random: RandomSource,
): Promise<SealedSigner> {
  const used = new Set(epoch.retired.map((past) => past.shareSet));
  const { keyFile, shares } = await splitFresh(block, used, random);
  const record = buildRecord(signer, epoch, keyFile, shares, custodians);
  await assertOpens(keyFile, record, shares);
  const sealed = shares.map(async (share, member) => {
    const { name, recipient } = at(custodians, member);
    return { custodian: name, file: await sealShare(share, labelOf(record, name), recipient) };
  });
  return { keyFile, shares: await Promise.all(sealed), record };
}

/** Splits fresh identities until the shares' common number differs from that of every earlier epoch. */
async function splitFresh(
  block: Uint8Array,
  used: ReadonlySet<number>,
  random: RandomSource,
): Promise<SealedEpoch> {
  for (;;) {
    const secret = random(32);
    try {
      const shares = splitSecret(secret);
      if (used.has(at(shares, 0).shareSet)) continue;
      return { shares, keyFile: await sealToIdentity(await importIdentity(secret), block) };
    } finally {
      secret.fill(0);
    }
  }
}

function buildRecord(
  signer: KeyFacts & Pick<PublicRecord, 'signer' | 'network'>,
  epoch: { readonly epoch: number; readonly retired: readonly EpochRecord[] },
  keyFile: Uint8Array,
  shares: readonly Share[],
  custodians: readonly CustodianRecipient[],
): PublicRecord {
  return {
    signer: signer.signer,
    network: signer.network,
    fingerprint: signer.fingerprint,
    path: signer.path,
    xpub: signer.xpub,
    publicKey: signer.publicKey,
    chainCode: signer.chainCode,
    linkKey: signer.linkKey,
    keyFileHash: toHex(sha256(keyFile)),
    threshold: THRESHOLD,
    epoch: epoch.epoch,
    shareSet: at(shares, 0).shareSet,
    shares: shares.map((share, member) => ({
      custodian: at(custodians, member).name,
      hash: toHex(hashShare(share)),
    })),
    retired: epoch.retired,
  };
}

/** A key file that its own shares do not open would be noticed at the next reboot, when it is too late. */
async function assertOpens(
  keyFile: Uint8Array,
  record: PublicRecord,
  shares: readonly Share[],
): Promise<void> {
  for (const absent of shares) {
    const pair = shares.filter((share) => share !== absent);
    const offered = pair.map((share) => ({ where: 'a fresh share', words: share.words, label: null }));
    const opened = await openKey({ bytes: keyFile, where: 'key.age' }, record, offered);
    if (!opened.ok) throw new Error(`a fresh key file does not open: ${opened.problem.what}`);
    opened.value.block.fill(0);
  }
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`there is no item ${index}`);
  return item;
}
