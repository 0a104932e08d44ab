/**
 * What a screen needs of the charter: which deployment it is, who may request, and its own name.
 * Refuses a first charter that not every custodian signed, a later one that does not follow or lacks a quorum, and a newest one
 * that does not list this screen's key. A screen loosens nothing: it takes the newest charter that it is given as it is.
 * Spec: protocol-spec/5-charter.md, "Signatures" and "Succession"; 12-screen.md.
 */
import {
  type Charter,
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

interface Read {
  readonly charter: Charter;
  readonly hash: Uint8Array;
  readonly signatures: SignedCharter[1];
}

function readCharter(file: Uint8Array): Read | string {
  const signed = decode(SignedCharter, file, FILE_MAX);
  if (!signed.ok) return `not a charter file: ${signed.fault.detail}`;
  const [bytes, signatures] = signed.value;
  const decoded = decodeCharter(bytes);
  if (!decoded.ok) return `not a charter: ${decoded.fault.detail}`;
  return { charter: decoded.value, hash: hashCharter(bytes), signatures };
}

/** Whether every custodian of a first charter signed it. */
function findFirstProblem({ charter, hash, signatures }: Read): string | undefined {
  if (charter.first !== null)
    return 'it follows another charter: name the whole chain, the first charter first';
  for (const { name, key } of charter.custodians) {
    const own = signatures.filter(([signer]) => signer === name);
    const [only] = own;
    if (only === undefined || own.length > 1) return `${name} has not signed it exactly once`;
    if (!verifyEd25519(key, hash, only[1])) return `the signature of ${name} does not verify`;
  }
  return signatures.length === charter.custodians.length
    ? undefined
    : 'somebody signed it who is no custodian';
}

/** @param before those before it, the first charter first: a quorum of any of them, since which was in force is not known here */
function findNextProblem({ charter, hash, signatures }: Read, before: readonly Read[]): string | undefined {
  const [first] = before;
  const last = before.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const isOurs = charter.first !== null && equalBytes(charter.first, first.hash);
  const follows = charter.previous !== null && equalBytes(charter.previous, last.hash);
  const { epoch, network } = last.charter;
  if (!isOurs || !follows || charter.epoch !== epoch + 1 || charter.network !== network)
    return `it does not follow the charter of epoch ${epoch}`;
  const isSigned = before.some(({ charter: { custodians, quorum } }) => {
    const good = custodians.filter(({ name, key }) => {
      const own = signatures.filter(([signer]) => signer === name);
      return own.length === 1 && own.every(([, signature]) => verifyEd25519(key, hash, signature));
    });
    return good.length >= quorum;
  });
  return isSigned ? undefined : 'too few custodians of the charter before it have signed it';
}

/**
 * @param files the bytes of every charter.cbor of the chain, the first charter first
 * @param ownKey this screen's Ed25519 public key
 */
export function readRoster(files: readonly Uint8Array[], ownKey: Uint8Array): Roll {
  const chain: Read[] = [];
  for (const file of files) {
    const read = readCharter(file);
    if (typeof read === 'string') return refuse(read);
    const problem = chain.length === 0 ? findFirstProblem(read) : findNextProblem(read, chain);
    if (problem !== undefined) return refuse(problem);
    chain.push(read);
  }
  const [first] = chain;
  const charter = chain.at(-1)?.charter;
  if (first === undefined || charter === undefined) return refuse('no charter was named');
  const me = charter.screens.find(({ key }) => equalBytes(key, ownKey));
  if (me === undefined) return refuse('it does not list the key of this screen');
  const requesters = new Map(charter.requesters.map(({ name, keys }) => [name, keys]));
  return { ok: true, value: { screen: me.name, network: charter.network, first: first.hash, requesters } };
}
