/**
 * The signer's mind: from its state and one event to changes and effects. Pure and synchronous; an auditor runs the same
 * function over the same events and must get the same answer. Refuses by REFUSED with every broken rule; a request that
 * is asked again gets the body that it got before. Spec: protocol-spec/4-messages.md, 10-policy.md.
 */
import {
  type Accepted,
  acceptHeaders,
  admit,
  attest,
  describeState as describePolicy,
  dueCharter,
  enactDue,
  evaluate,
  freeze,
  installCharter,
  type Malformed,
  markDead,
  noteBirth,
  type Change as PolicyChange,
  type Refused as PolicyRefused,
  type Refusal,
  register,
  takeOrder,
  windowUse,
  witnessNonce,
} from '@coldwire/policy';
import {
  Admit,
  Attest,
  BODY_MAX,
  CharterBody,
  Dead,
  Death,
  Done,
  decode,
  encode,
  equalBytes,
  Freeze,
  fromHex,
  Headers,
  Hello,
  hashRequest,
  type MessageType,
  Notice,
  type Received,
  Refused,
  Register,
  Restore,
  type Schema,
  SIGNED_ORDER_MAX,
  Signed,
  SignedOrder,
  SignRequest,
  State,
  Status,
  toHex,
  Unfreeze,
} from '@coldwire/protocol';
import type { ResultType, SignerChange } from './change.ts';
import type { Decision, Effect, LocalEvent, Reading, SignerEvent } from './event.ts';
import { ownHeads } from './heads.ts';
import { isListed, type SignerState } from './state.ts';

export const SOFTWARE = 'coldwire 0.1.0';

/** A machine that started many times before it was unsealed tells the rest with its next greetings. */
const NOTICES_TOLD = 256;

/** What a signer takes whose key no charter in force here gives it: questions, charters, and what makes its clock go. */
const UNLISTED_TAKES: readonly MessageType[] = ['STATUS', 'CHARTER', 'HEADERS'];

const NOTHING: Decision = { changes: [], effects: [] };

export function decide(state: SignerState, event: SignerEvent): Decision {
  switch (event.kind) {
    case 'message':
      return decideMessage(state, event.received, event);
    case 'signed':
      return finish(state, event.request, event.signed);
    case 'local':
      return decideLocal(state, event.local, event);
  }
}

function decideMessage(state: SignerState, received: Received, at: Reading): Decision {
  const { type, header, body } = received;
  if (type === 'HELLO') return NOTHING;
  const { request } = header;
  if (request === null) return refuseFault(null, 'MALFORMED', 'a request without a request id');
  // Its key was good when the line came up; since then a charter came in force that takes it off the roster.
  if (!state.policy.charter.charter.vaults.some(({ name }) => name === header.sender))
    return refuseFault(request, 'WRONG_PEER', `${header.sender} is no vault of the charter in force`);
  // Its key was taken from it, or is still to come in force here.
  if (!isListed(state) && !UNLISTED_TAKES.includes(type))
    return refuseFault(request, 'WRONG_PEER', `the charter in force gives ${state.name} another key`);
  switch (type) {
    case 'STATUS':
      return parse(Status, body, request, () =>
        answer(request, 'STATE', encode(State, describeState(state, at))),
      );
    case 'HEADERS':
      return parse(Headers, body, request, (headers) =>
        settle(request, withBirth(state, acceptHeaders(state.policy, headers, at.uptime), at)),
      );
    case 'ADMIT':
      return parse(Admit, body, request, (coins) => settle(request, admit(state.policy, coins)));
    case 'DEAD':
      return parse(Dead, body, request, (dead) => settleDead(state, request, dead));
    case 'REGISTER':
      return parse(Register, body, request, (registration) =>
        settle(request, register(state.policy, registration, at.uptime)),
      );
    case 'CHARTER':
      return parse(CharterBody, body, request, ({ charter }) =>
        settle(request, installCharter(state.policy, charter, at.uptime)),
      );
    case 'FREEZE':
      return parse(Freeze, body, request, ({ order }) =>
        order === undefined
          ? settle(request, freeze(state.policy, header.sender, at.uptime))
          : settle(request, takeOrder(state.policy, state.name, order, 'freeze', at)),
      );
    case 'UNFREEZE':
      return parse(Unfreeze, body, request, ({ order }) =>
        settle(request, takeOrder(state.policy, state.name, order, 'unfreeze', at)),
      );
    case 'RESTORE':
      return parse(Restore, body, request, ({ order }) =>
        settle(request, takeOrder(state.policy, state.name, order, 'restore', at)),
      );
    case 'ATTEST':
      return parse(Attest, body, request, (witnesses) => decideAttest(state, request, witnesses, at));
    case 'SIGN':
      return decideSign(state, received, request, at);
    default:
      return refuseFault(request, 'UNKNOWN_TYPE', type);
  }
}

