/** A message as evidence inside of another message. Spec: protocol-spec/4-messages.md, "Bodies". */
import { bytes, tuple } from '../cbor/index.ts';

/** Header, body and signature bytes, exactly as they came. */
export const MessageBytes = tuple(bytes(1, 1024), bytes(0, 512 * 1024), bytes(64));
