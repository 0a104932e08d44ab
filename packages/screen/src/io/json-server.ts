/**
 * JSON over HTTP on the loopback interface only, for a program on the same machine.
 * Refuses other interfaces, bodies above a bound, slow senders, other content types, and requests whose Host is not the
 * loopback: a web page in a browser on this machine must not be able to ask.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { EXIT, Failure } from '@coldwire/program';

export interface JsonRequest {
  readonly method: string;
  /** The path's parts, decoded: `/v1/withdrawals/ab` is `['v1', 'withdrawals', 'ab']`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** undefined for a request without body. */
  readonly body: unknown;
}

export interface JsonReply {
  readonly status: number;
  /** One JSON document. */
  readonly json: string;
}

export interface JsonServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface JsonServerOptions {
  /** `127.0.0.1:PORT` or `[::1]:PORT`; port 0 takes a free one. */
  readonly listen: string;
  readonly maxBodyBytes: number;
  readonly handle: (request: JsonRequest) => Promise<JsonReply> | JsonReply;
  /** Told of what `handle` threw; the asker only learns INTERNAL. */
  readonly onError: (error: unknown) => void;
}

const LOOPBACK = /^(127\.0\.0\.1|\[::1\]):(\d{1,5})$/;
const LOCAL_HOST = /^(127\.0\.0\.1|\[::1\]|localhost)(:\d{1,5})?$/;
const REQUEST_MS = 15_000;
const HEADERS_MS = 5_000;

export function errorReply(status: number, code: string, detail: string): JsonReply {
  return { status, json: JSON.stringify({ error: { code, detail } }) };
}

function parseListen(listen: string): { readonly host: string; readonly port: number } {
  const match = LOOPBACK.exec(listen);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new Failure(EXIT.USAGE, {
      what: 'it listens on the loopback interface only',
      where: `--listen ${listen}`,
      todo: 'Give 127.0.0.1:PORT. Another machine reaches it through a tunnel of yours.',
    });
  }
  return { host: (match[1] ?? '').replace(/[[\]]/g, ''), port };
}

class BodyError extends Error {
  readonly reply: JsonReply;

  constructor(reply: JsonReply) {
    super('bad body');
    this.reply = reply;
  }
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const tooLarge = new BodyError(errorReply(413, 'TOO_LARGE', `a body has at most ${maxBytes} bytes`));
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Buffer)) throw new Error('a request that is not bytes');
    size += chunk.length;
    if (size > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new BodyError(errorReply(415, 'MALFORMED', 'a body must be application/json'));
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new BodyError(errorReply(400, 'MALFORMED', 'the body is not JSON'));
  }
}

function parsePath(url: string): { readonly path: readonly string[]; readonly query: URLSearchParams } {
  const parsed = new URL(url, 'http://localhost');
  const path = parsed.pathname.split('/').filter((part) => part !== '');
  return { path: path.map((part) => decodeURIComponent(part)), query: parsed.searchParams };
}

async function reply(request: IncomingMessage, options: JsonServerOptions): Promise<JsonReply> {
  if (!LOCAL_HOST.test(request.headers.host ?? ''))
    return errorReply(403, 'MALFORMED', 'ask by the loopback address');
  try {
    const body = await readBody(request, options.maxBodyBytes);
    return await options.handle({ method: request.method ?? '', body, ...parsePath(request.url ?? '/') });
  } catch (error) {
    if (error instanceof BodyError) return error.reply;
    if (error instanceof URIError) return errorReply(400, 'MALFORMED', 'the path is not a path');
    options.onError(error);
    return errorReply(500, 'INTERNAL', 'the program met an error; its own log has the details');
  }
}

function send(request: IncomingMessage, response: ServerResponse, { status, json }: JsonReply): void {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  // What was not read of a body must not be taken for the next request.
  response.writeHead(status, request.complete ? headers : { ...headers, connection: 'close' });
  response.end(`${json}\n`);
}

/** @throws Failure for another interface; a system error when the port is taken */
export async function serveJson(options: JsonServerOptions): Promise<JsonServer> {
  const { host, port } = parseListen(options.listen);
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: HEADERS_MS },
    (request, response) => {
      void reply(request, options).then((answer) => send(request, response, answer));
    },
  );
  server.maxRequestsPerSocket = 1000;
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return { port: portOf(server), close: () => closeServer(server) };
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('a server without a port');
  return address.port;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
