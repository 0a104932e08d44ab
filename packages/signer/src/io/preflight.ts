/**
 * Preflight: what a machine must be like before keys come to it. Each item says what was found, what is wanted and what to
 * type; all are judged, none is skipped. Refused by default; an operator may waive an item by its name, and the waiver is
 * shown for as long as the signer runs. Advice refuses nothing. Spec: protocol-spec/7-key-block.md, "Preflight".
 */
import { escapeText } from '@coldwire/program/escape.ts';
import { EXIT } from '@coldwire/program/exit.ts';
import { Failure } from '@coldwire/program/failure.ts';
import { judgeKernel } from './judge-kernel.ts';
import { judgeLine } from './judge-line.ts';
import { judgeProcess } from './judge-process.ts';
import { judgeState } from './judge-state.ts';
import type { MachineFacts } from './machine-facts.ts';

/** Required of every machine, in the order of the report. */
export const CHECK_NAMES = [
  'natives',
  'core-limit',
  'core-pattern',
  'swap',
  'locked-memory',
  'inspector',
  'node-flags',
  'environment',
  'preload',
  'network',
  'descriptors',
  'tracer',
  'ptrace',
  'crash-kernel',
  'sysrq',
  'clock',
  'state-disk',
  'state-access',
  'state-space',
  'line-console',
  'line-getty',
  'line-holders',
  'line-8-bit',
  'self-test',
] as const;
/** Said, never refused. */
export const ADVICE_NAMES = ['program', 'init-on-free', 'user'] as const;

export type CheckName = (typeof CHECK_NAMES)[number] | (typeof ADVICE_NAMES)[number];

export interface Check {
  readonly name: CheckName;
  readonly ok: boolean;
  /** For people: what is there, what should be, and what an operator types. */
  readonly found: string;
  readonly wanted: string;
  readonly fix: string;
}

export interface Verdict {
  readonly checks: readonly Check[];
  /** Failed and not waived: any of these keeps the signer locked. */
  readonly refused: readonly Check[];
  /** Failed and waived. */
  readonly waived: readonly Check[];
  /** Failed, and advice only. */
  readonly advised: readonly Check[];
  /** Waivers that name no check. */
  readonly unknownWaivers: readonly string[];
}

/** @param selfTest what the throw-away signature gave; null when it was right */
export function judgeMachine(facts: MachineFacts, selfTest: string | null): Check[] {
  return [
    {
      name: 'program',
      ok: true, // people compare it: a program that was replaced would say that it was not
      found: facts.program,
      wanted: 'the hash that the SHA256SUMS of the release gives this file',
      fix: 'Compare by the machine’s own tools: cd /opt/coldwire/current && sha256sum --check SHA256SUMS',
    },
    {
      name: 'natives',
      ok: true, // loading refuses every other file (native.ts)
      found: facts.natives.map(({ name, version, sha256 }) => `${name} ${version} ${sha256}`).join(', '),
      wanted: 'the files that native-pins.json names, by SHA-256',
      fix: 'Run sh install.sh of the release again; compare: sha256sum /opt/coldwire/current/lib/*.node',
    },
    ...judgeProcess(facts),
    ...judgeKernel(facts.kernel),
    ...judgeState(facts.state, facts.clock),
    ...judgeLine(facts.line),
    {
      name: 'self-test',
      ok: selfTest === null,
      found: selfTest ?? 'known answers reproduced',
      wanted: 'a throw-away signature, identity and seal with the known bytes',
      fix: 'Do not unlock this machine: replace it, or compare the native files with the release (sha256sum).',
    },
  ];
}

/** Where the native files were refused nothing that needs them can be tried: the verdict is that one item. */
export function judgeRefusedNatives(refusal: Failure): Check[] {
  return [
    {
      name: 'natives',
      ok: false,
      found: refusal.where === undefined ? refusal.what : `${refusal.what} (${refusal.where})`,
      wanted: 'the files that native-pins.json names, by SHA-256',
      fix: `${refusal.todo} Nothing else can be checked before.`,
    },
  ];
}

/** Sorts the failed checks by the operator's waivers. */
export function applyWaivers(checks: readonly Check[], waivers: readonly string[]): Verdict {
  const advice: readonly string[] = ADVICE_NAMES;
  const names: readonly string[] = CHECK_NAMES;
  const failed = checks.filter((one) => !one.ok);
  const required = failed.filter((one) => !advice.includes(one.name));
  return {
    checks,
    refused: required.filter((one) => !waivers.includes(one.name) || one.name === 'natives'),
    waived: required.filter((one) => waivers.includes(one.name) && one.name !== 'natives'),
    advised: failed.filter((one) => advice.includes(one.name)),
    unknownWaivers: waivers.filter((waiver) => !names.includes(waiver)),
  };
}

/** @throws Failure (PREFLIGHT) naming every refused item with its fix; an unknown waiver is refused as well */
export function requirePassed(verdict: Verdict): void {
  if (verdict.unknownWaivers.length > 0) {
    throw new Failure(EXIT.USAGE, {
      what: `no preflight item is called ${verdict.unknownWaivers.join(', ')}`,
      todo: `Items are: ${CHECK_NAMES.join(', ')}.`,
    });
  }
  if (verdict.refused.length === 0) return;
  throw new Failure(EXIT.ENVIRONMENT, {
    code: 'PREFLIGHT',
    what: `this machine is not ready for keys: ${verdict.refused.map((one) => `${one.name} (${one.found})`).join('; ')}`,
    todo: verdict.refused.map((one) => one.fix).join(' '),
  });
}

export type CheckState = 'ok' | 'refused' | 'waived' | 'advice';

export function stateOf(verdict: Verdict, check: Check): CheckState {
  if (check.ok) return 'ok';
  if (verdict.waived.includes(check)) return 'waived';
  return verdict.advised.includes(check) ? 'advice' : 'refused';
}

const LABELS: Readonly<Record<CheckState, string>> = {
  ok: 'ok',
  refused: 'REFUSED',
  waived: 'WAIVED',
  advice: 'advice',
};

/** For people: a line per check; below each that failed, what is wanted and what to type. Escaped. */
export function formatVerdict(verdict: Verdict): string {
  const lines = verdict.checks.flatMap((one) => {
    const line = `${LABELS[stateOf(verdict, one)].padEnd(7)} ${one.name.padEnd(13)} ${escapeText(one.found)}`;
    if (one.ok) return [line];
    const indent = ' '.repeat(22);
    return [line, `${indent}wanted: ${escapeText(one.wanted)}`, `${indent}fix:    ${escapeText(one.fix)}`];
  });
  return `${lines.join('\n')}\n`;
}
