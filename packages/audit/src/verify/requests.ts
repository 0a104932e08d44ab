/**
 * Requests and results: every result answers a request that was asked before it, in kind, and not more often than asked.
 * SIGN and CLEAR have one result for ever: asked again, the same body. Proves that nothing was signed or cleared unasked and
 * no verdict was given twice. Spec: protocol-spec/4-messages.md, "Requests and results".
 */
import { BODY_MAX, decode, equalBytes, hashRequest, Refused } from '@coldwire/protocol';
import type { Findings } from '../finding.ts';
import { ANSWERS, isRequest, isResult, type LoggedMessage, nameOf, requestOf } from '../log/message.ts';
import type { Line } from './line.ts';

export const CHECK_REQUESTS = 'requests';

/** Results that a machine keeps; an older request is judged anew. */
const RESULTS_KEPT = 1024;
/** Answers that no verdict stands behind, so that the next one may differ. */
const NO_VERDICT = new Set([
  'INTERNAL',
  'CONFLICT_ID',
  'MALFORMED',
  'NONCANONICAL',
  'TOO_LARGE',
  'WRONG_PEER',
  'BAD_RECEIPT',
  'UNWITNESSED',
]);
/** A verdict that is kept only by a signer that every gate has witnessed, which the line does not tell: the replay knows. */
const MAY_CHANGE = 'RESTORED';

interface Asked {
  readonly requests: LoggedMessage[];
  answered: number;
}

export function checkRequests(line: Line, findings: Findings): void {
  const asked = new Map<string, Asked>();
  for (const message of line.down) {
    if (!isRequest(message.type)) continue;
    const id = requestOf(message) ?? '';
    const known = asked.get(id);
    if (known === undefined) asked.set(id, { requests: [message], answered: 0 });
    else known.requests.push(message);
  }
  for (const message of line.up) {
    if (!isResult(message.type)) continue;
    findings.count(CHECK_REQUESTS);
    checkAnswer(message, asked.get(requestOf(message) ?? ''), findings);
  }
}

function checkAnswer(message: LoggedMessage, asked: Asked | undefined, findings: Findings): void {
  const before = asked?.requests.filter(({ header }) => header.seq <= message.header.receiptSeq) ?? [];
  const [first] = before;
  if (asked === undefined || first === undefined) {
    findings.find('AUDIT_PAIRING', message.place, `${nameOf(message)}, ${message.type}: nobody asked`);
    return;
  }
  asked.answered += 1;
  if (asked.answered > before.length) {
    const what = `${nameOf(message)}: answered ${asked.answered} times, asked ${before.length} times`;
    findings.find('AUDIT_PAIRING', message.place, what);
  }
  if (!before.some(({ type }) => ANSWERS[type]?.includes(message.type) === true)) {
    const what = `${nameOf(message)}: ${message.type} is no answer to ${first.type}`;
    findings.find('AUDIT_PAIRING', message.place, what);
  }
}

/** A verdict that was given for a request: what was asked, and what was said. */
interface Given {
  readonly requestHash: Uint8Array;
  readonly result: LoggedMessage;
  /** How many verdicts its machine had given before. */
  readonly number: number;
}

/** All lines of one machine: a request id is one request, whichever vault asks. */
export function checkVerdictsGiven(lines: readonly Line[], findings: Findings): void {
  const given = new Map<string, Given>();
  let number = 0;
  for (const { result, request } of lines.flatMap(pairVerdicts)) {
    const id = requestOf(result) ?? '';
    const requestHash = hashRequest(request.body);
    const known = given.get(id);
    if (known === undefined || number - known.number >= RESULTS_KEPT || mayChange(known.result)) {
      given.set(id, { requestHash, result, number });
      number += 1;
    } else checkRepeated(known, result, requestHash, findings);
  }
}

function checkRepeated(
  known: Given,
  result: LoggedMessage,
  requestHash: Uint8Array,
  findings: Findings,
): void {
  if (!equalBytes(known.requestHash, requestHash)) {
    const what = `${nameOf(result)}: a verdict on another request with the id of ${nameOf(known.result)}`;
    findings.find('AUDIT_RESULT', result.place, what);
  } else if (known.result.type !== result.type || !equalBytes(known.result.body, result.body)) {
    const what = `${nameOf(result)}: ${result.type} where ${nameOf(known.result)} said ${known.result.type}, or not the same bytes`;
    findings.find('AUDIT_RESULT', result.place, what);
  }
}

/** Results of SIGN and CLEAR that are verdicts, each with the request that it answers. */
export function pairVerdicts(
  line: Line,
): readonly { readonly result: LoggedMessage; readonly request: LoggedMessage }[] {
  const requests = new Map<string, LoggedMessage[]>();
  for (const message of line.down) {
    if (message.type !== 'SIGN' && message.type !== 'CLEAR') continue;
    const id = requestOf(message) ?? '';
    requests.set(id, [...(requests.get(id) ?? []), message]);
  }
  return line.up.flatMap((result) => {
    if (!isVerdict(result)) return [];
    // The last one that it can have answered.
    const request = requests
      .get(requestOf(result) ?? '')
      ?.findLast(({ header }) => header.seq <= result.header.receiptSeq);
    return request === undefined ? [] : [{ result, request }];
  });
}

function isVerdict({ type, body }: LoggedMessage): boolean {
  if (type === 'SIGNED' || type === 'CLEARED') return true;
  if (type !== 'REFUSED') return false;
  const codes = codesOf(body);
  return codes !== undefined && !codes.some((code) => NO_VERDICT.has(code));
}

function mayChange({ type, body }: LoggedMessage): boolean {
  return type === 'REFUSED' && codesOf(body)?.includes(MAY_CHANGE) === true;
}

function codesOf(body: Uint8Array): readonly string[] | undefined {
  const refused = decode(Refused, body, BODY_MAX);
  return refused.ok ? refused.value.refusals.map(({ code }) => code) : undefined;
}
