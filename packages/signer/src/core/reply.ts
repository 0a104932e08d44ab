/** The forms of a signer's answers: a body that is read or refused, and what a verdict of policy becomes on the line. */
import type {
  Accepted,
  Malformed,
  Change as PolicyChange,
  Refused as PolicyRefused,
  Refusal,
} from '@coldwire/policy';
import { BODY_MAX, Done, decode, encode, Refused, type Schema, toHex } from '@coldwire/protocol';
import type { ResultType, SignerChange } from './change.ts';
import type { Decision } from './event.ts';

/** A body of a wrong form was taken into the chain all the same; the sender is told, and nothing else happens. */
export function parse<T>(
  schema: Schema<T>,
  body: Uint8Array,
  request: Uint8Array,
  decideBody: (value: T) => Decision,
): Decision {
  const decoded = decode(schema, body, BODY_MAX);
  return decoded.ok
    ? decideBody(decoded.value)
    : refuseFault(request, decoded.fault.code, decoded.fault.detail);
}

/** The answer to a request that changes what the signer knows, but signs nothing. */
export function settle(request: Uint8Array, settled: Accepted | PolicyRefused | Malformed): Decision {
  switch (settled.kind) {
    case 'malformed':
      return refuseFault(request, settled.fault.code, settled.fault.detail);
    case 'refused':
      return answer(request, 'REFUSED', encodeRefusals(settled.refusals));
    case 'ok':
      return { ...answer(request, 'DONE', encode(Done, {})), changes: wrap(settled.changes) };
  }
}

export function answer(request: Uint8Array, type: ResultType, body: Uint8Array): Decision {
  return { changes: [], effects: [{ kind: 'send', type, request, body }] };
}

export function refuseFault(request: Uint8Array | null, code: string, detail: string): Decision {
  const body = encode(Refused, { refusals: [{ code, facts: [['detail', detail.slice(0, 160)]] }] });
  return { changes: [], effects: [{ kind: 'send', type: 'REFUSED', request, body }] };
}

export function conflictId(request: Uint8Array): Refusal {
  return { kind: 'refusal', code: 'CONFLICT_ID', facts: [['request', toHex(request)]] };
}

export function encodeRefusals(refusals: readonly Refusal[]): Uint8Array {
  return encode(Refused, { refusals: refusals.slice(0, 256).map(({ code, facts }) => ({ code, facts })) });
}

export function wrap(changes: readonly PolicyChange[]): SignerChange[] {
  return changes.map((value) => ({ kind: 'policy', value }));
}
