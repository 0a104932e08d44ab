import { decode, encode, hashRequest, Intent, Signed, SignRequest } from '@coldwire/protocol';
import { createScripts } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { Transaction } from '@scure/btc-signer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeded } from '../../policy/test/world.ts';
import { Scripts } from '../src/bitcoin/script.ts';
import { buildTransaction, reverseHex } from '../src/bitcoin/transaction.ts';
import { readFinal, readWitness } from '../src/bitcoin/witness.ts';
import { Findings } from '../src/finding.ts';
import { openRoster, type Roster } from '../src/roster.ts';
import { Burials } from '../src/verify/burials.ts';
import { checkPayments } from '../src/verify/payments.ts';
import { checkRequests } from '../src/verify/requests.ts';
import { Spends } from '../src/verify/signed.ts';
import { loadTranscripts, type Verified, verifyTranscripts } from '../src/verify/verify.ts';
import { tellStory } from './story.ts';
import type { Town } from './town.ts';

let town: Town;
let roster: Roster;
let verified: Verified;
beforeAll(async () => {
  town = await tellStory();
  roster = openRoster(town.charter);
  const findings = new Findings();
  verified = verifyTranscripts(loadTranscripts([town.directory], roster, findings), roster, findings);
});
afterAll(() => town.remove());

const codesOf = ({ list }: Findings) => [...new Set(list.map(({ code }) => code))];

const noneDead = () => new Burials([], roster);

/** Spends that know what requests showed, as verify does it. */
function readySpends(findings: Findings): Spends {
  const spends = new Spends(roster, findings);
  for (const { request } of verified.cleared) spends.take(encode(SignRequest, request), request);
  return spends;
}

/** The first and the last cleared transaction: other coins, other intents. */
function twoSpends() {
  const [a, b] = [verified.cleared[0], verified.cleared[2]];
  if (a === undefined || b === undefined) throw new Error('three transactions were cleared');
  return [a, b] as const;
}

describe('all cleared transactions together', () => {
  it('may pay an intent twice only if they cannot both be mined', () => {
    const findings = new Findings();
    checkPayments(readySpends(findings), verified.cleared, noneDead(), findings);
    expect(codesOf(findings)).toEqual([]);
    const [a, b] = twoSpends();
    checkPayments(readySpends(findings), [a, { ...b, request: a.request }], noneDead(), findings);
    expect(codesOf(findings)).toEqual(['AUDIT_DOUBLE']);
  });

  it('give an intent id one meaning', () => {
    const [a] = twoSpends();
    const { draft } = a.request;
    const intents = draft.intents.map(([bytes, signature]) => {
      const intent = decode(Intent, bytes);
      if (!intent.ok) throw new Error(intent.fault.detail);
      return [encode(Intent, { ...intent.value, amount: 1n }), signature] as const;
    });
    const findings = new Findings();
    const changed = { ...a, request: { ...a.request, draft: { ...draft, intents } } };
    checkPayments(readySpends(findings), [a, changed], noneDead(), findings);
    expect(codesOf(findings).sort()).toEqual(['AUDIT_DOUBLE', 'AUDIT_VERDICT']);
  });

  it('hold intents that a screen cleared', () => {
    const findings = new Findings();
    checkPayments(new Spends(roster, findings), verified.cleared, noneDead(), findings);
    expect(codesOf(findings)).toEqual(['AUDIT_VERDICT']);
  });

  it('show a nonce that was used for two hashes', () => {
    const [a, b] = twoSpends();
    const findings = new Findings();
    const again = [...a.signatures].map(
      ([signer, [nonce]]) => [signer, nonce === undefined ? [] : [nonce]] as const,
    );
    checkPayments(readySpends(findings), [a, { ...b, signatures: new Map(again) }], noneDead(), findings);
    expect(codesOf(findings)).toEqual(['AUDIT_NONCE']);
  });
});

describe('requests and results', () => {
  it('belong together: a result that nobody asked for, and one too many, are found', () => {
    for (const line of verified.lines) {
      const [asked] = line.down.filter(({ type }) => type === 'SIGN' || type === 'CLEAR');
      const findings = new Findings();
      checkRequests({ ...line, down: line.down.filter((message) => message !== asked) }, findings);
      expect(codesOf(findings), line.peer).toEqual(['AUDIT_PAIRING']);
      const [result] = line.up.filter(({ type }) => type === 'SIGNED' || type === 'CLEARED');
      if (result === undefined) throw new Error('nothing was signed');
      const twice = new Findings();
      checkRequests({ ...line, up: [...line.up, result] }, twice);
      expect(twice.list.map(({ what }) => what).join(), line.peer).toContain('answered');
    }
  });
});

