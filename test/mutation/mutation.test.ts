/** The mutation tester itself: which mistakes it plants, and that it tells survivors from the killed. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Explained, findStale, keyOf } from '../../scripts/mutation/explained.ts';
import { applyMutant, type Mutant, mutateSource } from '../../scripts/mutation/mutants.ts';
import { runSuite } from '../../scripts/mutation/run.ts';
import { openSandbox } from '../../scripts/mutation/sandbox.ts';
import { scoreOf } from '../../scripts/mutation/score.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const planted = (code: string): string[] =>
  mutateSource(code, 'x.ts', 0).mutants.map((mutant) => applyMutant(code, mutant));

/** Runs the source with all its mutants in it, one of them switched on. */
function evaluate(code: string, active: number, body: string): unknown {
  const plain = mutateSource(code, 'x.ts', 0).code;
  return new Function('$mutant', `${plain}\n${body}`)((id: number) => id === active);
}

describe('Mutants', () => {
  test('are planted in comparisons, logic, arithmetic and literals', () => {
    expect(planted('f(a < b);')).toEqual(['f(a <= b);', 'f(true);', 'f(false);']);
    expect(planted('f(a ?? b);')).toEqual(['f((a) && (b));']);
    expect(planted('f((a + b) * c);')).toEqual(['f((a + b) / c);', 'f((a - b) * c);']);
    expect(planted("f(7, 7n, 'x', '', true);")).toEqual([
      "f(8, 7n, 'x', '', true);",
      "f(7, 8n, 'x', '', true);",
      'f(7, 7n, "", \'\', true);',
      'f(7, 7n, \'x\', "mutant", true);',
      "f(7, 7n, 'x', '', false);",
    ]);
  });

  test('are planted in conditions, blocks and cases, and loops are never made endless', () => {
    expect(planted('if (a) { b(); }')).toEqual(['if (true) { b(); }', 'if (false) { b(); }', 'if (a) {}']);
    expect(planted('while (a) b();')).toEqual(['while (false) b();']);
    expect(planted('switch (a) { case b: c(); }')).toEqual(['switch (a) { case b:  }']);
  });

  test('are planted in calls, chains, lists and functions', () => {
    expect(planted('f(a.filter(b), c.every(d), Math.min(e, g));')).toEqual([
      'f(a, c.every(d), Math.min(e, g));',
      'f(a.filter(b), c.some(d), Math.min(e, g));',
      'f(a.filter(b), c.every(d), Math.max(e, g));',
    ]);
    expect(planted('f((a ?? b).filter(c));')[0]).toBe('f((a ?? b));');
    expect(planted('f(a?.b.slice(c));')).toEqual(['f(a?.b);', 'f(a.b.slice(c));']);
    expect(planted('f([a], [], { b });')).toEqual([
      'f([], [], { b });',
      'f([a], ["mutant"], { b });',
      'f([a], [], {});',
    ]);
    expect(planted('f(() => a);')).toEqual(['f(() => undefined);']);
  });

  test('are not planted in types, imports, names of properties and directives of what is exported', () => {
    expect(planted("import { a } from 'b'; export { c } from 'd'; export * from 'e';")).toEqual([]);
    expect(planted("type A = 'b' | 1; interface C { readonly 'd': [2] }")).toEqual([]);
    expect(planted("f({ 'a': b }.c as 'd');")).toEqual(["f({}.c as 'd');"]);
  });

  test('all stand in one source, and one of them is switched on', () => {
    const code = 'const f = (a, b) => a?.list.slice(1).length > b || (a === undefined && b < 1 + 2);';
    const body =
      'return [f({ list: [1, 2, 3] }, 1), f({ list: [1, 2] }, 1), f(undefined, 2), f(undefined, 3)];';
    expect(evaluate(code, -1, body)).toEqual([true, false, true, false]);
    const { mutants } = mutateSource(code, 'x.ts', 0);
    for (const mutant of mutants) {
      const run = (text: () => unknown): unknown => {
        try {
          return text();
        } catch (error) {
          return String(error);
        }
      };
      const alone = applyMutant(code, mutant);
      expect(run(() => evaluate(code, mutant.id, body))).toEqual(
        run(() => new Function(`${alone}\n${body}`)()),
      );
    }
  });

  test('leave functions their names', () => {
    expect(evaluate('const f = (a) => a + 1;', -1, 'return f.name;')).toBe('f');
  });

  test('are known by their surroundings and text, not by their line', () => {
    const keys = (code: string) => mutateSource(code, 'x.ts', 0).mutants.map(keyOf);
    const code = 'function f() { return 1; }\nfunction g() { return 1 + 1; }';
    expect(keys(`\n// moved\n\n${code}`)).toEqual(keys(code));
    expect(new Set(keys(code)).size).toBe(keys(code).length);
  });
});

describe('A run over a module with planted gaps', () => {
  const sources = ['test/mutation/toy/limit.ts'];
  const tests = ['test/mutation/toy/limit.toy.ts'];

  test('names the survivors and nothing else', { timeout: 120_000 }, async () => {
    const sandbox = openSandbox(repository, ['test/mutation']);
    try {
      const result = await runSuite(
        sandbox,
        { own: ['test/mutation'], sources, tests },
        {
          workers: 1,
          isExpected: () => false,
          statusOf: () => undefined,
          killerOf: () => '',
          progress: () => undefined,
          survivor: () => undefined,
          notice: () => undefined,
          decided: () => undefined,
        },
      );
      const score = scoreOf([result], []);
      const named = score.survivors.map(({ where, replacement }) => `${where}: ${replacement}`);
      expect(named).toEqual(['coversFee: amount >= fee', 'firstOf: ""', 'forgotten: 8']);
      expect(score).toMatchObject({ ok: false, unexplained: 3 });
      const killed = result.verdicts.filter(({ status }) => status === 'killed');
      expect(killed.map(({ mutant }) => mutant.replacement)).toContain('count -= 1');
      const refused = result.mutants.filter(({ id }) => result.uncompilable.has(id));
      expect(refused.map(({ replacement }) => replacement)).toEqual(['false', '{}']);
    } finally {
      sandbox.remove();
    }
  });
});

describe('An explained survivor', () => {
  const { mutants } = mutateSource('function f(a) { return a < 1; }', 'x.ts', 0);
  const entry = (mutant: Mutant | undefined, why = 'nothing that anybody sees changes'): Explained => {
    if (mutant === undefined) throw new Error('no mutant');
    const { file, where, original, replacement, nth } = mutant;
    return { file, where, original, replacement, nth, why };
  };
  const [one, other] = mutants;
  const survivors = one === undefined ? [] : [one];

  test('is accepted while it survives', () => {
    expect(findStale([entry(one)], { mutants, survivors })).toEqual([]);
  });

  test('is refused when it is killed, gone, listed twice, or has no reason', () => {
    expect(findStale([entry(other)], { mutants, survivors })[0]).toMatch(/^explained, but it is killed/);
    const gone = { ...entry(one), where: 'g' };
    expect(findStale([gone], { mutants, survivors })[0]).toMatch(/^explained, but no such mutant/);
    expect(findStale([entry(one), entry(one)], { mutants, survivors })[0]).toMatch(/^explained twice/);
    expect(findStale([entry(one, ' ')], { mutants, survivors })[0]).toMatch(/^not explained/);
  });
});
