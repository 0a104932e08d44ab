/** `coldwire-vault status` for people: what waits and for whom, then the numbers. Output escapes it. */
import { formatBlockers } from '@coldwire/program';

type Fields = Partial<Record<string, unknown>>;

export function formatStatus(status: unknown): string {
  if (!isFields(status)) return JSON.stringify(status);
  const { blockers, peers, states, ...rest } = status;
  return [
    `withdrawals: ${formatStates(states)}`,
    ...formatBlockers(blockers, 'nothing keeps them from going on'),
    ...listOf(peers).map(
      ({ name, is, since, frozen }) =>
        `${String(name).padEnd(13)} ${String(is)} since ${String(since)}${frozen === true ? ', FROZEN' : ''}`,
    ),
    ...Object.entries(rest).map(([name, value]) => `${`${name}:`.padEnd(13)} ${JSON.stringify(value)}`),
  ].join('\n');
}

/** "3 held, 1 signing"; states that nobody is in are left out. */
function formatStates(states: unknown): string {
  if (!isFields(states)) return 'unknown';
  const rows = Object.entries(states).flatMap(([state, row]) =>
    isFields(row) && Number(row['count']) > 0 ? [`${String(row['count'])} ${state}`] : [],
  );
  return rows.length === 0 ? 'none' : rows.join(', ');
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}
