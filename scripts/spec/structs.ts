/**
 * Maps of the CDDL and structs of packages/protocol: the same names, and the same keys in each. Schemas are closures and keep
 * their fields to themselves, so the sources are read: `struct('Name', { field: field(KEY, …), … })`.
 */
import { MESSAGE_TYPES } from '@coldwire/protocol/message/types.ts';
import { type Finding, readFiles, readSpec } from './texts.ts';

type Keys = ReadonlyMap<string, readonly number[]>;

/** Structs that are not named after their rule: bodies with another name than their message, and what a message is named after. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['SignRequest', 'SIGN-body'],
  ['CharterBody', 'CHARTER-body'],
  ['Charter', 'charter'],
]);

/** From an opening brace to the one that closes it, without both. */
function readBraces(text: string, open: number): string {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return text.slice(open + 1, at);
  }
  throw new Error('a brace is not closed');
}

/** The text without whatever stands in braces inside it. */
function topLevel(text: string): string {
  let depth = 0;
  return [...text]
    .filter((char) => {
      if (char === '{') depth += 1;
      const keep = depth === 0;
      if (char === '}') depth -= 1;
      return keep;
    })
    .join('');
}

function ruleName(struct: string): string {
  const upper = struct.toUpperCase();
  const body = OTHER_NAMES.get(struct);
  if (body !== undefined) return body;
  if (upper in MESSAGE_TYPES) return `${upper}-body`;
  return struct.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}

function readStructs(): Keys {
  const found = new Map<string, readonly number[]>();
  for (const { text } of readFiles('packages/protocol', /^packages\/protocol\/src\/.*\.ts$/)) {
    for (const match of text.matchAll(/\bstruct\('([A-Za-z]+)', \{/g)) {
      const fields = topLevel(readBraces(text, match.index + match[0].length - 1));
      const keys = [...fields.matchAll(/\b(?:field|optional)\(\s*(\d+)/g)].map(([, key]) => Number(key));
      found.set(ruleName(match[1] ?? ''), keys);
    }
  }
  return found;
}

function readRules(): Keys {
  const text = readSpec('coldwire.cddl').replaceAll(/;.*$/gm, '');
  return new Map(
    [...text.matchAll(/^([A-Za-z-]+) = \{/gm)].map((match) => {
      const map = topLevel(readBraces(text, match.index + match[0].length - 1));
      return [match[1] ?? '', [...map.matchAll(/(\d+) =>/g)].map(([, key]) => Number(key))];
    }),
  );
}

export function checkStructs(): Finding {
  const [structs, rules] = [readStructs(), readRules()];
  const problems: string[] = [];
  for (const [name, keys] of structs) {
    const written = rules.get(name);
    if (written === undefined) problems.push(`coldwire.cddl lacks the map ${name}`);
    else if (written.join() !== keys.join()) {
      problems.push(
        `${name} has the keys ${written.join(', ')} in coldwire.cddl, ${keys.join(', ')} in the source`,
      );
    }
  }
  for (const name of rules.keys()) {
    if (!structs.has(name))
      problems.push(`no struct of packages/protocol is the map ${name} of coldwire.cddl`);
  }
  return { what: 'maps of the CDDL with the keys of the source', count: rules.size, problems };
}
