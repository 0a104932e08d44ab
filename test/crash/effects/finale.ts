/**
 * How a script ends: all intents so far from a coin that none of their transactions spends, which is refused for each transaction
 * of each intent; then the window is filled but for 999 sat, and 1,000 sat more are one too many, with what was charged as a
 * fact. A charge, an intent or a transaction that was forgotten at a fault gives another answer.
 */

import type { GateCharter } from '@coldwire/gate/core/charter.ts';
import { decideMessage } from '@coldwire/gate/core/decide.ts';
import { createGateState } from '@coldwire/gate/core/state.ts';
import { readRoleKey } from '@coldwire/program';
import {
  Admit,
  Clear,
  createEd25519Signer,
  decode,
  decodeIntent,
  encode,
  fromHex,
  hashIntent,
  hashVerdict,
  type Infer,
  type Intent,
  PROTOCOL_VERSION,
  type Received,
  Refused,
  type SignedIntent,
  SignRequest,
  toHex,
} from '@coldwire/protocol';
import { openSealed } from '@coldwire/protocol/seal/index.ts';
import { hash256 } from '@coldwire/wallet/hash.ts';
import { GATES, type SignerName } from '../../world/charter.ts';
import { makeIntent, type World } from '../../world/world.ts';
import { build, gateCharter, messageBy, signBy } from './pens.ts';
import { type Asked, HOME, type Recorded, WINDOW } from './record.ts';

/** sat */
const FEE = 10_000n;
const COIN = 5_000_000_000n;
const MORE = 1_000n;
const AGAIN_ID = '6'.repeat(32);
const FILL_ID = '7'.repeat(32);
const OVER_ID = '8'.repeat(32);
const PAIR = ['A', 'B'] as const;

export type Input = SignRequest['draft']['inputs'][number];

interface Finale {
  readonly again: SignRequest;
  readonly fill: SignRequest;
  readonly over: SignRequest;
  /** Each transaction that carries an intent of `again`. */
  readonly carriers: readonly (readonly [intent: string, txid: string])[];
  /** sat charged when `over` is asked, and the share of the window. */
  readonly spent: bigint;
  readonly limit: bigint;
}

/** @param rows what the signer is asked before, in which no transaction dies @returns requests and the only answers to them */
export function finaleOfSigner(
  recorded: Recorded,
  name: SignerName,
  rows: readonly Asked[],
): readonly Asked[] {
  const finale = makeFinale(recorded, rows, (2n * WINDOW.amount) / 3n);
  const { again, fill, over } = finale;
  const signed = signBy(recorded.world, name, fill);
  const body = (request: SignRequest): Uint8Array => encode(SignRequest, request);
  return [
    { type: 'SIGN', id: AGAIN_ID, body: body(again), answer: conflictsOf(finale, 'CONFLICT') },
    { type: 'SIGN', id: FILL_ID, body: body(fill), answer: { type: 'SIGNED', body: signed } },
    { type: 'SIGN', id: OVER_ID, body: body(over), answer: tooMuch(finale) },
  ];
}

/** The same of the recorded gate, which is shown what no honest signers would sign. */
export function finaleOfGate(recorded: Recorded, rows: readonly Asked[]): readonly Asked[] {
  const finale = makeFinale(recorded, rows, WINDOW.amount / BigInt(GATES.length));
  const clear = (request: SignRequest): Uint8Array =>
    encode(Clear, {
      request: encode(SignRequest, request),
      signed: PAIR.map((name) => messageBy(recorded.world, name, request)),
    });
  const fill = clear(finale.fill);
  return [
    { type: 'CLEAR', id: AGAIN_ID, body: clear(finale.again), answer: conflictsOf(finale, 'GATE_CONFLICT') },
    { type: 'CLEAR', id: FILL_ID, body: fill, answer: clearedBy(recorded.world, fill) },
    { type: 'CLEAR', id: OVER_ID, body: clear(finale.over), answer: tooMuch(finale) },
  ];
}

export function refusal(refusals: Infer<typeof Refused>['refusals']): Asked['answer'] {
  return { type: 'REFUSED', body: encode(Refused, { refusals }) };
}

function conflictsOf({ carriers }: Finale, code: 'CONFLICT' | 'GATE_CONFLICT'): Asked['answer'] {
  const factsOf = ([intent, txid]: Finale['carriers'][number]) =>
    [
      ['intent', intent],
      ['txid', txid],
    ] as const;
  return refusal(carriers.map((carrier) => ({ code, facts: factsOf(carrier) })));
}

function tooMuch({ spent, limit }: Finale): Asked['answer'] {
  const facts = [
    ['spent', String(spent)],
    ['amount', String(MORE)],
    ['limit', String(limit)],
  ] as const;
  return refusal([{ code: 'AMOUNT_WINDOW', facts }]);
}

