/** Preflight of the process itself: what it was started with, and what may leave its memory. Pure. */
import type { MachineFacts } from './machine-facts.ts';
import type { Check } from './preflight.ts';

/** Flags of Node that only take abilities away. */
const ALLOWED_FLAGS = new Set([
  '--disable-sigusr1',
  '--disable-proto=delete',
  '--disable-proto=throw',
  '--disallow-code-generation-from-strings',
  '--frozen-intrinsics',
  '--jitless',
  '--no-expose-wasm',
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

export function judgeProcess(facts: MachineFacts): Check[] {
  return [
    judgeCoreLimit(facts),
    judgeCorePattern(facts),
    {
      name: 'swap',
      ok: facts.swaps.length === 0,
      found: list(facts.swaps),
      wanted: 'no swap area: a page with a key must not reach a disk',
      fix: "swapoff -a && sed -i '/\\sswap\\s/s/^/#/' /etc/fstab",
    },
    judgeLockedMemory(facts),
    {
      name: 'inspector',
      ok: facts.inspectorUrl === undefined,
      found: facts.inspectorUrl ?? 'not listening',
      wanted: 'no inspector: it is a network port to the whole memory',
      fix: 'Start it by coldwire-signer without --inspect; never attach a debugger to a signer.',
    },
    judgeNodeFlags(facts),
    judgeEnvironment(facts),
    {
      name: 'preload',
      ok: facts.preload === '',
      found: facts.preload || 'none',
      wanted: 'an empty or missing /etc/ld.so.preload: what it names runs inside of the signer',
      fix: 'mv /etc/ld.so.preload /etc/ld.so.preload.found (keep it: who put it there?), then start again.',
    },
    judgeNetwork(facts),
    judgeDescriptors(facts),
    {
      name: 'tracer',
      ok: facts.tracer === 0,
      found: facts.tracer === 0 ? 'nobody' : `process ${facts.tracer}`,
      wanted: 'nobody traces it: a tracer reads its keys',
      fix: `Look who it is with ps -fp ${facts.tracer}, stop it, and start the signer again.`,
    },
  ];
}

function list(items: readonly string[]): string {
  return items.length === 0 ? 'none' : items.join(', ');
}

function judgeCoreLimit({ coreLimit }: MachineFacts): Check {
  return {
    name: 'core-limit',
    ok: coreLimit.soft === '0' && coreLimit.hard === '0',
    found: `soft ${coreLimit.soft}, hard ${coreLimit.hard}`,
    wanted: '0 and 0, so that nothing raises it again',
    fix: 'ulimit -c 0 before it, in the same shell; scripts/coldwire-signer does, and LimitCORE=0 in the unit.',
  };
}

/** The core limit does not hold for a pattern that is a pipe (core(5)); an empty filter leaves no memory to dump. */
function judgeCorePattern({ corePattern, coreFilter }: MachineFacts): Check {
  return {
    name: 'core-pattern',
    ok: !corePattern.startsWith('|') || Number.parseInt(coreFilter, 16) === 0,
    found: `"${corePattern}", filter ${coreFilter}`,
    wanted: 'a pattern that is no pipe, or an empty filter',
    fix: 'sysctl -w kernel.core_pattern=core, or echo 0 > /proc/self/coredump_filter in the shell that starts it.',
  };
}

function judgeLockedMemory({ locked }: MachineFacts): Check {
  return {
    name: 'locked-memory',
    ok: locked.got >= locked.wanted,
    found: `${locked.got} of ${locked.wanted} KiB locked`,
    wanted: 'every page of key memory locked by the kernel',
    fix: 'ulimit -l 8192 as root before it, or LimitMEMLOCK=16M in the unit.',
  };
}

function judgeNodeFlags({ nodeFlags }: MachineFacts): Check {
  const foreign = nodeFlags.filter((flag) => !ALLOWED_FLAGS.has(flag));
  return {
    name: 'node-flags',
    ok: foreign.length === 0 && nodeFlags.includes(NEEDED_FLAG),
    found: list(nodeFlags),
    wanted: `${NEEDED_FLAG}, and of others only ${[...ALLOWED_FLAGS].join(' ')}`,
    fix: 'Start it by coldwire-signer, the launcher of the bundle or of scripts/.',
  };
}

function judgeEnvironment({ environment }: MachineFacts): Check {
  const foreign = environment.filter(
    (name) => !ALLOWED_VARIABLES.has(name) && !ALLOWED_PREFIXES.some((prefix) => name.startsWith(prefix)),
  );
  return {
    name: 'environment',
    ok: foreign.length === 0,
    found: foreign.length === 0 ? 'clean' : `not allowed: ${foreign.join(', ')}`,
    wanted: 'only variables that no library takes code, paths or switches from',
    fix: 'env -i PATH="$PATH" HOME="$HOME" TERM="$TERM" coldwire-signer …',
  };
}

function judgeNetwork({ interfaces }: MachineFacts): Check {
  const others = interfaces.filter((name) => name !== 'lo');
  return {
    name: 'network',
    ok: others.length === 0,
    found: list(interfaces),
    wanted: 'no network device but lo',
    fix: `Take the card out or blacklist its driver (ethtool -i ${others[0] ?? 'eth0'} names it), or start it by unshare -n.`,
  };
}

function judgeDescriptors({ descriptors }: MachineFacts): Check {
  const wrong = descriptors.filter(({ fd, kind }) => kind === 'socket' || (fd <= 2 && kind === 'other'));
  return {
    name: 'descriptors',
    ok: wrong.length === 0,
    found: wrong.map(({ fd, target }) => `${fd} is ${target}`).join(', ') || 'no sockets',
    wanted: 'terminals, files, FIFOs and /dev/null; no socket',
    fix: 'Start it from a shell, its log in a file (2>> signer.log); a parent that uses Node pipes gives it sockets.',
  };
}
