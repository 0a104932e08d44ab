/** A unit of systemd as text: its settings, and the system calls that its filter leaves. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The values of a setting, in order. */
export function valuesOf(unit: string, name: string): string[] {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

/** Numbers of x86-64, by name; undefined where the kernel's headers are not installed. */
export function readNumbers(): ReadonlyMap<string, number> | undefined {
  try {
    const header = readFileSync('/usr/include/x86_64-linux-gnu/asm/unistd_64.h', 'utf8');
    return new Map(
      [...header.matchAll(/^#define __NR_(\w+) (\d+)$/gm)].map(([, name = '', number]) => [
        name,
        Number(number),
      ]),
    );
  } catch {
    return undefined;
  }
}

/** Names of the calls in systemd's sets, by "@name", sets within sets resolved. */
function readSets(): ReadonlyMap<string, ReadonlySet<string>> {
  const { stdout } = spawnSync('systemd-analyze', ['syscall-filter', '--no-pager'], { encoding: 'utf8' });
  const rows = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of stdout.split('\n')) {
    if (line.startsWith('@')) {
      current = [];
      rows.set(line.trim(), current);
    } else if (/^ {4}[@a-z0-9_]/.test(line)) current.push(line.trim());
  }
  const resolve = (name: string): string[] =>
    name.startsWith('@') ? (rows.get(name) ?? []).flatMap(resolve) : [name];
  return new Map([...rows.keys()].map((name) => [name, new Set(resolve(name))]));
}

/** What `SystemCallFilter=` leaves: the first line allows, those with ~ take away (systemd.exec(5)). */
export function allowedCalls(unit: string): ReadonlySet<string> {
  const sets = readSets();
  const allowed = new Set<string>();
  for (const value of valuesOf(unit, 'SystemCallFilter')) {
    const names = value.replace('~', '').split(' ');
    for (const call of names.flatMap((name) => [...(sets.get(name) ?? [name])])) {
      if (value.startsWith('~')) allowed.delete(call);
      else allowed.add(call);
    }
  }
  // What systemd leaves to every service, whatever its filter says: without it no program starts.
  for (const call of sets.get('@default') ?? []) allowed.add(call);
  return allowed;
}
