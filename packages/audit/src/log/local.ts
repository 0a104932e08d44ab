/**
 * Local records: inputs of a machine that are no message. A vault's are empty and a gate's hold the hash of its charter;
 * both mean a start. A signer's name the event. Spec: protocol-spec/9-evidence.md.
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
}

/** undefined if the bytes are no local event of such a machine. */
export function readLocal(role: 'vault' | Receiver, bytes: Uint8Array): Happening | undefined {
  switch (role) {
    case 'vault':
      return bytes.length === 0 ? { event: 'start', detail: '' } : undefined;
    case 'gate':
      return bytes.length === 32 ? { event: 'start', detail: toHex(bytes) } : undefined;
    case 'signer': {
      const local = decode(LocalEvent, bytes, RECORD_MAX);
      return local.ok ? local.value : undefined;
    }
  }
}
