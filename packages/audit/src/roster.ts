/**
 * The charter as the auditor takes it over, judged by the auditor's own code: signed by every custodian, and who may be at
 * the two ends of a line. Refuses a charter that is not in force. Spec: protocol-spec/5-charter.md.
 */
import { readSignedCharter, type SignedCharterFile } from '@coldwire/channel';
import { EXIT, Failure } from '@coldwire/program';
import { type Charter, decodeCharter, equalBytes, hashCharter, type Receiver } from '@coldwire/protocol';
import { verifyStrictly } from './ed25519.ts';

export interface Roster {
  readonly charter: Charter;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  /** Hash of the first charter: what intents and verdicts bind. */
  readonly first: Uint8Array;
  /** Link keys by name. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
  readonly roles: ReadonlyMap<string, 'vault' | Receiver>;
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
  if (charter.first !== null) return { problem: 'it succeeds another, which this version does not accept' };
  for (const { name, key } of charter.custodians) {
    const own = signatures.filter(([signer]) => signer === name);
    const good = own.length === 1 && own.every(([, signature]) => verifyStrictly(key, hash, signature));
    if (!good) return { problem: `the signature of ${name} is missing or wrong` };
  }
  if (signatures.length !== charter.custodians.length)
    return { problem: 'people signed it who are no custodians' };
  return { charter, bytes, hash, first: hash, ...listMachines(charter) };
}

function listMachines(charter: Charter): Pick<Roster, 'keys' | 'roles'> {
  const machines = [
    ...charter.vaults.map(({ name, key }) => ({ name, key, role: 'vault' as const })),
    ...charter.signers.map(({ name, key }) => ({ name, key, role: 'signer' as const })),
    ...charter.gates.map(({ name, key }) => ({ name, key, role: 'gate' as const })),
  ];
  return {
    keys: new Map(machines.map(({ name, key }) => [name, key])),
    roles: new Map(machines.map(({ name, role }) => [name, role])),
  };
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
