/**
 * HEADERS: judges a run of block headers, each against its parent, wherever in the tree that is.
 * Refuses HEADER_LINK (the parent is unknown, or the bytes end inside of a header), NETWORK (the chain of another
 * network's first block), HEADER_WORK and HEADER_TIME; then none of the run is taken. Known headers are passed over.
 * Spec: protocol-spec/11-clock.md, "Accepting headers".
 */
import { concatBytes, type Headers, NETWORKS } from '@coldwire/protocol';
import { CLOCK_NETWORKS } from '@coldwire/protocol/clock/networks.ts';
import { type BlockHeader, HEADER_LENGTH, parseHeader } from '@coldwire/wallet';
import { checkHeader } from './clock/check-header.ts';
import { blockId, type HeaderNode, makeNode } from './clock/header-tree.ts';
import { type Refusal, type Refused, refuse, refused } from './refusal.ts';
import type { Change } from './state/change.ts';
import type { PolicyState } from './state/state.ts';

export type Accepted = { readonly kind: 'ok'; readonly changes: readonly Change[] };

/** Tells a vault on the wrong network from one that has only lost its place. */
function refuseUnlinked(state: PolicyState, header: BlockHeader, at: number): Refusal {
  const ids = [blockId(header.hash), blockId(header.previous)];
  const got = NETWORKS.find((name) => ids.includes(CLOCK_NETWORKS[name].genesis));
  const want = state.charter.network;
  if (got !== undefined && got !== want) return refuse('NETWORK', { got, want });
  return refuse('HEADER_LINK', { at });
}

/**
 * Judges headers; changes nothing.
 * @param uptime µs of running time; what it credits is recorded in the change
 */
export function acceptHeaders(state: PolicyState, body: Headers, uptime: number): Accepted | Refused {
  const fresh = new Map<string, HeaderNode>();
  const added: Uint8Array[] = [];
  const network = CLOCK_NETWORKS[state.charter.network];
  const find = (id: string): HeaderNode | undefined => fresh.get(id) ?? state.tree.nodes.get(id);
  for (let at = 0; at * HEADER_LENGTH < body.headers.length; at++) {
    const bytes = body.headers.slice(at * HEADER_LENGTH, (at + 1) * HEADER_LENGTH);
    const parsed = parseHeader(bytes);
    if (!parsed.ok) return refused([refuse('HEADER_LINK', { at })]);
    const header = parsed.value;
    if (find(blockId(header.hash)) !== undefined) continue;
    const parent = find(blockId(header.previous));
    if (parent === undefined) return refused([refuseUnlinked(state, header, at)]);
    const code = checkHeader(header, network, parent);
    if (code !== undefined) return refused([refuse(code, { at })]);
    const node = makeNode(header, parent);
    fresh.set(node.id, node);
    added.push(bytes);
  }
  if (added.length === 0) return { kind: 'ok', changes: [] };
  return { kind: 'ok', changes: [{ kind: 'headers', value: { uptime, headers: concatBytes(...added) } }] };
}
