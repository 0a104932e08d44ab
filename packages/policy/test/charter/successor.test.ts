import type { Charter } from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { describe, expect, it } from 'vitest';
import { countSignatures, judgeSuccessor } from '../../src/index.ts';
import {
  charterAfter,
  GENESIS_TIME,
  mineHeader,
  mustLoad,
  sampleCharter,
  seeded,
  signedBy,
} from '../world.ts';

const head = mustLoad(sampleCharter());
const judge = (charter: Charter) => judgeSuccessor(signedBy(charter), head, head, noblePointMath);
/** The problem of a charter that is unfit. */
const problemOf = (charter: Charter): string | undefined => {
  const outcome = judge(charter);
  return 'code' in outcome && outcome.code === 'CHARTER_UNFIT' ? outcome.facts[0]?.[1] : undefined;
};

describe('a later charter', () => {
  it('has the same signers, by their names and in their order', () => {
    const rename = (name: string) => (name === 'A' ? 'D' : name);
    const { signers, wallets, custody } = head.charter;
    const renamed = {
      signers: signers.map((row) => ({ ...row, name: rename(row.name) })),
      wallets: wallets.map((row) => ({
        ...row,
        keys: row.keys.map((key) => ({ ...key, signer: rename(key.signer) })),
      })),
      custody: { shares: custody.shares.map((row) => ({ ...row, signer: rename(row.signer) })) },
    };
    expect(problemOf(charterAfter(head, renamed))).toBe('the signers are others, or in another order');
  });

  it('may give a signer another key', () => {
    const [a, b, c] = head.charter.signers;
    if (a === undefined || b === undefined || c === undefined) throw new Error('no signers');
    const key = head.charter.vaults[0]?.key ?? a.key;
    const vaults = head.charter.vaults.slice(1);
    expect(judge(charterAfter(head, { vaults, signers: [{ ...a, key }, b, c] }))).toHaveProperty('charter');
  });

  it('starts its clock where the first did', () => {
    const { clock } = head.charter;
    const text = 'the checkpoint or the spacing of the clock is another';
    const changes: readonly Partial<typeof clock>[] = [
      { checkpointHeight: 1001 },
      { spacing: 599 },
      { checkpoint: mineHeader(new Uint8Array(32), seeded('another root'), GENESIS_TIME) },
    ];
    for (const change of changes)
      expect(problemOf(charterAfter(head, { clock: { ...clock, ...change } }))).toBe(text);
    expect(judge(charterAfter(head, { clock: { ...clock, burial: 7, fresh: 1 } }))).toHaveProperty('charter');
  });

  it('follows the head by number, hash and first charter, so that a first one follows nothing', () => {
    const next = charterAfter(head);
    const chain = (epoch: number) => ({
      code: 'CHARTER_CHAIN',
      facts: [
        ['epoch', `${epoch}`],
        ['want', '1'],
      ],
    });
    expect(judge(next)).toHaveProperty('charter');
    expect(judge({ ...next, first: null, previous: null })).toMatchObject(chain(1));
    expect(judge({ ...next, previous: head.hash.with(0, (head.hash[0] ?? 0) ^ 1) })).toMatchObject(chain(1));
    expect(judge({ ...next, first: head.hash.with(0, (head.hash[0] ?? 0) ^ 1) })).toMatchObject(chain(1));
    expect(judge({ ...next, epoch: 0 })).toMatchObject(chain(0));
    expect(judge({ ...next, epoch: 2 })).toMatchObject(chain(2));
  });

  it('is unfit with a wallet key that is no point, whatever it follows and whoever signed it', () => {
    const none = Uint8Array.from({ length: 33 }, (_, i) => (i === 0 ? 2 : i === 32 ? 5 : 0));
    const wallets = head.charter.wallets.map((row) => ({
      ...row,
      keys: row.keys.map((key, place) => (place === 0 ? { ...key, publicKey: none } : key)),
    }));
    const next = charterAfter(head, { wallets });
    const problem = 'wallet: key 0: it is not a point of the curve';
    expect([next, { ...next, epoch: 9 }].map(problemOf)).toEqual([problem, problem]);
    expect(judgeSuccessor(signedBy(next, ['ada']), head, head, noblePointMath)).toMatchObject({
      code: 'CHARTER_UNFIT',
      facts: [['problem', problem]],
    });
  });

  it('is refused in plain ASCII of 160 characters at most', () => {
    const tier = { above: 1n, approvals: 1, approvers: ['é'] };
    const foreign = charterAfter(head, { policy: { ...head.charter.policy, tiers: [tier] } });
    expect(problemOf(foreign)).toMatch(/^tier 0: \? is no approver/);
    const policy = { ...head.charter.policy, maxInputs: 0, maxOutputs: 0, maxIntents: 0, maxVsize: 0 };
    const long = problemOf(charterAfter(head, { policy }));
    expect(long).toHaveLength(160);
    expect(long).toMatch(/^policy: maxInputs is 0, must be 1 to 1024; policy: maxOutputs is 0/);
  });
});

describe('the signatures under a later charter', () => {
  it('count once for each custodian who signed exactly once', () => {
    const next = charterAfter(head);
    const [bytes, [ada, ben]] = signedBy(next);
    if (ada === undefined || ben === undefined) throw new Error('two sign by default');
    const { hash } = mustLoad(next);
    const count = (...rows: (typeof ada)[]) => countSignatures([bytes, rows], hash, head.charter);
    expect(count(ada, ben)).toBe(2);
    expect(count(ada, ada)).toBe(0);
    expect(count(ada, ['ben', ada[1]])).toBe(1);
    expect(count(ada, ['eve', ben[1]])).toBe(1);
    expect(countSignatures([bytes, [ada, ben]], head.hash, head.charter)).toBe(0);
  });
});
