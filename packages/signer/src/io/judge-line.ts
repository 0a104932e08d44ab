/** Preflight of the serial line: nobody else speaks on it, and all 256 byte values pass. Pure. */
import type { LineFacts } from './line-facts.ts';
import type { Check, CheckName } from './preflight.ts';

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
const ITEMS = ['line-console', 'line-getty', 'line-holders', 'line-8-bit'] as const satisfies CheckName[];

export function judgeLine(line: LineFacts | null): Check[] {
  if (line === null) {
    return ITEMS.map((name) => ({ name, ok: true, found: 'no serial line', wanted: '', fix: '' }));
  }
  return [judgeConsole(line), judgeGetty(line), judgeHolders(line), judgeSettings(line)];
}

/** Those that say whether a line is ours alone, and hold also for one that is plugged in later. */
export function judgeNeighbours(line: LineFacts): Check[] {
  return [judgeConsole(line), judgeGetty(line), judgeHolders(line)];
}

function nameOf({ path }: LineFacts): string {
  return path.replace('/dev/', '');
}

function judgeConsole(line: LineFacts): Check {
  const name = nameOf(line);
  return {
    name: 'line-console',
    ok: !line.consoles.includes(name),
    found: `${line.path}; kernel consoles: ${list(line.consoles)}`,
    wanted: 'no kernel console on the line: it prints into it, and takes SysRq from it',
    fix: `Take console=${name} out of GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub, reboot.`,
  };
}

function judgeGetty(line: LineFacts): Check {
  return {
    name: 'line-getty',
    ok: line.gettys.length === 0,
    found: list(line.gettys),
    wanted: 'no login prompt that is to be started on the line',
    fix: `systemctl mask --now serial-getty@${nameOf(line)}.service; for /etc/inittab: remove the line, then init q.`,
  };
}

function judgeHolders(line: LineFacts): Check {
  const holders = line.holders.map(({ name, pid }) => `${name} (${pid})`);
  const unseen =
    line.unseen === 0 ? '' : `; ${line.unseen} processes of other users could not be looked into`;
  return {
    name: 'line-holders',
    ok: holders.length === 0,
    found: `${list(holders)}${unseen}`,
    wanted: 'no other process on the line: it would take bytes away',
    fix: `Stop it: kill ${line.holders[0]?.pid ?? 'PID'}; a login prompt: systemctl mask --now serial-getty@${nameOf(line)}.`,
  };
}

function judgeSettings(line: LineFacts): Check {
  const words = new Set(line.settings.split(/[\s;]+/));
  const unclean = CLEAN_LINE.filter((word) => !words.has(word));
  return {
    name: 'line-8-bit',
    ok: unclean.length === 0,
    found: unclean.length === 0 ? 'clean' : `missing: ${unclean.join(' ')}`,
    wanted: 'raw, eight bits, no flow control: every byte value passes',
    fix: `stty -F ${line.path} raw -echo clocal -hupcl -ixon -ixoff; if it does not keep that, use another adapter.`,
  };
}

function list(items: readonly string[]): string {
  return items.length === 0 ? 'none' : items.join(', ');
}
