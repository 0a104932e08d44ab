/**
 * The runbook's text from codes.json: arranged by what a person sees first, each code with its meaning, its facts and what to do,
 * and each procedure with who acts and what to type. Pure.
 */

export interface Code {
  readonly code: string;
  readonly kind: string;
  readonly facts: readonly string[];
  readonly means: string;
  readonly action: string;
  /** Name of the procedure. */
  readonly do: string;
}

export interface Procedure {
  readonly name: string;
  readonly who: string;
  /** What to type, in this order. */
  readonly run: readonly string[];
  readonly after: string;
}

interface Section {
  readonly title: string;
  readonly seen: string;
  readonly holds: (code: Code) => boolean;
}

const starts = (...prefixes: readonly string[]) => {
  return ({ code }: Code): boolean => prefixes.some((prefix) => code.startsWith(prefix));
};
const CHAIN = starts('HEADER_', 'CLOCK_', 'MERKLE_');
const MEMORY = starts('STATE_', 'CLONE', 'UNWITNESSED', 'RESTORED', 'WITNESS_', 'ORDER_');

/** The first section that holds a code has it; the last one holds whatever is left. */
const SECTIONS: readonly Section[] = [
  {
    title: 'A signer or gate says it of itself',
    seen: '`coldwire-signer status`, or a line `{"event":"alarm","code":…}` in its own log',
    holds: (row) => row.kind === 'state' || row.kind === 'link' || MEMORY(row) || row.code === 'FROZEN',
  },
  {
    title: 'The line: bad bytes, wrong machine',
    seen: 'an alarm at either end of a line; nothing was changed by it',
    holds: (row) => row.kind === 'fault' && !starts('PSBT_')(row),
  },
  { title: 'The chain and its clock', seen: 'an alarm, or a signer that waits for headers', holds: CHAIN },
  {
    title: 'A screen holds a withdrawal',
    seen: '`coldwire-screen held`, or withdrawals that stay `held`',
    holds: starts('SCREEN'),
  },
  {
    title: 'A gate does not clear',
    seen: 'an alarm at a gate, or withdrawals that stay `signed`',
    holds: starts('GATE_', 'SIGHASH'),
  },
  {
    title: 'A drafted file is not taken',
    seen: 'the answer of the command that reads it',
    holds: starts('PSBT_'),
  },
  {
    title: 'An audit finds it',
    seen: '`coldwire-audit verify` or `replay`',
    holds: (row) => row.kind === 'audit',
  },
  {
    title: 'A request is refused',
    seen: 'an alarm at a signer, at the vault, or the answer to `coldwire-vault submit`; nothing was signed',
    holds: () => true,
  },
];

/** @param pages the scenarios, as Markdown */
export function makeRunbook(codes: readonly Code[], procedures: readonly Procedure[], pages: string): string {
  const placed = SECTIONS.map(({ holds }, place) =>
    codes.filter((row) => holds(row) && !SECTIONS.slice(0, place).some((earlier) => earlier.holds(row))),
  );
  return [
    '# Runbook',
    '',
    'Made from [codes.json](codes.json) by `node scripts/runbook.ts`; not edited by hand.',
    '',
    'You have a code in capitals: search this page for it. You have none: look below by what you see. `status` of every',
    'program names who or what it waits for, since when, and the code.',
    '',
    pages.trim(),
    '',
    '## By what you see',
    '',
    '| you see | go to |',
    '|---|---|',
    ...SECTIONS.map(({ title, seen }) => `| ${seen} | [${title}](#${anchorOf(title)}) |`),
    '',
    ...SECTIONS.flatMap(({ title, seen }, place) => [
      `## ${title}`,
      '',
      `Seen as ${seen}.`,
      '',
      '| code | means (facts) | do | type |',
      '|---|---|---|---|',
      ...(placed[place] ?? []).map(formatCode),
      '',
    ]),
    '## What to type',
    '',
    ...procedures.flatMap((procedure) => formatProcedure(procedure, codes)),
  ].join('\n');
}

/** As GitHub and most other readers of Markdown name a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}

function formatCode({ code, facts, means, action, do: procedure }: Code): string {
  const with_ = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  return `| ${code} | ${means}${with_} | ${action} | [${procedure}](#${procedure}) |`;
}

function formatProcedure({ name, who, run, after }: Procedure, codes: readonly Code[]): string[] {
  const own = codes.filter((row) => row.do === name).map(({ code }) => code);
  return [
    `### ${name}`,
    '',
    `For ${own.join(', ')}. Who: ${who}.`,
    '',
    ...run.map((line) => `    ${line}`),
    '',
    after,
    '',
  ];
}
