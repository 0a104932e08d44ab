/**
 * The vault's HTTP API on the loopback. A request needs no password: the requester's signature over the intent is what
 * makes it count, here and at every signer.
 *
 *   POST /v1/intents            {intent, signature}  → 201 new, 200 known, 400 refused, 409 INTENT_REUSED
 *   GET  /v1/withdrawals        ?state=&after=&limit=
 *   GET  /v1/withdrawals/{id}   with its history
 *   GET  /v1/status
 *   POST /v1/approvals          {intent, approver, expires, signature, touch}  → 201 kept, 200 known, 400 refused, 404
 *   POST /v1/registrations      {registration, signature}  → 201 new, 200 known, 400 refused
 *   POST /v1/charters           {charter}  → 201; 409 CHARTER_CHAIN, CHARTER_QUORUM, CHARTER_UNFIT
 *   GET  /v1/charters           the chain, and how far each machine has come
 *   POST /v1/addresses          → 201 a fresh receiving address
 */
import type { CharterInForce } from '@coldwire/policy';
import { type JsonValue, toJsonLine } from '@coldwire/program';
import { fromHex } from '@coldwire/protocol';
import { readSignedIntent } from '@coldwire/screen';
import { errorReply, type JsonReply, type JsonRequest } from '@coldwire/screen/io/json-server.ts';
import { encodeAddress, type WalletScripts } from '@coldwire/wallet';
import {
  findWithdrawal,
  historyOf,
  listWithdrawals,
  nextReceiving,
  STATES,
  type Store,
  submitIntent,
  summarize,
  tipHeight,
} from '../queue/index.ts';
import { readApproval, takeApproval } from './approvals.ts';
import { type CharterBook, getCharters, postCharter } from './charters.ts';
import {
  type DestinationCharter,
  findDestinationObstacles,
  readRegistration,
  takeRegistration,
} from './destinations.ts';
import { authenticate, findObstacles } from './intake.ts';
import { historyJson, summaryJson, withdrawalJson } from './view.ts';

export type ApiCharter = DestinationCharter & Pick<CharterInForce, 'network'>;

export interface ApiContext {
  readonly store: Store;
  readonly charter: ApiCharter;
  /** In the order of the charter's wallets; addresses are handed out of the last. */
  readonly scripts: readonly WalletScripts[];
  /** Called after a new intent is on disk, so that the loop does not wait for its next round. */
  readonly onIntent: () => void;
  /** The same for an approval, and for a destination that signers are to be shown. */
  readonly onApproval: () => void;
  readonly onRegistration: () => void;
  readonly charters: CharterBook;
  readonly onCharter: () => void;
  /** What the running vault knows of the machines around it; absent where only the queue is served. */
  readonly situation?: () => { readonly [name: string]: JsonValue };
}

/** Bytes of a request's body: a charter with its signatures in hexadecimal. */
export const MAX_API_BODY = 160 * 1024;
const PAGE = 100;

function ok(status: number, value: JsonValue): JsonReply {
  return { status, json: toJsonLine(value) };
}

function refusal(codes: readonly string[], detail: string): JsonReply {
  return { status: 400, json: JSON.stringify({ error: { code: codes[0] ?? 'MALFORMED', codes, detail } }) };
}

function postIntent(context: ApiContext, body: unknown): JsonReply {
  const { store, charter } = context;
  const signed = readSignedIntent(body);
  if (signed === undefined) {
    return refusal(['MALFORMED'], 'the body must be {"intent": hex, "signature": hex}, in lower case');
  }
  const checked = authenticate(signed, charter);
  if (checked.kind === 'fault') return refusal([checked.code], checked.detail);
  if (checked.kind === 'refused') return refusal(checked.codes, 'not signed by a requester of the charter');
  // One that is known already is answered whatever the chain says by now: repeating a request is harmless.
  if (findWithdrawal(store, checked.intent.id) === undefined) {
    const obstacles = [
      ...findObstacles(checked.intent, charter, tipHeight(store)),
      ...findDestinationObstacles(checked.intent, charter, store),
    ];
    if (obstacles.length > 0) return refusal(obstacles, 'every signer would refuse this intent');
  }
  const submission = submitIntent(store, signed);
  if (submission.kind === 'reused')
    return errorReply(409, submission.code, 'the id came before with other contents');
  if (submission.kind === 'created') context.onIntent();
  const status = submission.kind === 'created' ? 201 : 200;
  return ok(status, withdrawalJson(store, submission.withdrawal, charter));
}

