/**
 * SIGNED against the SIGN that it answers: request hash, and the txid of the transaction that the auditor builds from the
 * draft; sealed to all gates of the charter, one signature per input; every intent signed by its requester; the same spend
 * always sealed the same. Proves that a signer signed this draft and nothing else, for intents that were asked for.
 */
import {
  type Approval,
  BODY_MAX,
  decode,
  decodeIntent,
  equalBytes,
  hashIntent,
  hashRequest,
  hashVerdict,
  Signed,
  SignRequest,
  toHex,
} from '@coldwire/protocol';
import { Scripts } from '../bitcoin/script.ts';
import { type Built, buildTransaction } from '../bitcoin/transaction.ts';
import { type Approvable, countApprovals } from '../charter/approvals.ts';
import { verifyStrictly } from '../ed25519.ts';
import type { Findings } from '../finding.ts';
import { type LoggedMessage, nameOf } from '../log/message.ts';
import { identify, type Roster } from '../roster.ts';

export const CHECK_SIGNED = 'signed';
export const CHECK_INTENTS = 'intents';

/** What the checks of spends share: the charter's scripts, built drafts, and what was seen before. */
export class Spends {
  readonly roster: Roster;
  readonly findings: Findings;
  readonly #scripts: Scripts;
  readonly #built = new Map<string, Built | string>();
  /** By signer and txid: commitment; by signer and request: SIGNED. */
  readonly #commitments = new Map<string, { readonly signed: Signed; readonly name: string }>();
  /** Hashes of intents that a good verdict covers. */
  readonly #cleared = new Set<string>();
  /** By hash of the intent: whatever was shown as its approvals. */
  readonly #approvals = new Map<string, Approval[]>();
  readonly #requests = new Set<string>();

  constructor(roster: Roster, findings: Findings) {
    this.roster = roster;
    this.findings = findings;
    this.#scripts = new Scripts(roster.charters.at(-1) ?? roster.charter);
  }

  /** @param body canonical body of SIGN */
  build(body: Uint8Array, request: SignRequest): Built | string {
    const id = toHex(hashRequest(body));
    const built = this.#built.get(id) ?? buildTransaction(this.#scripts, request.draft);
    this.#built.set(id, built);
    return built;
  }

  /** Takes what a request shows for its intents: approvals, and the verdicts that verify. */
  take(body: Uint8Array, { draft, verdicts, approvals }: SignRequest): void {
    const id = toHex(hashRequest(body));
    if (this.#requests.has(id)) return;
    this.#requests.add(id);
    const hashes = draft.intents.map(([bytes]) => hashIntent(this.roster.first, bytes));
    this.#takeVerdicts(hashes, verdicts);
    for (const approval of approvals ?? []) {
      const hash = toHex(hashes[approval.place] ?? new Uint8Array());
      this.#approvals.set(hash, [...(this.#approvals.get(hash) ?? []), approval]);
    }
  }

  /** What a bad one covers stays uncovered. */
  #takeVerdicts(hashes: readonly Uint8Array[], verdicts: SignRequest['verdicts']): void {
    const { first, charters } = this.roster;
    for (const { screen, covers, issued, signature } of verdicts) {
      const keys = charters
        .flatMap((one) => one.screens.filter(({ name }) => name === screen))
        .map(({ key }) => key);
      const covered = covers.flatMap((place) => hashes[place] ?? []);
      if (keys.length === 0 || covered.length !== covers.length) continue;
      this.findings.count(CHECK_INTENTS);
      if (!keys.some((key) => verifyStrictly(key, hashVerdict(first, issued, covered), signature))) continue;
      for (const hash of covered) this.#cleared.add(toHex(hash));
    }
  }

  isScreened(intentHash: Uint8Array): boolean {
    return this.#cleared.has(toHex(intentHash));
  }

  /** Whether one charter of the chain has enough approvals of it. */
  isApproved(subject: Approvable): boolean {
    const { first, charters } = this.roster;
    const own = this.#approvals.get(toHex(subject.hash)) ?? [];
    return charters.some((charter) => {
      const count = countApprovals(charter, first, subject, own);
      return count === undefined || count.got >= count.want;
    });
  }

