/**
 * Finds every place of a source where a mistake can be planted, and writes the one source that holds all of them, each behind
 * `$mutant(number)`. A mutant is known by its file, the names around it, its text and replacement and which of several equal
 * ones it is: not by its line, so that an explanation outlives an edit elsewhere in the file.
 */
import { createHash } from 'node:crypto';
import { changesOf, linkChanges, textOf } from './operators.ts';
import { children, isNode, nameIn, parseSource, type SyntaxNode } from './syntax.ts';

type Place = 'expression' | 'block' | 'case';

export interface Mutant {
  readonly id: number;
  readonly file: string;
  /** Names of the functions and constants around it. */
  readonly where: string;
  readonly operator: string;
  readonly original: string;
  readonly replacement: string;
  /** Which of the equal ones in the same `where`, from 0. */
  readonly nth: number;
  /** For people; from 1. */
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly place: Place;
  /** The top-level statement that it is in. */
  readonly statement: { readonly start: number; readonly end: number };
}

export interface Mutated {
  readonly mutants: readonly Mutant[];
  /** The source with all mutants in it. */
  readonly code: string;
}

type Found = Omit<Mutant, 'id' | 'file' | 'nth' | 'line' | 'original'> & { readonly original: string };

interface Context {
  readonly code: string;
  readonly found: Found[];
  readonly statement: SyntaxNode;
  readonly where: string;
  /** The optional chain whose middle this is. */
  readonly chain: SyntaxNode | undefined;
}

/** @param firstId numbers are unique over all files of a run */
export function mutateSource(code: string, file: string, firstId: number): Mutated {
  const found: Found[] = [];
  for (const statement of children(parseSource(code, file), 'body')) {
    visit(statement, statement, 'body', { code, found, statement, where: '', chain: undefined });
  }
  const counts = new Map<string, number>();
  const mutants = dropEqual(found).map((one, i): Mutant => {
    const key = JSON.stringify([one.where, one.original, one.replacement]);
    const nth = counts.get(key) ?? 0;
    counts.set(key, nth + 1);
    return { ...one, id: firstId + i, file, nth, line: code.slice(0, one.start).split('\n').length };
  });
  return { mutants, code: writeAll(code, mutants) };
}

