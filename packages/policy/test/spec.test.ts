import { readFileSync } from 'node:fs';
import { CLOCK_NETWORKS } from '@coldwire/protocol/clock/networks.ts';
import { describe, expect, it } from 'vitest';
import { ORDERING } from '../src/charter/ordering.ts';
import { ORDER } from '../src/index.ts';
import { RULES } from '../src/rules/index.ts';

/** Rows of the tables below a heading, cell by cell, without their head. */
function table(file: string, heading: string): string[][] {
  const text = readFileSync(new URL(`../../../protocol-spec/${file}`, import.meta.url), 'utf8');
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** `dup-input` for dupInput. */
const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

describe('the specification', () => {
  it('has the ordering table of the code', () => {
    expect(table('5-charter.md', 'Ordering table')).toEqual(
      ORDERING.map(({ field, direction }) => [field, direction]),
    );
  });

  it('has a line for every rule of the code, in the order of the codes', () => {
    const codes = table('10-policy.md', 'Rules').map(([code = '']) => code);
    expect(codes).toEqual(ORDER.filter((code) => codes.includes(code)));
    const files = RULES.map(({ name }) => kebab(name).toUpperCase().replaceAll('-', '_'));
    expect(codes).toEqual(files);
  });

  it('has the networks of the code', () => {
    const networks = table('11-clock.md', 'Networks').map(([name, bits]) => [name, bits]);
    const known = Object.entries(CLOCK_NETWORKS).map(([name, { limitBits }]) => [
      name,
      limitBits.toString(16),
    ]);
    expect(networks).toEqual(known);
  });
});
