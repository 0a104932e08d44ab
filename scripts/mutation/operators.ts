/**
 * Which mistakes are planted: the usual mutation operators (boundaries, comparisons, logic, arithmetic, literals, conditions,
 * blocks, calls). Never in types, imports, names of properties, or loops' conditions made true for ever.
 */
import { child, children, nameIn, type SyntaxNode } from './syntax.ts';

export interface Change {
  readonly operator: string;
  /** Put in place of the node's text; for a block `{}`, for the statements of a case nothing. */
  readonly text: string;
}

/** Only the boundary: the opposite dies whenever both `true` and `false` in its place do. */
const COMPARISONS: Readonly<Record<string, string | null>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '==': null,
  '!=': null,
  '===': null,
  '!==': null,
};

const ARITHMETIC: Readonly<Record<string, string>> = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '**': '*',
  '&': '|',
  '|': '&',
  '^': '&',
  '<<': '>>',
  '>>': '<<',
  '>>>': '<<',
};

const LOGIC: Readonly<Record<string, string>> = { '&&': '||', '||': '&&', '??': '&&' };

const ASSIGNMENTS: Readonly<Record<string, string>> = {
  '+=': '-=',
  '-=': '+=',
  '*=': '/=',
  '/=': '*=',
  '%=': '*=',
  '|=': '&=',
  '&=': '|=',
  '<<=': '>>=',
  '>>=': '<<=',
  '&&=': '||=',
  '||=': '&&=',
  '??=': '&&=',
};

/** Calls that become another one of the same object. */
const RENAMED: Readonly<Record<string, string>> = {
  every: 'some',
  some: 'every',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
  toUpperCase: 'toLowerCase',
  toLowerCase: 'toUpperCase',
  trimStart: 'trimEnd',
  trimEnd: 'trimStart',
  min: 'max',
  max: 'min',
};

/** Calls that are left out, so that their object itself is the value. */
const DROPPED = new Set([
  'filter',
  'slice',
  'subarray',
  'sort',
  'toSorted',
  'reverse',
  'toReversed',
  'trim',
  'charAt',
]);

const LOOPS = new Set(['WhileStatement', 'DoWhileStatement', 'ForStatement']);

/** The changes of an expression as a whole; `parent` holds it in `field`. */
export function changesOf(
  code: string,
  node: SyntaxNode,
  parent: SyntaxNode,
  field: string,
): readonly Change[] {
  const own = ownChanges(code, node);
  const fixed = conditionsOf(node, parent, field).map((text) => ({ operator: 'condition', text }));
  // The value and not the function: that keeps its name.
  const isValue =
    field === 'body' && parent.type === 'ArrowFunctionExpression' && node.type !== 'BlockStatement';
  return [...own, ...fixed, ...(isValue ? [{ operator: 'arrow', text: 'undefined' }] : [])];
}

/** `true` and `false` where a yes or no is asked; a loop that never ends teaches nothing. */
function conditionsOf(node: SyntaxNode, parent: SyntaxNode, field: string): readonly string[] {
  if (field === 'test' && LOOPS.has(parent.type)) return ['false'];
  if (field === 'test' && (parent.type === 'IfStatement' || parent.type === 'ConditionalExpression')) {
    return ['true', 'false'];
  }
  const operator = `${node['operator']}`;
  if (node.type === 'BinaryExpression' && operator in COMPARISONS) return ['true', 'false'];
  if (node.type === 'LogicalExpression' && operator !== '??') return ['true', 'false'];
  return [];
}

function ownChanges(code: string, node: SyntaxNode): readonly Change[] {
  switch (node.type) {
    case 'Literal':
      return literalChanges(node);
    case 'TemplateLiteral':
      return [{ operator: 'string', text: node.end - node.start === 2 ? '"mutant"' : '""' }];
    case 'BinaryExpression':
    case 'LogicalExpression':
      return binaryChanges(code, node);
    case 'AssignmentExpression':
      return assignmentChanges(code, node);
    case 'UpdateExpression':
      return [{ operator: 'update', text: swapUpdate(code.slice(node.start, node.end)) }];
    case 'UnaryExpression':
      return unaryChanges(code, node);
    case 'ArrayExpression':
      return [{ operator: 'array', text: children(node, 'elements').length === 0 ? '["mutant"]' : '[]' }];
    case 'ObjectExpression':
      return children(node, 'properties').length === 0 ? [] : [{ operator: 'object', text: '{}' }];
    default:
      return [];
  }
}

function literalChanges(node: SyntaxNode): readonly Change[] {
  const { value, bigint } = { value: node['value'], bigint: node['bigint'] };
  if (typeof bigint === 'string') return [{ operator: 'bigint', text: `${BigInt(bigint) + 1n}n` }];
  if (typeof value === 'string') return [{ operator: 'string', text: value === '' ? '"mutant"' : '""' }];
  if (typeof value === 'number') return [{ operator: 'number', text: `${value + 1}` }];
  if (typeof value === 'boolean') return [{ operator: 'boolean', text: `${!value}` }];
  if (node['regex'] !== undefined && node['regex'] !== null) return [{ operator: 'regex', text: '/(?!)/' }];
  return [];
}

