/**
 * Codes both ways: each of codes.json says what it means and what to do, is made somewhere in the sources, expected by a
 * vector or a test, and explained in the prose; and what sources, vectors and prose call a code is one.
 */
import { GATE_CODES } from '@coldwire/gate/core/refusal.ts';
import { ORDER } from '@coldwire/policy/refusal.ts';
import { FAULT_CODES } from '@coldwire/protocol/fault.ts';
import { SCREEN_CODES } from '@coldwire/screen/rules/index.ts';
import { type Finding, names, quotes, readFiles, readLines, readSpec, type TextFile } from './texts.ts';

interface Row {
  readonly code: string;
  readonly kind: string;
  readonly facts: readonly string[];
  readonly means: string;
  readonly action: string;
}

const KINDS = ['fault', 'link', 'state', 'refusal', 'audit'];
/** What a vector may expect that is no code: each is explained in vectors/README.md or its section. */
const OUTCOMES = ['ok', 'duplicate', 'torn'];
/** The lists of codes themselves: a code that stands nowhere else is never made. */
const LISTS =
  /^packages\/(protocol\/src\/fault|policy\/src\/refusal|gate\/src\/core\/refusal|screen\/src\/rules\/rule)\.ts$/;

function isRow(value: unknown): value is Row {
  if (typeof value !== 'object' || value === null) return false;
  const { code, kind, facts, means, action }: Record<string, unknown> = { ...value };
  return [code, kind, means, action].every((one) => typeof one === 'string') && Array.isArray(facts);
}

export function readCodes(): readonly Row[] {
  const file: unknown = JSON.parse(readSpec('codes.json'));
  const rows: unknown = typeof file === 'object' && file !== null && 'codes' in file ? file.codes : undefined;
  if (!Array.isArray(rows) || !rows.every(isRow))
    throw new Error('protocol-spec/codes.json: a row lacks a field');
  return rows;
}

/** Every row by itself. */
export function checkRows(rows: readonly Row[]): Finding {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { code, kind, facts, means, action } of rows) {
    if (seen.has(code)) problems.push(`codes.json: ${code} stands there twice`);
    seen.add(code);
    if (!/^[A-Z][A-Z0-9_]{2,31}$/.test(code)) problems.push(`codes.json: ${code} has not the form of a code`);
    if (!KINDS.includes(kind)) problems.push(`codes.json: ${code} is of the unknown kind ${kind}`);
    if (!means.endsWith('.') || !action.endsWith('.')) problems.push(`codes.json: ${code} lacks a sentence`);
    if (new Set(facts).size !== facts.length || facts.length > 8)
      problems.push(`codes.json: facts of ${code}`);
    for (const fact of facts) {
      if (!/^[a-z]{2,16}$/.test(fact))
        problems.push(`codes.json: ${code} has the fact ${JSON.stringify(fact)}`);
    }
  }
  return { what: 'codes, each with meaning, action and facts', count: rows.length, problems };
}

/** The lists in the sources hold the same codes in the same order. */
export function checkLists(rows: readonly Row[]): Finding {
  const of = (kind: string) => rows.filter((row) => row.kind === kind).map(({ code }) => code);
  const lists: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['FAULT_CODES of packages/protocol', FAULT_CODES, of('fault')],
    ['ORDER of packages/policy', ORDER, of('refusal')],
  ];
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['GATE_CODES of packages/gate', GATE_CODES],
    ['SCREEN_CODES of packages/screen', SCREEN_CODES],
  ];
  const problems: string[] = [];
  for (const [name, list, wanted] of lists) {
    for (const code of wanted) if (!list.includes(code)) problems.push(`${name} lacks ${code} of codes.json`);
    for (const code of list) if (!wanted.includes(code)) problems.push(`codes.json lacks ${code} of ${name}`);
    if (problems.length === 0 && list.join() !== wanted.join()) problems.push(`${name} has another order`);
  }
  for (const [name, list] of parts) {
    const wanted = of('refusal').filter((code) => list.includes(code));
    for (const code of list) if (!wanted.includes(code)) problems.push(`codes.json lacks ${code} of ${name}`);
    if (list.join() !== wanted.join()) problems.push(`${name} has another order than codes.json`);
  }
  return { what: 'lists of codes in the sources', count: lists.length + parts.length, problems };
}

/** Made in a source, expected by a vector or a test, explained in the prose. */
export function checkUse(rows: readonly Row[]): readonly Finding[] {
  const sources = readFiles('packages', /^packages\/[a-z]+\/src\/.*\.ts$/).filter(
    ({ path }) => !LISTS.test(path),
  );
  const tests = [
    ...readFiles('packages', /^packages\/[a-z]+\/test\/.*\.ts$/),
    ...readFiles('test', /^test\/(?!conformance\/).*\.ts$/),
  ];
  const vectors = readFiles('protocol-spec/vectors', /\.txt$/);
  const prose = readFiles('protocol-spec', /^protocol-spec\/[0-9a-z-]+\.md$/);
  const expected = new Set(vectors.map((vector) => readLines(vector).get('expect')));
  const lacking = (what: string, isThere: (code: string) => boolean): Finding => ({
    what,
    count: rows.length,
    problems: rows.filter(({ code }) => !isThere(code)).map(({ code }) => `${code} is not ${what}`),
  });
  const some =
    (files: readonly TextFile[], test: (text: string, code: string) => boolean) => (code: string) =>
      files.some(({ text }) => test(text, code));
  const [, aside = ''] =
    /^Set aside for later versions[^:]*:([\s\S]*?)\n(?:\n|$)/m.exec(readSpec('4-messages.md')) ?? [];
  return [
    lacking('made or handled in a source', (code) => names(aside, code) || some(sources, quotes)(code)),
    lacking(
      'expected by a vector or a test',
      (code) => names(aside, code) || expected.has(code) || some(tests, names)(code),
    ),
    lacking('in the prose of the specification', some(prose, names)),
  ];
}

/** The other way: whatever is called a code is in codes.json. */
export function checkStrangers(rows: readonly Row[]): readonly Finding[] {
  const known = new Set([...rows.map(({ code }) => code), ...OUTCOMES]);
  const vectors = readFiles('protocol-spec/vectors', /\.txt$/);
  const wrong = vectors.flatMap((vector) => {
    const lines = readLines(vector);
    const value = lines.get('expect');
    const missing = ['expect', 'rule', 'comment'].filter((name) => !lines.has(name));
    return [
      ...missing.map((name) => `${vector.path} lacks the line "${name}:"`),
      ...(value === undefined || value.split(/[ ,]+/).every((code) => known.has(code))
        ? []
        : [`${vector.path} expects ${JSON.stringify(value)}, which is no code`]),
    ];
  });
  const sources = readFiles('packages', /^packages\/[a-z]+\/src\/.*\.ts$/);
  const made = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/\b(?:refuse|fault|makeFault)\(\s*'([A-Z][A-Z_]+)'|\bcode: '([A-Z][A-Z_]+)'/g)].map(
      ([, one, other]) => ({ path, code: one ?? other ?? '' }),
    ),
  );
  return [
    {
      what: 'vectors, each with a known outcome, a rule and a comment',
      count: vectors.length,
      problems: wrong,
    },
    {
      what: 'places that make a code',
      count: made.length,
      problems: made
        .filter(({ code }) => !known.has(code))
        .map(({ path, code }) => `${path} makes ${code}, which is not in codes.json`),
    },
  ];
}
