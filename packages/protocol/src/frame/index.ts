/** Link frames: COBS, CRC-32C, the twelve-byte header, and a decoder for damaged streams. */
export { cobsBound, putCobs, takeCobs } from './cobs.ts';
export { CRC_BYTES, crc32c, putCrc, takeCrc } from './crc32c.ts';
export { type FaultCounts, FrameDecoder } from './decoder.ts';
export * from './frame.ts';
