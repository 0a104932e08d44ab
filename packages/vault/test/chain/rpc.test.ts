import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRpc, type RpcAuth } from '../../src/chain/rpc.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

const AUTH: RpcAuth = { kind: 'password', user: 'u', password: 'p' };
const FAST = { retries: 2, backoffMs: 1, timeoutMs: 30_000 };
const ok = (response: ServerResponse, result: string): void =>
  void response.end(`{"result":${result},"error":null,"id":"coldwire"}`);

/** A node that answers as told; not a mock of the client but of what the network may bring. */
let server: Server;
let handler: Handler;
let asked = 0;
let url = '';

beforeEach(async () => {
  asked = 0;
  server = createServer((request, response) => {
    asked += 1;
    handler(request, response, asked);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  url = `http://127.0.0.1:${address.port}/`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const call = (options = {}) => createRpc(url, AUTH, { ...FAST, ...options })('getblockcount', []);

describe('a call', () => {
  it('sends its method and parameters with the credentials', async () => {
    let seen: unknown;
    handler = (request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        seen = { body: JSON.parse(body), authorization: request.headers.authorization };
        ok(response, '"x"');
      });
    };
    expect(await createRpc(url, AUTH)('getblock', ['ab', 0])).toBe('x');
    expect(seen).toEqual({
      body: { jsonrpc: '1.0', id: 'coldwire', method: 'getblock', params: ['ab', 0] },
      authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
    });
  });

  it('is repeated after a dropped connection, a full work queue and while the node starts', async () => {
    handler = (request, response, nth) => {
      if (nth === 1) request.socket.destroy();
      else if (nth === 2) response.writeHead(503).end('Work queue depth exceeded');
      else ok(response, '7');
    };
    await expect(call()).resolves.toMatchObject({ text: '7' });
    asked = 0;
    handler = (_request, response, nth) => {
      if (nth < 3)
        response.writeHead(500).end('{"result":null,"error":{"code":-28,"message":"Loading"},"id":1}');
      else ok(response, '8');
    };
    await expect(call()).resolves.toMatchObject({ text: '8' });
  });

  it('gives up after its retries', async () => {
    handler = (request) => request.socket.destroy();
    await expect(call()).rejects.toMatchObject({ kind: 'unreachable' });
    expect(asked).toBe(3);
  });

  it('gives up on a node that does not answer, or stops in the middle', async () => {
    const impatient = { retries: 0, timeoutMs: 300 };
    handler = () => undefined;
    await expect(call(impatient)).rejects.toMatchObject({ kind: 'unreachable' });
    handler = (_request, response) => void response.write('{"result":');
    await expect(call(impatient)).rejects.toMatchObject({ kind: 'unreachable' });
  });

  it('is not repeated when the node refuses it, or refuses the credentials', async () => {
    handler = (_request, response) =>
      void response.writeHead(500).end('{"result":null,"error":{"code":-8,"message":"out of range"},"id":1}');
    await expect(call()).rejects.toMatchObject({
      kind: 'refused',
      code: -8,
      message: 'getblockcount: out of range',
    });
    handler = (_request, response) => void response.writeHead(401).end();
    await expect(call()).rejects.toMatchObject({ kind: 'unauthorized' });
    expect(asked).toBe(2);
  });

  it.each(['', 'x', '[]', '{}', '{"result":1', '{"error":null}'])('refuses the answer %j', async (body) => {
    handler = (_request, response) => void response.end(body);
    await expect(call()).rejects.toMatchObject({ kind: 'nonsense' });
  });

  it('does not follow a redirect, which would hand over the credentials', async () => {
    handler = (_request, response) => void response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end();
    await expect(call({ retries: 0 })).rejects.toMatchObject({ kind: 'unreachable' });
    expect(asked).toBe(1);
  });

  it('stops reading an answer without end', async () => {
    handler = (_request, response) => {
      const chunk = 'a'.repeat(1024 * 1024);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    await expect(call()).rejects.toMatchObject({ kind: 'nonsense' });
  });

  it('reads the cookie file anew for every attempt', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'coldwire-cookie-'));
    const file = join(dir, '.cookie');
    handler = (request, response) => ok(response, JSON.stringify(request.headers.authorization));
    const rpc = createRpc(url, { kind: 'cookie', file }, FAST);
    await expect(rpc('x', [])).rejects.toMatchObject({ kind: 'unreachable' });
    for (const cookie of ['__cookie__:1', '__cookie__:2']) {
      writeFileSync(file, `${cookie}\n`);
      expect(await rpc('x', [])).toBe(`Basic ${Buffer.from(cookie).toString('base64')}`);
    }
    rmSync(dir, { recursive: true });
  });
});

describe('a URL', () => {
  it.each(['http://u:p@127.0.0.1/', 'http://u@127.0.0.1/'])('with credentials is refused: %s', (text) => {
    expect(() => createRpc(text, AUTH)).toThrow('the URL holds credentials');
  });

  it.each(['ftp://127.0.0.1/', '127.0.0.1:8332', 'file:///etc/passwd', ''])(
    'of no http server is refused: %j',
    (text) => {
      expect(() => createRpc(text, AUTH)).toThrow('is not an http or https URL');
    },
  );
});
