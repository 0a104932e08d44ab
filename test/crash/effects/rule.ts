/**
 * A signer and a gate while their rules change, in scripts of their own: a charter that tightens at once and one that loosens
 * after its delay, a destination that is registered, a freeze that two custodians order and a quorum ends, and a transaction
 * that is shown dead. The answers between and behind them are others wherever one of these was forgotten.
 */
import { readFileSync } from 'node:fs';
import {
  Admit,
  Bury,
  CharterBody,
  Clear,
  Dead,
  Death,
  Done,
  decode,
  encode,
  Freeze,
  fromHex,
  Headers,
  hashOrder,
  hashRegistration,
  type MessageType,
  Order,
  type OrderKind,
  Register,
  Registration,
  SignedCharter,
  type SignedIntent,
  type SignedOrder,
  SignRequest,
  Status,
  toHex,
  Unfreeze,
} from '@coldwire/protocol';
import { writeSuccessor } from '../../world/charter.ts';
import { makeIntent } from '../../world/world.ts';
import type { Request } from './answering.ts';
import { clearedBy, draft, type Input, intentIdOf, refusal, requestOf, spareCoins } from './finale.ts';
import { build, deathBy, gateCharter, messageBy, signBy } from './pens.ts';
import { type Asked, BTC, HOME, type Recorded } from './record.ts';

type Row = Asked & Request;
type Answer = Asked['answer'];

export interface Script {
  /** What was recorded before. */
  readonly prelude: readonly Row[];
  readonly rule: readonly Row[];
}

/** sat that one transaction may pay by the first of the later charters, and by the second. */
const [TIGHT, LOOSE] = [BTC, 2n * BTC];
/** What each of them allows, and what it does not. */
const [SMALL, LARGE, LARGER] = [BTC / 2n, BTC + BTC / 2n, 3n * BTC];
const PAIR = ['A', 'B'] as const;
/** Each order has an id of its own. */
const ORDER_IDS = { freeze: 'a', unfreeze: 'b', restore: 'c' } as const satisfies Record<OrderKind, string>;
/** Blocks. */
const ORDER_LIFE = 1_000;
const HEADER_LENGTH = 80;
const DONE: Answer = { type: 'DONE', body: encode(Done, {}) };

/** @param rows what was asked, whose answers last */
export function rulesOf(
  recorded: Recorded,
  rows: Readonly<Record<'signer' | 'gate', readonly Asked[]>>,
): Readonly<Record<'signer' | 'gate', Script>> {
  const cast = castOf(recorded);
  return { signer: scriptOfSigner(cast, rows.signer), gate: scriptOfGate(cast, rows.gate) };
}

/** What both scripts are made of. */
interface Cast {
  readonly recorded: Recorded;
  /** Bodies of CHARTER. */
  readonly charters: readonly [tight: Uint8Array, loose: Uint8Array];
  /** The one that is registered. */
  readonly destination: Uint8Array;
  readonly coins: readonly [Input, Input];
  /** To the registered destination, or to another. */
  readonly pay: (amount: bigint, isRegistered: boolean) => SignedIntent;
}

function castOf(recorded: Recorded): Cast {
  const { world } = recorded;
  const { deployment } = world;
  const policy = deployment.charter.policy;
  const tight = writeSuccessor(deployment, deployment.charter, {
    policy: { ...policy, amountPerTransaction: TIGHT },
  });
  // It comes in force later than its own delay of destinations after the registration.
  const destinations = { destinations: 'registered', destinationTicks: 1 } as const;
  const loose = writeSuccessor(deployment, tight.charter, {
    policy: { ...policy, ...destinations, amountPerTransaction: LOOSE },
  });
  const [coin, other] = spareCoins(recorded);
  if (coin === undefined || other === undefined) throw new Error('no two coins were left over');
  const destination = Uint8Array.from([0x00, 0x14, ...new Uint8Array(20).fill(9)]);
  const pay = (amount: bigint, isRegistered: boolean): SignedIntent =>
    makeIntent(world, { amount, home: HOME, ...(isRegistered ? { script: destination } : {}) });
  return {
    recorded,
    charters: [bodyOf(tight.file), bodyOf(loose.file)],
    destination,
    coins: [coin, other],
    pay,
  };
}

