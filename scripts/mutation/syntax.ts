/**
 * The syntax tree of a TypeScript source, from the parser that the test runner ships (oxc, through Vite): nodes with their
 * places in the text, types included. Places are indexes of the string.
 */
import { parseAst } from 'vitest/node';

export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value && 'end' in value;
}

/** @throws Error if the text is not TypeScript */
export function parseSource(code: string, file: string): SyntaxNode {
  const program: unknown = parseAst(code, { lang: 'ts', sourceType: 'module' }, file);
  if (!isNode(program)) throw new Error(`the parser returned no tree for ${file}`);
  return program;
}

/** The node in a field; undefined if there is none. */
export function child(node: SyntaxNode, field: string): SyntaxNode | undefined {
  const value = node[field];
  return isNode(value) ? value : undefined;
}

/** The nodes in a field that holds a list. Holes are left out. */
export function children(node: SyntaxNode, field: string): readonly SyntaxNode[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The name in a field that holds an identifier. */
export function nameIn(node: SyntaxNode, field: string): string | undefined {
  const name = child(node, field)?.['name'];
  return typeof name === 'string' ? name : undefined;
}
