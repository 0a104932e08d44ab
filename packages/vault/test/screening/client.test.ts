import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { SignedIntent } from '@coldwire/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeIntent, makeSite, type Site, startScreen } from '../../../screen/test/fixture.ts';
import { askScreens, type ScreenEndpoint } from '../../src/screening/index.ts';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

/** Where nobody listens: a port that was free a moment ago. */
async function nowhere(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

function endpoint(site: Site, url: string, name = 'screen1'): ScreenEndpoint {
  return { name, key: site.publicKey, url };
}

const question = (intents: readonly SignedIntent[]) => ({ intents, tipHeight: 120 });

describe('asking the screens', () => {
  it('takes the verdict of the first one that answers, and verifies it', async () => {
    const site = makeSite();
    const { url } = await startScreen(site);
    const intents = [makeIntent(site.first, { id: 1 }), makeIntent(site.first, { id: 2, amount: 10n ** 9n })];
    const gone = endpoint(site, await nowhere(), 'screen0');
    const options = { first: site.first, timeout: 30_000 };
    const result = await askScreens([gone, endpoint(site, url)], question(intents), options);
    expect(result).toMatchObject({
      kind: 'answered',
      screen: 'screen1',
      answer: {
        cleared: [0],
        held: [{ index: 1, codes: ['SCREEN_AMOUNT'] }],
        verdict: { covers: [0], issued: 120 },
      },
    });
    const wrongKey = { ...endpoint(site, url), key: makeSite().publicKey };
    expect(await askScreens([wrongKey], question(intents), options)).toEqual({
      kind: 'unavailable',
      problems: [{ screen: 'screen1', what: 'the signature of its verdict does not verify' }],
    });
    const wrongName = endpoint(site, url, 'screen0');
    expect(await askScreens([wrongName], question(intents), options)).toMatchObject({
      problems: [{ what: 'its verdict is in the name of screen1' }],
    });
  });

  it('does not go from a screen that holds an intent to one that might clear it', async () => {
    const strict = makeSite();
    const { url } = await startScreen(strict, '--amount-floor', '10');
    let asked = 0;
    const lenient = await serve((_, response) => {
      asked += 1;
      response.end();
    });
    const screens = [endpoint(strict, url), endpoint(strict, lenient, 'screen0')];
    const options = { first: strict.first, timeout: 30_000 };
    const result = await askScreens(screens, question([makeIntent(strict.first, { id: 1 })]), options);
    expect(result).toMatchObject({ kind: 'answered', answer: { cleared: [], verdict: null } });
    expect(asked).toBe(0);
  });

  it('clears nothing on an answer that is late, large, incomplete, redirected or not an answer', async () => {
    const site = makeSite();
    const intents = [makeIntent(site.first, { id: 1 })];
    const json = (value: unknown): RequestListener => {
      return (_, response) => response.end(typeof value === 'string' ? value : JSON.stringify(value));
    };
    const verdict = { screen: 'screen1', covers: [0], issued: 120, signature: '00'.repeat(64) };
    const cases: readonly (readonly [RequestListener, string])[] = [
      [() => undefined, 'in time'],
      [json('x'.repeat(1024 * 1024 + 1)), 'larger'],
      [json('{'), 'not JSON'],
      [json({ cleared: [], held: [], verdict: null }), 'another form'],
      [json({ cleared: [0], held: [], verdict: null }), 'another form'],
      [json({ cleared: [0], held: [{ index: 0, codes: ['SCREEN_DENY'] }], verdict }), 'another form'],
      [json({ cleared: [1], held: [], verdict: { ...verdict, covers: [1] } }), 'another form'],
      [json({ cleared: [0], held: [], verdict: { ...verdict, screen: 'ü' } }), 'another form'],
      [json({ cleared: [], held: [{ index: 0, codes: [] }], verdict: null }), 'another form'],
      [json({ cleared: [0], held: [], verdict: { ...verdict, issued: 119 } }), 'another height'],
      [json({ cleared: [0], held: [], verdict }), 'does not verify'],
      [(_, response) => response.writeHead(500).end('{}'), 'status 500'],
      [
        (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
        'unexpected redirect',
      ],
      [(request) => request.socket.destroy(), 'cannot be reached'],
    ];
    for (const [listener, what] of cases) {
      const url = await serve(listener);
      // Only the one that never answers is waited for.
      const options = { first: site.first, timeout: what === 'in time' ? 400 : 30_000 };
      const result = await askScreens([endpoint(site, url)], question(intents), options);
      expect(result).toEqual({
        kind: 'unavailable',
        problems: [{ screen: 'screen1', what: expect.stringMatching(what) }],
      });
    }
  });

  it('is unavailable when there is no screen at all', async () => {
    const options = { first: new Uint8Array(32), timeout: 100 };
    expect(await askScreens([], question([]), options)).toEqual({ kind: 'unavailable', problems: [] });
  });
});
