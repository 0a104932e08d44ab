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
  evaluate,
  freeze,
  installCharter,
  markDead,
  noteBirth,
  type Refused as PolicyRefused,
  type Refusal,
  register,
  takeOrder,
  witnessNonce,
} from '@coldwire/policy';
import {
  Admit,
  Attest,
  CharterBody,
  Dead,
  Death,
  Done,
  encode,
  equalBytes,
  Freeze,
  Headers,
  hashRequest,
  type MessageType,
  type Received,
  Register,
  Restore,
  Signed,
  SignRequest,
  State,
  Status,
  toHex,
  Unfreeze,
} from '@coldwire/protocol';
import { describeState } from './describe.ts';
import type { Decision, Reading, SignerEvent } from './event.ts';
import { ownHeads } from './heads.ts';
import { decideLocal } from './local.ts';
import { answer, conflictId, encodeRefusals, parse, refuseFault, settle, wrap } from './reply.ts';
import { isListed, type SignerState } from './state.ts';

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

/** What gates take for a proof: this signer's own word, under its signature, that the transaction is dead. */
function settleDead(state: SignerState, request: Uint8Array, dead: Dead): Decision {
  const settled = markDead(state.policy, dead);
  if (settled.kind !== 'ok') return settle(request, settled);
  const { tipHeight } = describePolicy(state.policy, 0);
  const body = encode(Death, { txid: dead.txid, height: tipHeight });
  return { ...answer(request, 'DEATH', body), changes: wrap(settled.changes) };
}
