/**
 * A charter that follows another: next in the chain, signed by a quorum of the charter in force, and about the same
 * deployment. Refuses CHARTER_CHAIN, CHARTER_QUORUM and CHARTER_UNFIT; only the first that applies, because each rests on
 * the one before. Which way it moves the limits is ordering.ts's matter.
 * Spec: protocol-spec/5-charter.md, "Succession".
 */
import { type Charter, type Infer, type SignedCharter as Schema, verifyEd25519 } from '@coldwire/protocol';
import { equalBytes } from '@coldwire/protocol/bytes.ts';
import { checkWallet, type PointMath } from '@coldwire/wallet';
import { type Refusal, refuse } from '../refusal.ts';
import { type CharterInForce, loadCharter } from './load.ts';

type SignedCharter = Infer<typeof Schema>;

/** What a refusal can carry. */
const PROBLEM_MAX = 160;

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one, printable) === JSON.stringify(other, printable);
}

function printable(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  return typeof value === 'bigint' ? `${value}` : value;
}

/** What names a deployment, its coins and its clock: no charter may change it, however long it waits. */
function findBreaks(before: Charter, after: Charter): string[] {
  const namesOf = ({ signers }: Charter): string[] => signers.map(({ name }) => name);
  const clockOf = ({ clock: { checkpoint, checkpointHeight, spacing } }: Charter): unknown => [
    checkpointHeight,
    checkpoint,
    spacing,
  ];
  const rows: readonly (readonly [boolean, string])[] = [
    [before.network === after.network, 'the network is another'],
    [isSame(clockOf(before), clockOf(after)), 'the checkpoint or the spacing of the clock is another'],
    [isSame(namesOf(before), namesOf(after)), 'the signers are others, or in another order'],
    [
      isSame(before.wallets, after.wallets.slice(0, before.wallets.length)),
      'a wallet is gone or another; wallets are only added at the end',
    ],
  ];
  return rows.filter(([kept]) => !kept).map(([, problem]) => problem);
}

/** Custodians of `judge` whose signature is good. Names that it does not know count for nothing. */
export function countSignatures(
  [, signatures]: SignedCharter,
  hash: Uint8Array,
  { custodians }: Charter,
): number {
  return custodians.filter(({ name, key }) => {
    const own = signatures.filter(([signer]) => signer === name);
    return own.length === 1 && own.every(([, signature]) => verifyEd25519(key, hash, signature));
  }).length;
}

/** In plain ASCII: a problem may quote a name. */
function unfit(problem: string): Refusal {
  return refuse('CHARTER_UNFIT', { problem: problem.replaceAll(/[^ -~]/gu, '?').slice(0, PROBLEM_MAX) });
}

/** @param head the newest charter installed, in force or not: what the next one must follow */
function findChainProblem(head: CharterInForce, next: CharterInForce): Refusal | undefined {
  const { epoch, previous, first } = next.charter;
  const want = head.charter.epoch + 1;
  const follows = previous !== null && equalBytes(previous, head.hash);
  const isOurs = first !== null && equalBytes(first, head.first);
  return epoch === want && follows && isOurs ? undefined : refuse('CHARTER_CHAIN', { epoch, want });
}

/**
 * Judges a charter that is to follow `head`.
 * @param judge the charter in force: a quorum of its custodians must have signed
 * @param math the caller's curve: wallet keys must be points of it
 */
export function judgeSuccessor(
  signed: SignedCharter,
  head: CharterInForce,
  judge: CharterInForce,
  math: PointMath,
): CharterInForce | Refusal {
  const loaded = loadCharter(signed[0]);
  if (!loaded.ok) return unfit(loaded.problems.join('; '));
  const next = loaded.value;
  const [fault] = next.charter.wallets.flatMap(
    (row) => checkWallet({ network: next.network, ...row }, math)?.detail ?? [],
  );
  if (fault !== undefined) return unfit(fault);
  const chain = findChainProblem(head, next);
  if (chain !== undefined) return chain;
  const needed = judge.charter.quorum;
  const number = countSignatures(signed, next.hash, judge.charter);
  if (number < needed) return refuse('CHARTER_QUORUM', { signed: number, needed });
  const [problem] = findBreaks(judge.charter, next.charter);
  return problem === undefined ? next : unfit(problem);
}
