/**
 * Relay policy: what Bitcoin Core 25–30 with default settings would not relay is refused. Where versions
 * differ, the stricter one rules (data carriers of 83 bytes, 1 sat/vB, versions 1 and 2).
 */
import { type KnownTransaction, type Output, serializeOutput } from '../primitives/transaction.ts';
import { Rejected } from '../rejected.ts';
import { isPushOnly, parseScript, templateOf } from '../script/parse.ts';

/** sat per 1,000 vbytes */
export const MIN_RELAY_FEERATE = 1000n;
export const INCREMENTAL_FEERATE = 1000n;
const DUST_FEERATE = 3000n;
const MAX_WEIGHT = 400_000;
const MIN_STRIPPED_SIZE = 65;
const MAX_SCRIPTSIG = 1650;
const MAX_DATA_SCRIPT = 83;
export const MAX_SIGOP_COST = 16_000;

/** The fee for a size at a feerate, rounded up. */
export function feeFor(feerate: bigint, vsize: number): bigint {
  return (feerate * BigInt(vsize) + 999n) / 1000n;
}

/** The least amount worth spending: below it, spending costs more than it brings at 3 sat/vB. */
export function dustLimit(output: Output): bigint {
  const { kind } = templateOf(output.script);
  const spendSize = kind === 'p2wpkh' || kind === 'p2wsh' || kind === 'p2tr' ? 67 : 148;
  return (DUST_FEERATE * BigInt(serializeOutput(output).length + spendSize)) / 1000n;
}

export function checkStandard(known: KnownTransaction): void {
  const { version, inputs, outputs } = known.tx;
  if (version < 1 || version > 2) throw new Rejected('version');
  if (known.weight > MAX_WEIGHT) throw new Rejected('tx-size');
  if (known.strippedSize < MIN_STRIPPED_SIZE) throw new Rejected('tx-size-small');
  for (const { script } of inputs) {
    if (script.length > MAX_SCRIPTSIG) throw new Rejected('scriptsig-size');
    if (!isPushOnly(parseScript(script))) throw new Rejected('scriptsig-not-pushonly');
  }
  for (const output of outputs) {
    const { kind } = templateOf(output.script);
    if (kind === 'unknown' || (kind === 'data' && output.script.length > MAX_DATA_SCRIPT)) {
      throw new Rejected('scriptpubkey');
    }
    if (kind !== 'data' && output.amount < dustLimit(output)) throw new Rejected('dust');
  }
  const carriers = outputs.filter(({ script }) => templateOf(script).kind === 'data');
  if (carriers.length > 1) throw new Rejected('multi-op-return');
}
