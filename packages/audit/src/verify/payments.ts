/**
 * All cleared transactions together: every intent was screened, no intent is paid by two transactions that can both be mined,
 * and no signer ever used one nonce for two hashes. One that two signers call dead cannot be mined: a note, for people with a node.
 * Spec: design promise "one intent, one payment"; attacks 21 and 25.
 */
import { decodeIntent, hashIntent, toHex } from '@coldwire/protocol';
import type { Findings } from '../finding.ts';
import { nameOf } from '../log/message.ts';
import type { Burials } from './burials.ts';
import type { ClearedSpend } from './cleared.ts';
import type { Spends } from './signed.ts';

export const CHECK_PAYMENTS = 'payments';

export function checkPayments(
  spends: Spends,
  cleared: readonly ClearedSpend[],
  burials: Burials,
  findings: Findings,
): void {
  checkAllowed(spends, cleared, findings);
  checkConflicts(spends, cleared, burials, findings);
  checkNonces(cleared, findings);
}

interface Paid {
  readonly id: string;
  readonly hash: string;
}

function intentsOf({ roster }: Spends, { request }: ClearedSpend): readonly Paid[] {
  return request.draft.intents.flatMap(([bytes]) => {
    const intent = decodeIntent(bytes);
    return intent.ok ? [{ id: toHex(intent.value.id), hash: toHex(hashIntent(roster.first, bytes)) }] : [];
  });
}

/** Screened, and approved where the amount needs it. */
function checkAllowed(spends: Spends, cleared: readonly ClearedSpend[], findings: Findings): void {
  for (const spend of cleared) {
    for (const [place, [bytes]] of spend.request.draft.intents.entries()) {
      const hash = hashIntent(spends.roster.first, bytes);
      const intent = decodeIntent(bytes);
      const about = `${nameOf(spend.message)}: intent ${place}`;
      if (!spends.isScreened(hash)) {
        const what = `${about} is covered by no verdict in these logs`;
        findings.find('AUDIT_VERDICT', spend.message.place, what);
      }
      if (intent.ok && !spends.isApproved({ intent: intent.value, hash })) {
        const what = `${about} has too few approvals in these logs, by any charter`;
        findings.find('AUDIT_APPROVAL', spend.message.place, what);
      }
    }
  }
}

function checkConflicts(
  spends: Spends,
  cleared: readonly ClearedSpend[],
  burials: Burials,
  findings: Findings,
): void {
  const noted = new Set<string>();
  const carriers = new Map<string, { hash: string; spends: ClearedSpend[] }>();
  for (const spend of cleared) {
    for (const { id, hash } of intentsOf(spends, spend)) {
      findings.count(CHECK_PAYMENTS);
      const known = carriers.get(id) ?? { hash, spends: [] };
      carriers.set(id, known);
      if (known.hash !== hash) {
        const what = `${nameOf(spend.message)}: the intent id ${id} was used before with other contents`;
        findings.find('AUDIT_DOUBLE', spend.message.place, what);
      }
      for (const other of known.spends) {
        if (other.txid === spend.txid || sharesInput(other, spend)) continue;
        const death = findDeath(burials, other, spend);
        if (death !== undefined) {
          if (!noted.has(death)) findings.note(spend.message.place, death);
          noted.add(death);
          continue;
        }
        const what = `${nameOf(spend.message)}: intent ${id} is paid by ${other.txid} and ${spend.txid}, which share no coin`;
        findings.find('AUDIT_DOUBLE', spend.message.place, what);
      }
      known.spends.push(spend);
    }
  }
}

/** What two signers say of one of the two; undefined: both can be mined. */
function findDeath(burials: Burials, one: ClearedSpend, other: ClearedSpend): string | undefined {
  for (const [dead, alive] of [
    [one, other],
    [other, one],
  ] as const) {
    const signers = burials.signersOf(dead, alive);
    if (signers !== undefined)
      return `${dead.txid} is dead by the words of ${signers.join(' and ')}: ${alive.txid} may pay its intents`;
  }
  return undefined;
}

function sharesInput(a: ClearedSpend, b: ClearedSpend): boolean {
  const coins = new Set(a.built.inputs.map(({ outpoint }) => outpoint));
  return b.built.inputs.some(({ outpoint }) => coins.has(outpoint));
}

/** r of a signature is the nonce's public half: one r, one hash, else whoever sees both has the key. */
function checkNonces(cleared: readonly ClearedSpend[], findings: Findings): void {
  const seen = new Map<string, string>();
  for (const { message, built, signatures } of cleared) {
    for (const [signer, list] of signatures) {
      for (const [input, signature] of list.entries()) {
        const nonce = toHex(signature.subarray(0, 32));
        const use = `${signer} ${toHex(built.sighash(input))}`;
        const before = seen.get(nonce) ?? use;
        seen.set(nonce, before);
        if (before === use) continue;
        const what = `${nameOf(message)}, input ${input}: ${signer} used a nonce that was used before`;
        findings.find('AUDIT_NONCE', message.place, what);
      }
    }
  }
}
