/** HTTP on the loopback interface with Basic authentication, as Bitcoin Core serves JSON-RPC. */
import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { sha256 } from '../primitives/hash.ts';
import type { Answer } from './dispatch.ts';

const LOOPBACK = '127.0.0.1';
/** A 4 MB block as hex, with room to spare. */
const MAX_BODY = 16 * 1024 * 1024;

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves until closed. `credentials` is "user:password"; `port` 0 takes a free one. */
export async function serve(
  port: number,
  credentials: string,
  respond: (body: string) => Answer,
): Promise<RunningServer> {
  const expected = sha256(Buffer.from(`Basic ${Buffer.from(credentials).toString('base64')}`));
  const server = createServer((request, response) => {
    const given = sha256(Buffer.from(request.headers.authorization ?? ''));
    if (!timingSafeEqual(given, expected)) {
      finish(response, { status: 401, body: '' });
    } else if (request.method !== 'POST') {
      finish(response, { status: 405, body: 'JSONRPC server handles only POST requests' });
    } else {
      void receive(request).then((body) => {
        finish(response, body === null ? { status: 413, body: '' } : respond(body));
      });
    }
  });
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  return { port: portOf(server), close: () => close(server) };
}

function finish(response: ServerResponse, { status, body }: Answer): void {
  const challenge = status === 401 ? { 'WWW-Authenticate': 'Basic realm="jsonrpc"' } : {};
  // What an unauthorized or oversized request still has to send is not read: the connection ends.
  const end = status === 401 || status === 413 ? { Connection: 'close' } : {};
  response.writeHead(status, { 'Content-Type': 'application/json', ...challenge, ...end }).end(body);
}

/** The whole body as text, or null when it is too large or breaks off. */
async function receive(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > MAX_BODY) return null;
      chunks.push(bytes);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
