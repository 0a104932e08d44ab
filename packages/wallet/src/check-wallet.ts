/**
 * What makes three keys a wallet of ours. A charter is checked with this before any script is derived from it.
 * Refuses keys that are not distinct (one signer would count twice), not on the curve, or not at the BIP-48 account.
 * Spec: protocol-spec/3-wallet.md, "Descriptor".
 */
import { equalBytes } from '@coldwire/protocol/bytes.ts';
import { accountPath, pathText } from '@coldwire/protocol/charter/account-path.ts';
import { type Fault, makeFault } from '@coldwire/protocol/fault.ts';
import { type AccountKey, derivePublicStep, type PointMath } from './extended-key.ts';
import type { Network } from './network.ts';
import type { Wallet } from './scripts.ts';

function findKeyProblem(key: AccountKey, network: Network, math: PointMath): string | undefined {
  const wanted = pathText(accountPath(network));
  if (key.fingerprint.length !== 4) return 'its fingerprint has not 4 bytes';
  if (key.chainCode.length !== 32) return 'its chain code has not 32 bytes';
  if (pathText(key.path) !== wanted) return `its path is not ${wanted}`;
  if (key.publicKey.length !== 33) return 'it has not 33 bytes';
  try {
    derivePublicStep(key, 0, math);
  } catch {
    return 'it is not a point of the curve';
  }
  return undefined;
}

/** The first thing wrong with a wallet, or `undefined`. Faults: MALFORMED. */
export function checkWallet(wallet: Wallet, math: PointMath): Fault | undefined {
  if (wallet.keys.length !== 3)
    return makeFault('MALFORMED', `wallet: ${wallet.keys.length} keys instead of 3`);
  for (const [i, key] of wallet.keys.entries()) {
    const problem = findKeyProblem(key, wallet.network, math);
    if (problem !== undefined) return makeFault('MALFORMED', `wallet: key ${i}: ${problem}`);
    const twin = wallet.keys.findIndex((other) => equalBytes(other.publicKey, key.publicKey));
    if (twin !== i) return makeFault('MALFORMED', `wallet: keys ${twin} and ${i} are the same`);
  }
  return undefined;
}
