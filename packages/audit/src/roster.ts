/**
 * The charters as the auditor takes them over, judged by the auditor's own code: the first signed by every custodian, each later
 * one by a quorum of one before it; and who may be at the two ends of a line. Refuses a charter that is not in force. Spec: protocol-spec/5-charter.md.
 */
import { readSignedCharter, type SignedCharterFile } from '@coldwire/channel';
import { EXIT, Failure } from '@coldwire/program';
import {
  type Charter,
  decodeCharter,
  equalBytes,
  type GateMember,
  hashCharter,
  type Receiver,
  toHex,
} from '@coldwire/protocol';
import { verifyStrictly } from './ed25519.ts';
import type { LoggedMessage } from './log/message.ts';

export interface Roster {
  /** The first. */
  readonly charter: Charter;
  /** All that the logs know, the first one first. */
  readonly charters: Charter[];
  /** Their hashes, hexadecimal, in the same order. */
  readonly hashes: string[];
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  /** Hash of the first charter: what intents and verdicts bind. */
  readonly first: Uint8Array;
  /** Link keys by name, of every charter. */
  readonly keys: Map<string, Uint8Array[]>;
  readonly roles: Map<string, 'vault' | Receiver>;
}

/** @throws Failure if the file is no charter, or not signed by all of its custodians */
export function openRoster(path: string): Roster {
  const opened = makeRoster(readSignedCharter(path));
  if ('charter' in opened) return opened;
  throw new Failure(EXIT.BAD_INPUT, {
    what: `the charter is not in force: ${opened.problem}`,
    where: path,
    todo: 'Name the charter.cbor that the machines run under.',
  });
}

export function makeRoster(signed: SignedCharterFile): Roster | { readonly problem: string } {
  const [bytes, signatures] = signed;
  const decoded = decodeCharter(bytes);
  if (!decoded.ok) return { problem: `not a charter: ${decoded.fault.detail}` };
  const charter = decoded.value;
  const hash = hashCharter(bytes);
  if (charter.first !== null)
    return { problem: 'it follows another: name the first, the logs hold the later ones' };
  for (const { name, key } of charter.custodians) {
    const own = signatures.filter(([signer]) => signer === name);
    const good = own.length === 1 && own.every(([, signature]) => verifyStrictly(key, hash, signature));
    if (!good) return { problem: `the signature of ${name} is missing or wrong` };
  }
  if (signatures.length !== charter.custodians.length)
    return { problem: 'people signed it who are no custodians' };
  const roster: Roster = {
    charter,
    charters: [charter],
    hashes: [toHex(hash)],
    bytes,
    hash,
    first: hash,
    keys: new Map(),
    roles: new Map(),
  };
  addMachines(roster, charter);
  return roster;
}

/** A charter that follows the newest one, if it does: by hash, epoch and first, and a quorum of one of those before it. */
export function extendRoster(roster: Roster, [bytes, signatures]: SignedCharterFile): boolean {
  const decoded = decodeCharter(bytes);
  const newest = roster.charters.at(-1);
  if (!decoded.ok || newest === undefined) return false;
  const { epoch, previous, first } = decoded.value;
  const follows = previous !== null && toHex(previous) === roster.hashes.at(-1) && epoch === newest.epoch + 1;
  if (!follows || first === null || !equalBytes(first, roster.first)) return false;
  const hash = hashCharter(bytes);
  const isSigned = roster.charters.some(({ custodians, quorum }) => {
    const signers = custodians.filter(({ name, key }) => {
      const own = signatures.filter(([signer]) => signer === name);
      return own.length === 1 && own.every(([, signature]) => verifyStrictly(key, hash, signature));
    });
    return signers.length >= quorum;
  });
  if (!isSigned) return false;
  roster.charters.push(decoded.value);
  roster.hashes.push(toHex(hash));
  addMachines(roster, decoded.value);
  return true;
}

function addMachines({ keys, roles }: Roster, charter: Charter): void {
  const machines = [
    ...charter.vaults.map(({ name, key }) => ({ name, key, role: 'vault' as const })),
    ...charter.signers.map(({ name, key }) => ({ name, key, role: 'signer' as const })),
    ...charter.gates.map(({ name, key }) => ({ name, key, role: 'gate' as const })),
  ];
  for (const { name, key, role } of machines) {
    const known = keys.get(name) ?? [];
    if (!known.some((one) => equalBytes(one, key))) keys.set(name, [...known, key]);
    roles.set(name, role);
  }
}

/** Which of its sender's keys signed a message: a later charter may have given it another. Undefined: none did. */
export function keyOf(
  { keys }: Roster,
  message: Pick<LoggedMessage, 'header' | 'hash' | 'signature'>,
): Uint8Array | undefined {
  const { header, hash, signature } = message;
  return keys.get(header.sender)?.find((key) => verifyStrictly(key, hash, signature));
}

/** Tells the machines apart that had one name after another; where the name has had one key only, nothing is verified for it. */
export function identify(roster: Roster, message: Parameters<typeof keyOf>[1]): string {
  const keys = roster.keys.get(message.header.sender) ?? [];
  return keys.length < 2 ? '' : toHex(keyOf(roster, message) ?? new Uint8Array());
}

/** What the charters say of a gate of this name, the first one first: the same row in most of them. */
export function listGates({ charters }: Roster, name: string): readonly GateMember[] {
  return charters.flatMap(({ gates }) => gates.filter((gate) => gate.name === name));
}

/** The kind of machine at the other end of a vault's line; undefined if no line joins the two. */
export function peerOf(roster: Roster, one: string, other: string): Receiver | undefined {
  const roles = [roster.roles.get(one), roster.roles.get(other)];
  const peer = roles.find((role) => role === 'signer' || role === 'gate');
  return roles.includes('vault') ? peer : undefined;
}

export function isSameCharter(roster: Roster, hash: Uint8Array): boolean {
  return equalBytes(roster.first, hash);
}
