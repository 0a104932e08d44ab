/**
 * JSON-RPC over HTTP as Bitcoin Core and btcd speak it: one call per request, Basic authentication, a time
 * limit and a size limit for each answer. A call that got no answer is repeated; every call the vault makes may
 * be, sending a transaction included. Refuses redirects, credentials inside the URL and other schemes than http(s).
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChainError } from './error.ts';
import { parseExact, toInteger } from './exact-json.ts';

/** A cookie file is read again for each attempt, because a node makes a new one whenever it starts. */
export type RpcAuth =
  | { readonly kind: 'cookie'; readonly file: string }
  | { readonly kind: 'password'; readonly user: string; readonly password: string };

export interface RpcOptions {
  /** For one attempt, ms. */
  readonly timeoutMs?: number;
  /** Attempts after the first one. */
  readonly retries?: number;
  /** Wait before the first retry, ms; doubled each time. */
  readonly backoffMs?: number;
}

/** Calls a method. Numbers in the result are `Decimal`. Throws `ChainError`. */
export type Rpc = (method: string, params: readonly RpcParam[]) => Promise<unknown>;
export type RpcParam = string | number | boolean | readonly string[];

const DEFAULTS = { timeoutMs: 30_000, retries: 4, backoffMs: 250 };
/** A 4 MB block in hexadecimal, and as much again. */
const MAX_ANSWER = 16 * 1024 * 1024;
const WARMING_UP = -28;

export function createRpc(url: string, auth: RpcAuth, options: RpcOptions = {}): Rpc {
  const target = requireUrl(url);
  const { timeoutMs, retries, backoffMs } = { ...DEFAULTS, ...options };
  return async (method, params) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await callOnce(target, auth, timeoutMs, method, params);
      } catch (error) {
        const again = error instanceof ChainError && error.kind === 'unreachable' && attempt < retries;
        if (!again) throw error;
        await sleep(backoffMs * 2 ** attempt);
      }
    }
  };
}

function requireUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ChainError('refused', `${text} is not an http or https URL`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new ChainError('refused', 'the URL holds credentials, which other users of this machine would see');
  }
  return url;
}

async function readCredentials(auth: RpcAuth): Promise<string> {
  if (auth.kind === 'password') return `${auth.user}:${auth.password}`;
  try {
    return (await readFile(auth.file, 'utf8')).trim();
  } catch (cause) {
    // A node that is still starting has no cookie yet.
    throw new ChainError('unreachable', `cannot read the cookie file ${auth.file}`, { cause });
  }
}

async function callOnce(
  url: URL,
  auth: RpcAuth,
  timeoutMs: number,
  method: string,
  params: readonly RpcParam[],
): Promise<unknown> {
  const credentials = Buffer.from(await readCredentials(auth)).toString('base64');
  const response = await reach(url, () =>
    fetch(url, {
      method: 'POST',
      headers: { Authorization: `Basic ${credentials}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '1.0', id: 'coldwire', method, params }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    }),
  );
  if (response.status === 401 || response.status === 403) {
    await response.body?.cancel();
    throw new ChainError('unauthorized', `the node at ${url.origin} refuses the credentials`);
  }
  const text = await reach(url, () => readText(response));
  return readAnswer(url, method, response.status, text);
}

/** Turns whatever `fetch` throws into 'unreachable'. */
async function reach<T>(url: URL, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (cause) {
    if (cause instanceof ChainError) throw cause;
    const reason =
      cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new ChainError('unreachable', `no answer from the node at ${url.origin}: ${reason}`, { cause });
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER) throw new ChainError('nonsense', `an answer of more than ${MAX_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readAnswer(url: URL, method: string, status: number, text: string): unknown {
  let answer: unknown;
  try {
    answer = parseExact(text);
  } catch (cause) {
    // Core answers in plain text while it is overloaded (503) and on wrong paths (404).
    const kind = status === 503 ? 'unreachable' : 'nonsense';
    throw new ChainError(kind, `${url.origin} answered ${method} with HTTP ${status} and no JSON`, { cause });
  }
  const error = member(answer, 'error');
  if (error !== undefined && error !== null) {
    const code = toInteger(member(error, 'code'));
    const message = member(error, 'message');
    const reason = typeof message === 'string' ? message : 'without a reason';
    const kind = code === WARMING_UP ? 'unreachable' : 'refused';
    throw new ChainError(kind, `${method}: ${reason}`, code === null ? {} : { code });
  }
  const result = member(answer, 'result');
  if (result === undefined) throw new ChainError('nonsense', `${method}: an answer without a result`);
  return result;
}

/** A member of a JSON object; undefined when it is none. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}