const isText = (node: SyntaxNode | undefined): boolean =>
  node?.type === 'TemplateLiteral' || (node?.type === 'Literal' && typeof node['value'] === 'string');

interface Operation {
  readonly operator: string;
  readonly left: SyntaxNode;
  readonly right: SyntaxNode;
  /** What stands before and after the operator, parentheses included. */
  readonly before: string;
  readonly after: string;
}

/** The tree keeps no parentheses, so the operator is found in the text between the two operands. */
function operationOf(code: string, node: SyntaxNode): Operation | undefined {
  const operator = `${node['operator']}`;
  const [left, right] = [child(node, 'left'), child(node, 'right')];
  if (left === undefined || right === undefined) return undefined;
  const at = code.indexOf(operator, left.end);
  if (at < 0 || at >= right.start) return undefined;
  const after = code.slice(at + operator.length, node.end);
  return { operator, left, right, before: code.slice(node.start, at), after };
}

function binaryChanges(code: string, node: SyntaxNode): readonly Change[] {
  const operation = operationOf(code, node);
  if (operation === undefined) return [];
  const { operator, left, right, before, after } = operation;
  const boundary = COMPARISONS[operator] ?? undefined;
  const isJoin = operator === '+' && (isText(left) || isText(right));
  const arithmetic = isJoin ? undefined : ARITHMETIC[operator];
  const logic = LOGIC[operator];
  return [
    ...(boundary === undefined ? [] : [{ operator: 'comparison', text: before + boundary + after }]),
    ...(arithmetic === undefined ? [] : [{ operator: 'arithmetic', text: before + arithmetic + after }]),
    // `a ?? b && c` is no syntax: the parts stand in parentheses.
    ...(logic === undefined
      ? []
      : [{ operator: 'logic', text: `(${before.trim()}) ${logic} (${after.trim()})` }]),
  ];
}

function assignmentChanges(code: string, node: SyntaxNode): readonly Change[] {
  const operation = operationOf(code, node);
  const to = operation === undefined ? undefined : ASSIGNMENTS[operation.operator];
  if (operation === undefined || to === undefined) return [];
  return [{ operator: 'assignment', text: operation.before + to + operation.after }];
}

const swapUpdate = (text: string): string =>
  text.includes('++') ? text.replace('++', '--') : text.replace('--', '++');

function unaryChanges(code: string, node: SyntaxNode): readonly Change[] {
  const argument = child(node, 'argument');
  if (argument === undefined) return [];
  const text = textOf(code, argument);
  switch (node['operator']) {
    case '!':
      return [{ operator: 'boolean', text }];
    case '-':
      return [{ operator: 'unary', text: `+${text}` }];
    case '+':
      return [{ operator: 'unary', text: `-${text}` }];
    case '~':
      return [{ operator: 'unary', text }];
    default:
      return [];
  }
}

/** A change of a part of a chain of calls, as places in the text: what stands from `start` to `end` becomes `text`. */
export interface LinkChange extends Change {
  readonly start: number;
  readonly end: number;
}

/** Of a call or an optional link; placed by the caller, who knows whether it is in the middle of an optional chain. */
export function linkChanges(code: string, node: SyntaxNode): readonly LinkChange[] {
  return [...callChanges(code, node), ...optionalChanges(code, node)];
}

function callChanges(code: string, node: SyntaxNode): readonly LinkChange[] {
  const callee = node.type === 'CallExpression' ? child(node, 'callee') : undefined;
  const property = callee?.type === 'MemberExpression' ? child(callee, 'property') : undefined;
  if (callee === undefined || property === undefined || callee['computed'] === true) return [];
  const name = nameIn(callee, 'property') ?? '';
  const renamed = Object.hasOwn(RENAMED, name) ? RENAMED[name] : undefined;
  if (renamed !== undefined)
    return [{ operator: 'call', text: renamed, start: property.start, end: property.end }];
  if (!DROPPED.has(name)) return [];
  // The tree keeps no parentheses: `(a ?? b).filter` goes on behind them.
  const dot = code.lastIndexOf('.', property.start);
  return [{ operator: 'call', text: '', start: code[dot - 1] === '?' ? dot - 1 : dot, end: node.end }];
}

function optionalChanges(code: string, node: SyntaxNode): readonly LinkChange[] {
  if (node['optional'] !== true || (node.type !== 'MemberExpression' && node.type !== 'CallExpression')) {
    return [];
  }
  const object = child(node, node.type === 'CallExpression' ? 'callee' : 'object');
  const start = object === undefined ? -1 : code.indexOf('?.', object.end);
  if (start < 0) return [];
  const isPlain = node.type === 'MemberExpression' && node['computed'] !== true;
  return [{ operator: 'optional', text: isPlain ? '.' : '', start, end: start + 2 }];
}

export const textOf = (code: string, { start, end }: SyntaxNode): string => code.slice(start, end);
