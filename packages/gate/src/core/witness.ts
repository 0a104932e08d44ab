/**
 * What this gate has seen of each signer: the newest SIGNED to each vault, out of every CLEAR, whatever became of that. A signer
 * that starts asks for it, so that an older copy of its state, or a clone, shows. Spec: protocol-spec/14-memory.md, "Witness".
 */
import {
  type Charter,
  type Clear,
  decode,
  equalBytes,
  Header,
  MESSAGE_TYPES,
  messageHash,
  PROTOCOL_VERSION,
  type SeenHead,
  type Witnessed,
} from '@coldwire/protocol';
import type { GateChange } from './change.ts';
import type { GateCharter } from './charter.ts';
import { verifySignature } from './signature.ts';

type HeadChange = Extract<GateChange, { kind: 'head' }>;

/** By signer, by vault. */
export type SeenHeads = Map<string, Map<string, HeadChange['value']>>;

function readHead(
  { charter, first }: GateCharter,
  [bytes, , signature]: Clear['signed'][number],
): HeadChange | undefined {
  const header = decode(Header, bytes, 1024);
  if (!header.ok) return undefined;
  const { version, type, sender, recipient, seq } = header.value;
  const signer = charter.signers.find(({ name }) => name === sender);
  const isToVault = charter.vaults.some(({ name }) => name === recipient);
  const isOurs = version === PROTOCOL_VERSION && equalBytes(header.value.charter, first);
  if (signer === undefined || !isToVault || !isOurs || type !== MESSAGE_TYPES.SIGNED.number) return undefined;
  if (!verifySignature(signer.key, messageHash(bytes), signature)) return undefined;
  return { kind: 'head', value: { signer: sender, vault: recipient, seq, header: bytes, signature } };
}

/** Changes for every SIGNED of the request that is newer than what is known of its line. */
export function noteHeads(charter: GateCharter, heads: SeenHeads, clear: Clear): readonly GateChange[] {
  const changes: HeadChange[] = [];
  for (const row of clear.signed) {
    const change = readHead(charter, row);
    if (change === undefined) continue;
    const { signer, vault, seq } = change.value;
    const known = heads.get(signer)?.get(vault)?.seq ?? 0;
    const isTwice = changes.some(({ value }) => value.signer === signer && value.vault === vault);
    if (seq > known && !isTwice) changes.push(change);
  }
  return changes;
}

/** Changes `heads`. */
export function applyHead(heads: SeenHeads, head: HeadChange['value']): void {
  const vaults = heads.get(head.signer) ?? new Map<string, HeadChange['value']>();
  // In the order in which they were shown last.
  vaults.delete(head.vault);
  vaults.set(head.vault, head);
  heads.set(head.signer, vaults);
}

/**
 * What signers said under link keys that a charter takes from them: whoever has such a key could say more under it, and what its
 * owner said is of a memory that the signer with the new key does not have. Makes a new map.
 */
export function forgetReplaced(heads: SeenHeads, before: Charter, now: Charter): SeenHeads {
  const replaced = before.signers.filter(
    ({ name, key }) => !now.signers.some((row) => row.name === name && equalBytes(row.key, key)),
  );
  const names = new Set(replaced.map(({ name }) => name));
  return new Map([...heads].filter(([name]) => !names.has(name)));
}

/** A charter lists this many vaults at most, and an answer has room for as many. */
const HEADS_SHOWN = 8;

/** Of the vaults of the charter in force, and where there is room of those of before, which were shown last. */
export function witness(
  { charter }: GateCharter,
  heads: SeenHeads,
  signer: string,
  nonce: Uint8Array,
): Witnessed {
  const all = [...(heads.get(signer)?.values() ?? [])];
  const isListed = ({ vault }: HeadChange['value']): boolean =>
    charter.vaults.some(({ name }) => name === vault);
  const former = all.filter((row) => !isListed(row)).reverse();
  const rows = [...all.filter(isListed), ...former].slice(0, HEADS_SHOWN);
  rows.sort((a, b) => (a.vault < b.vault ? -1 : 1));
  return { signer, nonce, heads: rows.map(({ header, signature }): SeenHead => [header, signature]) };
}
