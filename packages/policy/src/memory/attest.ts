/**
 * ATTEST: what gates have seen of this signer, held against its own log. A gate that shows a message of this signer's which it
 * does not know latches it until people take it back; nothing else does, and no gate can make such a message up. Refuses WITNESS_BAD, STATE_ROLLBACK, CLONE.
 * Spec: protocol-spec/14-memory.md, "Witness".
 */
import {
  type Attest,
  decode,
  equalBytes,
  fromHex,
  Header,
  hashBody,
  MESSAGE_TYPES,
  messageHash,
  PROTOCOL_VERSION,
  SALT_LENGTH,
  type SeenHead,
  toHex,
  verifyEd25519,
  Witnessed,
} from '@coldwire/protocol';
import { isFresh } from '../clock/fresh.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { Change } from '../state/change.ts';
import type { PolicyState } from '../state/state.ts';
import { tipHeight } from '../state/view.ts';
import { HEADS_NOTED } from './change.ts';
import { birthMargin, missingGates } from './memory.ts';

/** Own SIGNED to one vault, as the log holds them. */
export type OwnHeads = {
  /** Number of the newest; 0 if there is none. */
  readonly newest: number;
  /** Header hash of the SIGNED of this number; undefined: that message was none; null: too old to be remembered. */
  readonly at: (seq: number) => Uint8Array | null | undefined;
};

export type Self = {
  /** Of the signer. */
  readonly name: string;
  readonly ownHeads: (vault: string) => OwnHeads;
};

/** A SIGNED of this signer's that a gate has shown: to which vault, its number and header hash. */
type Head = { readonly vault: string; readonly seq: number; readonly hash: Uint8Array };
type Testimony = { readonly gate: string; readonly heads: readonly Head[] };

/** Undefined: not the header of a SIGNED to a vault, signed by this signer; what this disk holds was, under whatever key it had then. */
function readHead({ charter }: PolicyState, self: Self, [bytes, signature]: SeenHead): Head | undefined {
  const header = decode(Header, bytes, 1024);
  const key = charter.charter.signers.find(({ name }) => name === self.name)?.key;
  if (!header.ok || key === undefined) return undefined;
  const { version, type, charter: first, sender, recipient, seq } = header.value;
  const isSigned = version === PROTOCOL_VERSION && type === MESSAGE_TYPES.SIGNED.number;
  if (!isSigned || sender !== self.name || !equalBytes(first, charter.first)) return undefined;
  const hash = messageHash(bytes);
  const held = self.ownHeads(recipient).at(seq);
  const isHeld = held !== undefined && held !== null && equalBytes(held, hash);
  return isHeld || verifyEd25519(key, hash, signature) ? { vault: recipient, seq, hash } : undefined;
}

/** Undefined: not a WITNESSED of a gate of the charter, about this signer, made since this start. */
function readTestimony(
  state: PolicyState,
  self: Self,
  [headerBytes, body, signature]: Attest['witnessed'][number],
): Testimony | undefined {
  const { charter, memory } = state;
  const header = decode(Header, headerBytes, 1024);
  if (!header.ok) return undefined;
  const { version, type, charter: first, sender, bodyHash, bodyLength } = header.value;
  const gate = charter.charter.gates.find(({ name }) => name === sender);
  if (gate === undefined || !verifyEd25519(gate.key, messageHash(headerBytes), signature)) return undefined;
  const isWhole =
    body.length === bodyLength && body.length > SALT_LENGTH && equalBytes(hashBody(body), bodyHash);
  const isWitnessed = version === PROTOCOL_VERSION && type === MESSAGE_TYPES.WITNESSED.number;
  if (!isWhole || !isWitnessed || !equalBytes(first, charter.first)) return undefined;
  const decoded = decode(Witnessed, body.subarray(SALT_LENGTH));
  if (!decoded.ok) return undefined;
  const { signer, nonce, heads } = decoded.value;
  if (signer !== self.name || toHex(nonce) !== memory.nonce) return undefined;
  const shown = heads.map((head) => readHead(state, self, head));
  const known = shown.filter((head) => head !== undefined);
  return known.length === heads.length ? { gate: sender, heads: known } : undefined;
}

