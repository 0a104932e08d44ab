/**
 * `npm run test:crash [-- --json] [--role signer|gate|vault] [--every N] [--seed S] [--point NAME]…`: a fault at each effect.
 * A short scenario of the whole system is run once and its effects on disk, line and chain node are recorded, role by role;
 * then it is run again for each effect and each fault that can come there: killed before it, after it, or in the midst of it,
 * ENOSPC and EIO, once or until the next start. What promises P4 and P5 say must hold each time.
 *
 * What is real: each program (one file, as in the bundle, with one module more that Node loads first), its process, its death
 * by SIGKILL, the file system, SQLite, FIFOs, and how it is started again. A signer and a gate are asked by the vault's own
 * session what the vault asked in the recorded run, and must answer byte for byte what was cleared and mined then; a signer's
 * starts are witnessed by real gates. Each of the two scripts ends with what shows a memory whole: every intent once more, a
 * window filled to the last sat, and one sat too many. In a second script of each (`signer-rule`, `gate-rule`) what they go by
 * changes: a charter that tightens, one that loosens after its delay, a registration, custodians' orders to freeze and to end it,
 * a transaction shown dead (DEAD, BURY); what each allows and refuses then is asked behind it. In every run a message that
 * leaves before its evidence log is synced is a failure. The vault works with real signers, gates, screen and chain node, which
 * alone says who was paid. `coldwire-audit`'s functions judge all logs. Injected are errors of single calls of `node:fs` and
 * `fetch`.
 * Not tried: a power cut, which may also take what a disk had not synced; RESTORE after a loss of memory, whose order names the
 * nonce of one start; an order at the console.
 *
 * The last line with `--json`: `{"points":N,"ran":N,"failed":0}`, of all points of the roles; of a sample also `"sample":true`.
 */
import '@coldwire/program/runtime.ts';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { EXIT, Failure, makeOutput, runMain } from '@coldwire/program';
import { roleOf, SCENES, type Scene } from '../test/crash/effects/points.ts';
import { type Found, type Result, runPoints } from '../test/crash/effects/run.ts';

const ROLES = ['signer', 'gate', 'vault'];
const HANDS = 4;
const SAY_EVERY = 25;

function readNumber(text: string, flag: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Failure(EXIT.USAGE, {
    what: `${flag} must be a whole number from ${least} on`,
    todo: 'See the head of scripts/crash.ts.',
  });
}

/** Which scenes belong to the roles; to points, their own. */
function chooseScenes(role: string | undefined, points: readonly string[]): readonly Scene[] {
  if (role !== undefined && !ROLES.includes(role))
    throw new Failure(EXIT.USAGE, {
      what: `there is no role "${role}"`,
      todo: `Roles are ${ROLES.join(', ')}.`,
    });
  return SCENES.filter(
    (scene) =>
      (role === undefined || roleOf(scene) === role) &&
      (points.length === 0 || points.some((point) => point.startsWith(`${scene}/`))),
  );
}

function describeFailure({ point, problems }: Found): string {
  return [
    `FAILED ${point}`,
    ...problems.map((problem) => `  ${problem}`),
    ...(point.includes('/') ? [`  again: npm run test:crash -- --point '${point}'`] : []),
  ].join('\n');
}

function describe({ points, byScene, chosen, ran, failures, left }: Result, isSample: boolean): string {
  return [
    ...failures.map(describeFailure),
    ...(left.length === 0 ? [] : [`left out, since only root may mount a small disk: ${left.length} points`]),
    Object.entries(byScene)
      .map(([scene, count]) => `${scene} ${count}`)
      .join(', '),
    `${isSample ? `a sample: ${chosen} of ` : ''}${points} points, ${ran} ran, ${failures.length} failed`,
  ].join('\n');
}

runMain(async () => {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      role: { type: 'string' },
      every: { type: 'string', default: '1' },
      seed: { type: 'string', default: '0' },
      point: { type: 'string', multiple: true, default: [] },
      hands: { type: 'string', default: String(HANDS) },
    },
  });
  const every = readNumber(values.every, '--every', 1);
  const output = makeOutput(values.json);
  const choice = {
    scenes: chooseScenes(values.role, values.point),
    every,
    seed: readNumber(values.seed, '--seed', 0),
    only: values.point,
    hands: readNumber(values.hands, '--hands', 1),
  };
  const result = await runPoints(choice, {
    onPlayed(done, of) {
      if (done % SAY_EVERY === 0) output.progress(`${done} of ${of} points`);
    },
    onFailure(failure) {
      output.progress(describeFailure(failure));
    },
  });
  const isSample = every > 1 || values.point.length > 0;
  const { points, ran, failures, left } = result;
  const text = describe(result, isSample);
  if (values.json && (failures.length > 0 || left.length > 0)) process.stderr.write(`${text}\n`);
  const answer = { points, ran, failed: failures.length };
  output.answer(isSample ? { ...answer, sample: true } : answer, () => text);
  const strict = process.env['COLDWIRE_REQUIRE_ORACLES'] === '1';
  return failures.length > 0 || (strict && left.length > 0) ? EXIT.BUG : EXIT.DONE;
}, 'test:crash');
