/**
 * Answers JSON-RPC texts: one call or a batch, versions 1.0, 1.1 and 2.0, in the form and with the HTTP status
 * that Bitcoin Core gives them.
 */
import { Rejected } from '../rejected.ts';
import type { Method } from './chain-methods.ts';
import { RPC, RpcError } from './error.ts';
import { encodeJson, type Json } from './json.ts';
import { Params } from './params.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Outcome {
  readonly status: number;
  /** Null for a notification of version 2.0, which has no answer. */
  readonly json: Json | null;
}

export function answer(methods: ReadonlyMap<string, Method>, text: string): Answer {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    return print(failure(new RpcError(RPC.PARSE, 'Parse error'), null, false));
  }
  if (!Array.isArray(request)) return print(call(methods, request));
  const outcomes = request.map((one: unknown) => call(methods, one)).filter(({ json }) => json !== null);
  return { status: 200, body: `${encodeJson(outcomes.map(({ json }) => json))}\n` };
}

function print({ status, json }: Outcome): Answer {
  return json === null ? { status: 204, body: '' } : { status, body: `${encodeJson(json)}\n` };
}

function call(methods: ReadonlyMap<string, Method>, request: unknown): Outcome {
  if (typeof request !== 'object' || request === null) {
    return failure(new RpcError(RPC.REQUEST, 'Invalid Request object'), null, false);
  }
  const members = new Map<string, unknown>(Object.entries(request));
  const modern = members.get('jsonrpc') === '2.0';
  const id = readId(members.get('id'));
  try {
    const result = run(methods, members.get('method'), members.get('params'));
    if (modern && !members.has('id')) return { status: 204, json: null };
    return { status: 200, json: modern ? { jsonrpc: '2.0', result, id } : { result, error: null, id } };
  } catch (error) {
    if (error instanceof RpcError) return failure(error, id, modern);
    if (error instanceof Rejected) return failure(new RpcError(RPC.VERIFY, error.message), id, modern);
    throw error;
  }
}

function run(methods: ReadonlyMap<string, Method>, name: unknown, params: unknown): Json {
  if (name === undefined) throw new RpcError(RPC.REQUEST, 'Missing method');
  if (typeof name !== 'string') throw new RpcError(RPC.REQUEST, 'Method must be a string');
  const method = methods.get(name);
  if (method === undefined) throw new RpcError(RPC.METHOD, 'Method not found');
  if (params !== undefined && params !== null && !Array.isArray(params)) {
    throw new RpcError(RPC.REQUEST, 'Params must be an array; devchain takes no named parameters');
  }
  return method(new Params(params ?? []));
}

function readId(id: unknown): Json {
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

function failure({ code, message }: RpcError, id: Json, modern: boolean): Outcome {
  if (modern) return { status: 200, json: { jsonrpc: '2.0', error: { code, message }, id } };
  const status = code === RPC.METHOD ? 404 : code === RPC.REQUEST ? 400 : 500;
  return { status, json: { result: null, error: { code, message }, id } };
}