type Difference = {
  readonly code: 'STATE_ROLLBACK' | 'CLONE';
  readonly gate: string;
  readonly vault: string;
  readonly have: number;
  readonly seen: number;
};

function compare(state: PolicyState, self: Self, { gate, heads }: Testimony): Difference | undefined {
  for (const { vault, seq: seen, hash } of heads) {
    if (seen <= (state.memory.forgiven.get(vault) ?? 0)) continue;
    const own = self.ownHeads(vault);
    const row = { gate, vault, have: own.newest, seen };
    if (seen > own.newest) return { code: 'STATE_ROLLBACK', ...row };
    const mine = own.at(seen);
    if (mine === null || (mine !== undefined && equalBytes(mine, hash))) continue;
    return { code: 'CLONE', ...row };
  }
  return undefined;
}

export function refuseLatch({ code, gate, have, seen }: Omit<Difference, 'vault'>): Refusal {
  return code === 'CLONE'
    ? refuse('CLONE', { seq: seen, gate })
    : refuse('STATE_ROLLBACK', { have, seen, gate });
}

/** By vault, the vaults in the order of their names. */
function highest(testimonies: readonly Testimony[]): readonly (readonly [string, number])[] {
  const heads = new Map<string, number>();
  for (const { vault, seq } of testimonies.flatMap((one) => one.heads)) {
    heads.set(vault, Math.max(heads.get(vault) ?? 0, seq));
  }
  return [...heads].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** In as many changes as it takes, the first of which is there without any number too. */
function noteHeard(testimonies: readonly Testimony[], gates: readonly string[]): readonly Change[] {
  const heads = highest(testimonies);
  const number = Math.max(1, Math.ceil(heads.length / HEADS_NOTED));
  return Array.from({ length: number }, (_, place) => {
    const from = place * HEADS_NOTED;
    return { kind: 'attested', value: { gates, heads: heads.slice(from, from + HEADS_NOTED) } };
  });
}

/** What ATTEST comes to: unlike other requests it may be refused and change the state: by the latch. */
export type Attested = { readonly changes: readonly Change[]; readonly refusals: readonly Refusal[] };

/** @param uptime µs of running time */
export function attest(state: PolicyState, self: Self, body: Attest, uptime: number): Attested {
  const { memory } = state;
  const testimonies: Testimony[] = [];
  for (const [place, packed] of body.witnessed.entries()) {
    const testimony = readTestimony(state, self, packed);
    if (testimony === undefined) return { changes: [], refusals: [refuse('WITNESS_BAD', { at: place })] };
    testimonies.push(testimony);
  }
  const gates = [...new Set(testimonies.map(({ gate }) => gate))];
  const isNews = gates.some((gate) => !memory.attested.includes(gate));
  const attested = noteHeard(testimonies, gates);
  const isRestored = memory.restored !== null && memory.restored.nonce === memory.nonce;
  const difference = isRestored
    ? undefined
    : testimonies.map((one) => compare(state, self, one)).find((one) => one !== undefined);
  if (difference === undefined) return { changes: isNews ? attested : [], refusals: [] };
  const latched: Change = { kind: 'latched', value: { uptime, ...difference } };
  const changes = memory.latch === null ? [...attested, latched] : isNews ? attested : [];
  return { changes, refusals: [refuseLatch(difference)] };
}

/** The nonce that gates are to witness, while one of them has not. */
export function witnessNonce({ memory, charter }: PolicyState): Uint8Array | undefined {
  if (memory.nonce === null || missingGates(memory, charter).length === 0) return undefined;
  return fromHex(memory.nonce);
}

/**
 * Headers came while gates are missing: the first fresh tip bounds what lost memory can have seen.
 * @param time the machine's real-time clock, seconds since 1970
 */
export function noteBirth(state: PolicyState, time: number): readonly Change[] {
  const { memory, charter } = state;
  if (memory.born !== null || missingGates(memory, charter).length === 0) return [];
  if (!isFresh(state, time)) return [];
  return [{ kind: 'born', value: { height: tipHeight(state) + birthMargin(charter) } }];
}
