/** Custody as a library: making, sealing and opening a signer's key, and judging one share. No disk, no terminal. */
export { isRecipient } from './age-file.ts';
export { makeIdentity, type NewIdentity, readIdentityFile } from './identity.ts';
export { type AcceptedShare, judgeShare } from './judge-share.ts';
export type { RandomSource } from './key-block.ts';
export { checkKeyFile, type OpenedKey, openKey, type SealedKeyFile } from './open-key.ts';
export type { Outcome, Problem } from './outcome.ts';
export {
  type EpochRecord,
  formatPublicRecord,
  type PublicRecord,
  parsePublicRecord,
  type ShareRecord,
} from './public-record.ts';
export {
  type CustodianRecipient,
  createSigner,
  type SealedShare,
  type SealedSigner,
  type SignerSetup,
  sealKey,
} from './seal-key.ts';
export { type OfferedShare, openShareFile, readShareText, type ShareLabel } from './share-file.ts';
