/**
 * What a later charter changes, in words per field: from what to what, which way, and when it applies. For the custodians who
 * are asked to sign it. Which way is policy's own reading, the one that signers use. Spec: protocol-spec/5-charter.md, "Ordering table".
 */
import { type CharterInForce, compareCharters, type FieldChange, ORDERING } from '@coldwire/policy';
import type { JsonValue } from '@coldwire/program';
import { type Charter, toHex } from '@coldwire/protocol';

export interface FieldDiff {
  readonly field: string;
  readonly change: FieldChange['change'];
  readonly text: string;
}

export interface CharterDiff {
  readonly change: 'same' | 'tightening' | 'loosening';
  readonly fields: readonly FieldDiff[];
  /** Ticks until it applies; 0: at once. */
  readonly ticks: number;
  readonly applies: string;
}

const SPARE = 66;

function wordsOf(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof Uint8Array) return toHex(part);
    return typeof part === 'bigint' ? `${part} sat` : part;
  });
  return text.length > SPARE ? `${text.slice(0, SPARE)}…` : text.replaceAll('"', '');
}

/** A list's rows as its members: what is gone and what is new says more than two long lists. */
function describeLists(before: readonly string[], after: readonly string[]): string {
  const gone = before.filter((member) => !after.includes(member)).map(wordsOfRow);
  const added = after.filter((member) => !before.includes(member)).map(wordsOfRow);
  const parts = [
    ...(gone.length === 0 ? [] : [`without ${gone.join(', ')}`]),
    ...(added.length === 0 ? [] : [`with ${added.join(', ')}`]),
  ];
  return parts.length === 0 ? 'in another order' : parts.join('; ');
}

function wordsOfRow(row: string): string {
  const text = row.replaceAll(/"|h:(?=[0-9a-f]{2})|n:(?=\d)/g, '');
  return text.length > SPARE ? `${text.slice(0, SPARE)}…` : text;
}

function describeField(field: string, before: Charter, after: Charter): string {
  const row = ORDERING.find((one) => one.field === field);
  if (row === undefined) throw new Error(`the ordering has no field ${field}`);
  const [old, now] = [row.read(before), row.read(after)];
  if (Array.isArray(old) && Array.isArray(now)) return describeLists(old.map(String), now.map(String));
  return `${wordsOf(old)} → ${wordsOf(now)}`;
}

/** Ticks are about as long as the time between two blocks. */
export function describeDelay(ticks: number, spacing: number): string {
  const seconds = ticks * spacing;
  const text =
    seconds >= 172_800
      ? `${Math.round(seconds / 86_400)} days`
      : seconds >= 7200
        ? `${Math.round(seconds / 3600)} hours`
        : `${seconds} seconds`;
  return `${ticks} ticks (about ${text}) after each machine has it, counted by each for itself`;
}

export function diffCharters(before: CharterInForce, after: CharterInForce): CharterDiff {
  const { change, fields } = compareCharters(before.charter, after.charter);
  const ticks = change === 'loosening' ? before.policy.loosenTicks : 0;
  return {
    change,
    fields: fields
      .filter((row) => row.change !== 'free')
      .map((row) => ({ ...row, text: describeField(row.field, before.charter, after.charter) })),
    ticks,
    applies:
      ticks === 0
        ? 'at once, at each machine that has it'
        : describeDelay(ticks, before.charter.clock.spacing),
  };
}

const SIGNS = { tightening: '-', loosening: '+', free: ' ' } as const;

export function describeDiff({ change, fields, applies }: CharterDiff): string {
  if (fields.length === 0) return `Nothing that limits anything changes. It applies ${applies}.`;
  const width = Math.max(...fields.map(({ field }) => field.length));
  return [
    ...fields.map(
      (row) => `${SIGNS[row.change]} ${row.change.padEnd(10)} ${row.field.padEnd(width)}  ${row.text}`,
    ),
    change === 'loosening' ? 'It loosens, so all of it waits, what tightens included.' : 'It only tightens.',
    `It applies ${applies}. Whatever waits and would loosen it is taken back.`,
  ].join('\n');
}

export function diffJson({ change, fields, ticks }: CharterDiff): JsonValue {
  return { change, ticks, fields: fields.map((row) => ({ ...row })) };
}
