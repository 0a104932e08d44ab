/**
 * The core of the wallet: scripts, transactions, hashes and their text forms, without any curve arithmetic.
 * Signers load this, so it imports @noble/hashes and the protocol's byte and fault types, nothing more; a test checks it.
 * For point arithmetic in other programs see `noble.ts`, for PSBT and other wallets' formats `export/`.
 */
export { MAX_MONEY } from '@coldwire/protocol/amount.ts';
export { accountPath, HARDENED, MAX_INDEX, pathText } from '@coldwire/protocol/charter/account-path.ts';
export { decodeAddress, encodeAddress } from './address.ts';
export { compareBytes, reverseBytes } from './byte-order.ts';
export { checkWallet } from './check-wallet.ts';
export {
  BLOCK_LIMITS,
  bodyOf,
  type DecodedInput,
  type DecodedTransaction,
  type DecodeLimits,
  decodeTransaction,
  isCoinbase,
} from './decode.ts';
export { describeChain, describeWallet, descriptorChecksum } from './descriptor.ts';
export {
  type AccountKey,
  derivePublicStep,
  fingerprintOf,
  type PointMath,
} from './extended-key.ts';
export { type ExtendedPublicKey, extendAccountKey, parseXpub, serializeXpub } from './extended-key-text.ts';
export { type BlockHeader, HEADER_LENGTH, parseHeader } from './header.ts';
export { AMBIGUOUS_LENGTH, MAX_MERKLE_DEPTH, merkleRootFromPath } from './merkle.ts';
export { NETWORKS, type Network } from './network.ts';
export { classifyScript, dustLimit, isWitnessProgram, type ScriptKind } from './output-script.ts';
export {
  type Chain,
  type ChildTweaks,
  createScripts,
  type DerivedScript,
  SCRIPT_CACHE_SIZE,
  type Wallet,
  type WalletScripts,
} from './scripts.ts';
export { createSighash, SIGHASH_ALL, type Sighash } from './sighash.ts';
export { derDecode, derEncode } from './signature.ts';
export {
  type Coin,
  DEFAULT_SEQUENCE,
  displayTxid,
  equalOutpoints,
  type Outpoint,
  type Output,
  outpointKey,
  parseTxid,
  serializeStripped,
  serializeWithWitness,
  type TransactionBody,
  txidOf,
  type UnsignedInput,
  type UnsignedTransaction,
  type Witness,
} from './transaction.ts';
export { MAX_WITNESS_LENGTH, worstCaseVsize, worstCaseWeight } from './vsize.ts';
export { type SignerSignature, witnessFor } from './witness.ts';
