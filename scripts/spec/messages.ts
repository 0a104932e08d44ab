/**
 * Message types: the table of 4-messages.md, the numbers in the source, the bodies in the CDDL, and the vectors name the same.
 */
import { MESSAGE_TYPES, messageTypeOf, RESERVED_TYPES } from '@coldwire/protocol/message/types.ts';
import { type Finding, readFiles, readLines, readSpec } from './texts.ts';

/** A row as the table of 4-messages.md writes it. */
interface TypeRow {
  readonly number: number;
  readonly way: string;
  readonly peer: string;
}

function readTable(): ReadonlyMap<string, TypeRow> {
  const rows = readSpec('4-messages.md').matchAll(
    /^\| ([A-Z]+) \| (\d+) \| (both|down|up) \| (any|signer|gate) \|/gm,
  );
  return new Map(
    [...rows].map(([, type = '', number, way = '', peer = '']) => [
      type,
      { number: Number(number), way, peer },
    ]),
  );
}

function readSource(): ReadonlyMap<string, TypeRow> {
  return new Map(
    Object.entries(MESSAGE_TYPES).map(([type, { number, directions, peers }]) => {
      const [way = ''] = directions;
      const [peer = ''] = peers;
      return [
        type,
        { number, way: directions.length > 1 ? 'both' : way, peer: peers.length > 1 ? 'any' : peer },
      ];
    }),
  );
}

export function checkTypes(): Finding {
  const [table, source] = [readTable(), readSource()];
  const problems: string[] = [];
  for (const [type, row] of source) {
    const written = table.get(type);
    if (written === undefined) problems.push(`4-messages.md lacks the type ${type}`);
    else if (JSON.stringify(written) !== JSON.stringify(row)) {
      problems.push(
        `4-messages.md says ${JSON.stringify(written)} of ${type}, the source ${JSON.stringify(row)}`,
      );
    }
    if (messageTypeOf(row.number) !== type)
      problems.push(`the number ${row.number} of ${type} is taken twice`);
    if (RESERVED_TYPES.includes(row.number))
      problems.push(`the number ${row.number} of ${type} is set aside`);
  }
  for (const type of table.keys())
    if (!source.has(type)) problems.push(`the source lacks ${type} of 4-messages.md`);
  return { what: 'message types', count: source.size, problems };
}

/** Each type has a body in the CDDL, a message and a body that are accepted, and some that are refused. */
export function checkTypeVectors(): readonly Finding[] {
  const types = Object.keys(MESSAGE_TYPES);
  const bodies = [...readSpec('coldwire.cddl').matchAll(/^([A-Z]+)-body = /gm)].map(([, type = '']) => type);
  const vectors = readFiles('protocol-spec/vectors/message', /\.txt$/).map(readLines);
  const problems: string[] = [];
  for (const type of types) {
    for (const part of ['body', 'message']) {
      const of = vectors.filter((lines) => lines.get('type') === type && lines.get('part') === part);
      const accepted = of.filter((lines) => lines.get('expect') === 'ok').length;
      if (accepted === 0) problems.push(`no vector accepts a ${part} of ${type}`);
      if (of.length === accepted) problems.push(`no vector refuses a ${part} of ${type}`);
    }
  }
  for (const lines of vectors) {
    const type = lines.get('type');
    if (type !== undefined && !types.includes(type)) problems.push(`a vector is of the unknown type ${type}`);
  }
  const cddl = [
    ...types.filter((type) => !bodies.includes(type)).map((type) => `coldwire.cddl lacks ${type}-body`),
    ...bodies
      .filter((type) => !types.includes(type))
      .map((type) => `${type}-body of coldwire.cddl is no type`),
  ];
  return [
    { what: 'bodies in the CDDL', count: bodies.length, problems: cddl },
    {
      what: 'vectors of messages, some accepted and some refused for each type',
      count: vectors.length,
      problems,
    },
  ];
}
