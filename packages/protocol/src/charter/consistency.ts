/**
 * What a charter's schema cannot say: names and keys that differ, wallets that fit the signers, limits that make sense,
 * and on mainnet two of everybody whose absence would stop withdrawals.
 * Spec: protocol-spec/5-charter.md, "Consistency".
 */
import { toHex } from '../bytes.ts';
import { isPublicKey } from '../ed25519.ts';
import { isSealKey } from '../seal/index.ts';
import { findApprovalProblems } from './approval-consistency.ts';
import type { Charter } from './charter.ts';
import { findClockProblems } from './clock-consistency.ts';
import { findDestinationProblems } from './destination-consistency.ts';
import { findPolicyProblems } from './policy-consistency.ts';
import { findShareProblems } from './share-consistency.ts';
import { findWalletProblems } from './wallet-consistency.ts';

type Named = { readonly role: string; readonly name: string };
type Keyed = { readonly owner: string; readonly key: Uint8Array };

function listNames(charter: Charter): Named[] {
  const of = (role: string, rows: readonly { readonly name: string }[]): Named[] =>
    rows.map(({ name }) => ({ role, name }));
  return [
    ...of('vault', charter.vaults),
    ...of('signer', charter.signers),
    ...of('gate', charter.gates),
    ...of('screen', charter.screens),
    ...of('requester', charter.requesters),
    ...of('custodian', charter.custodians),
    ...of('approver', charter.approvers),
  ];
}

/** Ed25519 keys of every role. */
function listKeys(charter: Charter): Keyed[] {
  const single = [
    ...charter.vaults,
    ...charter.signers,
    ...charter.gates,
    ...charter.screens,
    ...charter.custodians,
  ].map(({ name, key }) => ({ owner: name, key }));
  const requesters = charter.requesters.flatMap(({ name, keys }) =>
    keys.map((key) => ({ owner: name, key })),
  );
  const approvers = charter.approvers.flatMap(({ name, keys }) =>
    keys.map(({ key }) => ({ owner: name, key })),
  );
  return [...single, ...requesters, ...approvers];
}

/** Names differ even when case is ignored: people read them aloud. */
function findNameProblems(charter: Charter): string[] {
  const roles = new Map<string, string>();
  const problems: string[] = [];
  for (const { role, name } of listNames(charter)) {
    const taken = roles.get(name.toLowerCase());
    if (taken !== undefined) problems.push(`the ${role} ${name} has the name of a ${taken}`);
    roles.set(name.toLowerCase(), role);
  }
  return problems;
}

function findTwins(kind: string, keys: readonly Keyed[]): string[] {
  const owners = new Map<string, string>();
  const problems: string[] = [];
  for (const { owner, key } of keys) {
    const taken = owners.get(toHex(key));
    if (taken !== undefined) problems.push(`${owner} has the same ${kind} key as ${taken}`);
    owners.set(toHex(key), owner);
  }
  return problems;
}

function findKeyProblems(charter: Charter): string[] {
  const keys = listKeys(charter);
  const weak = keys.filter(({ key }) => !isPublicKey(key));
  const seals = charter.gates.map(({ name, sealKey }) => ({ owner: name, key: sealKey }));
  return [
    ...weak.map(({ owner }) => `a key of ${owner} is not an Ed25519 public key`),
    ...findTwins('Ed25519', keys),
    ...findTwins('seal', seals),
    // Sealing for all gates would fail for this one: no signer could answer with a signature any more.
    ...seals
      .filter(({ key }) => !isSealKey(key))
      .map(({ owner }) => `the seal key of ${owner} is an X25519 key of small order`),
  ];
}

function findCustodyProblems(charter: Charter): string[] {
  const custodians = new Set(charter.custodians.map(({ name }) => name));
  const problems: string[] = [];
  for (const [place, row] of charter.custody.shares.entries()) {
    const at = `the shares of ${row.signer}`;
    const holders = row.holders.map(([name]) => name);
    if (row.signer !== charter.signers[place]?.name) problems.push(`${at}: not in the order of the signers`);
    if (row.threshold < 2) problems.push(`${at}: one person alone could open the key file`);
    if (row.threshold > holders.length) problems.push(`${at}: ${row.threshold} needed of ${holders.length}`);
    if (new Set(holders).size !== holders.length) problems.push(`${at}: somebody holds two`);
    if (new Set(row.holders.map(([, hash]) => toHex(hash))).size !== holders.length) {
      problems.push(`${at}: two have the same hash`);
    }
    const strangers = holders.filter((name) => !custodians.has(name));
    problems.push(...strangers.map((name) => `${at}: ${name} is no custodian`));
  }
  return problems;
}

/** Mainnet, seconds: a gate takes over what is at home at a silent one within a day. */
const MAINNET_GATE_DELAY = 86_400;

function findGateProblems({ network, policy: { gateDelay } }: Charter): string[] {
  if (network !== 'mainnet' || gateDelay <= MAINNET_GATE_DELAY) return [];
  return [
    `policy: gateDelay is ${gateDelay} seconds, on mainnet at most ${MAINNET_GATE_DELAY}: so long would the absence of one gate hold up its intents`,
  ];
}

/** The promise that no single absence freezes: on mainnet there is a second of each. */
function findLonelyRoles(charter: Charter): string[] {
  if (charter.network !== 'mainnet') return [];
  const rows: readonly (readonly [string, number])[] = [
    ['vault', charter.vaults.length],
    ['gate', charter.gates.length],
    ['screen', charter.screens.length],
    ...charter.requesters.map(({ name, keys }) => [`key of requester ${name}`, keys.length] as const),
  ];
  const lonely = rows
    .filter(([, count]) => count < 2)
    .map(([role]) => `only one ${role}: its absence would freeze`);
  const needed = charter.custody.shares.filter(({ threshold, holders }) => threshold >= holders.length);
  return [
    ...lonely,
    ...needed.map(
      ({ signer }) => `the shares of ${signer}: every holder is needed, so one absence would freeze it`,
    ),
  ];
}

/** Every reason why this charter cannot be put in force; empty when there is none. */
export function findCharterProblems(charter: Charter): readonly string[] {
  const isFirst = charter.first === null;
  return [
    ...(isFirst === (charter.previous === null)
      ? []
      : ['either both or none of first and previous are null']),
    ...findNameProblems(charter),
    ...findKeyProblems(charter),
    ...findWalletProblems(charter),
    ...findPolicyProblems(charter.policy, charter.network),
    ...findDestinationProblems(charter.policy),
    ...findShareProblems(charter),
    ...findApprovalProblems(charter),
    ...findClockProblems(charter),
    ...findCustodyProblems(charter),
    ...findGateProblems(charter),
    ...findLonelyRoles(charter),
  ];
}