function bodyOf(file: string): Uint8Array {
  const bytes = readFileSync(file);
  const charter = decode(SignedCharter, bytes, bytes.length);
  if (!charter.ok) throw new Error(`${file} is no charter`);
  return encode(CharterBody, { charter: charter.value });
}

/** With an id of its own. */
function row(type: MessageType, place: number, body: Uint8Array, answer: Answer): Row {
  return { type, id: place.toString(16).padStart(32, '9'), body, answer };
}

function inForce(epoch: number): Row {
  const body = encode(Status, {});
  return {
    type: 'STATUS',
    id: String(epoch).padStart(32, '4'),
    body,
    answer: { type: 'STATE', body },
    epoch,
  };
}

function scriptOfSigner(cast: Cast, rows: readonly Asked[]): Script {
  const { recorded, charters, coins, pay } = cast;
  const { world, signer } = recorded;
  const first = rows.findIndex(({ answer }) => answer.type === 'SIGNED');
  const before = rows[first];
  const request = before === undefined ? undefined : requestOf(before);
  if (before === undefined || request === undefined) throw new Error('the signer signed nothing');
  const headers = headersOf(rows.slice(first));
  const sign = (place: number, asked: SignRequest, answer: Answer): Row =>
    row('SIGN', place, encode(SignRequest, asked), answer);
  const signed = (asked: SignRequest): Answer => ({ type: 'SIGNED', body: signBy(world, signer, asked) });

  const tooMuch = draft(world, coins[0], [pay(LARGE, false)]);
  const small = draft(world, coins[0], [pay(SMALL, false)]);
  const strangest = pay(LARGER, false);
  const muchTooMuch = draft(world, coins[1], [strangest]);
  const anew = draft(world, coins[1], [...request.draft.intents, pay(LARGE, true)]);
  const [freeze, unfreeze] = [orderOf(cast, 'freeze'), orderOf(cast, 'unfreeze')];
  return {
    prelude: [...rows.slice(0, first + 1).filter(({ type }) => type !== 'DEAD'), headers],
    rule: [
      row('CHARTER', 1, charters[0], DONE),
      sign(2, tooMuch, refusal([beyond(LARGE, TIGHT)])),
      row('REGISTER', 3, registration(cast), DONE),
      carryOut('FREEZE', 4, encode(Freeze, { reason: 'tried', order: freeze }), freeze),
      sign(5, small, refusal([frozenByTwo()])),
      carryOut('UNFREEZE', 6, encode(Unfreeze, { order: unfreeze }), unfreeze),
      sign(7, small, signed(small)),
      row('CHARTER', 8, charters[1], DONE),
      deathOf(recorded, rows, request),
      inForce(2),
      sign(10, anew, signed(anew)),
      sign(11, muchTooMuch, refusal([unknown(strangest), beyond(LARGER, LOOSE)])),
    ],
  };
}

function scriptOfGate(cast: Cast, rows: readonly Asked[]): Script {
  const { recorded, charters, coins, pay } = cast;
  const { world } = recorded;
  const witness = rows.filter(({ type }) => type === 'WITNESS').slice(0, 1);
  const cleared = rows.filter(({ answer }) => answer.type === 'CLEARED').slice(0, 1);
  const [request] = cleared.map(requestOf);
  if (request === undefined) throw new Error('the gate cleared nothing');
  const txid = Uint8Array.from(fromHex(build(gateCharter(world, HOME), request).txid)).reverse();
  const deaths = PAIR.map((name) => deathBy(world, name, txid));
  const clear = (asked: SignRequest): Uint8Array =>
    encode(Clear, {
      request: encode(SignRequest, asked),
      signed: PAIR.map((name) => messageBy(world, name, asked)),
    });
  const tooMuch = clear(draft(world, coins[0], [pay(LARGE, true)]));
  const small = clear(draft(world, coins[0], [pay(SMALL, true)]));
  const muchTooMuch = clear(draft(world, coins[1], [pay(LARGER, true)]));
  const anew = clear(draft(world, coins[1], [...request.draft.intents, pay(LARGE, true)]));
  return {
    prelude: [...witness, ...cleared],
    rule: [
      row('CHARTER', 1, charters[0], DONE),
      row('CLEAR', 2, tooMuch, refusal([beyond(LARGE, TIGHT)])),
      row('BURY', 3, encode(Bury, { txid, deaths }), DONE),
      row('CLEAR', 4, small, clearedBy(world, small)),
      row('CHARTER', 5, charters[1], DONE),
      inForce(2),
      row('CLEAR', 6, anew, clearedBy(world, anew)),
      row('CLEAR', 7, muchTooMuch, refusal([beyond(LARGER, LOOSE)])),
    ],
  };
}