describe('the auditor’s own transaction', () => {
  it('has the scripts of the wallet package, derived by other code', () => {
    const [row] = roster.charter.wallets;
    if (row === undefined) throw new Error('no wallet');
    const wallet = createScripts({ network: roster.charter.network, ...row }, noblePointMath);
    const scripts = new Scripts(roster.charter);
    for (const [chain, index] of [
      [0, 0],
      [1, 0],
      [0, 7],
      [1, 2 ** 31 - 1],
    ] as const) {
      const script = scripts.at(0, chain, index);
      expect(script?.scriptPubKey).toEqual(wallet.at(chain, index).scriptPubKey);
      expect(script?.witnessScript).toEqual(wallet.at(chain, index).witnessScript);
      expect([...(script?.keys.values() ?? [])]).toEqual(wallet.at(chain, index).publicKeys);
    }
    for (const [wallet, chain, index] of [
      [1, 0, 0],
      [0, 2, 0],
      [0, 0, 2 ** 31],
    ] as const)
      expect(scripts.at(wallet, chain, index)).toBeUndefined();
  });

  it('has the txid and the signature hashes of @scure/btc-signer', () => {
    for (const { built, request } of verified.cleared) {
      const tx = Transaction.fromRaw(built.unsigned, { allowUnknownOutputs: true, allowUnknownInputs: true });
      expect(tx.id).toBe(reverseHex(built.txid));
      for (const [i, { script, amount }] of built.inputs.entries())
        expect(built.sighash(i)).toEqual(tx.preimageWitnessV0(i, script.witnessScript, 1, amount));
      expect(tx.inputsLength).toBe(request.draft.inputs.length);
    }
  });

  it('is refused in words when the draft means none', () => {
    const scripts = new Scripts(roster.charter);
    const [a] = twoSpends();
    const { draft } = a.request;
    const why = (changed: Partial<typeof draft>) => buildTransaction(scripts, { ...draft, ...changed });
    expect(why({ inputs: [[seeded('x'), 0, 1n, 9, 0, 0]] })).toContain('an input at 9/0/0');
    expect(why({ change: [[0, 0, 1n, 9]] })).toContain('position 9');
    expect(
      why({
        change: [
          [0, 0, 1n, 1],
          [0, 1, 1n, 1],
        ],
      }),
    ).toContain('position 1');
    expect(why({ change: [], intents: [] })).toBe('no output');
    expect(why({ intents: [[Uint8Array.of(0), new Uint8Array(64)]] })).toContain('an intent that is none');
  });
});

describe('a final transaction', () => {
  it('is read in its one serialization only', () => {
    const [a] = twoSpends();
    expect(readFinal(a.built.unsigned)).toBe('it has no witness');
    expect(typeof readFinal(Uint8Array.of(1, 2, 3))).toBe('string');
  });

  it('needs a witness of four items, low S, SIGHASH_ALL and both signers in their order', () => {
    const [a] = twoSpends();
    const [one, two] = [...a.signatures.keys()];
    const script = a.built.inputs[0]?.script;
    if (one === undefined || two === undefined || script === undefined) throw new Error('two signed');
    const bad = (witness: readonly Uint8Array[], signers = [one, two]) =>
      readWitness(a.built, 0, witness, signers);
    const junk = new Uint8Array(72).fill(1);
    expect(bad([])).toContain('0 items');
    expect(bad([Uint8Array.of(1), junk, junk, script.witnessScript])).toContain('empty item');
    expect(bad([new Uint8Array(), junk, junk, junk])).toContain('not the descriptor');
    expect(bad([new Uint8Array(), junk, junk, script.witnessScript])).toContain('strict DER');
  });
});

describe('what signers commit to', () => {
  it('is one thing for one transaction, whatever the request', () => {
    const line = verified.lines.find(({ peer }) => peer === 'A');
    const message = line?.up.find(({ type }) => type === 'SIGNED');
    const signed = message === undefined ? undefined : decode(Signed, message.body, 100_000);
    if (message === undefined || signed?.ok !== true) throw new Error('A signed');
    const findings = new Findings();
    const spends = new Spends(roster, findings);
    spends.remember(message, signed.value);
    spends.remember(message, signed.value);
    expect(codesOf(findings)).toEqual([]);
    const other = { ...signed.value, requestHash: hashRequest(seeded('y')), commitment: seeded('x') };
    spends.remember(message, other);
    expect(codesOf(findings)).toEqual(['AUDIT_NONCE']);
  });
});
