import { digestState } from '@coldwire/policy';
import {
  type Charter,
  CharterBody,
  decode,
  encode,
  Hello,
  Notice,
  SignRequest,
  State,
  Status,
  toHex,
} from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Coin, charterAfter, mustLoad, pointOf, signedBy } from '../../../policy/test/world.ts';
import { apply, decodeChange, encodeChange } from '../../src/core/change.ts';
import { decodeLocal, encodeLocal } from '../../src/core/event.ts';
import { planSignatures } from '../../src/core/signatures.ts';
import { createState } from '../../src/core/state.ts';
import { codesOf, realCharter, type Sent, type TestSigner, Treasury } from '../signing-world.ts';

const DELAY = 3;
let treasury: Treasury;
let signer: TestSigner;
let coins: readonly Coin[];

beforeEach(() => {
  treasury = new Treasury(
    realCharter((charter) => ({
      ...charter,
      policy: { ...charter.policy, loosenTicks: DELAY, amountPerTransaction: 2_000_000n },
    })),
  );
  signer = treasury.signers.A;
  coins = treasury.world.fund([5_000_000n, 5_000_000n]);
  signer.catchUp();
});

const first = () => treasury.world.loaded;
const limit = (amountPerTransaction: bigint): Charter =>
  charterAfter(first(), { policy: { ...first().charter.policy, amountPerTransaction } });
const give = (charter: Charter, names?: readonly string[]): Sent[] =>
  signer.deliver('CHARTER', encode(CharterBody, { charter: signedBy(charter, names) }));
const typesOf = (sent: readonly Sent[]) => sent.map(({ type }) => type);
const codesIn = ([answer]: readonly Sent[]) => codesOf(answer?.body ?? new Uint8Array());

function payment(amount: bigint, place = 0): SignRequest {
  const intents = [treasury.world.intent({ amount })];
  const coin = coins[place];
  if (coin === undefined) throw new Error('no coin');
  return treasury.world.request({ coins: [coin], intents, change: [{ amount: 4_990_000n - amount }] });
}

function read<T>(schema: Parameters<typeof decode<T>>[0], sent: Sent | undefined): T {
  const decoded = decode(schema, sent?.body ?? new Uint8Array());
  if (!decoded.ok) throw new Error(decoded.fault.detail);
  return decoded.value;
}
const hello = (): Hello => read(Hello, signer.happen('greet')[0]);
const state = (): State => read(State, signer.deliver('STATUS', encode(Status, {}))[0]);

describe('CHARTER', () => {
  test('that tightens counts from the next request on, and HELLO and STATE name it', () => {
    expect(hello()).not.toHaveProperty('charter');
    expect(signer.ask(payment(1_000_001n)).codes).toEqual([]);
    const next = limit(1_000_000n);
    expect(typesOf(give(next))).toEqual(['DONE']);
    expect(signer.ask(payment(1_000_001n, 1)).codes).toEqual(['AMOUNT_TX']);
    const { hash } = mustLoad(next);
    expect(hello()).toMatchObject({ epoch: 1, charter: hash });
    expect(state()).toMatchObject({ epoch: 1, charter: hash });
  });

  test('that loosens waits, is told with what is left, and counts when it was enacted, which is told', () => {
    const next = limit(3_000_000n);
    expect(typesOf(give(next))).toEqual(['DONE']);
    const { hash } = mustLoad(next);
    expect(hello()).toMatchObject({ epoch: 0, pending: [[1, hash, 1000 * DELAY]] });
    treasury.world.pass(DELAY);
    signer.catchUp();
    expect(state().pending).toEqual([[1, hash, 0]]);
    expect(signer.ask(payment(2_000_001n)).codes).toEqual(['AMOUNT_TX']);
    signer.happen('enact', toHex(hash));
    expect(signer.ask(payment(2_000_001n)).codes).toEqual([]);
    const told = signer.happen('greet').filter(({ type }) => type === 'NOTICE');
    expect(read(Notice, told.at(-1))).toEqual({ event: 'enact', detail: toHex(hash) });
  });

  test('is refused with its code when it is not the next one, or not signed by enough, and changes nothing', () => {
    const before = digestState(signer.state.policy);
    expect(codesIn(give({ ...limit(1n), epoch: 7 }))).toEqual(['CHARTER_CHAIN']);
    expect(codesIn(give(limit(1n), ['ada']))).toEqual(['CHARTER_QUORUM']);
    expect(codesIn(give({ ...limit(1n), quorum: 1 }))).toEqual(['CHARTER_UNFIT']);
    const malformed = signer.deliver('CHARTER', encode(Status, {}));
    expect(codesIn(malformed)).toEqual(['MALFORMED']);
    expect(digestState(signer.state.policy)).toEqual(before);
  });

  test('and its enactment are in the journal: folded, the state is the same', () => {
    give(limit(3_000_000n));
    treasury.world.pass(DELAY);
    signer.catchUp();
    signer.happen('enact');
    signer.ask(payment(2_000_001n));
    let folded = createState(first(), 'A', noblePointMath);
    for (const change of signer.journal) folded = apply(folded, decodeChange(encodeChange(change)));
    expect(digestState(folded.policy)).toEqual(digestState(signer.state.policy));
    expect(folded.policy.charter.charter.epoch).toBe(1);
    const local = { event: 'enact', detail: 'ab' } as const;
    expect(decodeLocal(encodeLocal(local))).toEqual(local);
  });

  test('that takes the vault off the roster ends what it may ask', () => {
    const vaults = first().charter.vaults.slice(1);
    give(charterAfter(first(), { vaults }));
    expect(codesIn(signer.deliver('STATUS', encode(Status, {})))).toEqual(['WRONG_PEER']);
    const request = payment(1_000_000n);
    expect(codesIn(signer.deliver('SIGN', encode(SignRequest, request)))).toEqual(['WRONG_PEER']);
    const other = signer.deliver('STATUS', encode(Status, {}), undefined, 'vault-2');
    expect(typesOf(other)).toEqual(['STATE']);
  });

  test('that adds a wallet is refused, and a coin of one whose keys it does not hold is not signed for', () => {
    const [wallet] = first().charter.wallets;
    if (wallet === undefined) throw new Error('no wallet');
    const keys = wallet.keys.map((row) => ({ ...row, publicKey: pointOf(`other ${row.signer}`) }));
    const added = charterAfter(first(), { wallets: [wallet, { ...wallet, keys }] });
    expect(codesIn(give(added))).toEqual(['CHARTER_UNFIT']);
    const outcome = treasury.world.evaluate(payment(1_000_000n));
    if (outcome.kind !== 'approved') throw new Error('refused');
    const inputs = outcome.spend.inputs.map((input) => ({ ...input, wallet: 1 }));
    const spend = { ...outcome.spend, inputs };
    expect(() => planSignatures(signer.state, spend)).toThrow('this signer holds no key of wallet 1');
  });
});
