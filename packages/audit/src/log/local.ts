/**
 * Local records: inputs of a machine that are no message. A vault's are empty, a gate's hold the hash of its first charter and its
 * own two keys; both mean a start. A signer's name the event. Spec: protocol-spec/9-evidence.md.
 */
import {
  DETAIL_MAX,
  decode,
  field,
  RECORD_MAX,
  type Receiver,
  struct,
  text,
  toHex,
} from '@coldwire/protocol';

const LocalEvent = struct('LocalEvent', {
  event: field(1, text(1, 16)),
  detail: field(2, text(0, DETAIL_MAX)),
});

export interface Happening {
  readonly event: string;
  readonly detail: string;
  /** Of a gate: its link key and seal key, 64 bytes. */
  readonly keys?: Uint8Array;
}

const HASH = 32;
const KEYS = 64;

/** undefined if the bytes are no local event of such a machine. */
export function readLocal(role: 'vault' | Receiver, bytes: Uint8Array): Happening | undefined {
  switch (role) {
    case 'vault':
      return bytes.length === 0 ? { event: 'start', detail: '' } : undefined;
    case 'gate':
      return bytes.length === HASH + KEYS
        ? { event: 'start', detail: toHex(bytes.subarray(0, HASH)), keys: bytes.subarray(HASH) }
        : undefined;
    case 'signer': {
      const local = decode(LocalEvent, bytes, RECORD_MAX);
      return local.ok ? local.value : undefined;
    }
  }
}
