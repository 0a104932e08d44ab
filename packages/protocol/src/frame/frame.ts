/**
 * Link frames: `00 | COBS(header ‖ payload) | CRC-32C over the encoded bytes | 00`, the same on every transport.
 * Header, 12 bytes, big-endian: version u8, type u8, connection u32, seq u16, ack u16, length u16.
 * Refuses another version, unknown types, types from the wrong side, fields that a type does not use, a wrong length,
 * and every second encoding of the same frame. Spec: protocol-spec/2-link.md, "Frames".
 */
import { cobsBound, putCobs, takeCobs } from './cobs.ts';
import { CRC_BYTES, crc32c, putCrc, takeCrc } from './crc32c.ts';

export const FRAME_VERSION = 1;
export const HEADER_BYTES = 12;
/** Most payload bytes of one frame. */
export const MAX_PAYLOAD = 512;
/** Most bytes between two delimiters. */
export const MAX_ENCODED = cobsBound(HEADER_BYTES + MAX_PAYLOAD) + CRC_BYTES;
/** Most bytes of one frame on the line, delimiters included. */
export const MAX_FRAME = MAX_ENCODED + 2;

export type LinkRole = 'initiator' | 'responder';
export type FrameType =
  | 'SYN'
  | 'SYN_ACK'
  | 'ACK3'
  | 'DATA'
  | 'ACK'
  | 'NAK'
  | 'KEEPALIVE'
  | 'RESET'
  | 'LOCKED';

/** `connection`: u32; 0 before there is one. `seq`: u16, of DATA only. `ack`: u16, the next seq wanted from the peer. */
export type Frame = {
  readonly from: LinkRole;
  readonly type: FrameType;
  readonly connection: number;
  readonly seq: number;
  readonly ack: number;
  readonly payload: Uint8Array;
};

/** What each type may carry. `from`: the only side that sends it; `min`, `max`: payload bytes. */
type Shape = {
  readonly code: number;
  readonly from?: LinkRole;
  readonly connected: boolean;
  readonly seq: boolean;
  readonly ack: boolean;
  readonly min: number;
  readonly max: number;
};

/** Most bytes of the opaque part of a hello. */
export const MAX_RESUME = 128;
export const NONCE_BYTES = 16;

const bare = { connected: true, seq: false, ack: true, min: 0, max: 0 };
const SHAPES: { readonly [type in FrameType]: Shape } = {
  // nonce, window, resume
  SYN: {
    code: 1,
    from: 'initiator',
    connected: false,
    seq: false,
    ack: false,
    min: 17,
    max: 17 + MAX_RESUME,
  },
  // nonce, the initiator's nonce, window, resume
  SYN_ACK: {
    code: 2,
    from: 'responder',
    connected: true,
    seq: false,
    ack: false,
    min: 33,
    max: 33 + MAX_RESUME,
  },
  ACK3: { ...bare, code: 3, from: 'initiator', ack: false },
  DATA: { code: 4, connected: true, seq: true, ack: true, min: 1, max: MAX_PAYLOAD },
  ACK: { ...bare, code: 5 },
  NAK: { ...bare, code: 6 },
  KEEPALIVE: { ...bare, code: 7 },
  RESET: { ...bare, code: 8, ack: false },
  // the initiator's nonce
  LOCKED: { code: 9, from: 'responder', connected: false, seq: false, ack: false, min: 16, max: 16 },
};

const TYPES: readonly FrameType[] = [
  'SYN',
  'SYN_ACK',
  'ACK3',
  'DATA',
  'ACK',
  'NAK',
  'KEEPALIVE',
  'RESET',
  'LOCKED',
];
const BY_CODE = new Map(TYPES.map((type) => [SHAPES[type].code, type]));

/** The type's top bit: set by the responder, so that a frame that the line reflects is never taken for the peer's. */
const RESPONDER = 0x80;

export type FrameFaultCode =
  | 'FRAME_CRC'
  | 'MALFORMED'
  | 'NONCANONICAL'
  | 'TOO_LARGE'
  | 'VERSION'
  | 'UNKNOWN_TYPE';
export type FrameFault = { readonly kind: 'fault'; readonly code: FrameFaultCode; readonly detail: string };
export type FrameResult =
  | { readonly ok: true; readonly value: Frame }
  | { readonly ok: false; readonly fault: FrameFault };

