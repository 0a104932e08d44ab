/** `coldwire-screen status`: whether the screen runs, since when, what it holds and for how many, and its disk. */
import { type DiskState, DiskWatch, describeDisk } from '@coldwire/evidence';
import {
  describeProgram,
  formatBlockers,
  type JsonValue,
  readStatus,
  type StatusFields,
  writeStatus,
} from '@coldwire/program';

const EVERY_MS = 60_000;

export type TellDisk = (code: 'DISK_LOW', detail: string) => void;

/** A word about itself now and once a minute, and an alarm whenever the disk's level gets worse or better. */
export function keepStatus(directory: string, screen: string, tell: TellDisk): void {
  const since = new Date().toISOString();
  const watch = new DiskWatch(directory);
  const write = (): void => {
    let disk: DiskState | null = null;
    try {
      const changed = watch.lookForChange();
      disk = changed ?? watch.look();
      if (changed !== undefined && changed.level !== 'ok')
        tell('DISK_LOW', `${changed.level}: ${describeDisk(changed)}`);
    } catch (error) {
      tell('DISK_LOW', error instanceof Error ? error.message : 'the disk does not answer');
    }
    writeStatus(directory, {
      screen,
      since,
      program: describeProgram(),
      disk: disk === null ? null : { ...disk },
    });
  };
  write();
  setInterval(write, EVERY_MS).unref();
}

/** @param held how many intents wait for a person @throws Failure if no screen has run on the directory */
export function describeScreen(directory: string, held: number): StatusFields {
  const { fields, alive } = readStatus(directory, 'screen');
  const since = String(fields['at']);
  const blockers: JsonValue[] = [
    ...(alive
      ? []
      : [{ code: 'SCREENING', since, text: 'the screen does not run: systemctl start coldwire-screen' }]),
    ...(held === 0
      ? []
      : [{ code: 'SCREENING', since: null, text: `${held} held: coldwire-screen held lists them` }]),
  ];
  return { ...fields, running: alive, held, blockers };
}

/** Output escapes it. */
export function formatScreen({ screen, running, since, held, blockers, disk }: StatusFields): string {
  return [
    `screen ${String(screen)}: ${running === true ? `running since ${String(since)}` : 'NOT RUNNING'}`,
    ...formatBlockers(blockers, 'nothing waits for a person'),
    `held:          ${String(held)}`,
    `disk:          ${JSON.stringify(disk)}`,
  ].join('\n');
}
