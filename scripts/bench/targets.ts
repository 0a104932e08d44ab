/**
 * The targets of the design, each held against what this run measured. Printed, never asserted. Ratios are of CPU time: all
 * of it is one thread's work, and wall time on a busy machine also measures the others.
 */
import type { Cost } from './measure.ts';
import type { SignRow } from './sign-path.ts';
import type { Throughput } from './throughput.ts';
import type { WireCosts } from './wire.ts';

export interface Measured {
  readonly sign: readonly SignRow[];
  /** µs per input, by number of inputs. */
  readonly scure: ReadonlyMap<number, Cost>;
  readonly scurePsbt: ReadonlyMap<number, Cost>;
  readonly core: Cost | null;
  readonly wire: WireCosts;
  readonly throughput: Throughput;
}

export interface Target {
  readonly what: string;
  readonly want: string;
  readonly got: string;
  /** Null: not measured in this run. */
  readonly met: boolean | null;
}

export function judgeTargets({
  sign,
  scure,
  scurePsbt,
  core,
  wire,
  throughput,
}: Measured): readonly Target[] {
  const ours = (inputs: number): number => {
    const row = sign.find((candidate) => candidate.inputs === inputs);
    return row === undefined ? Number.NaN : row.plain.cpu / inputs;
  };
  const faster = (what: string, theirs: number | undefined, want: number, inputs = 100): Target => {
    const ratio = theirs === undefined ? Number.NaN : theirs / ours(inputs);
    const got = theirs === undefined ? 'not in this run' : `${ratio.toFixed(1)} ×`;
    return { what, want: `≥ ${want} ×`, got, met: theirs === undefined ? null : ratio >= want };
  };
  const atMost = (what: string, got: number, want: number, unit: string): Target => ({
    what,
    want: `≤ ${want} ${unit}`,
    got: `${got.toFixed(2)} ${unit}`,
    met: got <= want,
  });
  const { paymentsPerSecond } = throughput;
  return [
    faster('faster than @scure/btc-signer, sign() alone, 100 inputs', scure.get(100)?.cpu, 100),
    faster('faster than @scure/btc-signer, sign() alone, 1000 inputs', scure.get(1000)?.cpu, 100, 1000),
    faster('faster than @scure/btc-signer, PSBT in to PSBT out, 100 inputs', scurePsbt.get(100)?.cpu, 100),
    faster('faster than Bitcoin Core’s walletprocesspsbt, 100 inputs', core?.cpu, 3),
    atMost('cost per input at 1000 inputs against 100', ours(1000) / ours(100), 1.15, '×'),
    atMost('request, per further input', wire.requestBytesPerInput, 50, 'bytes'),
    atMost('answer, per further input', wire.answerBytesPerInput, 100, 'bytes'),
    atMost('both ways, per further payment', wire.bytesPerPayment, 160, 'bytes'),
    {
      what: 'payments a second: two signers and a gate, journalled, in one process (an estimate)',
      want: '≥ 60',
      got: paymentsPerSecond.toFixed(0),
      met: paymentsPerSecond >= 60,
    },
  ];
}