/** SIGN is the one request with a result that must never differ: it is looked up first and stored at the end. */
function decideSign(
  state: SignerState,
  { header, body }: Received,
  request: Uint8Array,
  at: Reading,
): Decision {
  // After a loss the line must stand behind what was forgiven: gates keep the highest number, and would not see a lower one.
  const forgiven = state.policy.memory.forgiven.get(header.sender) ?? 0;
  if (header.receiptSeq < forgiven)
    return refuseFault(request, 'BAD_RECEIPT', `${header.receiptSeq}, where gates have seen ${forgiven}`);
  const requestHash = hashRequest(body);
  const known = state.results.get(toHex(request));
  if (known !== undefined) {
    if (equalBytes(known.requestHash, requestHash)) return answer(request, known.type, known.body);
    return answer(request, 'REFUSED', encodeRefusals([conflictId(request)]));
  }
  return parse(SignRequest, body, request, (sign) => {
    const verdict = evaluate(state.policy, sign, requestHash, at.time, at.uptime);
    switch (verdict.kind) {
      case 'malformed':
        return refuseFault(request, verdict.fault.code, verdict.fault.detail);
      case 'refused':
        return refuseSign(state, request, requestHash, verdict.refusals);
      case 'approved':
        return { changes: wrap(verdict.changes), effects: [{ kind: 'sign', request, spend: verdict.spend }] };
    }
  });
}

function refuseSign(
  state: SignerState,
  request: Uint8Array,
  requestHash: Uint8Array,
  refusals: readonly Refusal[],
): Decision {
  const body = encodeRefusals(refusals);
  // Whoever asks again, as after a crash, once gates have spoken gets a verdict.
  const isUnwitnessed = witnessNonce(state.policy) !== undefined;
  if (isUnwitnessed && refusals.some(({ code }) => code === 'UNWITNESSED' || code === 'RESTORED'))
    return answer(request, 'REFUSED', body);
  const value = { request, requestHash, type: 'REFUSED', body } as const;
  return { ...answer(request, 'REFUSED', body), changes: [{ kind: 'result', value }] };
}

/** The signatures exist: the result is stored and released, in this order. */
function finish(state: SignerState, request: Uint8Array, signed: Signed): Decision {
  if (state.results.has(toHex(request))) throw new Error('a request was signed twice');
  const body = encode(Signed, signed);
  const value = { request, requestHash: signed.requestHash, type: 'SIGNED', body } as const;
  return { ...answer(request, 'SIGNED', body), changes: [{ kind: 'result', value }] };
}

function decideLocal(state: SignerState, local: LocalEvent, at: Reading): Decision {
  const notice: SignerChange = { kind: 'notice', value: { event: local.event, detail: local.detail } };
  switch (local.event) {
    case 'start':
      return {
        changes: [
          { kind: 'session', value: state.session + 1 },
          { kind: 'policy', value: { kind: 'boot', value: {} } },
          notice,
        ],
        effects: [],
      };
    case 'freeze':
      return {
        changes: [...wrap(freeze(state.policy, local.detail, at.uptime).changes), notice],
        effects: [],
      };
    case 'enact':
      return {
        changes: [...wrap([...enactDue(state.policy, at.uptime), ...latchNew(state, at)]), notice],
        effects: [],
      };
    case 'join':
      return { changes: [{ kind: 'joined', value: fromHex(local.detail) }, notice], effects: [] };
    case 'ask': {
      const value = { nonce: fromHex(local.detail) };
      return { changes: [{ kind: 'policy', value: { kind: 'asked', value } }, notice], effects: [] };
    }
    case 'order':
      return { changes: [...wrap(carryOut(state, local.detail, at)), notice], effects: [] };
    case 'realign':
    case 'program':
    case 'unlock':
    case 'lock':
    case 'waive':
    case 'disk':
      return { changes: [notice], effects: [] };
    case 'greet':
      return greet(state, at);
  }
}

/**
 * The charter that is due gives this signer the key that it has, and the one before did not: whoever signed under this name until
 * now did so with another memory. People take it in by an order to restore, as a signer that has lost all.
 */
function latchNew(state: SignerState, { uptime }: Reading): readonly PolicyChange[] {
  const due = dueCharter(state.policy, uptime);
  if (due === undefined || isListed(state) || !isListed(state, due.charter)) return [];
  const value = {
    uptime,
    code: 'STATE_ROLLBACK',
    gate: state.name,
    vault: state.name,
    have: 0,
    seen: 0,
  } as const;
  return [{ kind: 'latched', value }];
}

/** A signer that lacks a witness notes what it has seen of the chain when its clock is first fresh. */
function withBirth(
  state: SignerState,
  accepted: Accepted | PolicyRefused,
  at: Reading,
): Accepted | PolicyRefused {
  if (accepted.kind !== 'ok' || accepted.changes.length === 0) return accepted;
  return { kind: 'ok', changes: [...noteBirth(state.policy, at.time), ...accepted.changes] };
}

function decideAttest(state: SignerState, request: Uint8Array, body: Attest, at: Reading): Decision {
  const self = { name: state.name, ownHeads: (vault: string) => ownHeads(state.heads, vault) };
  const { changes, refusals } = attest(state.policy, self, body, at.uptime);
  const reply =
    refusals.length === 0
      ? answer(request, 'DONE', encode(Done, {}))
      : answer(request, 'REFUSED', encodeRefusals(refusals));
  return { ...reply, changes: wrap(changes) };
}

