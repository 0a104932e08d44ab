/**
 * What a CLEAR at the limits costs a gate, in seconds of processor time: `node scripts/bench/clear.ts`. Real signatures of two
 * signers over the largest drafts that a charter of a test network allows; making them takes minutes. Prints one JSON line.
 */
import process from 'node:process';
import { Clear, encode, SignRequest } from '@coldwire/protocol';
import { GateWorld, idAtHome } from '../../packages/gate/test/gate-world.ts';
import { identity, seeded } from '../../packages/policy/test/charter-fixture.ts';
import { realCharter } from '../../packages/signer/test/signing-world.ts';

const KEYS = ['one', 'two', 'three', 'shop'].map((name) => identity(name).publicKey);

/** A requester with four keys signs with the last of them. */
function makeWorld(): GateWorld {
  return new GateWorld(
    realCharter((charter) => ({
      ...charter,
      requesters: charter.requesters.map((row) => (row.name === 'shop' ? { ...row, keys: KEYS } : row)),
      policy: {
        ...charter.policy,
        maxInputs: 1024,
        maxIntents: 1024,
        maxOutputs: 1032,
        maxVsize: 1_000_000,
        amountPerTransaction: 400_000_000n,
        feeAbsolute: 4_000_000n,
        feeShare: 1000,
        feeShareFloor: 4_000_000n,
        windows: [{ ticks: 144, amount: 900_000_000_000n, count: 100_000, fee: 300_000_000n }],
      },
    })),
  );
}

function makeRequest(world: GateWorld, inputs: number, intents: number): SignRequest {
  const coins = Array.from({ length: inputs }, (_, i) => ({
    txid: seeded(`coin ${inputs} ${intents} ${i}`),
    vout: i,
    amount: 400_000n,
    wallet: 0,
    chain: 0 as const,
    // Places that no request before had: nothing is derived already.
    index: inputs * 2000 + intents + i,
  }));
  const asked = Array.from({ length: intents }, (_, i) =>
    world.world.intent({ id: idAtHome(0, `${inputs} ${intents} ${i}`), amount: 1_000n }),
  );
  const left = BigInt(inputs) * 400_000n - BigInt(intents) * 1_000n - BigInt(inputs) * 2_000n;
  return world.world.request({ coins, intents: asked, change: [{ amount: left }] });
}

function measure<T>(work: () => T): { readonly seconds: number; readonly value: T } {
  const before = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: Math.round((user + system) / 10_000) / 100, value };
}

const results: { readonly [name: string]: unknown }[] = [];
for (const [inputs, intents] of [
  [100, 100],
  [1024, 100],
  [1024, 1024],
] as const) {
  const world = makeWorld();
  const request = makeRequest(world, inputs, intents);
  const other = makeRequest(world, 100, 1);
  const bytes = encode(SignRequest, request);
  // A vault alone: answers that two signers gave to something else.
  const alone = encode(Clear, {
    request: bytes,
    signed: [world.forced('A', other), world.forced('B', other)],
  });
  const refused = measure(() => world.gate.clear(alone).codes);
  const signed = [world.forced('A', request), world.forced('B', request)];
  // What was derived to sign stands in this process; a gate of its own knows none of it.
  const fresh = makeWorld();
  const cleared = measure(() => fresh.gate.clear(encode(Clear, { request: bytes, signed })).codes);
  results.push({
    inputs,
    intents,
    refused: refused.value,
    refusedSeconds: refused.seconds,
    cleared: cleared.value,
    clearedSeconds: cleared.seconds,
  });
}
process.stdout.write(`${JSON.stringify({ results })}\n`);
