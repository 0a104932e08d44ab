/**
 * The charter as the gate takes it over, judged by the gate's own code: decoded, signed by every custodian (Ed25519 of
 * @noble/curves), with the gate's own place in it. Refuses everything else. Spec: protocol-spec/5-charter.md, 13-gate.md.
 */
import {
  type Charter,
  concatBytes,
  decodeCharter,
  equalBytes,
  findCharterProblems,
  type GateMember,
  hashCharter,
  type Infer,
  type SignedCharter,
  toHex,
} from '@coldwire/protocol';
import { HDKey } from '@scure/bip32';
import { verifySignature } from './signature.ts';

/** A wallet's account keys, ready to derive from. */
export interface GateWallet {
  readonly accounts: readonly HDKey[];
}

/** The charter in force at a gate, or one that waits there. */
export interface GateCharter {
  readonly charter: Charter;
  readonly hash: Uint8Array;
  /** Hash of the first charter. */
  readonly first: Uint8Array;
  /** This gate's place among the gates; -1 where it is not among them with its own keys. */
  readonly place: number;
  /** This gate: its name, and the keys that it has. */
  readonly own: GateMember;
  readonly wallets: readonly GateWallet[];
}

export type LoadedCharter =
  | { readonly ok: true; readonly value: GateCharter }
  | { readonly ok: false; readonly problem: string };

const no = (problem: string): LoadedCharter => ({ ok: false, problem });

/** The first charter, for the gate of this name. */
export function loadGateCharter(signed: Infer<typeof SignedCharter>, name: string): LoadedCharter {
  const loaded = loadFirst(signed);
  if (typeof loaded === 'string') return no(loaded);
  const { gates } = loaded.charter;
  const own = gates.find((gate) => gate.name === name);
  if (own === undefined)
    return no(`it has no gate "${name}"; its gates are ${gates.map((gate) => gate.name).join(', ')}`);
  return { ok: true, value: { ...loaded, place: gates.indexOf(own), own } };
}

/**
 * The first charter, for a gate with these keys, which it may not list: a later charter adds the gate. Refuses a name that it
 * gives to other keys: the line and the log of another machine go by it.
 */
export function loadJoinedCharter(signed: Infer<typeof SignedCharter>, own: GateMember): LoadedCharter {
  const loaded = loadFirst(signed);
  if (typeof loaded === 'string') return no(loaded);
  const place = findPlace(loaded.charter, own);
  if (place < 0 && listNames(loaded.charter).includes(own.name))
    return no(`it gives the name "${own.name}" to others: a new gate needs a name that nobody had`);
  return { ok: true, value: { ...loaded, place, own } };
}

type Loaded = Omit<GateCharter, 'place' | 'own'>;

function loadFirst(signed: Infer<typeof SignedCharter>): Loaded | string {
  const [bytes, signatures] = signed;
  const decoded = decodeCharter(bytes);
  if (!decoded.ok) return `it is not a charter: ${decoded.fault.detail}`;
  const charter = decoded.value;
  const hash = hashCharter(bytes);
  if (charter.first !== null) return 'it succeeds another one: name the first, later ones come over the line';
  for (const custodian of charter.custodians) {
    const own = signatures.filter(([signer]) => signer === custodian.name);
    const [row] = own;
    if (row === undefined || own.length > 1 || !verifySignature(custodian.key, hash, row[1])) {
      return `the signature of ${custodian.name} is missing or wrong`;
    }
  }
  if (signatures.length !== charter.custodians.length)
    return 'it has signatures of people who are no custodians';
  const wallets = openWallets(charter);
  if (wallets === undefined) return BAD_WALLET;
  const problems = findCharterProblems(charter);
  if (problems.length > 0) return `it does not hold together: ${problems.join('; ')}`;
  return { charter, hash, first: hash, wallets };
}

const BAD_WALLET = 'a wallet has a key that is not a point of the curve, or the same key twice';

function findPlace({ gates }: Charter, own: GateMember): number {
  return gates.findIndex(
    ({ name, key, sealKey }) =>
      name === own.name && equalBytes(key, own.key) && equalBytes(sealKey, own.sealKey),
  );
}

function listNames({ vaults, signers, gates }: Charter): readonly string[] {
  return [...vaults, ...signers, ...gates].map(({ name }) => name);
}

/** What the local record of a start holds: under which first charter, and with which keys. */
export function startRecord({ first, own }: GateCharter): Uint8Array {
  return concatBytes(first, own.key, own.sealKey);
}

/** A charter that follows `before`, without a word on who signed it. @returns what is wrong with it, in words */
export function openGateCharter(bytes: Uint8Array, before: GateCharter): GateCharter | string {
  const decoded = decodeCharter(bytes);
  if (!decoded.ok) return `not a charter: ${decoded.fault.detail}`;
  const charter = decoded.value;
  const wallets = openWallets(charter);
  if (wallets === undefined) return BAD_WALLET;
  const { own, first } = before;
  return { charter, hash: hashCharter(bytes), first, place: findPlace(charter, own), own, wallets };
}

function openWallets(charter: Charter): readonly GateWallet[] | undefined {
  try {
    return charter.wallets.map(({ keys }) => {
      const distinct = new Set(keys.map(({ publicKey }) => toHex(publicKey)));
      if (distinct.size !== keys.length) throw new Error('the same key twice');
      return {
        accounts: keys.map(
          ({ publicKey, chainCode, path }) => new HDKey({ publicKey, chainCode, depth: path.length }),
        ),
      };
    });
  } catch {
    return undefined;
  }
}
