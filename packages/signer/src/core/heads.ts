/**
 * The signer's own SIGNED by vault: what gates' witnesses are held against. Folded from the `sent` records of its log, since a
 * message's hash is known only once it is made. Spec: protocol-spec/14-memory.md, "Witness".
 */
import type { OwnHeads } from '@coldwire/policy';
import { decode, equalBytes, type Head, Header, MESSAGE_TYPES, messageHash } from '@coldwire/protocol';

/** By vault, ascending numbers. */
export type Heads = Map<string, Head[]>;

/** Of each vault at least; what is older than the oldest kept is taken for right. */
export const HEADS_KEPT = 4096;

/** Changes `heads`. */
export function noteSigned(heads: Heads, vault: string, head: Head): void {
  const rows = heads.get(vault) ?? [];
  // A line that went on from where its peer says that it stands may count the same numbers once more.
  while (rows.length > 0 && (rows.at(-1)?.seq ?? 0) >= head.seq) rows.pop();
  rows.push(head);
  if (rows.length >= 2 * HEADS_KEPT) rows.splice(0, HEADS_KEPT);
  heads.set(vault, rows);
}

/** Changes `heads` if the message is a SIGNED. @param header of a message of this signer's */
export function noteSent(heads: Heads, header: Uint8Array): void {
  const decoded = decode(Header, header, 1024);
  if (!decoded.ok) throw new Error(`a message of our own is damaged: ${decoded.fault.detail}`);
  const { type, recipient, seq } = decoded.value;
  if (type === MESSAGE_TYPES.SIGNED.number) noteSigned(heads, recipient, { seq, hash: messageHash(header) });
}

export function ownHeads(heads: Heads, vault: string): OwnHeads {
  const rows = heads.get(vault) ?? [];
  const oldest = rows[0]?.seq ?? 0;
  return {
    newest: rows.at(-1)?.seq ?? 0,
    at(seq) {
      const found = rows.find((row) => row.seq === seq);
      return found?.hash ?? (rows.length >= HEADS_KEPT && seq < oldest ? null : undefined);
    },
  };
}

export function equalHeads(one: Heads, other: Heads): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([vault, rows]) => {
    const others = other.get(vault) ?? [];
    const isSame = ({ seq, hash }: Head, at: number): boolean =>
      others[at]?.seq === seq && equalBytes(hash, others[at].hash);
    return rows.length === others.length && rows.every(isSame);
  });
}
