/** One authenticated line to one peer. */
export { Channel } from './channel.ts';
export { readSignedCharter, type SignedCharterFile } from './charter-file.ts';
export { foldRecord, packMessage, unpackMessage } from './fold.ts';
export {
  LINE_FLAGS,
  type LineFlags,
  type LineOption,
  openLastingLine,
  openLine,
  readLineFlags,
  speedOf,
} from './line-option.ts';
export type { ChannelOptions, ChannelOwner, Reading, Taken } from './owner.ts';
