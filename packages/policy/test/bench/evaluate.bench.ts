/**
 * Cost of `evaluate` per input and per intent. Run: `node packages/policy/test/bench/evaluate.bench.ts`.
 * Prints medians of µs of wall time; caches are warm, as they are after ADMIT.
 */
import { encode, hashRequest, SignRequest } from '@coldwire/protocol';
import { encodeChange, evaluate } from '../../src/index.ts';
import { sampleCharter, World } from '../world.ts';

const RUNS = 15;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function measure(inputs: number, payments: number): { total: number; changeBytes: number } {
  const charter = sampleCharter();
  const policy = {
    ...charter.policy,
    feeAbsolute: 1_000_000n,
    feeShareFloor: 1_000_000n,
    receiveLimit: 5000,
    maxVsize: 200_000,
  };
  const windows = policy.windows.map((window) => ({ ...window, fee: 10_000_000n, count: 10_000 }));
  const world = new World({ ...charter, policy: { ...policy, windows } });
  const coins = world.fund(Array.from({ length: inputs }, () => 100_000n));
  const intents = Array.from({ length: payments }, () => world.intent({ amount: 1000n }));
  const left = BigInt(inputs) * 100_000n - BigInt(payments) * 1000n - 20_000n;
  const request = world.request({ coins, intents, change: [{ amount: left }] });
  const hash = hashRequest(encode(SignRequest, request));
  let changeBytes = 0;
  const times = Array.from({ length: RUNS }, () => {
    const start = process.hrtime.bigint();
    const outcome = evaluate(world.state, request, hash, world.now, world.uptime);
    const end = process.hrtime.bigint();
    if (outcome.kind !== 'approved') throw new Error(`not approved: ${outcome.kind}`);
    const [change] = outcome.changes;
    changeBytes = change === undefined ? 0 : encodeChange(change).length;
    return Number(end - start) / 1000;
  });
  return { total: median(times), changeBytes };
}

for (const [inputs, payments] of [
  [1, 1],
  [100, 1],
  [1000, 1],
  [5, 100],
] as const) {
  const { total, changeBytes } = measure(inputs, payments);
  const perInput = (total / inputs).toFixed(1);
  console.log(
    `${inputs} inputs, ${payments} intents: ${total.toFixed(0)} µs, ${perInput} µs per input, change ${changeBytes} bytes`,
  );
}
