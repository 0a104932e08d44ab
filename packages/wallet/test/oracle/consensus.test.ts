import { join } from 'node:path';
import { toHex } from '@coldwire/protocol/bytes.ts';
import { expect, test } from 'vitest';
import { ORACLE_PYTHON } from '../../../../scripts/oracles/find.ts';
import { createSighash, serializeWithWitness, type Witness, witnessFor } from '../../src/index.ts';
import { sampleSpend } from '../export/sample-spend.ts';
import { describeWithOracle, run } from './oracles.ts';

type Spend = { readonly tx: string; readonly spent: readonly (readonly [script: string, amount: number])[] };
type Alteration = {
  /** Sat by which the signed amount of input 0 differs from the real one. */
  readonly lie?: bigint;
  readonly witness?: (good: Witness) => Witness;
};

/** A signed spend; what is altered concerns input 0 only. */
function signedSpend(
  seed: string,
  pair: readonly [number, number],
  { lie = 0n, witness }: Alteration = {},
): Spend {
  const { scripts, tx, inputs, signInput } = sampleSpend(seed);
  const sighash = createSighash(tx);
  const witnesses = inputs.map((input, i) => {
    const script = scripts.at(input.chain, input.index);
    const hash = sighash.sighashAll(i, script.witnessScript, input.amount + (i === 0 ? lie : 0n));
    const good = witnessFor(
      script,
      pair.map((signer) => ({ signer, signature: signInput(signer, input, hash) })),
    );
    return i === 0 && witness !== undefined ? witness(good) : good;
  });
  return {
    tx: toHex(serializeWithWitness(tx, witnesses)),
    spent: inputs.map(({ chain, index, amount }) => [
      toHex(scripts.at(chain, index).scriptPubKey),
      Number(amount),
    ]),
  };
}

function judge(spends: readonly Spend[]): readonly (readonly boolean[])[] {
  return JSON.parse(
    run(ORACLE_PYTHON, [join(import.meta.dirname, 'judge_spends.py')], JSON.stringify(spends)),
  );
}

const [EMPTY, ONE] = [new Uint8Array(0), Uint8Array.of(1)];

describeWithOracle(
  'consensus code',
  [ORACLE_PYTHON, '-c', 'import pbk'],
  'scripts/oracles/install-python.sh',
  () => {
    test('Bitcoin Core accepts what any two of the three signers sign', () => {
      const pairs = [
        [0, 1],
        [0, 2],
        [1, 2],
        [2, 1],
      ] as const;
      const spends = [0, 1, 2, 3, 4].flatMap((seed) =>
        pairs.map((pair) => signedSpend(`consensus ${seed}`, pair)),
      );
      for (const inputs of judge(spends)) expect(inputs).toEqual([true, true, true]);
    });

    test('Bitcoin Core refuses a lie about an amount, swapped, doubled or missing signatures, and a dummy that is not empty', () => {
      const swap = ([dummy = EMPTY, a = EMPTY, b = EMPTY, script = EMPTY]: Witness) => [dummy, b, a, script];
      const double = ([dummy = EMPTY, a = EMPTY, , script = EMPTY]: Witness) => [dummy, a, a, script];
      const omit = ([dummy = EMPTY, a = EMPTY, , script = EMPTY]: Witness) => [dummy, a, EMPTY, script];
      const fill = ([, ...rest]: Witness) => [ONE, ...rest];
      const spends = [
        signedSpend('refused', [0, 1], { lie: 1n }),
        ...[swap, double, omit, fill].map((witness) => signedSpend('refused', [0, 1], { witness })),
      ];
      for (const inputs of judge(spends)) expect(inputs).toEqual([false, true, true]);
    });
  },
);
