/**
 * Whether the charter's wallets fit its signers and its network. That a key is a point of the curve shows when the
 * policy state is made, because this package loads no curve.
 * Spec: protocol-spec/5-charter.md, "Consistency".
 */
import { toHex } from '../bytes.ts';
import { accountPath, pathText } from './account-path.ts';
import type { Charter } from './charter.ts';

type Row = Charter['wallets'][number]['keys'][number];

function findRowProblem(row: Row, signer: string | undefined, wanted: string): string | undefined {
  const prefix = row.publicKey[0];
  if (row.signer !== signer) return 'its keys are not in the order of the signers';
  if (pathText(row.path) !== wanted) return `the key of ${row.signer} is not at ${wanted}`;
  if (prefix !== 0x02 && prefix !== 0x03) return `the key of ${row.signer} is not compressed`;
  return undefined;
}

export function findWalletProblems(charter: Charter): string[] {
  const wanted = pathText(accountPath(charter.network));
  const seen = new Set<string>();
  const problems: string[] = [];
  if (charter.wallets.length !== 1)
    problems.push(
      `${charter.wallets.length} wallets: a key block holds one account key; further wallets need signers that hold several`,
    );
  for (const [number, wallet] of charter.wallets.entries()) {
    for (const [place, row] of wallet.keys.entries()) {
      const problem = findRowProblem(row, charter.signers[place]?.name, wanted);
      if (problem !== undefined) problems.push(`wallet ${number}: ${problem}`);
      const key = toHex(row.publicKey);
      if (seen.has(key)) problems.push(`wallet ${number}: the key of ${row.signer} is used twice`);
      seen.add(key);
    }
  }
  return problems;
}
