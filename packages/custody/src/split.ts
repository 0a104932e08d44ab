/**
 * Splitting a 32-byte secret into three SLIP-39 shares and joining any two again, through the `slip39` package.
 *
 * Refuses to hand out shares that do not give the secret back: every pair is joined before the caller sees them.
 * `slip39` errors may quote a share, so none of them leaves this file. Spec: protocol-spec/8-custody.md, "Shares".
 */
import slip39 from 'slip39';
import { HOLDERS, ITERATION_EXPONENT, parseShare, type Share, THRESHOLD } from './share.ts';

const SECRET_SIZE = 32;
/** SLIP-39 with a passphrase would make it a second secret that can be lost without anybody noticing. */
const NO_PASSPHRASE = '';

/**
 * @param secret 32 bytes; stays the caller's to wipe
 * @returns three shares, by member number
 * @throws Error (a bug) if the library's shares do not give the secret back
 */
export function splitSecret(secret: Uint8Array): readonly Share[] {
  if (secret.length !== SECRET_SIZE)
    throw new Error(`a secret has ${SECRET_SIZE} bytes, not ${secret.length}`);
  const plain = Array.from(secret); // slip39 corrupts typed arrays silently
  const split = slip39.fromArray(plain, {
    passphrase: NO_PASSPHRASE,
    threshold: 1,
    groups: [[THRESHOLD, HOLDERS, '']],
    iterationExponent: ITERATION_EXPONENT,
    extendableBackupFlag: 1,
  });
  plain.fill(0);
  const shares = split.fromPath('r/0').mnemonics.map((words) => {
    const read = parseShare(words, 'a fresh share');
    if (!read.ok) throw new Error(`slip39 made a share that is not one: ${read.problem.what}`);
    return read.value;
  });
  if (shares.length !== HOLDERS || shares.some((share, index) => share.member !== index)) {
    throw new Error('slip39 made other members than it was asked for');
  }
  for (const absent of shares)
    assertGives(
      secret,
      shares.filter((share) => share !== absent),
    );
  return shares;
}

function assertGives(secret: Uint8Array, pair: readonly Share[]): void {
  const joined = joinShares(pair);
  const same = joined?.every((byte, index) => byte === secret[index]) ?? false;
  joined?.fill(0);
  if (!same) throw new Error('slip39 made shares that do not give the secret back');
}

/** @returns the 32-byte secret, or null if the two shares do not belong together; the caller wipes it */
export function joinShares(pair: readonly Share[]): Uint8Array | null {
  let plain: number[];
  try {
    plain = slip39.recoverSecret(
      pair.map((share) => share.words),
      NO_PASSPHRASE,
    );
  } catch {
    return null; // the library's text may quote a share
  }
  const secret = plain.length === SECRET_SIZE ? Uint8Array.from(plain) : null;
  plain.fill(0);
  return secret;
}
