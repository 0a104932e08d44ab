/**
 * Whether a later charter loosens anything, by the auditor's own reading of the ordering table: one that does not was in force
 * from its install on. Shares no code with policy's or the gate's. What has no line here may not change without loosening.
 * Spec: protocol-spec/5-charter.md, "Ordering table".
 */
import { type Charter, toHex } from '@coldwire/protocol';

type Policy = Charter['policy'];
/** Whether the later value keeps back all that the earlier one did. */
type Keeps<T> = (old: T, now: T) => boolean;
type Table<T> = { readonly [K in keyof T]?: Keeps<T[K]> };

/** Equal texts for equal values. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    return part instanceof Uint8Array ? toHex(part) : part;
  });

const smaller: Keeps<number | bigint> = (old, now) => now < old;
const larger: Keeps<number> = (old, now) => now > old;
const free: Keeps<unknown> = () => true;
const fewer: Keeps<readonly unknown[]> = (old, now) => {
  const texts = old.map(textOf);
  return now.map(textOf).every((one) => texts.includes(one));
};
const more: Keeps<readonly unknown[]> = (old, now) => fewer(now, old);

type Keyed = readonly { readonly name: string; readonly keys: readonly unknown[] }[];
const fewerKeys: Keeps<Keyed> = (old, now) => {
  const members = (rows: Keyed) => rows.flatMap(({ name, keys }) => keys.map((key) => [name, key]));
  return fewer(members(old), members(now));
};

const requesters: Keeps<Charter['requesters']> = (old, now) => {
  const people = new Map(now.map((row) => [row.name, row.people]));
  return fewerKeys(old, now) && old.every((row) => fewer(people.get(row.name) ?? row.people, row.people));
};

type Limit = { readonly ticks: number; readonly amount: bigint; readonly count: number };
const covers = (old: Limit, now: Limit): boolean =>
  now.ticks >= old.ticks && now.amount <= old.amount && now.count <= old.count;

const windows: Keeps<Policy['windows']> = (old, now) =>
  old.every((was) => now.some((is) => covers(was, is) && is.fee <= was.fee));
const velocity: Keeps<Policy['velocity']> = (old, now) =>
  old.every((was) => now.some((is) => covers(was, is) && is.per === was.per));

/** What decides changes only above the amounts that a tier of either charter begins at. */
const tiers: Keeps<Policy['tiers']> = (old, now) => {
  const at = (rows: Policy['tiers'], start: bigint) => rows.filter(({ above }) => above <= start).at(-1);
  return [...old, ...now].every(({ above }) => {
    const [was, is] = [at(old, above), at(now, above)];
    if (was === undefined) return true;
    return is !== undefined && is.approvals >= was.approvals && fewer(was.approvers, is.approvers);
  });
};

const DESTINATIONS: readonly Policy['destinations'][] = ['any', 'registered', 'listed'];

const POLICY: Table<Policy> = {
  maxInputs: smaller,
  maxOutputs: smaller,
  maxIntents: smaller,
  maxVsize: smaller,
  amountPerTransaction: smaller,
  windows,
  feeAbsolute: smaller,
  feeRate: smaller,
  feeShare: smaller,
  feeShareFloor: smaller,
  scripts: fewer,
  changeGap: smaller,
  receiveLimit: smaller,
  intentLife: smaller,
  intentAhead: smaller,
  gateDelay: larger,
  velocity,
  destinations: (old, now) => DESTINATIONS.indexOf(now) > DESTINATIONS.indexOf(old),
  destinationTicks: larger,
  allow: fewer,
  deny: more,
  tiers,
  loosenTicks: larger,
};

const CHARTER: Table<Charter> = {
  epoch: free,
  first: free,
  previous: free,
  vaults: fewer,
  gates: fewer,
  screens: fewer,
  requesters,
  approvers: fewerKeys,
  quorum: larger,
  policy: (old, now) => keepsAll(old, now, POLICY),
  clock: (old, now) => keepsAll(old, now, { burial: larger, fresh: smaller }),
};

function keepsAll<T extends object>(old: T, now: T, table: Table<T>): boolean {
  for (const key in old) {
    const keeps = table[key];
    if (textOf(old[key]) !== textOf(now[key]) && keeps?.(old[key], now[key]) !== true) return false;
  }
  return true;
}

export function loosens(old: Charter, now: Charter): boolean {
  return !keepsAll(old, now, CHARTER);
}
