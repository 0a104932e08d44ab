/** What the bench found, as tables for people and as one object for programs. */
import type { Floor } from './floor.ts';
import { type Cost, perItem } from './measure.ts';
import type { SignRow } from './sign-path.ts';
import { judgeTargets, type Measured } from './targets.ts';
import type { WireCosts } from './wire.ts';

/** By number of inputs. */
export type PerInput = ReadonlyMap<number, Cost>;

const round = (value: number): number => Math.round(value * 10) / 10;

export const micro = ({ wall, cpu }: Cost): string =>
  `${wall.toFixed(0).padStart(7)} wall ${cpu.toFixed(0).padStart(7)} cpu`;

export function describeSign(rows: readonly SignRow[], floor: Floor): string {
  const lines: string[] = [];
  lines.push('\nSigning, one key of 2-of-3 P2WSH: SIGN body in, SIGNED body out. µs per input, medians.');
  for (const { inputs, plain, journalled, cold } of rows) {
    const cells = [plain, journalled, cold].map((cost) => micro(perItem(cost, inputs)));
    lines.push(
      `  ${String(inputs).padStart(5)} inputs  ${cells[0]} | journalled ${cells[1]} | after a restart ${cells[2]}`,
    );
  }
  const least = floor.sign + floor.verify;
  const most = rows.at(-1);
  lines.push(
    `  libsecp256k1 alone: sign ${floor.sign.toFixed(0)} + verify ${floor.verify.toFixed(0)} = ${least.toFixed(0)}; ` +
      `after a restart 3 × ${floor.tweak.toFixed(0)} to derive`,
  );
  if (most !== undefined) {
    const over = most.plain.cpu / most.inputs / least;
    lines.push(
      `  at ${most.inputs} inputs: ${over.toFixed(2)} × that floor; what is above it is hashing, policy and encoding`,
    );
  }
  return lines.join('\n');
}

export function describeMap(title: string, perInput: PerInput): string {
  const lines: string[] = [];
  lines.push(`\n${title}. µs per input, medians.`);
  for (const [inputs, cost] of perInput) lines.push(`  ${String(inputs).padStart(5)} inputs  ${micro(cost)}`);
  return lines.join('\n');
}

export function describeWire(wire: WireCosts): string {
  const lines: string[] = [];
  lines.push('\nBytes on the line: frames, checks, acknowledgements, headers and signatures included.');
  for (const { inputs, payments, bytes } of wire.exchanges) {
    const work = `${String(inputs).padStart(5)} inputs ${String(payments).padStart(4)} payments`;
    lines.push(
      `  ${work}  request ${String(bytes.down).padStart(6)}  answer ${String(bytes.up).padStart(6)}`,
    );
  }
  lines.push(
    `  per further input: request ${wire.requestBytesPerInput.toFixed(1)}, answer ${wire.answerBytesPerInput.toFixed(1)}`,
  );
  lines.push(
    '    (coins of receiving index below 65,536 and output number below 24; above: 2 and 1 or 2 bytes more)',
  );
  lines.push(`  per further payment to P2WPKH: ${wire.bytesPerPayment.toFixed(1)}; to P2WSH or P2TR 12 more`);
  lines.push(
    `  ADMIT of a coin, 2 inputs and 2 outputs, 11 Merkle levels, with its answer: ${wire.admitBytes}`,
  );
  return lines.join('\n');
}

export function describeTargets(measured: Measured): string {
  const lines: string[] = [];
  lines.push('\nTargets');
  for (const { what, want, got, met } of judgeTargets(measured)) {
    const verdict = met === null ? 'not measured' : met ? 'met' : 'NOT MET';
    lines.push(`  ${verdict.padEnd(12)} ${what}: ${got} (${want})`);
  }
  return lines.join('\n');
}

const asObject = (perInput: PerInput, of: keyof Cost): Record<string, number> =>
  Object.fromEntries([...perInput].map(([inputs, cost]) => [String(inputs), round(cost[of])]));

export function summarize(measured: Measured, serial: PerInput, floor: Floor, coreInputs: number): object {
  const { sign, scure, scurePsbt, core, wire, throughput } = measured;
  const of = (kind: 'plain' | 'journalled' | 'cold'): PerInput =>
    new Map(sign.map((row) => [row.inputs, perItem(row[kind], row.inputs)]));
  const coreRow = (cost: keyof Cost) => (core === null ? null : { [coreInputs]: round(core[cost]) });
  return {
    sign: {
      usPerInput: asObject(of('plain'), 'wall'),
      scureUsPerInput: asObject(scure, 'wall'),
      coreUsPerInput: coreRow('wall'),
      journalledUsPerInput: asObject(of('journalled'), 'wall'),
      coldUsPerInput: asObject(of('cold'), 'wall'),
      ptyUsPerInput: asObject(serial, 'wall'),
      scurePsbtUsPerInput: asObject(scurePsbt, 'wall'),
      floorUs: { sign: round(floor.sign), verify: round(floor.verify), tweak: round(floor.tweak) },
      cpu: {
        usPerInput: asObject(of('plain'), 'cpu'),
        journalledUsPerInput: asObject(of('journalled'), 'cpu'),
        coldUsPerInput: asObject(of('cold'), 'cpu'),
        ptyUsPerInput: asObject(serial, 'cpu'),
        scureUsPerInput: asObject(scure, 'cpu'),
        scurePsbtUsPerInput: asObject(scurePsbt, 'cpu'),
        coreUsPerInput: coreRow('cpu'),
      },
    },
    wire: {
      requestBytesPerInput: round(wire.requestBytesPerInput),
      answerBytesPerInput: round(wire.answerBytesPerInput),
      bytesPerPayment: round(wire.bytesPerPayment),
      admitBytes: wire.admitBytes,
      fixedBytes: wire.fixedBytes,
    },
    throughput: {
      paymentsPerBatch: throughput.payments,
      inputsPerBatch: throughput.inputs,
      signerUsPerBatch: round(throughput.signer.wall),
      gateUsPerBatch: round(throughput.gate.wall),
      paymentsPerSecond: round(throughput.paymentsPerSecond),
    },
    targets: judgeTargets(measured),
  };
}
