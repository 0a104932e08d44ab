/** The calls to the chain node, told from others by their URL. They are the only effects that other work overlaps. */
import type { Watch } from './preload-files.ts';

function failure(code: string): TypeError {
  const cause = Object.assign(new Error(`${code} (injected)`), { code });
  return new TypeError('fetch failed', { cause });
}

function methodOf(body: unknown): string {
  const call: unknown = typeof body === 'string' ? JSON.parse(body) : undefined;
  return typeof call === 'object' && call !== null && 'method' in call ? String(call.method) : '';
}

export function watchNode({ meet, die }: Watch, node: string): void {
  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    if (!String(input).startsWith(node)) return real(input, init);
    const fault = meet(`rpc ${methodOf(init?.body)}`);
    if (fault === 'kill') die();
    if (fault === 'eio') throw failure('ECONNREFUSED');
    const response = await real(input, init);
    if (fault === undefined) return response;
    await response.text();
    if (fault === 'kill-after') die();
    throw failure('ECONNRESET');
  };
}
