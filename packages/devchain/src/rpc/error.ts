/** JSON-RPC errors with Bitcoin Core's codes (src/rpc/protocol.h). */

export const RPC = {
  MISC: -1,
  TYPE: -3,
  NOT_FOUND: -5,
  PARAMETER: -8,
  DESERIALIZATION: -22,
  VERIFY: -25,
  REJECTED: -26,
  ALREADY_KNOWN: -27,
  METHOD: -32601,
  REQUEST: -32600,
  PARSE: -32700,
  INTERNAL: -32603,
} as const;

export class RpcError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
  }
}