/**
 * The bytes of one frame, both delimiters included.
 * @throws Error if the fields are not ones that `parseFrame` takes back: a bug of the caller
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const shape = SHAPES[frame.type];
  const wrong = findMisuse(frame, shape);
  if (wrong !== undefined) throw new Error(`frame of type ${frame.type}: ${wrong}`);
  const plain = new Uint8Array(HEADER_BYTES + frame.payload.length);
  const view = new DataView(plain.buffer);
  view.setUint8(0, FRAME_VERSION);
  view.setUint8(1, shape.code | (frame.from === 'responder' ? RESPONDER : 0));
  view.setUint32(2, frame.connection);
  view.setUint16(6, frame.seq);
  view.setUint16(8, frame.ack);
  view.setUint16(10, frame.payload.length);
  plain.set(frame.payload, HEADER_BYTES);
  const line = new Uint8Array(1 + cobsBound(plain.length) + CRC_BYTES + 1);
  const end = putCobs(plain, line, 1);
  putCrc(line, end, crc32c(line, 1, end));
  return line.subarray(0, end + CRC_BYTES + 1);
}

/** Reads `source[start, end)`, the bytes between two delimiters. The payload is a copy. */
export function parseFrame(source: Uint8Array, start = 0, end = source.length): FrameResult {
  if (end - start > MAX_ENCODED) return refuse('TOO_LARGE', 'more bytes between delimiters than a frame has');
  const check = end - CRC_BYTES;
  // The smallest frame is a header: at least 13 bytes when encoded.
  if (check - start < cobsBound(HEADER_BYTES)) return refuse('MALFORMED', 'shorter than a frame');
  const crc = takeCrc(source, check);
  if (crc === undefined || crc !== crc32c(source, start, check)) {
    return refuse('FRAME_CRC', 'the check does not fit the bytes');
  }
  const plain = takeCobs(source, start, check);
  if (plain === undefined) return refuse('NONCANONICAL', 'not the shortest COBS encoding');
  return readFrame(plain);
}

function readFrame(plain: Uint8Array): FrameResult {
  if (plain.length < HEADER_BYTES) return refuse('MALFORMED', 'shorter than a header');
  const view = new DataView(plain.buffer, plain.byteOffset, plain.length);
  if (view.getUint8(0) !== FRAME_VERSION)
    return refuse('VERSION', `frame version ${view.getUint8(0)}, not ${FRAME_VERSION}`);
  const mark = view.getUint8(1);
  const type = BY_CODE.get(mark & ~RESPONDER);
  if (type === undefined) return refuse('UNKNOWN_TYPE', `frame type ${mark & ~RESPONDER}`);
  if (view.getUint16(10) !== plain.length - HEADER_BYTES)
    return refuse('MALFORMED', 'length is not that of the payload');
  const frame: Frame = {
    from: mark & RESPONDER ? 'responder' : 'initiator',
    type,
    connection: view.getUint32(2),
    seq: view.getUint16(6),
    ack: view.getUint16(8),
    payload: plain.subarray(HEADER_BYTES),
  };
  const wrong = findMisuse(frame, SHAPES[type]);
  return wrong === undefined ? { ok: true, value: frame } : refuse('MALFORMED', `${type}: ${wrong}`);
}

/** The first field that does not fit the type, in words; `undefined` if all fit. */
function findMisuse(frame: Frame, shape: Shape): string | undefined {
  if (shape.from !== undefined && shape.from !== frame.from) return `not sent by the ${frame.from}`;
  if (!isUint(frame.connection, 32) || (!shape.connected && frame.connection !== 0)) return 'connection';
  if (!isUint(frame.seq, 16) || (!shape.seq && frame.seq !== 0)) return 'seq';
  if (!isUint(frame.ack, 16) || (!shape.ack && frame.ack !== 0)) return 'ack';
  if (frame.payload.length < shape.min || frame.payload.length > shape.max) return 'payload length';
  return undefined;
}

function isUint(value: number, bits: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** bits;
}

function refuse(code: FrameFaultCode, detail: string): FrameResult {
  return { ok: false, fault: { kind: 'fault', code, detail } };
}
