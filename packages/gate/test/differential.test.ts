import { createHash } from 'node:crypto';
import type { SignRequest } from '@coldwire/protocol';
import { createScripts, createSighash, displayTxid, txidOf, worstCaseVsize } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inForm } from '../../../test/world/form.ts';
import { findCharged } from '../../policy/src/charge.ts';
import { evaluate } from '../../policy/src/evaluate.ts';
import { buildFacts, decodeIntents } from '../../policy/src/facts.ts';
import type { PolicyState } from '../../policy/src/state/state.ts';
import { World } from '../../policy/test/world.ts';
import { realCharter, signCharter } from '../../signer/test/signing-world.ts';
import { chargedIntents, chargeFor, checkFees, worstVsize } from '../src/core/limits.ts';
import { rebuild } from '../src/core/rebuild.ts';
import { hashInputs } from '../src/core/sighash.ts';
import { createGateState } from '../src/core/state.ts';
import { mustLoadGate } from './gate-world.ts';

const RUNS = inForm(250, 2_000);

const world = new World(realCharter());
const charter = mustLoadGate(signCharter(world), 'gate-1');
const random = (seed: string): Uint8Array => new Uint8Array(createHash('sha256').update(seed).digest());

/** Scripts of every allowed kind; the last is a point of the curve. */
const SCRIPTS: readonly ((seed: string) => Uint8Array)[] = [
  (seed) => Buffer.from(`76a914${Buffer.from(random(seed).slice(0, 20)).toString('hex')}88ac`, 'hex'),
  (seed) => Buffer.from(`a914${Buffer.from(random(seed).slice(0, 20)).toString('hex')}87`, 'hex'),
  (seed) => Buffer.from(`0014${Buffer.from(random(seed).slice(0, 20)).toString('hex')}`, 'hex'),
  (seed) => Buffer.from(`0020${Buffer.from(random(seed)).toString('hex')}`, 'hex'),
  () => Buffer.from('512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798', 'hex'),
];

const drafts = fc.record({
  seed: fc.nat(0xffffffff).map(String),
  inputs: fc.array(
    fc.record({
      chain: fc.nat(1),
      index: fc.nat(12),
      amount: fc.integer({ min: 8_000_000, max: 50_000_000 }),
      vout: fc.nat(0xffff),
    }),
    {
      minLength: 1,
      maxLength: 5,
    },
  ),
  intents: fc.array(fc.record({ kind: fc.nat(4), amount: fc.nat(2_000_000) }), { maxLength: 5 }),
  change: fc.array(
    fc.record({ index: fc.nat(12), amount: fc.nat(3_000_000), gap: fc.constantFrom(0, 0, 0, 1) }),
    {
      maxLength: 3,
    },
  ),
  locktime: fc.nat(499_999_999),
});

function draftOf(plan: typeof drafts extends fc.Arbitrary<infer T> ? T : never): SignRequest {
  const intents = plan.intents.map(({ kind, amount }, i) =>
    world.intent({
      id: `${plan.seed} ${i}`,
      amount: BigInt(amount),
      script: (SCRIPTS[kind] ?? SCRIPTS[2])?.(`${plan.seed} ${i}`) ?? new Uint8Array(),
    }),
  );
  let position = -1;
  const change = plan.change.map(({ index, amount, gap }) => {
    position += 1 + gap;
    return { index, amount: BigInt(amount), position };
  });
  const coins = plan.inputs.map(({ chain, index, amount, vout }, i) => {
    const place = { chain: chain === 0 ? (0 as const) : (1 as const), index };
    return { txid: random(`${plan.seed} coin ${i}`), vout, amount: BigInt(amount), wallet: 0, ...place };
  });
  return world.request({ coins, intents, change, locktime: plan.locktime, verdicts: [] });
}