/** An order from the console, as {@link judgeOrder} let it pass; one that it did not is no event. */
function carryOut(state: SignerState, detail: string, at: Reading): readonly PolicyChange[] {
  const judged = judgeOrder(state, detail, at);
  if (judged.kind !== 'ok') throw new Error('an order that was refused cannot happen');
  return judged.changes;
}

/** @param detail a signed order in base64url, as the console's event holds it */
export function judgeOrder(
  state: SignerState,
  detail: string,
  at: Reading,
): Accepted | PolicyRefused | Malformed {
  const signed = decode(SignedOrder, new Uint8Array(Buffer.from(detail, 'base64url')), SIGNED_ORDER_MAX);
  if (!signed.ok) return { kind: 'malformed', fault: signed.fault };
  return takeOrder(state.policy, state.name, signed.value, undefined, at);
}

/** What the vault is told first on each connection, and whenever something happened here. */
function greet(state: SignerState, at: Reading): Decision {
  const hello: Effect = {
    kind: 'send',
    type: 'HELLO',
    request: null,
    body: encode(Hello, describeHello(state, at)),
  };
  const notices = state.notices
    .slice(0, NOTICES_TOLD)
    .map((notice): Effect => ({ kind: 'send', type: 'NOTICE', request: null, body: encode(Notice, notice) }));
  const told: SignerChange[] = notices.length === 0 ? [] : [{ kind: 'noticed', value: notices.length }];
  return { changes: told, effects: [hello, ...notices] };
}

function describeHello(state: SignerState, at: Reading): Hello {
  const { epoch, tipHeight, tipHash, frozen } = describePolicy(state.policy, at.uptime);
  const nonce = isListed(state) ? witnessNonce(state.policy) : undefined;
  const asks = nonce === undefined ? {} : { nonce };
  return { software: SOFTWARE, epoch, tipHeight, tipHash, frozen, ...asks, ...describeCharters(state, at) };
}

/** Nothing while the first charter is in force and none waits. */
function describeCharters({ policy }: SignerState, { uptime }: Reading): Pick<Hello, 'charter' | 'pending'> {
  const { charter, pending } = describePolicy(policy, uptime);
  const isFirst = equalBytes(charter, policy.charter.first);
  return { ...(isFirst ? {} : { charter }), ...(pending.length === 0 ? {} : { pending }) };
}

function describeState(state: SignerState, at: Reading): State {
  const { millitick, coins } = describePolicy(state.policy, at.uptime);
  const { nonce: _, ...hello } = describeHello(state, at);
  return { ...hello, millitick, coins, windows: windowUse(state.policy, at.uptime) };
}

/** A body of a wrong form was taken into the chain all the same; the sender is told, and nothing else happens. */
function parse<T>(
  schema: Schema<T>,
  body: Uint8Array,
  request: Uint8Array,
  decideBody: (value: T) => Decision,
): Decision {
  const decoded = decode(schema, body, BODY_MAX);
  return decoded.ok
    ? decideBody(decoded.value)
    : refuseFault(request, decoded.fault.code, decoded.fault.detail);
}

/** The answer to a request that changes what the signer knows, but signs nothing. */
function settle(request: Uint8Array, settled: Accepted | PolicyRefused | Malformed): Decision {
  switch (settled.kind) {
    case 'malformed':
      return refuseFault(request, settled.fault.code, settled.fault.detail);
    case 'refused':
      return answer(request, 'REFUSED', encodeRefusals(settled.refusals));
    case 'ok':
      return { ...answer(request, 'DONE', encode(Done, {})), changes: wrap(settled.changes) };
  }
}

/** What gates take for a proof: this signer's own word, under its signature, that the transaction is dead. */
function settleDead(state: SignerState, request: Uint8Array, dead: Dead): Decision {
  const settled = markDead(state.policy, dead);
  if (settled.kind !== 'ok') return settle(request, settled);
  const { tipHeight } = describePolicy(state.policy, 0);
  const body = encode(Death, { txid: dead.txid, height: tipHeight });
  return { ...answer(request, 'DEATH', body), changes: wrap(settled.changes) };
}

function answer(request: Uint8Array, type: ResultType, body: Uint8Array): Decision {
  return { changes: [], effects: [{ kind: 'send', type, request, body }] };
}

function refuseFault(request: Uint8Array | null, code: string, detail: string): Decision {
  const body = encode(Refused, { refusals: [{ code, facts: [['detail', detail.slice(0, 160)]] }] });
  return { changes: [], effects: [{ kind: 'send', type: 'REFUSED', request, body }] };
}

function conflictId(request: Uint8Array): Refusal {
  return { kind: 'refusal', code: 'CONFLICT_ID', facts: [['request', toHex(request)]] };
}

function encodeRefusals(refusals: readonly Refusal[]): Uint8Array {
  return encode(Refused, { refusals: refusals.slice(0, 256).map(({ code, facts }) => ({ code, facts })) });
}

function wrap(changes: readonly PolicyChange[]): SignerChange[] {
  return changes.map((value) => ({ kind: 'policy', value }));
}
