import { describe, expect, it } from 'vitest';
import { type Code, makeRunbook, type Procedure } from '../../scripts/runbook/make.ts';
import { judgeCommand } from '../../scripts/spec/runbook.ts';

const code = (name: string, kind: string): Code => ({
  code: name,
  kind,
  facts: ['fact'],
  means: `${name} means.`,
  action: 'Act.',
  do: 'look',
});
const look: Procedure = { name: 'look', who: 'operator', run: ['coldwire-signer status'], after: 'Then.' };

/** Whether the real one is current and names commands that exist `npm run spec` says. */
describe('the runbook', () => {
  it('has every code once, below what an operator sees of it, with what to type', () => {
    const codes = [
      code('LOCKED', 'state'),
      code('FROZEN', 'refusal'),
      code('SCREEN_BURST', 'refusal'),
      code('DUST', 'refusal'),
      code('FORK', 'fault'),
      code('AUDIT_X', 'audit'),
    ];
    const text = makeRunbook(codes, [look], '## Pages');
    for (const { code: name } of codes) expect(text.split(`| ${name} |`)).toHaveLength(2);
    const section = (title: string): string => text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
    expect(section('A signer or gate says it of itself')).toMatch(/\| LOCKED \|[\s\S]*\| FROZEN \|/);
    expect(section('A screen holds a withdrawal')).toContain('| SCREEN_BURST |');
    expect(section('A request is refused')).toContain('| DUST | DUST means. (fact) | Act. | [look](#look) |');
    expect(section('What to type')).toContain('\n    coldwire-signer status\n');
  });

  it.each([
    ['coldwire-signer unlock --state DIR', 'coldwire-signer has no command unlock'],
    ['coldwire-key open', 'coldwire-key is no program that is known here'],
    ['rm -rf /var/lib/coldwire', 'rm is no program that is known here'],
  ])('would not be taken with %j in it', (line, problem) => {
    expect(judgeCommand(line)).toBe(problem);
  });
});
