/**
 * What a screen needs of the charter: which deployment it is, who may request, and its own name.
 * Refuses a charter that not every custodian signed, one that succeeds another (this version takes first charters only),
 * and one that does not list this screen's key.
 * Spec: protocol-spec/5-charter.md, "Signatures"; 12-screen.md.
 */
import {
  decode,
  decodeCharter,
  equalBytes,
  hashCharter,
  type NetworkName,
  SignedCharter,
  verifyEd25519,
} from '@coldwire/protocol';

export interface Roster {
  /** This screen's name in the charter. */
  readonly screen: string;
  readonly network: NetworkName;
  /** Hash of the first charter: what intents and verdicts bind. */
  readonly first: Uint8Array;
  readonly requesters: ReadonlyMap<string, readonly Uint8Array[]>;
}

export type Roll =
  | { readonly ok: true; readonly value: Roster }
  | { readonly ok: false; readonly problem: string };

const FILE_MAX = 128 * 1024;

function refuse(problem: string): Roll {
  return { ok: false, problem };
}

/** @param file the bytes of charter.cbor @param ownKey this screen's Ed25519 public key */
export function readRoster(file: Uint8Array, ownKey: Uint8Array): Roll {
  const signed = decode(SignedCharter, file, FILE_MAX);
  if (!signed.ok) return refuse(`not a charter file: ${signed.fault.detail}`);
  const [bytes, signatures] = signed.value;
  const decoded = decodeCharter(bytes);
  if (!decoded.ok) return refuse(`not a charter: ${decoded.fault.detail}`);
  const charter = decoded.value;
  if (charter.first !== null)
    return refuse('a charter that succeeds another is not accepted by this version');
  const hash = hashCharter(bytes);
  for (const { name, key } of charter.custodians) {
    const own = signatures.filter(([signer]) => signer === name);
    const [only] = own;
    if (only === undefined || own.length > 1) return refuse(`${name} has not signed it exactly once`);
    if (!verifyEd25519(key, hash, only[1])) return refuse(`the signature of ${name} does not verify`);
  }
  if (signatures.length !== charter.custodians.length)
    return refuse('somebody signed it who is no custodian');
  const me = charter.screens.find(({ key }) => equalBytes(key, ownKey));
  if (me === undefined) return refuse('it does not list the key of this screen');
  const requesters = new Map(charter.requesters.map(({ name, keys }) => [name, keys]));
  return { ok: true, value: { screen: me.name, network: charter.network, first: hash, requesters } };
}
