/**
 * `npm run bench [-- --json]`: how fast a signer signs and how many bytes that takes on its line, against other signers in
 * the same run. Tables for people on stderr with `--json`, else on stdout; the last line of stdout is one JSON object.
 * Asserts nothing about time. BITCOIND=/path/to/bitcoind adds Bitcoin Core.
 */
import '@coldwire/program/runtime.ts';
import process from 'node:process';
import { EXIT, Failure, runMain } from '@coldwire/program';
import { measureCore } from './bench/core.ts';
import { measureFloor } from './bench/floor.ts';
import { type Cost, perItem } from './bench/measure.ts';
import {
  describeMap,
  describeSign,
  describeTargets,
  describeWire,
  micro,
  type PerInput,
  summarize,
} from './bench/report.ts';
import { measureScure, measureScurePsbt } from './bench/scure.ts';
import { measureSerial } from './bench/serial.ts';
import { measureSignPath } from './bench/sign-path.ts';
import { makeSite, type Site } from './bench/site.ts';
import { measureThroughput } from './bench/throughput.ts';
import { measureWire } from './bench/wire.ts';

const SERIAL_RUNS = [
  [1, 15],
  [10, 11],
  [100, 9],
  [1000, 5],
] as const;
const SCURE_RUNS = [
  [10, 5],
  [100, 3],
] as const;
/** @scure/btc-signer at 1000 inputs is measured only if that is likely to end within this. */
const PATIENCE_SECONDS = 60;
const CORE_INPUTS = 100;

const json = process.argv.includes('--json');
const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);

function measureOthers(site: Site): { scure: PerInput; scurePsbt: PerInput } {
  const scure = new Map<number, Cost>();
  const scurePsbt = new Map<number, Cost>();
  for (const [inputs, runs] of SCURE_RUNS) {
    const coins = site.coins.slice(0, inputs);
    scure.set(inputs, perItem(measureScure(site, coins, runs), inputs));
    scurePsbt.set(inputs, perItem(measureScurePsbt(site, coins, runs), inputs));
  }
  // Its cost per input grows with the number of inputs, so this is a lower bound.
  const seconds = ((scure.get(100)?.wall ?? 0) * 1000) / 1_000_000;
  if (seconds < PATIENCE_SECONDS / 2) {
    scure.set(1000, perItem(measureScure(site, site.coins.slice(0, 1000), 1), 1000));
  }
  return { scure, scurePsbt };
}

async function measureBitcoinCore(site: Site): Promise<Cost | null> {
  const bitcoind = process.env['BITCOIND'];
  if (bitcoind === undefined || bitcoind === '') return null;
  try {
    return perItem(await measureCore(bitcoind, site, CORE_INPUTS), CORE_INPUTS);
  } catch (error) {
    throw new Failure(EXIT.ENVIRONMENT, {
      what: error instanceof Error ? error.message : 'Bitcoin Core did not work',
      where: bitcoind,
      todo: 'Let BITCOIND name a bitcoind of Bitcoin Core 25 or newer, or unset it.',
      cause: error,
    });
  }
}

runMain(async () => {
  const time = Math.floor(Date.now() / 1000);
  const site = makeSite(1000, time);
  const floor = measureFloor();
  const sign = measureSignPath(site, time);
  say(describeSign(sign, floor));
  const serial: PerInput = new Map(
    [...(await measureSerial(site, SERIAL_RUNS))].map(([inputs, cost]) => [inputs, perItem(cost, inputs)]),
  );
  say(
    describeMap(
      'The same by a signer process over a pseudo-terminal, journalled (cpu: that process)',
      serial,
    ),
  );
  const { scure, scurePsbt } = measureOthers(site);
  say(describeMap('@scure/btc-signer, Transaction.sign() alone', scure));
  say(describeMap('@scure/btc-signer, PSBT with previous transactions in, PSBT out', scurePsbt));
  const core = await measureBitcoinCore(site);
  if (core !== null) say(describeMap('Bitcoin Core, walletprocesspsbt', new Map([[CORE_INPUTS, core]])));
  const wire = await measureWire();
  say(describeWire(wire));
  const throughput = measureThroughput();
  const measured = { sign, scure, scurePsbt, core, wire, throughput };
  say(
    `\nBatches of ${throughput.payments} payments, ${throughput.inputs} inputs: a signer ${micro(throughput.signer)} µs, a gate ${micro(throughput.gate)} µs`,
  );
  say(describeTargets(measured));
  process.stdout.write(`${JSON.stringify(summarize(measured, serial, floor, CORE_INPUTS))}\n`);
  return EXIT.DONE;
}, 'bench');
