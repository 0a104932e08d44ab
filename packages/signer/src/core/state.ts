/**
 * The signer's whole state, rebuilt from its evidence log at each start. Key material is never in it.
 * Spec: protocol-spec/4-messages.md, "Requests and results".
 */
import { type CharterInForce, createPolicyState, type PolicyState } from '@coldwire/policy';
import { equalBytes, toHex } from '@coldwire/protocol';
import type { PointMath } from '@coldwire/wallet';
import type { Result } from './change.ts';
import type { Heads } from './heads.ts';

/** How many results are kept. An older request asked again is judged again, which signs and charges nothing new. */
export const RESULTS_KEPT = 1024;

export interface Notice {
  readonly event: string;
  readonly detail: string;
}

export interface SignerState {
  /** This signer's name in the charter, and its place among the signers (0 to 2). */
  readonly name: string;
  readonly place: number;
  /** The link key that the first charter gives it. */
  readonly firstKey: Uint8Array;
  /** How many wallets it holds keys of: those of the first charter. */
  readonly wallets: number;
  /** Holds the charter in force. */
  readonly policy: PolicyState;
  /** By request id in hexadecimal, oldest first. */
  readonly results: Map<string, Result>;
  /** What happened here while nobody could be told. */
  readonly notices: Notice[];
  /** Own SIGNED: no change records hold them, the sent messages do. */
  readonly heads: Heads;
  /** Its own link key, where the first charter gives it another. */
  joined: Uint8Array | null;
  session: number;
}

/** The state before the first record. @throws Error if the charter has no signer of this name */
export function createState(charter: CharterInForce, name: string, math: PointMath): SignerState {
  const place = charter.charter.signers.findIndex((signer) => signer.name === name);
  const member = charter.charter.signers[place];
  if (member === undefined) throw new Error(`the charter has no signer "${name}"`);
  return {
    name,
    place,
    firstKey: member.key,
    wallets: charter.charter.wallets.length,
    policy: createPolicyState(charter, math),
    results: new Map(),
    notices: [],
    heads: new Map(),
    joined: null,
    session: 0,
  };
}

/** The link key of this state directory's signer. */
export function ownKey({ joined, firstKey }: SignerState): Uint8Array {
  return joined ?? firstKey;
}

/** Whether a charter gives this signer the link key that it has. */
export function isListed(state: SignerState, { charter }: CharterInForce = state.policy.charter): boolean {
  const member = charter.signers[state.place];
  return member !== undefined && equalBytes(member.key, ownKey(state));
}

export function rememberResult(results: Map<string, Result>, result: Result): void {
  results.set(toHex(result.request), result);
  if (results.size <= RESULTS_KEPT) return;
  for (const oldest of results.keys()) {
    results.delete(oldest);
    return;
  }
}