type Refusal = Parameters<typeof refusal>[0][number];

function unknown(signed: SignedIntent): Refusal {
  return { code: 'DESTINATION_UNKNOWN', facts: [['intent', intentIdOf(signed)]] };
}

function beyond(amount: bigint, limit: bigint): Refusal {
  return {
    code: 'AMOUNT_TX',
    facts: [
      ['amount', String(amount)],
      ['limit', String(limit)],
    ],
  };
}

function frozenByTwo(): Refusal {
  return {
    code: 'FROZEN',
    facts: [
      ['since', ''],
      ['by', 'alice, bob'],
      ['until', 'a quorum ends it'],
    ],
  };
}

function registration({ recorded: { world }, destination }: Cast): Uint8Array {
  const { requester, charter } = world.deployment;
  const bytes = encode(Registration, { requester: 'exchange', script: destination });
  const signature = requester.sign(hashRegistration(charter.first, bytes));
  return encode(Register, { registration: bytes, signature });
}

/** An order is carried out once: whoever asks again is told so. */
function carryOut(type: MessageType, place: number, body: Uint8Array, [order]: SignedOrder): Row {
  const facts = [['order', toHex(hashOrder(order))]] as const;
  return { ...row(type, place, body, DONE), again: refusal([{ code: 'ORDER_USED', facts }]) };
}

/** Of two custodians, to each signer. */
function orderOf({ recorded: { world } }: Cast, kind: OrderKind): SignedOrder {
  const { custodians, charter } = world.deployment;
  const bytes = encode(Order, {
    kind,
    first: charter.first,
    signer: null,
    id: fromHex(ORDER_IDS[kind].repeat(32)),
    expires: world.chain.node.chain.tip.height + ORDER_LIFE,
  });
  const hash = hashOrder(bytes);
  return [bytes, custodians.slice(0, 2).map(({ name, key }) => [name, key.sign(hash)] as const)];
}

/** Shows that the transaction of this request is dead, by what replaced it and was mined. */
function deathOf({ world }: Recorded, rows: readonly Asked[], request: SignRequest): Row {
  const txid = Uint8Array.from(fromHex(build(gateCharter(world, HOME), request).txid)).reverse();
  const { inputs } = request.draft;
  const spenders = rows.flatMap(({ type, body }) => {
    const admit = type === 'ADMIT' ? decode(Admit, body, body.length) : undefined;
    if (admit?.ok !== true || admit.value.proof === null) return [];
    const { transaction: spender, proof } = admit.value;
    return inputs.some((input) => Buffer.from(spender).includes(outpointOf(input)))
      ? [{ spender, proof }]
      : [];
  });
  const [replacement] = spenders;
  if (replacement === undefined) throw new Error('the first transaction was not replaced');
  const height = new Set(readHeaders(rows).map(toHex)).size;
  const answer = { type: 'DEATH', body: encode(Death, { txid, height }) } as const;
  return row('DEAD', 9, encode(Dead, { txid, ...replacement }), answer);
}

/** As it stands in a transaction. */
function outpointOf([txid, vout]: Input): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(vout);
  return Buffer.concat([txid, number]);
}

/** Above the checkpoint, in the order in which they were told. */
function readHeaders(rows: readonly Asked[]): readonly Uint8Array[] {
  return rows.flatMap(({ type, body }) => {
    const told = type === 'HEADERS' ? decode(Headers, body, body.length) : undefined;
    if (told?.ok !== true) return [];
    const { headers } = told.value;
    return Array.from({ length: headers.length / HEADER_LENGTH }, (_, place) =>
      headers.subarray(place * HEADER_LENGTH, (place + 1) * HEADER_LENGTH),
    );
  });
}

/** What these rows say of the chain, in one. */
function headersOf(rows: readonly Asked[]): Row {
  const headers = Uint8Array.from(Buffer.concat(readHeaders(rows)));
  return row('HEADERS', 0, encode(Headers, { headers }), DONE);
}