function postApproval(context: ApiContext, body: unknown): JsonReply {
  const { store, charter } = context;
  const approval = readApproval(body);
  if (approval === undefined)
    return refusal(['MALFORMED'], 'the body must be what coldwire-custody approve wrote');
  const taken = takeApproval(store, charter, approval);
  if (taken.kind === 'unknown') return errorReply(404, 'NOT_FOUND', 'there is no such withdrawal');
  if (taken.kind === 'refused') return refusal(['APPROVAL_MISSING'], taken.detail);
  if (taken.kind === 'kept') context.onApproval();
  const withdrawal = findWithdrawal(store, taken.id);
  if (withdrawal === undefined) throw new Error('a withdrawal went away');
  return ok(taken.kind === 'kept' ? 201 : 200, withdrawalJson(store, withdrawal, charter));
}

function postRegistration(context: ApiContext, body: unknown): JsonReply {
  const { store, charter } = context;
  const register = readRegistration(body);
  if (register === undefined)
    return refusal(['MALFORMED'], 'the body must be {"registration": hex, "signature": hex}, in lower case');
  const taken = takeRegistration(store, charter, register);
  if (taken.kind === 'malformed') return refusal(['MALFORMED'], taken.detail);
  if (taken.kind === 'unsigned')
    return refusal(['REGISTRATION_SIGNATURE'], 'not signed by a requester of the charter');
  const { requester, script } = taken;
  if (taken.kind === 'created') context.onRegistration();
  const address = encodeAddress(script, charter.network) ?? null;
  return ok(taken.kind === 'created' ? 201 : 200, { requester, script, address });
}

function parseId(text: string | null | undefined): Uint8Array | undefined {
  return text !== null && text !== undefined && /^[0-9a-f]{32}$/.test(text) ? fromHex(text) : undefined;
}

function getList({ store, charter }: ApiContext, query: URLSearchParams): JsonReply {
  const word = query.get('state');
  const state = STATES.find((known) => known === word) ?? null;
  const after = parseId(query.get('after')) ?? null;
  const limit = Number(query.get('limit') ?? PAGE);
  const known = [...query.keys()].every((key) => ['state', 'after', 'limit'].includes(key));
  const valid = (word === null || state !== null) && query.has('after') === (after !== null);
  if (!known || !valid || !Number.isInteger(limit) || limit < 1 || limit > PAGE) {
    return refusal(['MALFORMED'], `state, after (an id) and limit (1 to ${PAGE}) are what it takes`);
  }
  const withdrawals = listWithdrawals(store, { state, after, limit });
  return ok(200, { withdrawals: withdrawals.map((one) => withdrawalJson(store, one, charter)) });
}

function getOne({ store, charter }: ApiContext, text: string | undefined): JsonReply {
  const id = parseId(text);
  const withdrawal = id === undefined ? undefined : findWithdrawal(store, id);
  if (withdrawal === undefined) return errorReply(404, 'NOT_FOUND', 'there is no such withdrawal');
  const history = historyJson(historyOf(store, withdrawal.id));
  return ok(200, { ...withdrawalJson(store, withdrawal, charter), history });
}

function newAddress({ store, charter, scripts }: ApiContext): JsonReply {
  const wallet = scripts.length - 1;
  const place = nextReceiving(store, wallet, charter.policy.receiveLimit);
  if (place === undefined)
    return errorReply(409, 'PATH_RANGE', 'all receiving addresses of the charter are handed out');
  const script = scripts[wallet]?.at(0, place.index).scriptPubKey;
  const address = script === undefined ? undefined : encodeAddress(script, charter.network);
  if (address === undefined) throw new Error('a script of ours without an address');
  return ok(201, { address, wallet, chain: 0, index: place.index });
}

export function handleApi(context: ApiContext, { method, path, query, body }: JsonRequest): JsonReply {
  const [version, resource, id, ...rest] = path;
  if (version === 'v1' && rest.length === 0) {
    switch (`${method} ${resource}${id === undefined ? '' : '/id'}`) {
      case 'POST intents':
        return postIntent(context, body);
      case 'GET withdrawals':
        return getList(context, query);
      case 'GET withdrawals/id':
        return getOne(context, id);
      case 'GET status':
        return ok(200, { ...summaryJson(summarize(context.store)), ...context.situation?.() });
      case 'POST approvals':
        return postApproval(context, body);
      case 'POST registrations':
        return postRegistration(context, body);
      case 'POST charters':
        return postCharter(context.charters, body, context.onCharter);
      case 'GET charters':
        return getCharters(context.charters);
      case 'POST addresses':
        return newAddress(context);
    }
  }
  return errorReply(404, 'NOT_FOUND', 'there is no such resource');
}
