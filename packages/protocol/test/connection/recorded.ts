/** What tests of the link look at: everything on the line, frames of any kind, a connection that is up. */
import { encodeFrame, type Frame, FrameDecoder } from '../../src/frame/index.ts';
import { type End, Line } from './line.ts';

/** Everything that went over the line, as it was written. */
export function record(line: Line): { from: End; bytes: Uint8Array }[] {
  const seen: { from: End; bytes: Uint8Array }[] = [];
  line.tap = (from, bytes) => {
    seen.push({ from, bytes });
    return [bytes];
  };
  return seen;
}

export function typesOf(pieces: readonly Uint8Array[]): string[] {
  const decoder = new FrameDecoder();
  return pieces.flatMap((piece) => decoder.push(piece)).map((frame) => frame.type);
}

export function bare(from: Frame['from'], type: Frame['type'], connection: number, ack = 0): Uint8Array {
  return encodeFrame({ from, type, connection, seq: 0, ack, payload: new Uint8Array(0) });
}

export function connected(seed = 1): { line: Line; initiator: End; responder: End; connection: number } {
  const line = new Line({ seed });
  line.openBoth();
  line.run(100);
  const { initiator, responder } = line.ends;
  const connection = responder.ups.at(-1)?.connection;
  if (connection === undefined) throw new Error('no connection');
  return { line, initiator, responder, connection };
}
