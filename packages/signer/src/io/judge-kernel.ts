/** Preflight of the kernel: switches by which a signer's memory can leave it. Pure. */
import type { KernelFacts } from './host-facts.ts';
import type { Check } from './preflight.ts';

export function judgeKernel(kernel: KernelFacts): Check[] {
  return [
    judgePtrace(kernel),
    judgeCrashKernel(kernel),
    judgeSysrq(kernel),
    adviseWiping(kernel),
    adviseUser(kernel),
  ];
}

/** Without Yama, every process of this user can attach to this one; a process that is not dumpable is root's alone. */
function judgePtrace({ ptraceScope, dumpable }: KernelFacts): Check {
  const scope = ptraceScope === null ? 'the kernel has no Yama' : `ptrace_scope ${ptraceScope}`;
  return {
    name: 'ptrace',
    ok: !dumpable || (ptraceScope ?? 0) >= 1,
    found: `${scope}, the process is ${dumpable ? 'dumpable' : 'not dumpable'}`,
    wanted:
      'kernel.yama.ptrace_scope 1 or more, or a process that is not dumpable: else its user reads its keys',
    fix: 'sysctl -w kernel.yama.ptrace_scope=2 && echo kernel.yama.ptrace_scope=2 > /etc/sysctl.d/80-coldwire.conf',
  };
}

function judgeCrashKernel({ crashKernel }: KernelFacts): Check {
  return {
    name: 'crash-kernel',
    ok: !crashKernel,
    found: crashKernel ? 'loaded' : 'none',
    wanted: 'none: after a panic it writes all memory to a disk, keys too',
    fix: 'systemctl disable --now kdump-tools kdump; kexec -p -u; then take crashkernel= off the kernel command line.',
  };
}

/** SysRq comes by a key or by BREAK on a console line; it kills, dumps and reboots, and shows tasks on the console. */
function judgeSysrq({ sysrq }: KernelFacts): Check {
  return {
    name: 'sysrq',
    ok: sysrq === null || sysrq === 0,
    found: sysrq === null ? 'the kernel has none' : `kernel.sysrq ${sysrq}`,
    wanted: 'kernel.sysrq 0: a BREAK on a serial console, or a key, commands the kernel',
    fix: 'sysctl -w kernel.sysrq=0 && echo kernel.sysrq=0 > /etc/sysctl.d/81-coldwire.conf',
  };
}

function adviseWiping({ initOnFree }: KernelFacts): Check {
  return {
    name: 'init-on-free',
    ok: initOnFree === true,
    found: initOnFree === null ? 'unknown' : initOnFree ? 'on' : 'off',
    wanted: 'init_on_free=1: the kernel wipes the pages of its own pipes, through which the key comes',
    fix: 'Add init_on_free=1 to GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub, reboot.',
  };
}

function adviseUser({ user }: KernelFacts): Check {
  return {
    name: 'user',
    ok: user !== 0,
    found: user === 0 ? 'root' : `user ${user}`,
    wanted: 'a user of its own: a fault in it is then not a fault of the whole machine',
    fix: 'systemctl start coldwire-signer@NAME (the unit runs it as user coldwire).',
  };
}
