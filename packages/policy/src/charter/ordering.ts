/**
 * Which way a charter moves: tightening only if every field is, by the table below; then it applies at once.
 * Spec: protocol-spec/5-charter.md, "Ordering table"; a test compares the two.
 */
import { type Charter, toHex } from '@coldwire/protocol';

/** What kind of change of a field is tightening. Any other change of it is loosening. */
export type Direction =
  /** The value falls. */
  | 'smaller'
  /** The value rises. */
  | 'larger'
  /** Members are taken away. */
  | 'fewer'
  /** Members are added. */
  | 'more'
  /** For every old window there is a new one that is as long or longer and allows no more. */
  | 'windows'
  /** The same for limits per destination and per requester. */
  | 'velocity'
  /** Whatever the amount, it needs as many approvals or more, of the same people or fewer; or it needed none. */
  | 'tiers'
  /** Who is named with a requester stays named, unless the requester is gone. */
  | 'people'
  /** None: any change is loosening. */
  | 'fixed'
  /** It must change, and says nothing about limits. */
  | 'free';

type Value = number | bigint | readonly string[];
type Row = {
  readonly field: string;
  readonly direction: Direction;
  readonly read: (charter: Charter) => Value;
};

const rows = (items: readonly unknown[]): string[] => items.map((item) => canonicalText(item));

/** The same text for the same value; byte strings as hexadecimal, object keys in the schema's order. */
function canonicalText(item: unknown): string {
  return JSON.stringify(item, (_key, value: unknown) => {
    if (value instanceof Uint8Array) return `h:${toHex(value)}`;
    return typeof value === 'bigint' ? `n:${value}` : value;
  });
}

const row = (field: string, direction: Direction, read: (charter: Charter) => Value): Row => ({
  field,
  direction,
  read,
});

/** The strictest first. */
const STRICTNESS: readonly Charter['policy']['destinations'][] = ['listed', 'registered', 'any'];

/** Every field of the charter, once. */
export const ORDERING: readonly Row[] = [
  row('version', 'fixed', ({ version }) => version),
  row('network', 'fixed', ({ network }) => [network]),
  row('title', 'fixed', ({ title }) => [title]),
  row('epoch', 'free', ({ epoch }) => epoch),
  row('first', 'free', ({ first }) => rows([first])),
  row('previous', 'free', ({ previous }) => rows([previous])),
  row('wallets', 'fixed', ({ wallets }) => rows(wallets)),
  row('vaults', 'fewer', ({ vaults }) => rows(vaults)),
  row('signers', 'fixed', ({ signers }) => rows(signers)),
  row('gates', 'fewer', ({ gates }) => rows(gates)),
  row('screens', 'fewer', ({ screens }) => rows(screens)),
  row('requesters', 'fewer', ({ requesters }) =>
    requesters.flatMap(({ name, keys }) => keys.map((key) => canonicalText([name, key]))),
  ),
  row('requesters.people', 'people', ({ requesters }) =>
    requesters.flatMap(({ name, people }) => people.map((person) => canonicalText([name, person]))),
  ),
  // Fewer custodians are a smaller quorum for the next charter, so taking one away is no tightening.
  row('custodians', 'fixed', ({ custodians }) => rows(custodians)),
  row('policy.maxInputs', 'smaller', ({ policy }) => policy.maxInputs),
  row('policy.maxOutputs', 'smaller', ({ policy }) => policy.maxOutputs),
  row('policy.maxIntents', 'smaller', ({ policy }) => policy.maxIntents),
  row('policy.maxVsize', 'smaller', ({ policy }) => policy.maxVsize),
  row('policy.amountPerTransaction', 'smaller', ({ policy }) => policy.amountPerTransaction),
  row('policy.windows', 'windows', ({ policy }) => rows(policy.windows)),
  row('policy.feeAbsolute', 'smaller', ({ policy }) => policy.feeAbsolute),
  row('policy.feeRate', 'smaller', ({ policy }) => policy.feeRate),
  row('policy.feeShare', 'smaller', ({ policy }) => policy.feeShare),
  row('policy.feeShareFloor', 'smaller', ({ policy }) => policy.feeShareFloor),
  row('policy.scripts', 'fewer', ({ policy }) => policy.scripts),
  row('policy.changeGap', 'smaller', ({ policy }) => policy.changeGap),
  row('policy.receiveLimit', 'smaller', ({ policy }) => policy.receiveLimit),
  row('policy.intentLife', 'smaller', ({ policy }) => policy.intentLife),
  row('policy.intentAhead', 'smaller', ({ policy }) => policy.intentAhead),
  // A longer freeze is more power for one person, a shorter one less protection.
  row('policy.freezeTicks', 'fixed', ({ policy }) => policy.freezeTicks),
  row('policy.gateDelay', 'larger', ({ policy }) => policy.gateDelay),
  row('policy.velocity', 'velocity', ({ policy }) => rows(policy.velocity)),
  row('policy.destinations', 'smaller', ({ policy }) => STRICTNESS.indexOf(policy.destinations)),
  row('policy.destinationTicks', 'larger', ({ policy }) => policy.destinationTicks),
  row('policy.allow', 'fewer', ({ policy }) => rows(policy.allow)),
  row('policy.deny', 'more', ({ policy }) => rows(policy.deny)),
  row('policy.tiers', 'tiers', ({ policy }) => rows(policy.tiers)),
  row('policy.loosenTicks', 'larger', ({ policy }) => policy.loosenTicks),
  row('custody', 'fixed', ({ custody }) => rows(custody.shares)),
  row('clock.checkpointHeight', 'fixed', ({ clock }) => clock.checkpointHeight),
  row('clock.checkpoint', 'fixed', ({ clock }) => rows([clock.checkpoint])),
  row('clock.spacing', 'fixed', ({ clock }) => clock.spacing),
  row('clock.burial', 'larger', ({ clock }) => clock.burial),
  row('clock.fresh', 'smaller', ({ clock }) => clock.fresh),
  row('approvers', 'fewer', ({ approvers }) =>
    approvers.flatMap(({ name, keys }) => keys.map((key) => canonicalText([name, key]))),
  ),
  row('quorum', 'larger', ({ quorum }) => quorum),
];

