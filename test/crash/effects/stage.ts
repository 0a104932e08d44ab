/** What a signer's and a gate's points are played from: the recorded requests, and the answers that everybody must give. */
import { Admit, Clear, decode, encode, Refused } from '@coldwire/protocol';
import { describeAnswer, type Request, type Stage } from './answering.ts';
import { finaleOfGate, finaleOfSigner } from './finale.ts';
import type { Part } from './points.ts';
import { type Asked, HOME, type Recorded } from './record.ts';
import { rulesOf } from './rule.ts';
import { isUnwitnessed, type VaultEnd } from './vault-end.ts';

export function stageOf(recorded: Recorded, role: 'signer' | 'gate', gates: readonly VaultEnd[]): Stage {
  const rows = lastingOf(recorded, role);
  const script = role === 'gate' ? scriptOfGate(recorded, rows) : scriptOfSigner(recorded, rows);
  return stageFor(recorded, role, script, gates);
}

/** Of the whole scenario: also those on which the rules change. */
export function stagesOf(recorded: Recorded, gates: readonly VaultEnd[]): ReadonlyMap<Part, Stage> {
  const rules = rulesOf(recorded, {
    signer: lastingOf(recorded, 'signer'),
    gate: lastingOf(recorded, 'gate'),
  });
  const roles = ['signer', 'gate'] as const;
  return new Map(
    roles.flatMap((role): [Part, Stage][] => {
      const { prelude, rule } = rules[role];
      const changed = stageFor(recorded, role, [...prelude, ...rule], gates);
      return [
        [role, stageOf(recorded, role, gates)],
        [`${role}-prelude`, stageFor(recorded, role, prelude, gates)],
        [`${role}-rule`, changed],
      ];
    }),
  );
}

/** What gates say of a start is asked of gates at each start. */
function lastingOf({ asked, signer }: Recorded, role: 'signer' | 'gate'): readonly Asked[] {
  const rows = asked.get(role === 'signer' ? signer : HOME) ?? [];
  return rows.filter(({ type, answer }) => type !== 'ATTEST' && !isUnwitnessed(answer));
}

function stageFor(
  { world, signer }: Recorded,
  role: 'signer' | 'gate',
  requests: readonly (Asked & Request)[],
  gates: readonly VaultEnd[],
): Stage {
  const answers = requests.map(({ id, answer }) => [id, describeAnswer(answer)] as const);
  return { world, name: role === 'signer' ? signer : HOME, requests, answers: new Map(answers), gates };
}

/** Without what would show a replaced transaction dead: each goes on to carry its intents, and is named when they end. */
function scriptOfSigner(recorded: Recorded, rows: readonly Asked[]): readonly Asked[] {
  const kept = rows.filter((row) => row.type !== 'DEAD' && !isProvenChange(row));
  return [...kept, ...finaleOfSigner(recorded, recorded.signer, kept)];
}

function isProvenChange({ type, body }: Asked): boolean {
  const admit = type === 'ADMIT' ? decode(Admit, body, body.length) : undefined;
  return (
    admit?.ok === true && admit.value.proof !== null && admit.value.coins.some(({ chain }) => chain === 1)
  );
}

function scriptOfGate(recorded: Recorded, rows: readonly Asked[]): readonly Asked[] {
  const first = firstAndReplaced(rows);
  return [...first, ...askTwice(rows), ...finaleOfGate(recorded, first)];
}

/** A signer's start, a batch, one alone, and the replacement of the first: what else a gate was asked is more of the same. */
function firstAndReplaced(rows: readonly Asked[]): readonly Asked[] {
  const of = (wanted: Asked['type'], most: number): readonly Asked[] =>
    rows.filter(({ type }) => type === wanted).slice(0, most);
  return [...of('WITNESS', 1), ...of('CLEAR', 3)];
}

/** A gate refuses a draft for which it is shown one signer's signature twice. */
function askTwice(rows: readonly Asked[]): readonly Asked[] {
  const last = rows.findLast(({ type }) => type === 'CLEAR');
  const clear = last === undefined ? undefined : decode(Clear, last.body, last.body.length);
  if (clear?.ok !== true) throw new Error('the gate was not asked to clear anything');
  const [one] = clear.value.signed;
  if (one === undefined) throw new Error('a CLEAR without signatures');
  const body = encode(Clear, { ...clear.value, signed: [one, one] });
  const facts = [['signer', 'the same signer twice']] as const;
  const refused = encode(Refused, { refusals: [{ code: 'GATE_SIGNED', facts }] });
  return [{ type: 'CLEAR', id: '5'.repeat(32), body, answer: { type: 'REFUSED', body: refused } }];
}