function makeFinale(recorded: Recorded, rows: readonly Asked[], limit: bigint): Finale {
  const { world } = recorded;
  const [coin, other] = spareCoins(recorded);
  if (coin === undefined || other === undefined) throw new Error('no two coins were left over');
  const carried = carriersOf(gateCharter(world, HOME), rows);
  const charged = carried.reduce((sum, { intent }) => sum + intent.amount, 0n);
  const spent = limit - MORE + 1n;
  const fresh = (amount: bigint): readonly SignedIntent[] => [makeIntent(world, { amount, home: HOME })];
  const before = carried.map(({ signed }) => signed);
  return {
    again: draft(world, other, before),
    fill: draft(world, coin, fresh(spent - charged)),
    over: draft(world, other, fresh(MORE)),
    carriers: carried.flatMap(({ intent, txids }) => txids.map((txid) => [toHex(intent.id), txid] as const)),
    spent,
    limit,
  };
}

export function requestOf({ type, body }: Asked): SignRequest | undefined {
  if (type !== 'SIGN' && type !== 'CLEAR') return undefined;
  const clear = type === 'CLEAR' ? decode(Clear, body, body.length) : undefined;
  const bytes = clear?.ok === true ? clear.value.request : body;
  const request = decode(SignRequest, bytes, bytes.length);
  if (!request.ok) throw new Error(`a recorded ${type} is none`);
  return request.value;
}

interface Carried {
  readonly signed: SignedIntent;
  readonly intent: Intent;
  readonly txids: readonly string[];
}

/** Each approved intent once, with the transactions that pay it, oldest first. */
function carriersOf(charter: GateCharter, rows: readonly Asked[]): readonly Carried[] {
  const all = new Map<string, Carried>();
  for (const row of rows) {
    const request = row.answer.type === 'REFUSED' ? undefined : requestOf(row);
    if (request === undefined) continue;
    const { txid } = build(charter, request);
    for (const signed of request.draft.intents) {
      const intent = read(signed);
      const id = toHex(intent.id);
      all.set(id, { signed, intent, txids: [...(all.get(id)?.txids ?? []), txid] });
    }
  }
  return [...all.values()];
}

/** Hexadecimal. */
export function intentIdOf(signed: SignedIntent): string {
  return toHex(read(signed).id);
}

function read([bytes]: SignedIntent): Intent {
  const decoded = decodeIntent(bytes);
  if (!decoded.ok) throw new Error('a recorded intent is none');
  return decoded.value;
}

/** Of the blocks that paid the wallet, those that no recorded draft spends. */
export function spareCoins({ asked, signer }: Recorded): readonly Input[] {
  const rows = [...asked.values()].flat();
  const spent = new Set(
    rows.flatMap((row) => requestOf(row)?.draft.inputs.map(([txid]) => toHex(txid)) ?? []),
  );
  return (asked.get(signer) ?? []).flatMap(({ type, body }) => {
    const admit = type === 'ADMIT' ? decode(Admit, body, body.length) : undefined;
    if (admit?.ok !== true || admit.value.proof === null) return [];
    const txid = hash256(admit.value.transaction);
    return admit.value.coins
      .filter(({ chain }) => chain === 0 && !spent.has(toHex(txid)))
      .map(({ vout, wallet, chain, index }): Input => [txid, vout, COIN, wallet, chain, index]);
  });
}

/** Pays them from one coin; all are screened anew. */
export function draft(world: World, coin: Input, intents: readonly SignedIntent[]): SignRequest {
  const paid = intents.reduce((sum, signed) => sum + read(signed).amount, 0n);
  const { first } = world.deployment.charter;
  const screen = createEd25519Signer(readRoleKey(world.deployment.keyFile('screen-1'), 'screen').identity);
  const issued = world.chain.node.chain.tip.height;
  const hashes = intents.map(([bytes]) => hashIntent(first, bytes));
  const signature = screen.sign(hashVerdict(first, issued, hashes));
  return {
    draft: { locktime: 0, inputs: [coin], intents, change: [[0, 0, COIN - paid - FEE, intents.length]] },
    verdicts: [{ screen: 'screen-1', covers: [...intents.keys()], issued, signature }],
  };
}

/** What the gate's core says, without a disk, to a CLEAR that it sees first. */
export function clearedBy(world: World, body: Uint8Array): Asked['answer'] {
  const charter = gateCharter(world, HOME);
  const { seal } = readRoleKey(world.deployment.keyFile(HOME), 'gate');
  if (seal === undefined) throw new Error('a gate without a seal');
  const names = {
    version: PROTOCOL_VERSION,
    type: 0,
    charter: charter.first,
    sender: 'vault-1',
    recipient: HOME,
  };
  const numbers = { seq: 1, receiptSeq: 0, session: 1, bodyLength: body.length, time: 0, uptime: 0 };
  const zero = new Uint8Array(32);
  const hashes = { previous: zero, receipt: zero, bodyHash: zero };
  const header = { ...names, ...numbers, ...hashes, request: fromHex(FILL_ID) };
  const received: Received = { type: 'CLEAR', body, header };
  const open = (gate: number, context: Uint8Array, sealed: Parameters<typeof openSealed>[3]) =>
    openSealed(seal, gate, context, sealed);
  const [reply] = decideMessage(createGateState(charter), received, 0, open).replies;
  if (reply?.type !== 'CLEARED') throw new Error(`the gate's core answers ${reply?.type}`);
  return { type: reply.type, body: reply.body };
}
