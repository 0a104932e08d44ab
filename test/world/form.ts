/**
 * The two forms of the tests. The default one checks everything with numbers that people wait for; the long one,
 * COLDWIRE_LONG=1, checks the same with large numbers: more withdrawals, more kills, more random cases.
 */
import process from 'node:process';

export const isLong = process.env['COLDWIRE_LONG'] === '1';

/** How many in the default and in the long form. */
export function inForm(short: number, long: number): number {
  return isLong ? long : short;
}