  /** Signatures are deterministic: one signer and one transaction, one commitment; and one request, one sealed message. */
  remember(message: LoggedMessage, signed: Signed): void {
    const { sender } = message.header;
    const spend = `${sender} spend ${toHex(signed.txid)}`;
    // With a new link key a signer has a new seal secret.
    const machine = `${sender} ${identify(this.roster, message)}`;
    const request = `${machine} request ${toHex(signed.requestHash)}`;
    const sameSpend = this.#commitments.get(spend);
    const sameRequest = this.#commitments.get(request);
    const name = nameOf(message);
    if (sameSpend !== undefined && !equalBytes(sameSpend.signed.commitment, signed.commitment)) {
      const what = `${name} commits to other signatures of the transaction than ${sameSpend.name}`;
      this.findings.find('AUDIT_NONCE', message.place, what);
    }
    if (sameRequest !== undefined && !isSameSeal(sameRequest.signed, signed)) {
      const what = `${name} is sealed otherwise than ${sameRequest.name}, for the same request`;
      this.findings.find('AUDIT_SEAL', message.place, what);
    }
    if (sameSpend === undefined) this.#commitments.set(spend, { signed, name });
    if (sameRequest === undefined) this.#commitments.set(request, { signed, name });
  }
}

function isSameSeal({ sealed: a }: Signed, { sealed: b }: Signed): boolean {
  return equalBytes(a.ephemeral, b.ephemeral) && equalBytes(a.ciphertext, b.ciphertext);
}

/** One SIGNED and the canonical body of the SIGN that it answers. */
export function checkSigned(spends: Spends, message: LoggedMessage, requestBody: Uint8Array): void {
  const { findings, roster } = spends;
  const signed = decode(Signed, message.body, BODY_MAX);
  const request = decode(SignRequest, requestBody, BODY_MAX);
  if (!signed.ok || !request.ok) {
    findings.find('AUDIT_SIGNED', message.place, `${nameOf(message)} answers what is no SIGN request`);
    return;
  }
  findings.count(CHECK_SIGNED);
  const wrong = findWrong(spends, signed.value, request.value, requestBody);
  if (wrong !== undefined) findings.find('AUDIT_SIGNED', message.place, `${nameOf(message)}: ${wrong}`);
  checkIntents(roster, message, request.value, findings);
  spends.remember(message, signed.value);
}

function findWrong(
  spends: Spends,
  signed: Signed,
  request: SignRequest,
  requestBody: Uint8Array,
): string | undefined {
  const built = spends.build(requestBody, request);
  if (typeof built === 'string') return `it signs a draft of which no transaction can be made: ${built}`;
  if (!equalBytes(signed.requestHash, hashRequest(requestBody))) return 'it is for another request';
  if (!equalBytes(signed.txid, built.txid)) return 'it is for another transaction than the draft’s';
  const lists = spends.roster.charters.map(({ gates }) => gates.map(({ name }) => name).join());
  if (!lists.includes(signed.sealed.wraps.map(([gate]) => gate).join()))
    return 'it is not sealed to all gates of the charter, in their order';
  const size = 64 * built.inputs.length + 16;
  return signed.sealed.ciphertext.length === size
    ? undefined
    : `it seals ${signed.sealed.ciphertext.length} bytes instead of ${size}`;
}

function checkIntents(
  { charters, first }: Roster,
  message: LoggedMessage,
  request: SignRequest,
  findings: Findings,
): void {
  for (const [place, [bytes, signature]] of request.draft.intents.entries()) {
    const intent = decodeIntent(bytes);
    if (!intent.ok) continue; // no transaction: a finding already
    const keys = charters.flatMap(
      ({ requesters }) => requesters.find(({ name }) => name === intent.value.requester)?.keys ?? [],
    );
    const hash = hashIntent(first, bytes);
    findings.count(CHECK_INTENTS);
    if (keys.some((key) => verifyStrictly(key, hash, signature))) continue;
    const what = `${nameOf(message)}: intent ${place} (${toHex(intent.value.id)}) is not signed by its requester`;
    findings.find('AUDIT_INTENT', message.place, what);
  }
}
