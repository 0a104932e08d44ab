/**
 * What people signed, or what was made of it, on its way to a machine; and what the judge is told of the answer. A request that
 * gets no answer is asked again under its id: the judge must know whether it was taken.
 */
import {
  CharterBody,
  decode,
  encode,
  Freeze,
  type MessageType,
  Register,
  Restore,
  type SignedCharter,
  type SignedOrder,
  State,
  Status,
  Unfreeze,
} from '@coldwire/protocol';
import type { SignerName } from '../world/charter.ts';
import type { Attacker } from './attacker.ts';
import type { Span } from './judge/record.ts';
import { freshId, type PeerName } from './lines.ts';

const ATTEMPTS = 5;

/** @returns when it was asked and answered, if it was carried out */
async function carry(
  attacker: Attacker,
  name: PeerName,
  type: MessageType,
  body: Uint8Array,
): Promise<Span | undefined> {
  const id = freshId();
  const sent = performance.now();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const answer = await attacker.ask(name, type, body, id);
    if (answer !== 'silent') return answer.type === 'DONE' ? { sent, got: performance.now() } : undefined;
  }
  if (!attacker.lines.isStopped) attacker.judge.say('stuck', `${name} does not answer ${type}`);
  return undefined;
}

export async function carryCharter(
  attacker: Attacker,
  name: PeerName,
  charter: SignedCharter,
): Promise<boolean> {
  const span = await carry(attacker, name, 'CHARTER', encode(CharterBody, { charter }));
  if (span !== undefined) attacker.judge.tookCharter(name, charter, span);
  return span !== undefined;
}

export async function carryRegistration(attacker: Attacker, name: SignerName, body: Register): Promise<void> {
  const span = await carry(attacker, name, 'REGISTER', encode(Register, body));
  if (span !== undefined) attacker.judge.tookRegistration(name, body, span);
}

/** In whole ticks, by the machine's own word; frozen, by the same. */
export async function readState(
  attacker: Attacker,
  name: SignerName,
): Promise<{ readonly tick: number; readonly frozen: boolean } | undefined> {
  const answer = await attacker.ask(name, 'STATUS', encode(Status, {}));
  const state = answer === 'silent' ? undefined : decode(State, answer.body);
  return state?.ok === true
    ? { tick: Math.floor(state.value.millitick / 1000), frozen: state.value.frozen }
    : undefined;
}

/** @param kind what the message says that the order is */
export async function carryOrder(
  attacker: Attacker,
  name: SignerName,
  kind: 'FREEZE' | 'UNFREEZE',
  order: SignedOrder,
): Promise<boolean> {
  const state = await readState(attacker, name);
  if (state === undefined) return false;
  const body =
    kind === 'FREEZE' ? encode(Freeze, { reason: 'an order', order }) : encode(Unfreeze, { order });
  const span = await carry(attacker, name, kind, body);
  if (span !== undefined) attacker.judge.tookOrder(name, order, span, state.tick);
  return span !== undefined;
}

/** The vault's own word to stop, by no order. */
export async function stop(attacker: Attacker, name: SignerName): Promise<void> {
  const state = await readState(attacker, name);
  const span = await carry(attacker, name, 'FREEZE', encode(Freeze, { reason: 'because' }));
  if (span !== undefined && state !== undefined) attacker.judge.froze(name, 'vault-1', span, state.tick);
}

/** The custodians take a signer back that lost its memory: a quorum signs, whoever carries it. @returns whether it was taken */
export async function carryRestore(attacker: Attacker, name: SignerName): Promise<boolean> {
  const id = attacker.startOf(name);
  if (id === undefined) return false;
  await attacker.feed(name);
  const order = attacker.people.order('restore', 2, attacker.view.height, { signer: name, id });
  const span = await carry(attacker, name, 'RESTORE', encode(Restore, { order }));
  if (span !== undefined) attacker.judge.tookRestore(name, order, span);
  return span !== undefined;
}