/** Two operators may come to the same text at the same place. */
function dropEqual(found: readonly Found[]): readonly Found[] {
  const seen = new Set<string>();
  return found.filter(({ start, end, replacement }) => {
    const key = `${start} ${end} ${replacement}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

const TRANSPARENT = new Set(['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression']);
const isSkipped = ({ type, source }: SyntaxNode): boolean =>
  (type.startsWith('TS') && !TRANSPARENT.has(type)) ||
  type === 'ImportDeclaration' ||
  type === 'ExportAllDeclaration' ||
  (type === 'ExportNamedDeclaration' && isNode(source));

const isKey = (parent: SyntaxNode, field: string): boolean =>
  parent['computed'] !== true && (field === 'key' || (field === 'property' && 'object' in parent));

function visit(node: SyntaxNode, parent: SyntaxNode, field: string, outer: Context): void {
  if (isSkipped(node) || isKey(parent, field)) return;
  const where =
    nameOf(node) === undefined ? outer.where : [outer.where, nameOf(node)].filter(Boolean).join('.');
  const context: Context = { ...outer, where, chain: chainAt(node, parent, field, outer.chain) };
  for (const { operator, text } of changesOf(context.code, node, parent, field)) {
    add(context, node, 'expression', operator, text);
  }
  addLinks(context, node);
  addBlocks(context, node, parent);
  for (const [name, value] of Object.entries(node)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (isNode(one)) visit(one, node, name, context);
    }
  }
}

function nameOf(node: SyntaxNode): string | undefined {
  if (node.type === 'FunctionDeclaration' || node.type === 'VariableDeclarator') return nameIn(node, 'id');
  if (node.type === 'ClassDeclaration') return nameIn(node, 'id');
  return node.type === 'MethodDefinition' || node.type === 'PropertyDefinition'
    ? nameIn(node, 'key')
    : undefined;
}

/** The chain goes on through what a link is taken of, and ends at arguments and computed names. */
function chainAt(
  node: SyntaxNode,
  parent: SyntaxNode,
  field: string,
  chain: SyntaxNode | undefined,
): SyntaxNode | undefined {
  if (node.type === 'ChainExpression') return node;
  const isSpine =
    (field === 'expression' && (parent.type === 'ChainExpression' || TRANSPARENT.has(parent.type))) ||
    (field === 'object' && parent.type === 'MemberExpression') ||
    (field === 'callee' && parent.type === 'CallExpression');
  return isSpine ? chain : undefined;
}

/** Inside an optional chain the whole chain is written anew: parentheses in its middle would end what `?.` skips. */
function addLinks(context: Context, node: SyntaxNode): void {
  for (const { operator, text, start, end } of linkChanges(context.code, node)) {
    const whole = context.chain ?? node;
    const { code } = context;
    const written = code.slice(whole.start, start) + text + code.slice(end, whole.end);
    add(context, whole, 'expression', operator, written);
  }
}

function addBlocks(context: Context, node: SyntaxNode, parent: SyntaxNode): void {
  if (node.type === 'BlockStatement' && children(node, 'body').length > 0) {
    const calls = textOf(context.code, node).includes('super(');
    if (!calls && parent.type !== 'StaticBlock') add(context, node, 'block', 'block', '{}');
  }
  const statements = node.type === 'SwitchCase' ? children(node, 'consequent') : [];
  const [first] = statements;
  const last = statements.at(-1);
  const isBlock = statements.length === 1 && first?.type === 'BlockStatement';
  if (first !== undefined && last !== undefined && !isBlock) {
    add(context, { ...first, end: last.end }, 'case', 'case', '');
  }
}

function add(context: Context, node: SyntaxNode, place: Place, operator: string, replacement: string): void {
  const { start, end } = node;
  const { where, statement } = context;
  const original = shorten(textOf(context.code, node));
  context.found.push({ where, operator, original, replacement, start, end, place, statement });
}

/** One line; what is long is cut and named by its hash. */
export function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  if (line.length <= 120) return line;
  return `${line.slice(0, 90)}… ${createHash('sha256').update(line).digest('hex').slice(0, 12)}`;
}

interface Spot {
  readonly start: number;
  readonly end: number;
  readonly place: Place;
  readonly mutants: Mutant[];
  readonly inner: Spot[];
}

function writeAll(code: string, mutants: readonly Mutant[]): string {
  const root: Spot = { start: 0, end: code.length, place: 'expression', mutants: [], inner: [] };
  const spots = new Map<string, Spot>();
  for (const mutant of mutants) {
    const { start, end, place } = mutant;
    const key = `${start} ${end} ${place}`;
    const spot = spots.get(key) ?? { start, end, place, mutants: [], inner: [] };
    spot.mutants.push(mutant);
    spots.set(key, spot);
  }
  const sorted = [...spots.values()].sort(
    (a, b) => a.start - b.start || b.end - a.end || (a.place === 'case' ? -1 : 1),
  );
  const open: Spot[] = [root];
  for (const spot of sorted) {
    while ((open.at(-1)?.end ?? code.length) < spot.end) open.pop();
    open.at(-1)?.inner.push(spot);
    open.push(spot);
  }
  return writeInner(code, root);
}

function writeInner(code: string, spot: Spot): string {
  let at = spot.start;
  let out = '';
  for (const inner of spot.inner) {
    out += code.slice(at, inner.start) + writeSpot(code, inner);
    at = inner.end;
  }
  return out + code.slice(at, spot.end);
}

function writeSpot(code: string, spot: Spot): string {
  const text = writeInner(code, spot);
  const [first] = spot.mutants;
  if (spot.place !== 'expression') return `{ if (!$mutant(${first?.id})) { ${text} } }`;
  const choices = spot.mutants.map(({ id, replacement }) => `$mutant(${id}) ? (${replacement}) : `);
  return `(${choices.join('')}(${text}))`;
}

/** The source with only this mutant in it, as somebody could have written it. */
export function applyMutant(code: string, { start, end, replacement }: Mutant): string {
  return code.slice(0, start) + replacement + code.slice(end);
}