test('gate and signers build the same transaction, scripts, hashes, sizes, fees and charges from any draft', () => {
  const scripts = createScripts(
    { network: 'regtest', ...(charter.charter.wallets[0] ?? raise()) },
    noblePointMath,
  );
  const state = createGateState(charter);
  let built = 0;
  fc.assert(
    fc.property(drafts, (plan) => {
      const request = draftOf(plan);
      const intents = decodeIntents(request.draft.intents);
      if (!intents.ok) throw new Error(intents.fault.detail);
      const facts = buildFacts(world.state, request, intents.value, 0, 0);
      const rebuilding = rebuild(charter, request);
      const outcome = evaluate(world.state, request, random('hash'), 0, 0);
      const signersCodes = outcome.kind === 'refused' ? outcome.refusals.map(({ code }) => code) : [];
      if (!rebuilding.ok) {
        // Whatever the gate cannot build, the signers do not sign.
        for (const { code } of rebuilding.refusals) expect(signersCodes).toContain(code);
        return;
      }
      built += 1;
      const { value } = rebuilding;
      const { transaction } = facts;
      if (transaction === undefined) throw new Error('the signers cannot build what the gate builds');
      expect(value.txid).toBe(displayTxid(txidOf(transaction)));
      expect([value.fee, value.paid]).toEqual([facts.fee, facts.paid]);
      expect(worstVsize(value)).toBe(facts.vsize);
      expect(worstVsize(value)).toBe(
        worstCaseVsize({
          inputs: value.inputs.length,
          outputs: transaction.outputs.map(({ script }) => script),
        }),
      );
      expect(chargeFor(state, value, 0)).toEqual({ at: 0, ...facts.charge });
      const sighash = createSighash(transaction);
      for (const [i, { script, amount }] of value.inputs.entries()) {
        const [, , , , chain, index] = request.draft.inputs[i] ?? raise();
        const ours = scripts.at(chain === 0 ? 0 : 1, index);
        expect(script.scriptPubKey).toEqual(ours.scriptPubKey);
        expect(script.publicKeys).toEqual(ours.publicKeys);
        const hash = value.transaction.preimageWitnessV0(i, script.witnessScript, 1, amount);
        expect(hashInputs(value)[i]).toEqual(hash);
        expect(hash).toEqual(sighash.sighashAll(i, ours.witnessScript, amount));
      }
      const fees = ['FEE_ABSOLUTE', 'FEE_RATE', 'FEE_SHARE', 'AMOUNT_TX'];
      const gateCodes = checkFees(state, value).map(({ code }) => code);
      expect(gateCodes.filter((code) => fees.includes(code)).sort()).toEqual(
        signersCodes.filter((code) => fees.includes(code)).sort(),
      );
    }),
    { numRuns: RUNS },
  );
  // Almost every plan is one that a gate can build.
  expect(built).toBeGreaterThan(RUNS / 2);
});

/** The most of these that share no coin, tried one by one. */
function mostApart(lists: readonly (readonly string[])[], spent: readonly string[] = []): number {
  const [first, ...rest] = lists;
  if (first === undefined) return 0;
  const without = mostApart(rest, spent);
  if (first.some((coin) => spent.includes(coin))) return without;
  return Math.max(without, 1 + mostApart(rest, [...spent, ...first]));
}

test('gate and signers charge an intent for the same of its transactions, and for as many as could be mined together', () => {
  const lists = fc.array(fc.uniqueArray(fc.constantFrom(...'abcdefg'), { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 12,
  });
  const id = '00'.repeat(16);
  let anew = 0;
  fc.assert(
    fc.property(lists, (carriers) => {
      // Every one before is dead, so that the next need share no coin with it.
      const gate = createGateState(charter);
      const transactions = new Map<string, { inputs: readonly string[]; paid: bigint; fee: bigint }>();
      let charges = 0;
      for (const [place, inputs] of carriers.entries()) {
        const txid = `${place}`;
        const before = carriers.slice(0, place).map((_, i) => `${i}`);
        const rivals = before.filter((_, i) => carriers[i]?.some((coin) => inputs.includes(coin)));
        const record = place === 0 ? undefined : { hash: '', carriers: before, until: 0 };
        const draft = { intents: [{ record }], txid, conflicting: new Set(rivals) };
        const ours = findCharged({ transactions } as unknown as PolicyState, draft as never);
        const rebuilt = { txid, intents: [{ id }], inputs: inputs.map((outpoint) => ({ outpoint })) };
        expect(chargedIntents(gate, rebuilt as never)).toHaveLength(ours.length);
        charges += ours.length;
        transactions.set(txid, { inputs, paid: 0n, fee: 0n });
        gate.cleared.set(txid, { inputs, paid: 0n });
        for (const coin of inputs) gate.spenders.set(coin, [...(gate.spenders.get(coin) ?? []), txid]);
        gate.intents.set(id, { hash: '', txids: [...before, txid] });
        expect(charges).toBeGreaterThanOrEqual(mostApart(carriers.slice(0, place + 1)));
      }
      if (charges > 1) anew += 1;
    }),
    { numRuns: RUNS },
  );
  expect(anew).toBeGreaterThan(RUNS / 4);
});

function raise(): never {
  throw new Error('missing');
}
