/**
 * Local records: inputs of a machine that are no message. A vault's hold the hash of its program, a gate's that of the first charter,
 * its own two keys and the hash of its program; both mean a start. A signer's name the event. Spec: protocol-spec/9-evidence.md.
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
  /** SHA-256 of the file that runs, where the event states it, hexadecimal. */
  readonly program?: string;
}

const HASH = 32;
const KEYS = 64;
const PROGRAM = 32;

/** undefined if the bytes are no local event of such a machine. */
export function readLocal(role: 'vault' | Receiver, bytes: Uint8Array): Happening | undefined {
  switch (role) {
    case 'vault':
      return bytes.length === PROGRAM ? { event: 'start', detail: '', program: toHex(bytes) } : undefined;
    case 'gate':
      return bytes.length === HASH + KEYS + PROGRAM ? readGateStart(bytes) : undefined;
    case 'signer': {
      const local = decode(LocalEvent, bytes, RECORD_MAX);
      if (!local.ok) return undefined;
      return local.value.event === 'program' ? { ...local.value, program: local.value.detail } : local.value;
    }
  }
}

function readGateStart(bytes: Uint8Array): Happening {
  return {
    event: 'start',
    detail: toHex(bytes.subarray(0, HASH)),
    keys: bytes.subarray(HASH, HASH + KEYS),
    program: toHex(bytes.subarray(HASH + KEYS)),
  };
}
