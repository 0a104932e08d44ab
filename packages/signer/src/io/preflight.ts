/**
 * Preflight: what a machine must be like before keys come to it. Each item is a named check with what was found and how
 * to mend it; all are judged, none is skipped. Refused by default; an operator may waive an item by its name, and the
 * waiver is shown for as long as the signer runs. Spec: protocol-spec/7-key-block.md, "Preflight".
 */
import { escapeText } from '@coldwire/program/escape.ts';
import { EXIT } from '@coldwire/program/exit.ts';
import { Failure } from '@coldwire/program/failure.ts';
import type { LineFacts, MachineFacts } from './machine-facts.ts';

export const CHECK_NAMES = [
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
  'line-console',
  'line-holders',
  'line-8-bit',
  'self-test',
] as const;

export type CheckName = (typeof CHECK_NAMES)[number];

export interface Check {
  readonly name: CheckName;
  readonly ok: boolean;
  /** What was found, for people. */
  readonly found: string;
  /** How to mend it. */
  readonly fix: string;
}

export interface Verdict {
  readonly checks: readonly Check[];
  /** Failed and not waived: any of these keeps the signer locked. */
  readonly refused: readonly Check[];
  /** Failed and waived. */
  readonly waived: readonly Check[];
  /** Waivers that name no check. */
  readonly unknownWaivers: readonly string[];
}

/** Flags of Node that only take abilities away. */
const ALLOWED_FLAGS = new Set([
  '--disable-sigusr1',
  '--disable-proto=delete',
  '--disable-proto=throw',
  '--disallow-code-generation-from-strings',
  '--frozen-intrinsics',
  '--no-warnings',
]);
const NEEDED_FLAG = '--disable-sigusr1';

/** Variables that no library or runtime below us takes code, paths or switches from. */
const ALLOWED_VARIABLES = new Set([
  ...[
    'HOME',
    'LANG',
    'LANGUAGE',
    'LOGNAME',
    'OLDPWD',
    'PATH',
    'PWD',
    'SHELL',
    'SHLVL',
    'TERM',
    'TZ',
    'USER',
    '_',
  ],
  ...['XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_RUNTIME_DIR', 'XDG_STATE_HOME'],
]);
const ALLOWED_PREFIXES = ['COLDWIRE_', 'LC_'];

/** What `stty -a` must say so that all 256 byte values pass unchanged in both directions. */
const CLEAN_LINE = [
  ...[
    'cs8',
    '-parenb',
    '-parmrk',
    '-istrip',
    '-inlcr',
    '-igncr',
    '-icrnl',
    '-iuclc',
    '-ixon',
    '-ixoff',
    '-opost',
  ],
  ...['-isig', '-icanon', '-echo'],
];

/** @param selfTest what the throw-away signature gave; null when it was right */
export function judgeMachine(facts: MachineFacts, selfTest: string | null): Check[] {
  return [
    judgeCoreLimit(facts),
    judgeCorePattern(facts),
    check(
      'swap',
      facts.swaps.length === 0,
      list(facts.swaps),
      'swapoff -a, and remove swap from /etc/fstab.',
    ),
    judgeLockedMemory(facts),
    check(
      'inspector',
      facts.inspectorUrl === undefined,
      facts.inspectorUrl ?? 'not listening',
      'Start without --inspect; never attach a debugger to a signer.',
    ),
    judgeNodeFlags(facts),
    judgeEnvironment(facts),
    check(
      'preload',
      facts.preload === '',
      facts.preload || 'none',
      'Empty /etc/ld.so.preload and start again.',
    ),
    judgeNetwork(facts),
    judgeDescriptors(facts),
    check(
      'tracer',
      facts.tracer === 0,
      facts.tracer === 0 ? 'nobody' : `process ${facts.tracer}`,
      'Stop the debugger or tracer: whoever traces this process can read its keys.',
    ),
    ...judgeLine(facts.line),
    check(
      'self-test',
      selfTest === null,
      selfTest ?? 'known answers reproduced',
      'Do not unlock this machine: replace it, or compare the native files with the release.',
    ),
  ];
}