export type FieldChange = { readonly field: string; readonly change: 'tightening' | 'loosening' | 'free' };
export type ChangeOfCharter = {
  readonly change: 'same' | 'tightening' | 'loosening';
  /** Every field that differs, in the order of the table. */
  readonly fields: readonly FieldChange[];
};

function isSame(before: Value, after: Value): boolean {
  return canonicalText(before) === canonicalText(after);
}

function areWindowsTighter(before: Charter, after: Charter): boolean {
  return before.policy.windows.every((old) =>
    after.policy.windows.some((window) => {
      const allows = window.amount <= old.amount && window.count <= old.count && window.fee <= old.fee;
      return window.ticks >= old.ticks && allows;
    }),
  );
}

function isVelocityTighter(before: Charter, after: Charter): boolean {
  return before.policy.velocity.every((old) =>
    after.policy.velocity.some(({ per, ticks, amount, count }) => {
      return per === old.per && ticks >= old.ticks && amount <= old.amount && count <= old.count;
    }),
  );
}

/** At every amount: tiers change just above the amounts that they start at, so these and what they ask for there are all. */
function areTiersTighter(before: Charter, after: Charter): boolean {
  const old = before.policy.tiers;
  const now = after.policy.tiers;
  return [...old, ...now].every(({ above: amount }) => {
    const asked = old.findLast(({ above }) => amount >= above);
    const asks = now.findLast(({ above }) => amount >= above);
    if (asked === undefined) return true;
    if (asks === undefined || asks.approvals < asked.approvals) return false;
    return asks.approvers.every((name) => asked.approvers.includes(name));
  });
}

function arePeopleKept(before: Charter, after: Charter): boolean {
  return before.requesters.every(({ name, people }) => {
    const requester = after.requesters.find((row) => row.name === name);
    return requester === undefined || people.every((person) => requester.people.includes(person));
  });
}

function isTighter({ direction, read }: Row, before: Charter, after: Charter): boolean {
  const old = read(before);
  const now = read(after);
  switch (direction) {
    case 'smaller':
      return now < old;
    case 'larger':
      return now > old;
    case 'fewer':
      return Array.isArray(old) && Array.isArray(now) && now.every((member) => old.includes(member));
    case 'more':
      return Array.isArray(old) && Array.isArray(now) && old.every((member) => now.includes(member));
    case 'windows':
      return areWindowsTighter(before, after);
    case 'velocity':
      return isVelocityTighter(before, after);
    case 'tiers':
      return areTiersTighter(before, after);
    case 'people':
      return arePeopleKept(before, after);
    case 'fixed':
    case 'free':
      return false;
  }
}

/** Compares two charters field by field. Order within a list of members counts only where the table says `fixed`. */
export function compareCharters(before: Charter, after: Charter): ChangeOfCharter {
  const fields = ORDERING.filter(({ read }) => !isSame(read(before), read(after))).map(
    (entry): FieldChange => {
      if (entry.direction === 'free') return { field: entry.field, change: 'free' };
      return { field: entry.field, change: isTighter(entry, before, after) ? 'tightening' : 'loosening' };
    },
  );
  if (fields.some(({ change }) => change === 'loosening')) return { change: 'loosening', fields };
  return { change: fields.length === 0 ? 'same' : 'tightening', fields };
}
