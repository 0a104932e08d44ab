/** What every `status` says first: who or what keeps the program from its work, and since when. */

/** Says so where there is nobody. @param blockers rows `{code, since, text}` as they came out of JSON */
export function formatBlockers(blockers: unknown, none: string): string[] {
  const rows = Array.isArray(blockers) ? blockers.flatMap(formatRow) : [];
  return rows.length === 0 ? [`  ${none}`] : rows;
}

function formatRow(row: unknown): string[] {
  if (typeof row !== 'object' || row === null) return [];
  const { code, since, text }: Partial<Record<string, unknown>> = { ...row };
  const when = typeof since === 'string' ? `, since ${since}` : '';
  return [`  ${String(text)}${when}  [${String(code)}: see RUNBOOK.md]`];
}
