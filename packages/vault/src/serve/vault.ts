/** What every part of the running vault works on. */
import type { CharterInForce } from '@coldwire/policy';
import type { WalletScripts } from '@coldwire/wallet';
import type { BlockId, Chain } from '../chain/index.ts';
import { knownBlocks, type Store } from '../queue/index.ts';
import type { ScreenEndpoint } from '../screening/index.ts';
import type { Bell } from './bell.ts';
import type { Charters } from './charters.ts';
import type { Feerates } from './feerate.ts';
import type { Peer } from './peer.ts';
import type { Report } from './report.ts';
import type { Rooms } from './room.ts';
import type { Tuning } from './settings.ts';
import type { Signer } from './signer.ts';

export interface Bells {
  /** An intent came in. */
  readonly intents: Bell;
  /** Something came for what is held: approvals. */
  readonly held: Bell;
  /** There may be something to draft. */
  readonly work: Bell;
  /** A signer or gate came, went or answered, or a batch or the tip moved on. */
  readonly peers: Bell;
}

export interface Vault {
  readonly store: Store;
  readonly chain: Chain;
  /** The whole chain, and how far each machine has come in it. */
  readonly charters: Charters;
  /** What drafts keep to now; another one when the machines move on. */
  readonly charter: CharterInForce;
  /** In the order of the charter's wallets. */
  readonly scripts: readonly WalletScripts[];
  /** In the order of the charter; a signer or gate without a port is not among them. */
  readonly signers: readonly Signer[];
  readonly gates: readonly Peer[];
  readonly screens: readonly ScreenEndpoint[];
  readonly tuning: Tuning;
  readonly feerates: Feerates;
  /** What the velocity windows leave. */
  readonly rooms: Rooms;
  readonly report: Report;
  readonly bells: Bells;
  readonly stopping: AbortSignal;
  /** What a loop met and could not deal with: the node's trouble is an alarm, everything else ends the program. */
  fail(error: unknown): void;
}

/** The newest block that the queue has taken in. @throws Error before the first one */
export function tipOf(store: Store): BlockId {
  const [tip] = knownBlocks(store, 1);
  if (tip === undefined) throw new Error('the queue has no block yet');
  return tip;
}
