/**
 * First sight decides: where a signer signs an intent for the first time, the charter that it has in force must list the requester's key, a screen
 * whose verdict covers the intent, and as many people of its tier as approved it. Proves that nobody was believed any longer than
 * the charter named them. Judged for each signer of which every line or its own log is given; of others the logs do not tell
 * what came before. Spec: protocol-spec/10-policy.md, "Intents"; 9-evidence.md, "Audit".
 */
import {
  BODY_MAX,
  type Charter,
  decode,
  decodeIntent,
  hashIntent,
  hashVerdict,
  SignRequest,
  toHex,
} from '@coldwire/protocol';
import { countApprovals } from '../charter/approvals.ts';
import { followSigner } from '../charter/in-force.ts';
import { verifyStrictly } from '../ed25519.ts';
import type { AuditCode, Findings } from '../finding.ts';
import { type LoggedMessage, nameOf } from '../log/message.ts';
import type { Transcript } from '../log/transcript.ts';
import type { Roster } from '../roster.ts';
import { groupByMachine, type Line, machineOf } from './line.ts';
import { pairVerdicts } from './requests.ts';

export const CHECK_FIRST_SIGHT = 'first sight';

export function checkFirstSights(
  transcripts: readonly Transcript[],
  lines: readonly Line[],
  roster: Roster,
  findings: Findings,
): void {
  const vaults = new Set(roster.charters.flatMap((charter) => charter.vaults.map(({ name }) => name)));
  for (const { name } of roster.charter.signers) {
    const theirs = lines.filter(({ peer }) => peer === name);
    // A machine that took the place of another one has a memory and a log of its own.
    const own = transcripts.filter(({ owner }) => owner === name);
    for (const log of own) checkSigner(log, theirs, roster, findings);
    const isWhole = [...vaults].every((vault) => theirs.some((line) => line.vault === vault));
    const told = new Set(own.map((log) => machineOf(log, roster)));
    for (const [machine, lines] of groupByMachine(theirs, roster))
      if (isWhole && !told.has(machine)) checkSigner(undefined, lines, roster, findings);
  }
}

function checkSigner(
  own: Transcript | undefined,
  lines: readonly Line[],
  roster: Roster,
  findings: Findings,
): void {
  const requests = new Map(
    lines.flatMap(pairVerdicts).map(({ result, request }) => [nameOf(result), request.body]),
  );
  const seen = new Set<string>();
  for (const { message, charter } of followSigner(own, lines, roster)) {
    const body = message.type === 'SIGNED' ? requests.get(nameOf(message)) : undefined;
    const request = body === undefined ? undefined : decode(SignRequest, body, BODY_MAX);
    if (request?.ok !== true) continue; // a finding already
    for (const [place, [bytes]] of request.value.draft.intents.entries()) {
      const id = toHex(hashIntent(roster.first, bytes));
      if (seen.has(id)) continue;
      seen.add(id);
      findings.count(CHECK_FIRST_SIGHT);
      judge(roster, charter, request.value, place, (code, what) =>
        findings.find(code, message.place, `${describe(message, charter)}, intent ${place}: ${what}`),
      );
    }
  }
}

const describe = (message: LoggedMessage, { epoch }: Charter): string =>
  `${nameOf(message)}, under the charter of epoch ${epoch}`;

function judge(
  { first }: Roster,
  charter: Charter,
  { draft, verdicts, approvals }: SignRequest,
  place: number,
  find: (code: AuditCode, what: string) => void,
): void {
  const hashes = draft.intents.map(([bytes]) => hashIntent(first, bytes));
  const [bytes, signature] = draft.intents[place] ?? [];
  const hash = hashes[place];
  const decoded = bytes === undefined ? undefined : decodeIntent(bytes);
  if (decoded?.ok !== true || hash === undefined || signature === undefined) return; // a finding already
  const intent = decoded.value;
  const { keys = [] } = charter.requesters.find(({ name }) => name === intent.requester) ?? {};
  if (!keys.some((key) => verifyStrictly(key, hash, signature)))
    find('AUDIT_INTENT', `no key that it gives to ${intent.requester} signed it`);
  const isScreened = verdicts.some(({ screen, covers, issued, signature: screened }) => {
    const key = charter.screens.find(({ name }) => name === screen)?.key;
    const covered = covers.flatMap((one) => hashes[one] ?? []);
    if (key === undefined || !covers.includes(place) || covered.length !== covers.length) return false;
    return verifyStrictly(key, hashVerdict(first, issued, covered), screened);
  });
  if (!isScreened) find('AUDIT_VERDICT', 'no screen that it lists cleared it');
  const own = (approvals ?? []).filter((approval) => approval.place === place);
  const count = countApprovals(charter, first, { intent, hash }, own);
  if (count !== undefined && count.got < count.want)
    find('AUDIT_APPROVAL', `${count.got} approvals where it asks for ${count.want}`);
}
