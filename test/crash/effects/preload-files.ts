/** The effects on files, directories and ports: `node:fs` as the program sees it. */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { FrameDecoder } from '@coldwire/protocol/frame/index.ts';
import type { Fault, Plan } from './plan.ts';
import { isLog, Unsynced } from './preload-synced.ts';

export interface Watch {
  readonly plan: Plan;
  /** Counts an effect. @returns the fault that is due at it */
  meet(label: string): Fault | undefined;
  /** Says what must never be, in words: the run has failed. */
  accuse(what: string): void;
  die(): never;
}

const ERRORS = { ENOSPC: [-28, 'no space left on device'], EIO: [-5, 'i/o error'] } as const;
type Code = keyof typeof ERRORS;

function systemError(code: Code, syscall: string, path: string | undefined): Error {
  const [errno, text] = ERRORS[code];
  const where = path === undefined ? '' : ` '${path}'`;
  const error = new Error(`${code}: ${text}, ${syscall}${where}`);
  return Object.assign(error, { errno, code, syscall, ...(path === undefined ? {} : { path }) });
}

function codeOf(fault: Fault | undefined): Code | undefined {
  if (fault?.startsWith('enospc') === true) return 'ENOSPC';
  return fault?.startsWith('eio') === true ? 'EIO' : undefined;
}

export function watchFiles({ plan, meet, accuse, die }: Watch): void {
  const real = { ...fs };
  const unsynced = new Unsynced(plan.state);

  /** Process ids and chance are no part of a name. */
  const ownName = (path: unknown): string | undefined => {
    if (typeof path !== 'string') return undefined;
    if (path !== plan.state && !path.startsWith(`${plan.state}/`)) return undefined;
    const name = path === plan.state ? 'directory' : path.slice(plan.state.length + 1);
    return name.replace(/\.\d+$/, '.PID').replace(/[0-9a-f]{12,}/, 'RANDOM');
  };
  const pathOf = (fd: number): string =>
    real.readlinkSync(`/proc/self/fd/${fd}`).replace(/ \(deleted\)$/, '');

  /** An effect that happens as a whole or not at all. */
  const whole = <T>(label: string, syscall: string, path: string | undefined, perform: () => T): T => {
    const fault = meet(label);
    if (fault === 'kill') die();
    const code = codeOf(fault);
    if (code !== undefined) throw systemError(code, syscall, path);
    return perform();
  };
  const watchPath = <A extends unknown[], T>(
    verb: string,
    syscall: string,
    perform: (...args: A) => T,
    applies: (...args: A) => boolean = () => true,
    onDone: (path: string) => void = () => undefined,
  ): ((...args: A) => T) => {
    return (...args) => {
      const name = ownName(args[0]);
      if (name === undefined || !applies(...args)) return perform(...args);
      const done = whole(`${verb} ${name}`, syscall, String(args[0]), () => perform(...args));
      onDone(String(args[0]));
      return done;
    };
  };
  const watchDescriptor = <A extends [fd: number, ...rest: unknown[]], T>(
    verb: string,
    syscall: string,
    perform: (...args: A) => T,
    onDone: (path: string) => void = () => undefined,
  ): ((...args: A) => T) => {
    return (...args) => {
      const path = pathOf(args[0]);
      const name = ownName(path);
      if (name === undefined) return perform(...args);
      const done = whole(`${verb} ${name}`, syscall, undefined, () => perform(...args));
      onDone(path);
      return done;
    };
  };

  /** Descriptors whose disk has taken half of a write and takes no more. */
  const full = new Set<number>();

  const writeSync = (
    fd: number,
    bytes: Uint8Array,
    at?: number,
    length?: number,
    position?: number,
  ): number => {
    const go = (size?: number): number => {
      if (isLog(path)) unsynced.onWrite(path, bytes.subarray(at ?? 0).subarray(0, size ?? length));
      if (at === undefined) return real.writeSync(fd, size === undefined ? bytes : bytes.subarray(0, size));
      return real.writeSync(fd, bytes, at, size ?? length, position);
    };
    const path = pathOf(fd);
    if (fd <= 2) return go();
    if (full.delete(fd)) throw systemError('ENOSPC', 'write', undefined);
    const line = plan.lines.find(([port]) => port === path);
    const frames = line === undefined ? [] : new FrameDecoder().push(bytes);
    const type = line === undefined ? undefined : (frames[0]?.type ?? 'PART');
    for (const frame of frames.filter((one) => one.type === 'DATA'))
      for (const log of unsynced.behind(line?.[1] ?? '', frame.payload))
        accuse(`DATA leaves on line ${line?.[1]} before its ${log} is synced`);
    const name = line === undefined ? ownName(path) : `${line[1]} ${type}`;
    // How often the line is only kept alive, or asks again, the clock decides.
    if (name === undefined || type === 'KEEPALIVE' || type === 'NAK') return go();
    const fault = meet(`${line === undefined ? 'write' : 'line'} ${name}`);
    const half = Math.floor((length ?? bytes.length) / 2);
    if (fault === 'kill') die();
    if (fault === 'torn') {
      go(half);
      die();
    }
    const code = codeOf(fault);
    if (code === 'ENOSPC') {
      full.add(fd);
      return go(half);
    }
    if (code !== undefined) throw systemError(code, 'write', undefined);
    return go();
  };

  const creates = (path: fs.PathLike, flags?: fs.OpenMode): boolean =>
    (typeof flags === 'string' ? /^[wa]/.test(flags) : (Number(flags ?? 0) & fs.constants.O_CREAT) !== 0) &&
    !real.existsSync(path);
  const missing = (path: fs.PathLike): boolean => !real.existsSync(path);
  const present = (path: fs.PathLike): boolean => real.existsSync(path);
  const linkSync = (from: fs.PathLike, to: fs.PathLike): void => {
    const name = ownName(to);
    // What is there already is no effect.
    if (name === undefined || real.existsSync(to)) real.linkSync(from, to);
    else whole(`link ${name}`, 'link', String(from), () => real.linkSync(from, to));
  };
  const spawnSync = (command: string, args: readonly string[], options: object): unknown => {
    const go = (): unknown => Reflect.apply(realSpawn, childProcess, [command, args, options]);
    const name = command === 'mkfifo' ? ownName(args.at(-1)) : undefined;
    if (name === undefined) return go();
    const fault = meet(`mkfifo ${name}`);
    if (fault === 'kill') die();
    return codeOf(fault) === undefined ? go() : { status: 1 };
  };
  const realSpawn = childProcess.spawnSync;

  Object.assign(fs, {
    writeSync,
    linkSync,
    openSync: watchPath('create', 'open', real.openSync, creates, (path) => unsynced.onCreate(path)),
    mkdirSync: watchPath('mkdir', 'mkdir', real.mkdirSync, missing),
    rmSync: watchPath('remove', 'rm', real.rmSync, present),
    renameSync: watchPath('rename', 'rename', real.renameSync),
    fsyncSync: watchDescriptor('sync', 'fsync', real.fsyncSync, (path) => unsynced.onSync(path)),
    fdatasyncSync: watchDescriptor('sync', 'fdatasync', real.fdatasyncSync, (path) => unsynced.onSync(path)),
    ftruncateSync: watchDescriptor('truncate', 'ftruncate', real.ftruncateSync),
  });
  Object.assign(childProcess, { spawnSync });
}
