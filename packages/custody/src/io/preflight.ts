/**
 * What a machine must be like before a secret is made or opened on it. Each item can be waived by name on the command
 * line; a waiver is shown. Spec: protocol-spec/8-custody.md, "Before a ceremony".
 */
import { readFileSync } from 'node:fs';
import { EXIT, Failure } from '@coldwire/program';

export const PREFLIGHT_ITEMS = ['core', 'crash-kernel', 'swap', 'debugger', 'tracer', 'environment'] as const;
export type PreflightItem = (typeof PREFLIGHT_ITEMS)[number];

/** What the items are judged by; read once from the machine. */
export type MachineFacts = {
  /** /proc/self/limits */
  readonly limits: string;
  /** /proc/swaps */
  readonly swaps: string;
  /** Node's own options, without the script's. */
  readonly execArgv: readonly string[];
  readonly environment: readonly string[];
  /** /proc/self/status */
  readonly status: string;
  /** /sys/kernel/kexec_crash_loaded; empty where the kernel knows none. */
  readonly crashKernel: string;
};

type Rule = {
  readonly holds: (facts: MachineFacts) => boolean;
  readonly what: string;
  readonly todo: string;
};

/** Variables by which a caller makes Node load or write what it should not. */
const DANGEROUS =
  /^(NODE_OPTIONS|NODE_V8_COVERAGE|NODE_REPL_EXTERNAL_MODULE|NODE_DEBUG|LD_PRELOAD|LD_AUDIT)$/;

const RULES: { readonly [item in PreflightItem]: Rule } = {
  core: {
    holds: ({ limits }) => /^Max core file size\s+0\s/m.test(limits),
    what: 'a crash would write memory to a core file',
    todo: 'Run ulimit -c 0 first.',
  },
  'crash-kernel': {
    holds: ({ crashKernel }) => crashKernel.trim() !== '1',
    what: 'a crash kernel is loaded: a panic would write all memory to a disk',
    todo: 'Run systemctl disable --now kdump-tools; kexec -p -u first.',
  },
  swap: {
    holds: ({ swaps }) => swaps.trim().split('\n').length <= 1,
    what: 'swap is on, so memory can reach a disk',
    todo: 'Run swapoff -a first.',
  },
  debugger: {
    holds: ({ execArgv }) =>
      !execArgv.some((option) =>
        /^--(inspect|debug|heap|cpu|prof|report|require|import|loader)/.test(option),
      ),
    what: 'Node runs with an option that opens, copies or extends its memory',
    todo: 'Start it by scripts/coldwire-custody, without options for Node.',
  },
  tracer: {
    holds: ({ status }) => /^TracerPid:\s*0$/m.test(status),
    what: 'another process traces this one and can read what it opens',
    todo: 'Find it with grep TracerPid /proc/*/status and stop it.',
  },
  environment: {
    holds: ({ environment }) => !environment.some((name) => DANGEROUS.test(name)),
    what: 'the environment makes programs load or write other files (NODE_OPTIONS, LD_PRELOAD or the like)',
    todo: 'Unset it.',
  },
};

/** The items that do not hold. */
export function findUnfit(facts: MachineFacts): readonly PreflightItem[] {
  return PREFLIGHT_ITEMS.filter((item) => !RULES[item].holds(facts));
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

export function readMachineFacts(): MachineFacts {
  return {
    limits: readFileSync('/proc/self/limits', 'latin1'),
    swaps: readFileSync('/proc/swaps', 'latin1'),
    execArgv: process.execArgv,
    environment: Object.keys(process.env),
    status: readFileSync('/proc/self/status', 'latin1'),
    crashKernel: readIfThere('/sys/kernel/kexec_crash_loaded'),
  };
}

/**
 * Ends the ceremony unless every item holds or is waived. SIGUSR1 would open a debugger's port: it is taken away.
 * @param tell gets one line for each waiver that was needed
 */
export function runPreflight(waived: readonly PreflightItem[], tell: (line: string) => void): void {
  process.on('SIGUSR1', () => undefined);
  for (const item of findUnfit(readMachineFacts())) {
    const { what, todo } = RULES[item];
    if (!waived.includes(item)) {
      const where = `preflight item ${item}`;
      throw new Failure(EXIT.ENVIRONMENT, {
        code: 'PREFLIGHT',
        what,
        where,
        todo: `${todo} Or waive it: --waive ${item}`,
      });
    }
    tell(`WAIVED ${item}: ${what}`);
  }
}
