/** The evidence log on disk: append, sync, read back. */
export {
  type DiskLevel,
  type DiskSample,
  type DiskState,
  DiskWatch,
  describeDisk,
  judgeDisk,
  measureDisk,
} from './disk.ts';
export { type Entry, type EvidenceLog, type Opened, openLog } from './log.ts';
export { type LogItem, type LogPlace, ownerOf, readLog, segmentFiles } from './read.ts';
export { findArchivable, readSnapshots, type Snapshot, writeSnapshot } from './snapshot.ts';
