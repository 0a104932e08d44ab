/**
 * What a later charter loosens, by the gate's own reading of the ordering table: shares no code with policy's. A field that has no
 * line here may not change at all without counting as loosened, so what a later version adds is safe before it is listed.
 * Spec: protocol-spec/5-charter.md, "Ordering table".
 */
import { type Charter, toHex } from '@coldwire/protocol';

type Test<T> = (old: T, now: T) => boolean;
type Tests<T> = { readonly [K in keyof T]?: Test<T[K]> };
type Policy = Charter['policy'];

/** Equal values have equal texts. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof Uint8Array) return `0x${toHex(part)}`;
    return typeof part === 'bigint' ? `${part} sat` : part;
  });

const atMost: Test<number | bigint> = (old, now) => now <= old;
const atLeast: Test<number> = (old, now) => now >= old;
const noneNew: Test<readonly unknown[]> = (old, now) => {
  const known = new Set(old.map(text));
  return now.every((member) => known.has(text(member)));
};
const noneGone: Test<readonly unknown[]> = (old, now) => noneNew(now, old);
const anything: Test<unknown> = () => true;

const pairs = (rows: readonly { readonly name: string; readonly keys: readonly unknown[] }[]): unknown[] =>
  rows.flatMap(({ name, keys }) => keys.map((key) => [name, key]));

/** Keys only taken away; and whoever could use a requester's keys is still named with it. */
const requesters: Test<Charter['requesters']> = (old, now) =>
  noneNew(pairs(old), pairs(now)) &&
  now.every(({ name, people }) =>
    old.every((row) => row.name !== name || row.people.every((person) => people.includes(person))),
  );

/** Each old limit is covered by a new one over as long a time or longer. */
const windows: Test<Policy['windows']> = (old, now) =>
  old.every(({ ticks, amount, count, fee }) =>
    now.some((row) => row.ticks >= ticks && row.amount <= amount && row.count <= count && row.fee <= fee),
  );
const velocity: Test<Policy['velocity']> = (old, now) =>
  old.every(({ per, ticks, amount, count }) =>
    now.some((row) => row.per === per && row.ticks >= ticks && row.amount <= amount && row.count <= count),
  );

type Tiers = Policy['tiers'];

/** The row that decides for the smallest amount above `start`; rows go from small to large. */
const decides = (rows: Tiers, start: bigint): Tiers[number] | undefined =>
  [...rows].reverse().find(({ above }) => above <= start);

/** No amount needs less than before, or other people. Between two starts of either list nothing changes. */
const tiers: Test<Tiers> = (old, now) => {
  const starts = new Set([...old, ...now].map(({ above }) => above));
  return [...starts].every((start) => {
    const was = decides(old, start);
    const is = decides(now, start);
    if (was === undefined) return true;
    return is !== undefined && is.approvals >= was.approvals && noneNew(was.approvers, is.approvers);
  });
};

const STRICTER: Readonly<Record<Policy['destinations'], readonly Policy['destinations'][]>> = {
  any: ['any', 'registered', 'listed'],
  registered: ['registered', 'listed'],
  listed: ['listed'],
};

const POLICY: Tests<Policy> = {
  maxInputs: atMost,
  maxOutputs: atMost,
  maxIntents: atMost,
  maxVsize: atMost,
  amountPerTransaction: atMost,
  windows,
  feeAbsolute: atMost,
  feeRate: atMost,
  feeShare: atMost,
  feeShareFloor: atMost,
  scripts: noneNew,
  changeGap: atMost,
  receiveLimit: atMost,
  intentLife: atMost,
  intentAhead: atMost,
  gateDelay: atLeast,
  velocity,
  destinations: (old, now) => STRICTER[old].includes(now),
  destinationTicks: atLeast,
  allow: noneNew,
  deny: noneGone,
  tiers,
  loosenTicks: atLeast,
};
const CLOCK: Tests<Charter['clock']> = { burial: atLeast, fresh: atMost };
const CHARTER: Tests<Charter> = {
  epoch: anything,
  first: anything,
  previous: anything,
  vaults: noneNew,
  gates: noneNew,
  screens: noneNew,
  requesters,
  approvers: (old, now) => noneNew(pairs(old), pairs(now)),
  quorum: atLeast,
  policy: (old, now) => findLoosened(old, now, POLICY).length === 0,
  clock: (old, now) => findLoosened(old, now, CLOCK).length === 0,
};

const keysOf = <T extends object>(value: T): (keyof T)[] => {
  const keys: (keyof T)[] = [];
  for (const key in value) keys.push(key);
  return keys;
};

function findLoosened<T extends object>(old: T, now: T, tests: Tests<T>): (keyof T)[] {
  return keysOf(old).filter((key) => {
    const test = tests[key];
    return text(old[key]) !== text(now[key]) && !(test?.(old[key], now[key]) ?? false);
  });
}

/** Whether anything could pass under the later charter that the earlier one keeps back. */
export function loosens(old: Charter, now: Charter): boolean {
  return findLoosened(old, now, CHARTER).length > 0;
}
