/** The rows of the attack catalogue, and what becomes of each. Refuses a list with gaps, and a row that nothing tests. */

export interface NamedTest {
  readonly file: string;
  /** The whole name of a test, or of a group whose tests all count. */
  readonly name: string;
}
export interface Row {
  readonly number: number;
  readonly attack: string;
  readonly tests: readonly NamedTest[];
  /** Why nothing here can be attacked so; undefined where tests are. */
  readonly notApplicable?: string;
}
export interface Ran {
  readonly file: string;
  /** Names of its groups and its own, joined by blanks. */
  readonly name: string;
  readonly passed: boolean;
}
export interface JudgedRow {
  readonly number: number;
  readonly attack: string;
  readonly result: 'pass' | 'fail' | 'n/a';
  readonly problems: readonly string[];
}

export const FIRST = 1;
export const LAST = 52;

/** @throws Error naming what is missing in the list */
export function readRows(rows: readonly Row[]): readonly Row[] {
  for (let number = FIRST; number <= LAST; number += 1) {
    const row = rows[number - FIRST];
    if (row?.number !== number) throw new Error(`rows.json: row ${number} is missing or out of order`);
    if (row.tests.length > 0 === (row.notApplicable !== undefined))
      throw new Error(
        `rows.json: row ${number} needs tests, or a reason why it does not apply, and not both`,
      );
  }
  if (rows.length !== LAST - FIRST + 1) throw new Error(`rows.json: there are more than ${LAST} rows`);
  return rows;
}

function judgeRow(row: Row, ran: readonly Ran[]): JudgedRow {
  const { number, attack, tests, notApplicable } = row;
  if (notApplicable !== undefined) return { number, attack, result: 'n/a', problems: [] };
  const problems = tests.flatMap(({ file, name }) => {
    const found = ran.filter((one) => one.file === file && `${one.name} `.startsWith(`${name} `));
    if (found.length === 0) return [`${file} has no test "${name}"`];
    return found.filter(({ passed }) => !passed).map((one) => `${file}: "${one.name}" did not pass`);
  });
  return { number, attack, result: problems.length === 0 ? 'pass' : 'fail', problems };
}

export function judgeRows(rows: readonly Row[], ran: readonly Ran[]): readonly JudgedRow[] {
  return rows.map((row) => judgeRow(row, ran));
}
