/** Looks at the disk once a minute: an alarm, and a word to the vault, whenever its level changes (DISK_LOW). */
import { type DiskLevel, type DiskWatch, describeDisk } from '@coldwire/evidence';
import type { Report } from './report.ts';

const EVERY_MS = 60_000;

/** @param tell writes it down and tells the vault; may throw where the disk is full already */
export function watchDisk(disk: DiskWatch, report: Report, tell: (level: DiskLevel) => void): void {
  const look = (): void => {
    try {
      const changed = disk.lookForChange();
      if (changed === undefined) return;
      if (changed.level === 'ok')
        report.event('disk', { level: changed.level, detail: describeDisk(changed) });
      else report.alarm('DISK_LOW', `${changed.level}: ${describeDisk(changed)}`);
      tell(changed.level);
    } catch (error) {
      report.alarm('DISK_LOW', error instanceof Error ? error.message : 'the disk does not answer');
    }
  };
  look();
  setInterval(look, EVERY_MS).unref();
}
