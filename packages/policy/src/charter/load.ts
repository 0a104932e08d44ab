/**
 * A charter's bytes to the charter in force: decoded, found consistent, with what the rules look up in it.
 * Refuses with every reason at once, in words for the people who wrote the charter.
 * Spec: protocol-spec/5-charter.md, "Consistency" and "Signatures".
 */
import {
  type Charter,
  decodeCharter,
  findCharterProblems,
  hashCharter,
  type Infer,
  type NetworkName,
  type Policy,
  type SignedCharter,
  verifyEd25519,
} from '@coldwire/protocol';
import { equalBytes, toHex } from '@coldwire/protocol/bytes.ts';

/** What a machine runs under. Immutable. */
export type CharterInForce = {
  readonly charter: Charter;
  readonly bytes: Uint8Array;
  /** 32 bytes, of this charter. */
  readonly hash: Uint8Array;
  /** 32 bytes, of the first charter: what intents and verdicts bind. */
  readonly first: Uint8Array;
  readonly network: NetworkName;
  readonly policy: Policy;
  /** Keys by requester's name. */
  readonly requesters: ReadonlyMap<string, readonly Uint8Array[]>;
  /** Key by screen's name. */
  readonly screens: ReadonlyMap<string, Uint8Array>;
  /** Destinations of the charter's lists, hexadecimal. */
  readonly allowed: ReadonlySet<string>;
  readonly denied: ReadonlySet<string>;
  /** Place of the wallet that change goes to: the last in the list. */
  readonly newestWallet: number;
};

export type Loaded =
  | { readonly ok: true; readonly value: CharterInForce }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Never throws, whatever the bytes. Signatures are a separate matter: {@link verifyCharterSignatures}. */
export function loadCharter(bytes: Uint8Array): Loaded {
  const decoded = decodeCharter(bytes);
  if (!decoded.ok) return { ok: false, problems: [`not a charter: ${decoded.fault.detail}`] };
  const charter = decoded.value;
  const problems = findCharterProblems(charter);
  if (problems.length > 0) return { ok: false, problems };
  const copy = Uint8Array.from(bytes);
  const hash = hashCharter(copy);
  return {
    ok: true,
    value: {
      charter,
      bytes: copy,
      hash,
      first: charter.first ?? hash,
      network: charter.network,
      policy: charter.policy,
      requesters: new Map(charter.requesters.map(({ name, keys }) => [name, keys])),
      screens: new Map(charter.screens.map(({ name, key }) => [name, key])),
      allowed: new Set(charter.policy.allow.map(toHex)),
      denied: new Set(charter.policy.deny.map(toHex)),
      newestWallet: charter.wallets.length - 1,
    },
  };
}

/**
 * What is wrong with the signatures under a charter; empty when they put it in force.
 * A first charter needs every custodian, once each. A later one is not accepted by this version.
 */
export function verifyCharterSignatures(
  signed: Infer<typeof SignedCharter>,
  loaded: CharterInForce,
): readonly string[] {
  const [bytes, signatures] = signed;
  if (!equalBytes(bytes, loaded.bytes)) return ['the signatures are under another charter'];
  if (loaded.charter.first !== null)
    return ['it follows another charter: what signs it is a quorum of the one in force'];
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const [name, signature] of signatures) {
    const custodian = loaded.charter.custodians.find((candidate) => candidate.name === name);
    if (custodian === undefined) problems.push(`${name} signed, but is no custodian of this charter`);
    else if (seen.has(name)) problems.push(`${name} signed twice`);
    else if (!verifyEd25519(custodian.key, loaded.hash, signature)) {
      problems.push(`the signature of ${name} does not verify`);
    }
    seen.add(name);
  }
  const missing = loaded.charter.custodians.filter(({ name }) => !seen.has(name));
  return [...problems, ...missing.map(({ name }) => `the signature of ${name} is missing`)];
}
