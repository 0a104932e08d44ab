// A signer whose link key a later charter gives it: what it takes before, and that it signs nothing before people took it in.
import {
  Admit,
  Attest,
  type Charter,
  CharterBody,
  decode,
  encode,
  fromHex,
  Hello,
  hashOrder,
  type MessageType,
  Order,
  Restore,
  SignRequest,
  Status,
  toHex,
} from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { sealWitness } from '../../../policy/test/memory/memory-world.ts';
import { type Coin, charterAfter, identity, mustLoad, signedBy } from '../../../policy/test/world.ts';
import { apply, decodeChange, encodeChange } from '../../src/core/change.ts';
import { createState, isListed } from '../../src/core/state.ts';
import { codesOf, realCharter, type TestSigner, Treasury } from '../signing-world.ts';

const DELAY = 3;
const NONCE = '5'.repeat(32);
const NEW_KEY = identity('the new C').publicKey;
let treasury: Treasury;
let signer: TestSigner;
let coins: readonly Coin[];

beforeEach(() => {
  treasury = new Treasury(
    realCharter((charter) => ({ ...charter, policy: { ...charter.policy, loosenTicks: DELAY } })),
  );
  signer = treasury.signers.C;
  coins = treasury.world.fund([5_000_000n]);
  signer.catchUp();
  signer.happen('ask', NONCE);
  signer.happen('join', toHex(NEW_KEY));
});

const withKey = (key: Uint8Array, before = treasury.world.loaded): Charter =>
  charterAfter(before, {
    signers: before.charter.signers.map((row) => (row.name === 'C' ? { ...row, key } : row)),
  });

function answerTo(type: MessageType, body: Uint8Array): string {
  const [answer] = signer.deliver(type, body);
  if (answer === undefined) throw new Error('no answer');
  return answer.type === 'REFUSED' ? codesOf(answer.body).join() : answer.type;
}

const give = (charter: Charter): string =>
  answerTo('CHARTER', encode(CharterBody, { charter: signedBy(charter) }));

function payment(): SignRequest {
  const intents = [treasury.world.intent({ amount: 1_000_000n })];
  return treasury.world.request({ coins, intents, change: [{ amount: 3_990_000n }] });
}

/** Its charter is handed over, its delay goes by, and it comes in force. */
function comeInForce(): void {
  expect(give(withKey(NEW_KEY))).toBe('DONE');
  treasury.world.pass(DELAY);
  signer.catchUp();
  signer.happen('enact');
}

function nonceSaid(): string | undefined {
  const [hello] = signer.happen('greet');
  const decoded = hello === undefined ? undefined : decode(Hello, hello.body);
  return decoded?.ok === true && decoded.value.nonce !== undefined ? toHex(decoded.value.nonce) : undefined;
}

function attestAll(): string {
  const { first } = treasury.world.loaded;
  const witnessed = ['gate-1', 'gate-2'].map((name) =>
    sealWitness(first, { name, key: identity(name) }, { signer: 'C', nonce: fromHex(NONCE), heads: [] }),
  );
  return answerTo('ATTEST', encode(Attest, { witnessed }));
}

function restore(): string {
  const { first } = treasury.world.loaded;
  const { height } = treasury.world;
  const fields = {
    kind: 'restore',
    first,
    signer: 'C',
    id: fromHex(NONCE),
    expires: height + 9,
    height,
  } as const;
  const bytes = encode(Order, fields);
  const signatures = ['ada', 'ben'].map((name) => [name, identity(name).sign(hashOrder(bytes))] as const);
  return answerTo('RESTORE', encode(Restore, { order: [bytes, signatures] }));
}

describe('A signer with a link key that no charter in force gives it', () => {
  test('takes questions, headers and charters, and refuses everything else', () => {
    expect(isListed(signer.state)).toBe(false);
    expect(answerTo('STATUS', encode(Status, {}))).toBe('STATE');
    treasury.world.pass(1);
    signer.catchUp();
    const sign = encode(SignRequest, payment());
    expect(answerTo('SIGN', sign)).toBe('WRONG_PEER');
    const admit = encode(Admit, {
      transaction: new Uint8Array(70),
      coins: [{ vout: 0, wallet: 0, chain: 0, index: 0 }],
      proof: null,
    });
    for (const type of ['ADMIT', 'REGISTER', 'FREEZE', 'UNFREEZE', 'RESTORE', 'DEAD'] as const)
      expect([type, answerTo(type, admit)]).toEqual([type, 'WRONG_PEER']);
    expect(attestAll()).toBe('WRONG_PEER');
    expect(nonceSaid()).toBeUndefined();
    expect(signer.signatures).toBe(0);
  });

  test('waits through charters that give the name to others, and for the whole delay of its own', () => {
    const [between] = [withKey(identity('another C').publicKey)];
    expect(give(between)).toBe('DONE');
    treasury.world.pass(DELAY);
    signer.catchUp();
    signer.happen('enact');
    expect(isListed(signer.state)).toBe(false);
    expect(signer.state.policy.memory.latch).toBeNull();
    expect(give(withKey(NEW_KEY, mustLoad(between)))).toBe('DONE');
    treasury.world.pass(DELAY - 1);
    signer.catchUp();
    signer.happen('enact');
    expect(isListed(signer.state)).toBe(false);
    treasury.world.pass(1);
    signer.catchUp();
    signer.happen('enact');
    expect(isListed(signer.state)).toBe(true);
  });

  test('is latched from the moment on at which its charter is in force, until a quorum restores it', () => {
    comeInForce();
    expect(isListed(signer.state)).toBe(true);
    expect(nonceSaid()).toBe(NONCE);
    expect(signer.ask(payment()).codes).toEqual(expect.arrayContaining(['UNWITNESSED', 'STATE_ROLLBACK']));
    expect(attestAll()).toBe('DONE');
    expect(signer.ask(payment()).codes).toEqual(['STATE_ROLLBACK']);
    expect(restore()).toBe('DONE');
    // What was asked for before may have been signed by the machine that had the name.
    expect(signer.ask(payment()).codes).toContain('RESTORED');
    expect(signer.signatures).toBe(0);
  });

  test('keeps its key and its latch in its journal', () => {
    comeInForce();
    let folded = createState(treasury.world.loaded, 'C', noblePointMath);
    for (const change of signer.journal) folded = apply(folded, decodeChange(encodeChange(change)));
    expect(folded.joined).toEqual(NEW_KEY);
    expect(folded.policy.memory.latch).toMatchObject({ code: 'STATE_ROLLBACK', gate: 'C' });
  });
});

test('A signer from which a charter takes its key signs nothing more', () => {
  const before = treasury.signers.B;
  const taken = charterAfter(treasury.world.loaded, {
    signers: treasury.world.loaded.charter.signers.map((row) =>
      row.name === 'B' ? { ...row, key: NEW_KEY } : row,
    ),
  });
  before.catchUp();
  before.deliver('CHARTER', encode(CharterBody, { charter: signedBy(taken) }));
  treasury.world.pass(DELAY);
  before.catchUp();
  before.happen('enact');
  expect(before.ask(payment()).codes).toEqual(['WRONG_PEER']);
});
