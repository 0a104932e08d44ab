/** The vault's view of the Bitcoin chain. */
export { type Block, type BlockTransaction, readBlock } from './block.ts';
export type { BlockId, BroadcastResult, Chain, Feerate, TransactionStatus } from './chain.ts';
export { connectCore } from './core.ts';
export { ChainError, type ChainFailure } from './error.ts';
export {
  type ChainEvent,
  type CreatedCoin,
  type FoundTransaction,
  nextEvent,
  type Step,
  type Watch,
} from './follow.ts';
export { type MerkleProof, proveTransaction } from './merkle.ts';
export type { RpcAuth, RpcOptions } from './rpc.ts';
