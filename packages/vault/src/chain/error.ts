/** What can go wrong between the vault and its node. Thrown: none of it is a verdict about a withdrawal. */

export type ChainFailure =
  /** No answer: connection refused, reset, timed out, or the node is still starting. Retried before it is thrown. */
  | 'unreachable'
  /** The node does not take the credentials. */
  | 'unauthorized'
  /** The node answered with an error that the caller has no use for. */
  | 'refused'
  /** The answer is not what such a node gives, or contradicts itself. */
  | 'nonsense'
  /** The node has never seen the last known block: it is on another chain, or was reset. */
  | 'foreign';

export class ChainError extends Error {
  readonly kind: ChainFailure;
  /** The node's own error code, for kind 'refused'. */
  readonly code: number | undefined;

  constructor(kind: ChainFailure, message: string, details: { code?: number; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = 'ChainError';
    this.kind = kind;
    this.code = details.code;
  }
}