/** Sorts the failed checks by the operator's waivers. */
export function applyWaivers(checks: readonly Check[], waivers: readonly string[]): Verdict {
  const failed = checks.filter((one) => !one.ok);
  const names: readonly string[] = CHECK_NAMES;
  return {
    checks,
    refused: failed.filter((one) => !waivers.includes(one.name)),
    waived: failed.filter((one) => waivers.includes(one.name)),
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

/** One line per check for people: state, name, what was found (escaped), and the fix where one is needed. */
export function formatVerdict(verdict: Verdict): string {
  const lines = verdict.checks.map((one) => {
    const state = one.ok ? 'ok' : verdict.waived.includes(one) ? 'WAIVED' : 'REFUSED';
    const line = `${state.padEnd(7)} ${one.name.padEnd(13)} ${escapeText(one.found)}`;
    return one.ok ? line : `${line}\n${' '.repeat(22)}${one.fix}`;
  });
  return `${lines.join('\n')}\n`;
}

function check(name: CheckName, ok: boolean, found: string, fix: string): Check {
  return { name, ok, found, fix };
}

function list(items: readonly string[]): string {
  return items.length === 0 ? 'none' : items.join(', ');
}

function judgeCoreLimit({ coreLimit }: MachineFacts): Check {
  const ok = coreLimit.soft === '0' && coreLimit.hard === '0';
  return check(
    'core-limit',
    ok,
    `soft ${coreLimit.soft}, hard ${coreLimit.hard}`,
    'Run "ulimit -c 0" before it; scripts/coldwire-signer does.',
  );
}

/** The core limit does not hold for a pattern that is a pipe (core(5)); an empty filter leaves no memory to dump. */
function judgeCorePattern({ corePattern, coreFilter }: MachineFacts): Check {
  const ok = !corePattern.startsWith('|') || Number.parseInt(coreFilter, 16) === 0;
  const fix =
    'sysctl -w kernel.core_pattern=core, or "echo 0 > /proc/self/coredump_filter" in the shell that starts it.';
  return check('core-pattern', ok, `"${corePattern}", filter ${coreFilter}`, fix);
}

function judgeLockedMemory({ locked }: MachineFacts): Check {
  const fix =
    'Raise the limit (ulimit -l 8192, or LimitMEMLOCK= in the unit): unlocked memory can reach a disk.';
  return check(
    'locked-memory',
    locked.got >= locked.wanted,
    `${locked.got} of ${locked.wanted} KiB locked`,
    fix,
  );
}

function judgeNodeFlags({ nodeFlags }: MachineFacts): Check {
  const foreign = nodeFlags.filter((flag) => !ALLOWED_FLAGS.has(flag));
  const ok = foreign.length === 0 && nodeFlags.includes(NEEDED_FLAG);
  const fix = `Start it by scripts/coldwire-signer: ${NEEDED_FLAG} is needed, and of others only ${[...ALLOWED_FLAGS].join(' ')} may be given.`;
  return check('node-flags', ok, list(nodeFlags), fix);
}

function judgeEnvironment({ environment }: MachineFacts): Check {
  const foreign = environment.filter(
    (name) => !ALLOWED_VARIABLES.has(name) && !ALLOWED_PREFIXES.some((prefix) => name.startsWith(prefix)),
  );
  const fix =
    'Start it with a clean environment: env -i PATH="$PATH" HOME="$HOME" TERM="$TERM" coldwire-signer …';
  return check(
    'environment',
    foreign.length === 0,
    foreign.length === 0 ? 'clean' : `not allowed: ${foreign.join(', ')}`,
    fix,
  );
}

function judgeNetwork({ interfaces }: MachineFacts): Check {
  const ok = interfaces.every((name) => name === 'lo');
  return check(
    'network',
    ok,
    list(interfaces),
    'Remove or switch off every network device, or start it in a network namespace of its own: unshare -n.',
  );
}

function judgeDescriptors({ descriptors }: MachineFacts): Check {
  const wrong = descriptors.filter(({ fd, kind }) => kind === 'socket' || (fd <= 2 && kind === 'other'));
  const fix =
    'Start it from a shell with terminals, files or FIFOs; a parent that uses Node pipes gives it sockets.';
  return check(
    'descriptors',
    wrong.length === 0,
    wrong.map(({ fd, target }) => `${fd} is ${target}`).join(', ') || 'no sockets',
    fix,
  );
}

function judgeLine(line: LineFacts | null): Check[] {
  if (line === null) {
    const found = 'no serial line';
    return [
      check('line-console', true, found, ''),
      check('line-holders', true, found, ''),
      check('line-8-bit', true, found, ''),
    ];
  }
  const name = line.path.replace('/dev/', '');
  const holders = line.holders.map((holder) => `${holder.name} (${holder.pid})`);
  const unseen =
    line.unseen === 0 ? '' : `; ${line.unseen} processes of other users could not be looked into`;
  const words = new Set(line.settings.split(/[\s;]+/));
  const unclean = CLEAN_LINE.filter((word) => !words.has(word));
  return [
    check(
      'line-console',
      !line.consoles.includes(name),
      `${line.path}; kernel consoles: ${list(line.consoles)}`,
      `Take console=${name} off the kernel's command line: a console prints into the line and takes SysRq from it.`,
    ),
    check(
      'line-holders',
      holders.length === 0,
      `${list(holders)}${unseen}`,
      `Stop what else uses ${line.path}; for a login prompt: systemctl mask --now serial-getty@${name}.`,
    ),
    check(
      'line-8-bit',
      unclean.length === 0,
      unclean.length === 0 ? 'clean' : `missing: ${unclean.join(' ')}`,
      `stty -F ${line.path} raw -echo clocal -hupcl -ixon`,
    ),
  ];
}
